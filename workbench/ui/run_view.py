"""A run while it goes and after: stage, progress, time left, cancel, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats
from workbench.ui.chips import chip_text
from workbench.ui.chips import column as state_column
from workbench.ui.session import WHO, explained, services, show_error, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.store.state import Run

POLL_S = 0.7
"""Seconds between two looks at a run; the process that runs it writes three times a second."""
FEW_SHARE = 0.02
"""Before this share is done, an estimate of the time left is a guess."""


def show_run(run_id: int) -> Run | None:
    """One run, live until it ends; gives it, None where there is no such run."""
    run: Run | None = None
    with explained(stop=False):
        run = services().state.runs.get(run_id)
        if run.is_finished:
            _ended(run)
        else:
            _live(run_id)
    return run


@st.fragment(run_every=POLL_S)
def _live(run_id: int) -> None:
    run = unfinished(run_id)
    with st.container(border=True, key=f"run-{run_id}"):
        head, action = st.columns([5, 1], vertical_alignment="center")
        head.markdown(f"{chip_text(run.status)} **Run {run.id}** · {stage_words(run)}")
        stopping = run.cancel_requested
        if action.button("Cancel run", key=f"cancel-{run_id}", disabled=stopping, width="stretch"):
            cancel_run(run_id)
        show_progress(run)


def unfinished(run_id: int) -> Run:
    """A run that goes on or waits; when it has ended the whole page is drawn again instead.

    For the dataset and the list of runs have changed then.
    """
    run = services().state.runs.get(run_id)
    if run.is_interrupted:
        services().state.runs.close_interrupted()
    if run.is_finished or run.is_interrupted:
        st.rerun()
    return run


def stage_words(run: Run) -> str:
    """What a run is at, as Markdown shows it."""
    waiting = "waiting to start" if run.status == "queued" else "starting"
    return formats.plain("stopping" if run.cancel_requested else run.stage or waiting)


def show_progress(run: Run) -> None:
    """The bar, and what is done so far."""
    st.progress(share_done(run), text=progress_words(run, datetime.now(UTC)))


def share_done(run: Run) -> float:
    """How much of a run is done, from 0 to 1; 0 where nobody knows."""
    return min(run.done / run.total, 1.0) if run.total else 0.0


def progress_words(run: Run, now: datetime) -> str:
    """Count, rows, requests, time left: one line."""
    if run.status == "queued":
        return "Starting a process for it"
    steps = f"{run.done} of {run.total} parts" if run.total else f"{run.done} parts so far"
    words = [steps, formats.counted(run.rows, "row"), formats.counted(run.requests, "request")]
    if (left := seconds_left(run, now)) is not None:
        words.append(f"about {formats.duration(left)} left")
    elif run.started_at is not None:
        words.append(f"{formats.duration((now - run.started_at).total_seconds())} so far")
    return " · ".join(words)


def seconds_left(run: Run, now: datetime) -> float | None:
    """Seconds to the end at the speed so far; None before that can be said."""
    done = share_done(run)
    if run.started_at is None or done < FEW_SHARE or done >= 1:
        return None
    return (now - run.started_at).total_seconds() * (1 - done) / done


def _ended(run: Run) -> None:
    with st.container(border=True, key=f"run-{run.id}"):
        st.markdown(f"{chip_text(run.status)} **Run {run.id}** · {summary(run)}")
        if run.error and run.status != "cancelled":
            show_error(run.error, run.hint or "")
        elif run.status == "cancelled":
            st.caption("Stopped. Finished parts are kept: run it again to go on from them.")
        for warning in (run.result or {}).get("warnings", []):
            st.caption(f":material/info: {formats.plain(str(warning))}")
        _log(run)


def _log(run: Run) -> None:
    lines = services().state.runs.log_lines(run.id)
    if not lines:
        return
    with st.expander(f"Log ({len(lines)})", type="compact"):
        told = [f"{line.at.astimezone(UTC):%H:%M:%S}Z  {line.text}" for line in lines[-200:]]
        st.code("\n".join(told), language=None, wrap_lines=True)


def summary(run: Run) -> str:
    """When it ran, how long, what it brought: one line."""
    words = [formats.moment(run.finished_at or run.started_at, zone()).text]
    if run.started_at and run.finished_at:
        words.append(formats.duration((run.finished_at - run.started_at).total_seconds()))
    words += [formats.counted(run.rows, "row"), formats.counted(run.requests, "request")]
    if run.bytes:
        words.append(formats.size(run.bytes))
    return " · ".join(words)


def cancel_run(run_id: int) -> None:
    """Ask a run to stop; what cannot be stopped says why."""
    with explained(stop=False):
        services().state.runs.cancel(run_id)


def runs_table(runs: list[Run], *, with_job: bool = True, pick: str | None = None) -> int | None:
    """Runs, newest first, one line each.

    Args:
        pick: The table's key where a line can be picked.

    Returns:
        The number of the run that was picked.
    """
    rows = [
        {
            "Run": run.id,
            "Job": job_words(run.job),
            "Status": [run.status],
            "Started by": run.trigger,
            "Started": run.started_at or run.queued_at,
            "Took": _took(run),
            "Rows": run.rows,
            "Requests": run.requests,
            "Received": formats.size(run.bytes),
            "What happened": run.error or "",
        }
        for run in runs
    ]
    columns = [column for column in rows[0] if with_job or column != "Job"] if rows else []
    if not any(row["What happened"] for row in rows):
        columns = [column for column in columns if column != "What happened"]
    event: Any = st.dataframe(
        rows,
        hide_index=True,
        column_order=columns,
        key=pick,
        on_select="rerun" if pick else "ignore",
        selection_mode="single-row",
        column_config={
            "Run": st.column_config.NumberColumn(width=60, format="%d"),
            "Status": state_column(),
            "Started": st.column_config.DatetimeColumn(
                f"Started ({zone()})", timezone=zone(), format="D MMM YYYY, HH:mm:ss"
            ),
            "Rows": st.column_config.NumberColumn(format="localized"),
            "What happened": st.column_config.TextColumn(width="large"),
        },
    )
    picked: list[int] = list(event.selection.rows) if pick else []
    return runs[picked[0]].id if picked and picked[0] < len(runs) else None


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return formats.NOTHING
    return formats.duration((run.finished_at - run.started_at).total_seconds())


def launch_run(job: str, options: Mapping[str, Any] | None = None) -> int | None:
    """Start a job in a process of its own; gives the run's number, None where it could not."""
    from workbench.jobs import launch

    run_id: int | None = None
    with explained(stop=False):
        run_id = launch(services(), job, options, who=WHO)
    return run_id  # noqa: RET504 -- None where it could not be launched


__all__ = ["cancel_run", "launch_run", "progress_words", "runs_table", "seconds_left", "show_run"]
