"""All pulls: what each asks for, where it goes, how its last run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.pulls.sources import SOURCES
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.pull_what import REPORTS
from workbench.ui.search import searched
from workbench.ui.session import services, show, zone

if TYPE_CHECKING:
    from workbench.pulls.model import Pull
    from workbench.store.state import Run

NEW = "1"
"""Stands in the address for a new pull; no pull can be named so."""


@dataclass(frozen=True, slots=True)
class Line:
    """One pull in the list."""

    name: str
    pull: Pull | None
    trouble: str
    last: Run | None

    @property
    def text(self) -> str:
        """What the search looks into."""
        if self.pull is None:
            return self.name
        words = (self.name, self.pull.description, self.pull.connection, self.pull.dataset_name)
        return " ".join((*words, asks_for(self.pull), *self.pull.tags, self.status)).lower()

    @property
    def status(self) -> str:
        """How its last run ended."""
        return self.last.status if self.last else "not run yet"


def asks_for(pull: Pull) -> str:
    """The report or source, in its title's words."""
    if pull.report == "row_aggregation" and pull.source:
        return SOURCES[pull.source].title
    return REPORTS[pull.report]


def lines() -> list[Line]:
    """Every pull, those in trouble first."""
    found = []
    bench = services()
    for name in bench.documents.names("pull"):
        last = bench.state.runs.latest(f"pull/{name}", limit=1)
        try:
            found.append(Line(name, bench.documents.pull(name), "", last[0] if last else None))
        except WorkbenchError as error:
            found.append(Line(name, None, str(error), last[0] if last else None))
    return sorted(found, key=lambda line: (line.status not in ("failed", "held"), line.name))


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
        text=lambda line: line.text,
    )


def _draw(line: Line) -> None:
    with st.container(border=True, key=f"pull-line-{line.name}"):
        name, what, where, last = st.columns([3, 3, 3, 3], vertical_alignment="center")
        with name:
            frame.link("pulls", line.name, icon=":material/download:", pull=line.name)
            if line.pull and line.pull.description:
                st.caption(formats.plain(line.pull.description))
        if line.pull is None:
            what.error(line.trouble)
            return
        tags = " ".join(f":gray-badge[{formats.plain(tag)}]" for tag in line.pull.tags)
        what.markdown(f"{asks_for(line.pull)} from {line.pull.connection} {tags}")
        with where:
            _dataset(line.pull.dataset_name)
        at = line.last and (line.last.finished_at or line.last.started_at)
        told = formats.moment(at, zone()).text if at else ""
        last.markdown(f"{chip_text(line.status)} <small>{told}</small>", unsafe_allow_html=True)


def _dataset(name: str) -> None:
    datasets = services().datasets
    if not datasets.exists(name):
        st.caption(f"into {name}")
        return
    rows = formats.counted(datasets.summary(name).rows, "row")
    frame.link("explore", f"{name} · {rows}", icon=":material/table:", dataset=name)
