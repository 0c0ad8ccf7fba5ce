"""Which applications of a subscription are asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from workbench.ui.beside import Beside

CHOSEN = "chosen"
CHOICES = {
    "all": "All applications",
    "default": "The default application",
    CHOSEN: "Chosen applications",
}


def ask_apps(
    stored: str | Sequence[int | str],
    key: Callable[[str], str],
    beside: Beside,
    *,
    others: Mapping[str, str] | None = None,
    about: str | None = None,
) -> str | list[int | str]:
    """A menu, and a box for the ids where some are chosen; gives the document's ``apps``.

    Args:
        others: Further choices, by what stands for them.
        about: What the menu is for, on hover.
    """
    choices = {**(others or {}), **CHOICES}
    now = stored if isinstance(stored, str) else CHOSEN
    choice = str(
        st.selectbox(
            "Applications",
            list(choices),
            index=list(choices).index(now),
            format_func=choices.__getitem__,
            key=key("apps"),
            help=about,
        )
    )
    answer: str | list[int | str] = choice
    if choice == CHOSEN:
        text = st.text_input(
            "Application ids",
            "" if isinstance(stored, str) else ", ".join(str(each) for each in stored),
            key=key("app_ids"),
            placeholder="-323232, 5629499534213120",
            help="As they stand in Pendo's addresses; commas between them.",
        )
        answer = numbers(text)
    beside.place("apps")
    return answer


def numbers(text: str) -> list[int | str]:
    """Ids from a text with commas; what is no number stays as it is, for its fault to be told.

    >>> numbers("-323232, 55, x")
    [-323232, 55, 'x']
    """
    words = [word for word in text.replace(",", " ").split() if word]
    return [int(word) if word.lstrip("-").isdecimal() else word for word in words]
