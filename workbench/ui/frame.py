"""The frame every page shares: title, main action, the band on top, empty states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import say_notes, services

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PAGES = {
    "home": "pages/home.py",
    "pulls": "pages/pulls.py",
    "explore": "pages/explore.py",
    "connections": "pages/connections.py",
}
LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")
"""Addresses at which only a stand-in answers."""

STYLE = """
<style>
/* The title and the page's actions stand on one line; on a phone the actions move below. */
.st-key-page-header h1 { padding: 0; line-height: 1.25; }
.st-key-page-header [data-testid="stCaptionContainer"] { margin-top: -0.35rem; }
.st-key-rehearsal [data-testid="stAlertContainer"] { padding: 0.35rem 0.75rem; min-height: 0; }
.st-key-rehearsal p { font-size: 0.85rem; }
[data-testid="stMainBlockContainer"] { max-width: 1680px; }
[data-testid="stMetricLabel"] { opacity: 0.75; }
abbr[title] { text-decoration: none; cursor: help; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.9rem; padding-right: 0.9rem; }
}
</style>
"""
"""Only what Streamlit's theme cannot say."""


def header(title: str, about: str, *, back: tuple[str, str] | None = None) -> DeltaGenerator:
    """Draw the band and the page's title; gives the place for its actions.

    Args:
        about: One line that says what the page is for.
        back: Page and label of the list this thing belongs to.
    """
    st.html(STYLE)
    say_notes()
    _rehearsal()
    if back is not None:
        st.page_link(PAGES[back[0]], label=back[1], icon=":material/arrow_back:")
    with st.container(key="page-header"):
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.title(title, anchor=False)
        if about:
            left.caption(about)
    return right.container(horizontal=True, horizontal_alignment="right", key="page-actions")


def _rehearsal() -> None:
    names = rehearsing()
    if names:
        with st.container(key="rehearsal"):
            st.info(
                "Rehearsal: connected to the stand-in, nothing reaches the real system",
                icon=":material/theater_comedy:",
            )


def rehearsing() -> list[str]:
    """Connections that lead to a stand-in."""
    from workbench.errors import WorkbenchError

    found = []
    catalogue = services().documents
    for name in catalogue.names("connection"):
        try:
            url = catalogue.connection(name).url
        except WorkbenchError:
            continue  # the Connections page says what is wrong with it
        if url.startswith(LOOPBACK):
            found.append(name)
    return found


def empty(sentence: str, page: str, label: str, icon: str, **query: str) -> None:
    """An empty state: one sentence and one way on."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(sentence)
        st.page_link(PAGES[page], label=label, icon=icon, query_params=query or None)


def link(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """A link to a thing on its own page."""
    st.page_link(PAGES[page], label=label, icon=icon, query_params=query or None)


def go(page: str, **query: str) -> None:
    """Leave for another page."""
    st.switch_page(PAGES[page], query_params=query or None)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Small labelled numbers in a row; they wrap where the page is narrow."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in pairs:
            st.metric(label, value, width="content")
