"""The frame every page shares: title, main action, the band on top, empty states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import say_notes, services

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from workbench.pendo.model import PendoConnection
    from workbench.salesforce.model import SalesforceConnection

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    name: str(ROOT / "pages" / f"{name}.py")
    for name in ("home", "pulls", "explore", "automations", "campaigns", "runs", "connections")
}
"""The files of the pages, by name."""
LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")
"""Addresses at which only a stand-in answers."""

STYLE = """
<style>
[data-testid="stMainBlockContainer"] {
  max-width: 1680px; padding-left: 2.25rem; padding-right: 2.25rem; padding-bottom: 4rem;
}
/* The name of the house stands where a logo would. */
[data-testid="stLogoSpacer"]::before {
  content: "Analyst workbench"; font-weight: 600; white-space: nowrap; padding-left: 0.5rem;
}
/* The title and the page's actions stand on one line; on a phone the actions move below. */
.st-key-page-header h1 { padding: 0; line-height: 1.3; }
.st-key-band { border-bottom: 1px solid rgba(128, 128, 128, 0.3); padding-bottom: 0.4rem; }
.st-key-rehearsal [data-testid="stAlertContainer"] { padding: 0.3rem 0.75rem; min-height: 0; }
.st-key-rehearsal p { font-size: 0.85rem; }
/* Links to things read as links, also to things on the page one is on. */
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] {
  background: transparent; padding-left: 0; padding-right: 0.25rem;
}
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] p { font-weight: 500; }
[data-testid="stMain"] [data-testid="stPageLink-NavLink"]:hover p { text-decoration: underline; }
/* Lists are dense: one line each. */
[class*="-line-"].stVerticalBlock { padding: 0.3rem 0.8rem; gap: 0.3rem; }
[class*="-line-"] [data-testid="stColumn"] > [data-testid="stVerticalBlock"] { gap: 0; }
[class*="-line-"] [data-testid="stCaptionContainer"] { margin-bottom: 0.25rem; }
[class*="-line-"] [data-testid="stCaptionContainer"] p:last-child { margin-bottom: 0; }
[class*="-line-"] [data-testid="stHorizontalBlock"] { row-gap: 0.1rem; }
[class*="st-key-facts-"] { row-gap: 0.5rem; column-gap: 2.25rem; }
[data-testid="stMetricLabel"] { opacity: 0.75; }
abbr[title] { text-decoration: none; cursor: help; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.9rem; padding-right: 0.9rem; }
}
</style>
"""
"""Only what Streamlit's theme cannot say."""


def header(
    title: str, about: str, *, back: tuple[str, str] | None = None, quiet: bool = False
) -> DeltaGenerator:
    """Draw the band and the page's title; gives the place for its actions.

    Args:
        about: One line that says what the page is for.
        back: Page and label of the list this thing belongs to.
        quiet: The page itself tells what needs a person, so the band does not.
    """
    st.html(STYLE)
    say_notes()
    _rehearsal()
    if not quiet:
        from workbench.ui.band import show_band

        show_band()
    if back is not None:
        st.page_link(PAGES[back[0]], label=back[1], icon=":material/arrow_back:")
    with st.container(key="page-header"):
        left, right = st.columns(2, vertical_alignment="center")
        left.title(title, anchor=False)
        if about:
            left.caption(about)
    return right.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        key="page-actions",
    )


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
    readers: dict[str, Callable[[str], PendoConnection | SalesforceConnection]] = {
        "pendo": catalogue.connection,
        "salesforce": catalogue.salesforce,
    }
    for system, read in readers.items():
        for name in catalogue.connections(system):
            try:
                url = read(name).url
            except WorkbenchError:
                continue  # the Connections page says what is wrong with it
            if url.startswith(LOOPBACK):
                found.append(name)
    return found


def empty(sentence: str, page: str, label: str, icon: str, **query: str) -> None:
    """An empty state: one sentence and one button."""
    with st.container(border=True, key="empty"):
        st.markdown(sentence)
        if st.button(label, type="primary", icon=icon, key="empty.go"):
            go(page, **query)


def link(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """A link to a thing on its own page."""
    st.page_link(PAGES[page], label=label, icon=icon, query_params=query or None)


def go(page: str, **query: str) -> None:
    """Leave for another page."""
    st.switch_page(PAGES[page], query_params=query or None)


def facts(name: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Small labelled numbers in a row; they wrap where the page is narrow."""
    with st.container(horizontal=True, gap="large", key=f"facts-{name}"):
        for label, value in pairs:
            st.metric(label, value, width="content")
