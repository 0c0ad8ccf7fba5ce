"""Places beside controls where the sentence about a bad input appears."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from workbench.ui.formats import plain

if TYPE_CHECKING:
    from pydantic import BaseModel
    from streamlit.delta_generator import DeltaGenerator

    from workbench.documents import Fault

Model = TypeVar("Model", bound="BaseModel")


class Beside:
    """One form's places, by the document's keys."""

    def __init__(self) -> None:
        self._places: dict[str, DeltaGenerator] = {}

    def place(self, *keys: str) -> None:
        """Reserve the line below the control just drawn for faults of ``keys``."""
        here = st.empty()
        for key in keys:
            self._places[key] = here

    def say(self, key: str, sentence: str) -> bool:
        """Put a sentence beside a control; False where that control is not shown."""
        here = self._places.get(key)
        if here is None:
            return False
        here.markdown(f":red[:material/error: {plain(sentence)}]")
        return True

    def tell(self, faults: Iterable[Fault]) -> list[str]:
        """Put each fault beside its control; gives the sentences that have no control."""
        left = []
        for fault in faults:
            key, sentence = split(fault.text)
            # Faults that concern a whole document name the key they are about in their words.
            named = [key] if key else re.findall(r"`(\w+)`", fault.text)
            told = any(self.say(each, sentence) for each in named[:1])
            if not told:
                left.append(fault.text)
        return left

    def checked(self, body: Mapping[str, Any], model: type[Model]) -> Model | None:
        """What a document makes; None with every fault told, here or in a box of its own."""
        from workbench.documents import KINDS, Text
        from workbench.documents.checking import check
        from workbench.documents.yaml_text import dump

        found, faults = check([Text(str(body["kind"]), dump([body]))], KINDS)
        for sentence in self.tell(faults):
            st.error(sentence, icon=":material/error:")
        if faults or not found:
            return None
        made = found[0].model
        assert isinstance(made, model)
        return made


def split(text: str) -> tuple[str, str]:
    """The key a fault's text starts with, and the sentence; no key where it names none.

    >>> split("duration.from: must be a date")
    ('duration', 'must be a date')
    >>> split("a custom source needs its `request`")
    ('', 'a custom source needs its `request`')
    """
    match = re.match(r"([a-z_]+)(?:\.[\w.]+)?: (.*)", text, re.S)
    return (match[1], match[2]) if match else ("", text)
