"""What is connected, what exists, what needs a person, what to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.connection_list import address_words, chips
from workbench.ui.pull_list import NEW
from workbench.ui.run_view import runs_table
from workbench.ui.session import services, zone

if TYPE_CHECKING:
    from workbench.store.state import Run

RUNS_SHOWN = 8
LOOKED_AT = 200
"""Runs looked through for the newest of each job."""
BAD = ("failed", "held", "done with errors")
ABOUT = "What is connected, what is there, and what needs you."


def home_page() -> None:
    """The whole page."""
    bench = services()
    connections = bench.documents.names("connection")
    pulls = bench.documents.names("pull")
    runs = bench.state.runs.latest(limit=LOOKED_AT)
    actions = frame.header("Home", ABOUT)
    with actions:
        if connections and st.button(
            "New pull", type="primary", icon=":material/add:", key="home.new"
        ):
            frame.go("pulls", new=NEW)
    datasets = bench.datasets.names()
    if not (connections and pulls and datasets):
        _first_steps(bool(connections), bool(pulls), bool(datasets))
    _attention(runs)
    if datasets:
        _datasets()
    if runs:
        st.subheader("Last runs", anchor=False)
        runs_table(runs[:RUNS_SHOWN])
    if connections:
        _connections(connections)


def _first_steps(connected: bool, defined: bool, pulled: bool) -> None:
    """The way to the first rows, with what is done ticked."""
    st.subheader("First steps", anchor=False)
    steps = (
        (
            connected,
            "Connect Pendo",
            "You need an integration key. Without one, start the sample: "
            "`python -m workbench start` on an empty home runs a stand-in that plays Pendo.",
            ("connections", "Connect Pendo", NEW),
        ),
        (
            defined,
            "Define a pull",
            "What to ask for, which days, into which dataset. Accounts take about 5 seconds.",
            ("pulls", "Define a pull", NEW),
        ),
        (
            pulled,
            "Run it and look at the rows",
            "The rows become a dataset with versions: browse it, chart it, ask it in SQL.",
            ("pulls", "Go to pulls", ""),
        ),
    )
    is_next = True
    for number, (place, step) in enumerate(zip(st.columns(3), steps, strict=True), 1):
        done, title, about, (page, label, new) = step
        with place.container(border=True, height="stretch"):
            mark = ":green[:material/check_circle:]" if done else f"**{number}**"
            st.markdown(f"{mark} **{title}**")
            st.caption(about)
            if not done and is_next:
                frame.link(page, label, icon=":material/arrow_forward:", **_query(new))
                is_next = False


def _query(new: str) -> dict[str, str]:
    return {"new": new} if new else {}


def _attention(runs: list[Run]) -> None:
    """Jobs whose newest finished run went wrong, with one thing to do about each."""
    newest: dict[str, Run] = {}
    for run in runs:
        if run.is_finished:
            newest.setdefault(run.job, run)
    bad = [run for run in newest.values() if run.status in BAD]
    if not bad:
        return
    st.subheader("Needs attention", anchor=False)
    for run in bad:
        with st.container(border=True, key=f"attention-{run.id}"):
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(
                f"{chip_text(run.status)} **{run.job}** · {formats.plain(run.error or '')}"
            )
            if run.hint:
                left.caption(formats.plain(run.hint))
            with right:
                kind, _, name = run.job.partition("/")
                if kind == "pull":
                    frame.link("pulls", "Open", icon=":material/arrow_forward:", pull=name)


def _datasets() -> None:
    st.subheader("Datasets", anchor=False)
    now = services().now()
    for summary in services().datasets.list():
        with st.container(border=True, key=f"dataset-line-{summary.name}"):
            name, facts, fresh = st.columns([4, 5, 3], vertical_alignment="center")
            with name:
                frame.link("explore", summary.name, icon=":material/table:", dataset=summary.name)
            facts.markdown(
                f"{formats.counted(summary.rows, 'row')} · {formats.size(summary.size_bytes)}"
                f" · version {summary.version}"
            )
            told = formats.moment(summary.updated_at, zone())
            fresh.markdown(
                f'<abbr title="{told.text} · {told.hover}">'
                f"{formats.ago(summary.updated_at, now)}</abbr>",
                unsafe_allow_html=True,
            )


def _connections(names: list[str]) -> None:
    st.subheader("Connected", anchor=False)
    for name in names:
        try:
            connection = services().documents.connection(name)
        except WorkbenchError as error:
            st.error(f"{name}: {formats.plain(str(error))}")
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.link("connections", name, icon=":material/cable:", connection=name)
            st.markdown(
                f"{address_words(connection)} · days of {connection.timezone} {chips(connection)}",
                width="content",
            )
