"""A long list with a box to search it: what matches every word is drawn, some at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from workbench.ui.formats import plain

AT_ONCE = 50
"""Lines drawn at once: more make a page slow, and the search brings the others."""

Line = TypeVar("Line")


def searched(
    lines: Sequence[Line],
    draw: Callable[[Line], None],
    *,
    thing: str,
    places: str,
    text: Callable[[Line], str],
) -> None:
    """Draw the lines that match what is typed.

    Args:
        thing: What a line is, in the singular, such as ``pull``.
        places: What the search looks into, in the box before anything is typed.
        text: What it looks into, of one line, in small letters.
    """
    wanted = st.text_input(
        "Search",
        type="search",
        live=True,
        key=f"{thing}s.search",
        placeholder=places,
        label_visibility="collapsed",
    )
    words = (wanted or "").lower().split()
    matching = [line for line in lines if all(word in text(line) for word in words)]
    if not matching:
        st.caption(f"No {thing} matches “{plain(wanted or '')}”.")
    for line in matching[:AT_ONCE]:
        draw(line)
    if len(matching) > AT_ONCE:
        st.caption(f"{len(matching) - AT_ONCE} more: search for them.")
