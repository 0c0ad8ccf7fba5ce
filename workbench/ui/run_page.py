"""One run on its page: how far it is or how it ended, what it brought, its log, what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.run_view import (
    POLL_S,
    cancel_run,
    show_progress,
    stage_words,
    summary,
    unfinished,
)
from workbench.ui.session import WHO, explained, services, show, show_error, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.store.state import Run

RECENT = timedelta(days=90)
"""What the figures above a job's run look back on: a season, so that old troubles fade."""
SLOTS_SHOWN = 10
"""The first ones; its log names them all."""
LOG_LINES = 500
"""The newest lines: more than a screen, less than a browser notices."""
TRIGGERS = {
    "person": "by a person",
    "schedule": "by its schedule",
    "catch-up": "to make up for a missed slot",
    "retry": "as another try",
}
PAGE_OF = {
    "pull": ("pulls", "pull"),
    "automation": ("automations", "automation"),
    "campaign": ("campaigns", "sync"),
    "campaign_nightly": ("campaigns", "sync"),
    "campaign_hourly": ("campaigns", "sync"),
}
"""By kind of job: the page of its document, and what that page calls the document's name."""


def run_page(run_id: int) -> None:
    """The whole page of one run."""
    with explained():
        run = services().state.runs.get(run_id)
    about = f"One execution of {job_words(run.job)}: what it did, and what it says of itself."
    actions = frame.header(f"Run {run_id}", about, back=("runs", "Runs & schedules"))
    with actions:
        _actions(run)
    if run.is_finished:
        _ended(run)
        _figures(run)
        _more(run)
        _log(run)
    else:
        _live(run_id)


def _actions(run: Run) -> None:
    kind, _, name = run.job.partition("/")
    if kind in PAGE_OF:
        page, what = PAGE_OF[kind]
        frame.link(page, f"Open {name}", icon=":material/edit:", **{what: name})
    if not run.is_finished:
        if st.button(
            "Cancel run",
            icon=":material/stop:",
            key="run.cancel",
            disabled=run.cancel_requested,
            help="It stops between two steps; what was finished is kept.",
        ):
            cancel_run(run.id)
            st.rerun()
    elif st.button("Run again", icon=":material/replay:", key="run.retry", type="primary"):
        from workbench.jobs import retry

        with explained():
            again = retry(services(), run.id, WHO)
        show(run=again)
        st.rerun()


@st.fragment(run_every=POLL_S)
def _live(run_id: int) -> None:
    run = unfinished(run_id)
    with st.container(border=True, key=f"run-{run_id}"):
        st.markdown(f"{chip_text(run.status)} {stage_words(run)}")
        if run.status == "queued" and run.not_before is not None:
            st.caption(f"It starts at {formats.moment(run.not_before, zone()).text} or before.")
        show_progress(run)
    _log(run)


def _ended(run: Run) -> None:
    with st.container(border=True, key=f"run-{run.id}"):
        st.markdown(f"{chip_text(run.status)} {summary(run)}")
        if run.error:
            if run.status in ("failed", "held"):
                show_error(run.error, run.hint or "")
            else:
                st.caption(formats.plain(run.error))
        for warning in (run.result or {}).get("warnings", []):
            st.caption(f":material/info: {formats.plain(str(warning))}")
        dataset = (run.result or {}).get("dataset")
        if dataset and run.status.startswith("done"):
            frame.link(
                "explore",
                f"Look at the rows of {dataset}",
                icon=":material/table:",
                dataset=str(dataset),
            )


def _figures(run: Run) -> None:
    """How this job has been doing (B-60)."""
    now = datetime.now(UTC)  # runs are recorded by the real clock, also in a rehearsal
    told = services().state.runs.figures(run.job, now - RECENT).get(run.job)
    if told is None:
        return
    rate = formats.share(told.done, told.finished)
    frame.facts(
        "run",
        (
            ("Last success of this job", formats.ago(told.last_success, now)),
            ("Average duration", formats.duration(told.average_s)),
            (f"Success rate of {formats.counted(told.finished, 'run')}, 90 days", rate),
        ),
    )


def _more(run: Run) -> None:
    """Where it came from and what came of it."""
    rows = [
        (
            "Started",
            f"{TRIGGERS.get(run.trigger, run.trigger)}{f' ({run.who})' if run.who else ''}",
        ),
        ("Schedule", run.schedule or ""),
        ("Due", _told(run.due_at)),
        ("Also for", _made_up_for(run)),
        ("Waited from", _told(run.queued_at)),
        ("Began", _told(run.started_at)),
        ("Ended", _told(run.finished_at)),
        ("Process", f"{run.pid} on {run.host}" if run.pid else ""),
    ]
    with st.expander("Details", icon=":material/info:", type="compact"):
        lines = [f"| {name} | {formats.plain(value)} |" for name, value in rows if value]
        st.markdown("\n".join(["| | |", "| --- | --- |", *lines]))
        if run.result:
            st.json(run.result, expanded=False)
    family = services().state.runs.attempts(run.id)
    if len(family) > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Tries:", width="content")
            for other in family:
                mark = " (this one)" if other.id == run.id else ""
                frame.link("runs", f"{other.id} {other.status}{mark}", run=str(other.id))


def _log(run: Run) -> None:
    lines = services().state.runs.log_lines(run.id)
    st.subheader("Log", anchor=False)
    if not lines:
        st.caption("It said nothing." if run.is_finished else "Nothing yet.")
        return
    told = [f"{line.at:%H:%M:%S}Z  {line.text}" for line in lines[-LOG_LINES:]]
    if len(lines) > LOG_LINES:
        told.insert(0, f"({len(lines) - LOG_LINES} earlier lines: run log {run.id} shows them)")
    st.code("\n".join(told), language=None, wrap_lines=True, height=360 if len(told) > 16 else None)


def _made_up_for(run: Run) -> str:
    """The other slots that this run counts for: missed ones, and those that joined it."""
    slots = [each.due_at for each in services().state.slots.of_run(run.id)]
    return formats.listed([_told(at) for at in slots if at != run.due_at], SLOTS_SHOWN)


def _told(at: datetime | None) -> str:
    return formats.moment(at, zone()).text if at else ""
