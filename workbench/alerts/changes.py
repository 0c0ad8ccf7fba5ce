"""When people hear of a job: once for each change of its state, never while muted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from workbench.schedules.fires import longest_gap, next_fires
from workbench.schedules.missed import DUE_WITHIN
from workbench.schedules.model import Period, Schedule, StaleAfter
from workbench.words import counted, job_words

if TYPE_CHECKING:
    from workbench.store.state.run_rows import Run

State = Literal["ok", "failed", "held", "done with errors", "stale", "paused"]
Told = Literal["recovered", "failed", "held", "done with errors", "stale", "paused"]
Level = Literal["recovery", "warning", "critical"]

LEVELS: dict[State, Level] = {
    "ok": "recovery",
    "done with errors": "warning",
    "held": "warning",
    "stale": "warning",
    "failed": "critical",
    "paused": "critical",
}
PAUSE_AFTER = 5
"""Failed runs in a row after which a job is paused (predict-and-pulls contract, GAP-14)."""
DAY = timedelta(days=1)
SPANS = ((30 * DAY, "month"), (7 * DAY, "week"), (DAY, "day"), (timedelta(hours=1), "hour"))
FREQUENCIES = {"month": "monthly", "week": "weekly", "day": "daily", "hour": "hourly"}


@dataclass(frozen=True, slots=True)
class Overdue:
    """A job that should have succeeded again by now."""

    last_success: datetime | None
    expected: timedelta
    """The longest gap between two of its fires, or what its document says."""
    by_hand: bool = False
    """Whether no schedule runs it."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a job at one moment."""

    run: "Run | None" = None
    """Its latest finished run; cancelled ones say nothing of the job and are left out."""
    will_retry: bool = False
    """A failed run is going to be tried again: people hear of the last failure only (B-44)."""
    paused_reason: str | None = None
    overdue: Overdue | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One notice about one job."""

    job: str
    state: Told
    level: Level
    text: str
    hint: str = ""
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a job failed in a row, and whether that is often enough to pause it."""

    in_row: int
    pause_reason: str | None = None


def change(
    job: str, told: str | None, now_is: Situation, now: datetime, muted_until: datetime | None
) -> tuple[State, Alert | None] | None:
    """What to tell of a job, and the state to remember as told; None while there is nothing to do.

    The alert is None where a state is remembered without a word: that a job just resumed had
    failed is no news.

    Args:
        told: The state that was told last; None if none ever was.
    """
    if muted_until is not None and now < muted_until:
        return None
    state = state_of(now_is)
    if state is None or state == (told or "ok"):
        return None
    if (told, state) == ("paused", "failed"):
        return state, None
    return state, Alert(
        job,
        "recovered" if state == "ok" else state,
        LEVELS[state],
        _text(job, state, now_is, now),
        _hint(job, state, now_is),
        now_is.run.id if now_is.run and state != "stale" else None,
    )


def state_of(now_is: Situation) -> State | None:
    """The state of a job; None while it is open, because a failed run is tried again."""
    if now_is.paused_reason is not None:
        return "paused"
    status = now_is.run.status if now_is.run else "done"
    if status == "failed":
        return None if now_is.will_retry else "failed"
    if status in ("held", "done with errors"):
        return "held" if status == "held" else "done with errors"
    return "stale" if now_is.overdue else "ok"


def after_run(failures_in_row: int, status: str) -> Failures:
    """The count after one more finished run; held and cancelled ones neither count nor cure."""
    if status in ("done", "done with errors"):
        return Failures(0)
    if status != "failed":
        return Failures(failures_in_row)
    count = failures_in_row + 1
    if count < PAUSE_AFTER:
        return Failures(count)
    return Failures(count, f"Paused after {counted(count, 'failed run')} in a row")


def stale_from(
    schedules: Sequence[Schedule], since: datetime, stale_after: StaleAfter | None = None
) -> datetime | None:
    """The moment from which a job counts as stale if it does not succeed; None if it never does.

    Unless its document says how long, two slots must have passed: the first may still be running
    or be tried again.

    Args:
        since: Its last success, or when it was first seen.
    """
    if stale_after == "never":
        return None
    if stale_after is not None:
        return since + stale_after.span
    coming = next_fires(schedules, since, 2)
    return coming[1].at + DUE_WITHIN if len(coming) == 2 else None


def overdue(
    schedules: Sequence[Schedule],
    last_success: datetime | None,
    first_seen: datetime,
    now: datetime,
    stale_after: StaleAfter | None = None,
) -> Overdue | None:
    """Whether a job is stale, and against which expectation."""
    since = last_success or first_seen
    stale_at = stale_from(schedules, since, stale_after)
    if stale_at is None or now < stale_at:
        return None
    if isinstance(stale_after, Period):
        return Overdue(last_success, stale_after.span, by_hand=not schedules)
    return Overdue(last_success, longest_gap(schedules, since) or timedelta(0))


def frequency(gap: timedelta) -> str:
    """How often, in one word where there is one.

    >>> frequency(timedelta(days=1)), frequency(timedelta(hours=4))
    ('daily', 'every 4 hours')
    """
    for span, noun in SPANS:
        if gap >= span:
            count = round(gap / span)
            return FREQUENCIES[noun] if count == 1 else f"every {counted(count, noun)}"
    return f"every {counted(max(round(gap / timedelta(minutes=1)), 1), 'minute')}"


def _text(job: str, state: State, now_is: Situation, now: datetime) -> str:
    named = job_words(job)
    if state == "stale":
        assert now_is.overdue is not None
        expected = frequency(now_is.overdue.expected)
        return f"{named} is stale: last success {_ago(now_is.overdue, now)}, expected {expected}"
    if state == "paused":
        return f"{named}: {now_is.paused_reason}"
    cause = f": {now_is.run.error}" if now_is.run and now_is.run.error else ""
    return {
        "ok": f"{named} works again",
        "held": f"{named} waits for your decision{cause}",
        "done with errors": f"{named} is done with errors{cause}",
        "failed": f"{named} failed{cause}",
    }[state]


def _hint(job: str, state: State, now_is: Situation) -> str:
    if state == "stale" and now_is.overdue and now_is.overdue.by_hand:
        return "No schedule runs it: run it now, or give it a schedule."
    if state == "stale":
        return "See in Runs & schedules whether the scheduler runs and the job is switched on."
    if state == "paused":
        return f"Mend the cause, then resume {job_words(job)} in Runs & schedules."
    return "" if state == "ok" or now_is.run is None else now_is.run.hint or ""


def _ago(late: Overdue, now: datetime) -> str:
    if late.last_success is None:
        return "never"
    passed = now - late.last_success
    span, noun = next(((s, n) for s, n in SPANS[2:] if passed >= s), SPANS[-1])
    return f"{counted(max(round(passed / span), 1), noun)} ago"
