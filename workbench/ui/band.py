"""The thin band above every page that is there only when it must: nobody runs the schedules, or
something waits for a decision."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.known_jobs import entries
from workbench.ui.scheduler_status import holder, start_button
from workbench.ui.session import explained, services

FINISHED = ("done", "done with errors", "held", "failed")
"""The ends of a run that say something of its job; a cancelled one does not."""


def show_band() -> None:
    """The band, or nothing."""
    with explained(stop=False):
        waiting = sum(entry.is_on for entry in entries())
        is_down = bool(waiting) and holder() is None
        decisions = _decisions()
        if is_down or decisions:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="medium", key="band"
            ):
                if is_down:
                    _down(waiting)
                if decisions:
                    _review(decisions)


def _down(waiting: int) -> None:
    jobs = formats.counted(waiting, "job waits", "jobs wait")
    st.markdown(
        f"{chip_text('stopped')} The scheduler is not running: {jobs} for it", width="content"
    )
    start_button("band.start", small=True)


def _decisions() -> int:
    """How many runs are held, and how many jobs missed slots."""
    newest = services().state.runs.newest_by_job(FINISHED)
    statuses = Counter(run.status for run in newest.values())
    missed = {slot.job for slot in services().state.slots.missed()}
    return statuses["held"] + len(missed)


def _review(count: int) -> None:
    words = formats.counted(count, "run needs a decision", "runs need a decision")
    st.markdown(f"{chip_text('held')} {words}", width="content")
    frame.link("home", "Review", icon=":material/arrow_forward:")
