"""All pulls: what each asks for, where it goes, how its last run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.pulls.sources import SOURCES
from workbench.ui import formats, frame
from workbench.ui.lines import Line, lines_of
from workbench.ui.pull_what import REPORTS
from workbench.ui.search import searched
from workbench.ui.session import services, show

if TYPE_CHECKING:
    from workbench.pulls.model import Pull

NEW = "1"
"""Stands in the address for a new pull; no pull can be named so."""


def asks_for(pull: Pull) -> str:
    """The report or source, in its title's words."""
    if pull.report == "row_aggregation" and pull.source:
        return SOURCES[pull.source].title
    return REPORTS[pull.report]


def lines() -> list[Line[Pull]]:
    """Every pull, those in trouble first."""
    found = lines_of("pull", services().documents.pull)
    return sorted(found, key=lambda line: (line.status not in ("failed", "held"), line.name))


def _text(line: Line[Pull]) -> str:
    """What the search looks into."""
    if line.document is None:
        return line.name
    pull = line.document
    words = (line.name, pull.description, pull.connection, pull.dataset_name)
    return " ".join((*words, asks_for(pull), *pull.tags, line.status)).lower()


def pull_list() -> None:
    """The page without a pull chosen."""
    actions = frame.header("Pulls", "Saved requests for Pendo data, each into one dataset.")
    if not services().documents.names("connection"):
        frame.empty(
            "No connection yet. A pull needs one: it takes a key and a region.",
            "connections",
            "Add a connection",
            ":material/add:",
        )
        return
    with actions:
        if st.button("New pull", type="primary", icon=":material/add:", key="pulls.new"):
            show(new=NEW)
            st.rerun()
    found = lines()
    if not found:
        frame.empty(
            "No pulls yet. Start with accounts: it takes about 5 seconds.",
            "pulls",
            "Define the first pull",
            ":material/add:",
            new=NEW,
        )
        return
    searched(
        found,
        _draw,
        thing="pull",
        places="Name, source, connection, dataset, tag or status",
        text=_text,
    )


def _draw(line: Line[Pull]) -> None:
    with st.container(border=True, key=f"pull-line-{line.name}"):
        name, what, where, last = st.columns([3, 3, 3, 3], vertical_alignment="center")
        with name:
            frame.link("pulls", line.name, icon=":material/download:", pull=line.name)
            if line.document and line.document.description:
                st.caption(formats.plain(line.document.description))
        if line.document is None:
            what.error(line.trouble)
            return
        tags = " ".join(f":gray-badge[{formats.plain(tag)}]" for tag in line.document.tags)
        what.markdown(f"{asks_for(line.document)} from {line.document.connection} {tags}")
        with where:
            _dataset(line.document.dataset_name)
        last.markdown(line.ended, unsafe_allow_html=True)


def _dataset(name: str) -> None:
    datasets = services().datasets
    if not datasets.exists(name):
        st.caption(f"into {name}")
        return
    rows = formats.counted(datasets.summary(name).rows, "row")
    frame.link("explore", f"{name} · {rows}", icon=":material/table:", dataset=name)
