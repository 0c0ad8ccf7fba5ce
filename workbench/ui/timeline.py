"""What ran and what is due, on one line of time per job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import streamlit as st

from workbench.ui import formats
from workbench.ui.session import services, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.store.state import Run
    from workbench.ui.known_jobs import Entry
    from workbench.ui.missed_list import Missed

SPANS = {"24 hours": timedelta(hours=24), "7 days": timedelta(days=7)}
JOBS_SHOWN = 15
"""Lines that fit a screen; the others are in the lists."""
RUNS_SHOWN = 1_000
"""Marks that a browser draws at once without a pause."""
LINE_PX = 30
TOP_PX = 56
"""Room for the names of the states and, below them, the word "now"."""
MARKS = {
    "done": ("circle", "#009E73"),
    "done with errors": ("triangle-up", "#E69F00"),
    "held": ("square", "#8E6BBF"),
    "failed": ("x", "#D55E00"),
    "cancelled": ("circle-x-open", "#8A8A8A"),
    "running": ("triangle-right", "#0072B2"),
    "queued": ("hourglass-open", "#8A8A8A"),
    "missed": ("diamond-open", "#E69F00"),
    "due": ("circle-open", "#56B4E9"),
}
"""Symbol and colour of each state: told apart without colours, and by colour-blind eyes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: a run, a missed slot, or a fire to come."""

    job: str
    state: str
    at: datetime
    until: datetime | None
    about: str


def marks(
    runs: Sequence[Run],
    missed: Sequence[Missed],
    entries: Sequence[Entry],
    now: datetime,
    span: timedelta,
) -> list[Mark]:
    """Every mark in the span before and after now, oldest first."""
    found = [_ran(run) for run in runs if _began(run) is not None]
    found += [Mark(job, "missed", due_at, None, "missed") for job, due_at in missed]
    found += [
        Mark(entry.job, "due", fire.at, None, ", ".join(fire.schedules))
        for entry in entries
        for fire in entry.fires_between(now, now + span)
    ]
    inside = [mark for mark in found if now - span <= mark.at <= now + span]
    return sorted(inside, key=lambda mark: (mark.at, mark.job))


def _began(run: Run) -> datetime | None:
    return run.started_at or run.queued_at


def _ran(run: Run) -> Mark:
    began = _began(run)
    assert began is not None
    words = [f"run {run.id}", run.trigger, formats.counted(run.rows, "row")]
    if run.started_at and run.finished_at:
        words.append(formats.duration((run.finished_at - run.started_at).total_seconds()))
    return Mark(run.job, run.status, began, run.finished_at, " · ".join(words))


def show_timeline(entries: Sequence[Entry], missed: Sequence[Missed]) -> None:
    """The chart with its span, and the numbers behind it."""
    now = services().now()
    chosen = st.segmented_control(
        "Timeline",
        list(SPANS),
        default="24 hours",
        required=True,
        key="runs.span",
        format_func=lambda span: f"Last and next {span}",
        label_visibility="collapsed",
    )
    span = SPANS[str(chosen)]
    runs = services().state.runs.latest(limit=RUNS_SHOWN, since=now - span)
    scheduled = [entry for entry in entries if entry.is_on]
    busy = list(dict.fromkeys([*(run.job for run in runs), *(each.job for each in scheduled)]))
    shown = busy[:JOBS_SHOWN]
    drawn = marks(
        [run for run in runs if run.job in shown],
        [slot for slot in missed if slot[0] in shown],
        [entry for entry in scheduled if entry.job in shown],
        now,
        span,
    )
    if not drawn:
        st.caption(f"Nothing ran in the last {chosen}, and nothing is due in the next {chosen}.")
        return
    st.plotly_chart(
        figure(drawn, now, span, zone()),
        key="runs.timeline",
        theme="streamlit",
        config={"displayModeBar": False},
    )
    if len(busy) > JOBS_SHOWN:
        st.caption(f"{len(busy) - JOBS_SHOWN} more jobs: see the lists below.")
    with st.expander("See the numbers", type="compact"):
        st.dataframe(_numbers(drawn), hide_index=True, height=260)


def figure(drawn: Sequence[Mark], now: datetime, span: timedelta, where: str) -> Any:
    """The plotly figure: a line per job, a symbol per state, a rule at the present moment."""
    # Plotly looks whether pandas is there, and must not find one that another session's thread
    # has half imported.
    import pandas  # noqa: F401
    import plotly.graph_objects as go

    place = ZoneInfo(where)
    jobs = sorted({job_words(mark.job) for mark in drawn}, reverse=True)
    chart = go.Figure()
    for state, (symbol, colour) in MARKS.items():
        some = [mark for mark in drawn if mark.state == state]
        if not some:
            continue
        chart.add_trace(_spans(some, colour, place))
        chart.add_trace(
            go.Scatter(
                x=[_local(mark.at, place) for mark in some],
                y=[job_words(mark.job) for mark in some],
                name=state,
                mode="markers",
                marker={
                    "symbol": symbol,
                    "color": colour,
                    "size": 11,
                    "line": {"width": 2, "color": colour},
                },
                customdata=[mark.about for mark in some],
                hovertemplate="%{y}<br>%{x|%a %-d %b, %H:%M:%S}<br>"
                + f"{state} · %{{customdata}}<extra></extra>",
            )
        )
    chart.add_vline(x=_local(now, place), line={"width": 1, "dash": "dot", "color": "#8A8A8A"})
    chart.add_annotation(
        x=_local(now, place), y=1, yref="paper", text="now", showarrow=False, yanchor="bottom"
    )
    chart.update_layout(
        height=TOP_PX + 70 + LINE_PX * len(jobs),
        margin={"l": 8, "r": 8, "t": TOP_PX, "b": 8},
        # Above the word "now", whatever the height of the lines.
        legend={"orientation": "h", "yref": "container", "y": 1.0, "yanchor": "top", "x": 0},
        hovermode="closest",
    )
    chart.update_xaxes(
        range=[_local(now - span, place), _local(now + span, place)],
        title=f"Time ({where})",
        type="date",
    )
    chart.update_yaxes(categoryorder="array", categoryarray=jobs, automargin=True, title="")
    return chart


def _spans(some: Sequence[Mark], colour: str, place: ZoneInfo) -> Any:
    """How long each took: a line from its start to its end, broken between two."""
    import plotly.graph_objects as go

    xs: list[Any] = []
    ys: list[Any] = []
    for mark in some:
        if mark.until is not None:
            xs += [_local(mark.at, place), _local(mark.until, place), None]
            ys += [job_words(mark.job), job_words(mark.job), None]
    return go.Scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": colour, "width": 5},
        hoverinfo="skip",
        showlegend=False,
    )


def _local(at: datetime, place: ZoneInfo) -> datetime:
    """The time on the viewer's wall: plotly draws times as they are written."""
    return at.astimezone(place).replace(tzinfo=None)


def _numbers(drawn: Sequence[Mark]) -> list[dict[str, Any]]:
    return [
        {
            "Job": job_words(mark.job),
            "State": mark.state,
            f"At ({zone()})": formats.moment(mark.at, zone()).text,
            "UTC": f"{mark.at:%Y-%m-%d %H:%M:%S}",
            "About": mark.about,
        }
        for mark in drawn
    ]
