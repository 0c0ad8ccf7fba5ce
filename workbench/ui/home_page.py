"""What is connected, what exists, what needs a person, what to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.schedules.overview import coming
from workbench.ui import formats, frame, salesforce_list
from workbench.ui.attention import show_troubles, troubles
from workbench.ui.band import FINISHED
from workbench.ui.chips import chip_text
from workbench.ui.connection_list import address_words, chips
from workbench.ui.known_jobs import entries
from workbench.ui.missed_list import missed_slots
from workbench.ui.notices import show_notices
from workbench.ui.pull_list import NEW
from workbench.ui.run_view import runs_table
from workbench.ui.schedule_form import weekday
from workbench.ui.scheduler_status import holder, start_button
from workbench.ui.session import explained, services, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.ui.known_jobs import Entry

RUNS_SHOWN = 8
NEXT_SHOWN = 3
ABOUT = "What needs you, what is there, what is connected."


def home_page() -> None:
    """The whole page."""
    bench = services()
    connections = bench.documents.names("connection")
    pulls = bench.documents.names("pull")
    runs = bench.state.runs.latest(limit=RUNS_SHOWN)
    actions = frame.header("Home", ABOUT, quiet=True)
    with actions:
        if connections and st.button(
            "New pull", type="primary", icon=":material/add:", key="home.new"
        ):
            frame.go("pulls", new=NEW)
    datasets = bench.datasets.names()
    if not (connections and pulls and datasets):
        _first_steps(bool(connections), bool(pulls), bool(datasets))
    if pulls or runs:
        with explained(stop=False):
            _attention(entries())
            show_notices()
    if datasets:
        _datasets()
    if runs:
        st.subheader("Last runs", anchor=False)
        picked = runs_table(runs, pick="home.runs")
        if picked is not None:
            frame.go("runs", run=str(picked))
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


def _attention(found: list[Entry]) -> None:
    """What needs a person, each with its one button; or that all is well, and what is next."""
    state, now = services().state, services().now()
    wrong = troubles(
        found,
        state.runs.newest_by_job(FINISHED),
        missed_slots(),
        state.runs.figures(),
        now,
    )
    waiting = [entry for entry in found if entry.is_on]
    is_down = bool(waiting) and holder() is None
    if wrong or is_down:
        st.subheader("Needs attention", anchor=False)
        if is_down:
            _scheduler_down(len(waiting))
        show_troubles(wrong)
    else:
        st.subheader("All well", anchor=False)
        st.caption("Nothing failed, nothing waits for a decision.")
    if waiting and not is_down:
        _next(waiting)


def _scheduler_down(waiting: int) -> None:
    with st.container(border=True, key="attention-line-stopped"):
        left, right = st.columns([5, 1], vertical_alignment="center")
        jobs = formats.counted(waiting, "job waits", "jobs wait")
        left.markdown(f"{chip_text('stopped')} The scheduler is not running: {jobs} for it")
        with right:
            start_button("attention.start")


def _next(waiting: list[Entry]) -> None:
    lines = []
    for fire, entry in coming(waiting, services().now(), NEXT_SHOWN, of_each=1):
        told = formats.moment(fire.at, zone())
        when = f'<abbr title="{told.hover}">{weekday(fire.at)} {told.text}</abbr>'
        lines.append(f"{when} {formats.plain(job_words(entry.job))}")
    if lines:
        st.caption("Next: " + " · ".join(lines), unsafe_allow_html=True)


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
    of_salesforce = services().documents.connections("salesforce")
    for name in names:
        try:
            words = _salesforce(name) if name in of_salesforce else _pendo(name)
        except WorkbenchError as error:
            st.error(f"{name}: {formats.plain(str(error))}")
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.link("connections", name, icon=":material/cable:", connection=name)
            st.markdown(words, width="content")


def _pendo(name: str) -> str:
    connection = services().documents.connection(name)
    return f"{address_words(connection)} · days of {connection.timezone} {chips(connection)}"


def _salesforce(name: str) -> str:
    connection = services().documents.salesforce(name)
    return f"Salesforce `{connection.url}` {salesforce_list.told_of(connection)[0]}"
