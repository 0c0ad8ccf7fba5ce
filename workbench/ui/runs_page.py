"""Runs and schedules of all jobs: what ran, what is due, what was missed, what is paused."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.attention import resume
from workbench.ui.known_jobs import Entry, entries
from workbench.ui.missed_list import Missed, missed_slots, show_missed
from workbench.ui.run_list import show_runs
from workbench.ui.schedule_list import show_schedules
from workbench.ui.scheduler_status import show_scheduler
from workbench.ui.session import explained, shown
from workbench.ui.timeline import show_timeline

ABOUT = "What ran, what is due next, and what waits for you."
VIEWS = ("Runs", "Schedules")


def runs_page() -> None:
    """The whole page."""
    frame.header("Runs & schedules", ABOUT, quiet=True)
    show_scheduler()
    with explained():
        found = entries()
        missed = missed_slots()
    _paused(found)
    _missed(missed)
    show_timeline(found, missed)
    view = st.segmented_control(
        "View",
        VIEWS,
        default="Schedules" if shown("show") == "schedules" else "Runs",
        required=True,
        key="runs.view",
        label_visibility="collapsed",
    )
    if view == "Schedules":
        show_schedules(found)
    else:
        show_runs(found)


def _paused(found: Sequence[Entry]) -> None:
    """A banner for each job that the workbench stopped, and how it goes on."""
    for entry in found:
        if entry.paused_reason is None:
            continue
        with st.container(border=True, key=f"paused-line-{entry.job}"):
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.error(
                f"**{formats.plain(entry.job)}** fires no more: "
                f"{formats.plain(entry.paused_reason)}. Mend the cause, then press Resume.",
                icon=":material/pause_circle:",
            )
            with right:
                if st.button("Resume", key=f"paused.resume.{entry.job}", type="primary"):
                    resume(entry.job)


def _missed(missed: Sequence[Missed]) -> None:
    if not missed:
        return
    st.subheader("Missed", anchor=False)
    st.caption("Nobody ran these while they were due: the machine slept or the scheduler stood.")
    show_missed(missed)
