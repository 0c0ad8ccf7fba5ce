"""The runs of all jobs as a table with filters; a line that is picked opens its run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.run_view import runs_table
from workbench.ui.session import services, shown
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.ui.known_jobs import Entry

STATUSES = ("queued", "running", "done", "done with errors", "held", "failed", "cancelled")
TRIGGERS = ("person", "schedule", "catch-up", "retry")
PERIODS = {
    "24 hours": timedelta(hours=24),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "All": None,
}
PAGE = 50
"""Runs at once: a screen or two; the next are a click away."""
ALL_JOBS = "All jobs"


def show_runs(entries: Sequence[Entry]) -> None:
    """Filters, the table, and the way to older runs."""
    chosen = _filters(entries)
    found = sum(services().state.runs.counts(**chosen).values())
    if not found:
        _none(chosen)
        return
    pages = -(-found // PAGE)
    page = 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.caption(f"{formats.counted(found, 'run')}. Pick a line to open its run.")
        if pages > 1:
            page = st.number_input(
                f"Page of {pages}", min_value=1, max_value=pages, key="runs.page", width=120
            )
    runs = services().state.runs.latest(**chosen, limit=PAGE, offset=(int(page) - 1) * PAGE)
    picked = runs_table(runs, pick="runs.table")
    if picked is not None:
        frame.go("runs", run=str(picked))


def _filters(entries: Sequence[Entry]) -> dict[str, Any]:
    """What was chosen, as ``runs.latest`` and ``runs.counts`` take it."""
    ran = services().state.runs.newest_by_job()
    jobs = [ALL_JOBS, *sorted({*ran, *(entry.job for entry in entries)})]
    asked_for = shown("job")
    status_asked = shown("status")
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-filters"):
        job = st.selectbox(
            "Job",
            jobs,
            index=jobs.index(asked_for) if asked_for in jobs else 0,
            format_func=lambda job: job if job == ALL_JOBS else job_words(job),
            key="runs.job",
            width=280,
        )
        statuses = st.multiselect(
            "Status",
            STATUSES,
            default=[status_asked] if status_asked in STATUSES else [],
            key="runs.status",
            placeholder="Any",
            width=300,
        )
        triggers = st.multiselect(
            "Started by", TRIGGERS, key="runs.trigger", placeholder="Anybody", width=240
        )
        period = st.segmented_control(
            "Period", list(PERIODS), default="All", required=True, key="runs.period"
        )
    return {
        "job": None if job == ALL_JOBS else job,
        "status": statuses or None,
        "trigger": triggers or None,
        "since": _since(str(period)),
    }


def _since(period: str) -> datetime | None:
    back = PERIODS[period]
    # Runs are recorded by the real clock, also where a rehearsal has frozen ours.
    return None if back is None else datetime.now(UTC) - back


def _none(chosen: dict[str, Any]) -> None:
    if any(value is not None for value in chosen.values()):
        st.caption("No run matches. Take a filter away.")
        return
    frame.empty(
        "No runs yet. A pull runs when you press Run on its page, or by its schedule.",
        "pulls",
        "Go to pulls",
        ":material/arrow_forward:",
    )
