"""The question that is asked before a document is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import WHO, ask, asked, explained, note_for_later, services, show

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True, slots=True)
class Deletion:
    """One document that may be deleted, and where it is asked."""

    kind: str
    name: str
    key: str
    """What the keys of its buttons begin with."""
    place: DeltaGenerator

    @property
    def question(self) -> str:
        """What ``session.asked`` knows it by."""
        return f"delete {self.kind}/{self.name}"

    def is_asked(self) -> bool:
        """Whether the question is open; draws the button that opens it where it is not."""
        if asked(self.question):
            return True
        if self.place.button("Delete", icon=":material/delete:", key=f"{self.key}.delete"):
            ask(self.question)
            st.rerun()
        return False

    def offer_keeping(self) -> None:
        """The button that closes the question."""
        if self.place.button("Keep it", key=f"{self.key}.keep"):
            ask(self.question, False)
            st.rerun()

    def offer(self) -> None:
        """The button that deletes it, and leaves for the list."""
        label = f"Delete the {self.kind}"
        if self.place.button(label, type="primary", key=f"{self.key}.delete.yes"):
            with explained():
                services().documents.delete(self.kind, self.name, WHO)
            ask(self.question, False)
            note_for_later(f"Deleted {self.name}")
            show()
            st.rerun()
