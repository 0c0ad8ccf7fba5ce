"""Schedules as people look at them: when each job fires next, what it missed, how it last ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from workbench.jobs import JobKind, Scheduled, kinds_of
from workbench.schedules.fires import Fire, fires, fires_between, next_fires
from workbench.schedules.known import KnownJob, KnownJobs
from workbench.schedules.missed import owed

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import Job, Run


class Firing(Protocol):
    """A job with what tells when it fires."""

    @property
    def job(self) -> str: ...

    @property
    def scheduled(self) -> Scheduled: ...

    @property
    def is_on(self) -> bool: ...


AJob = TypeVar("AJob", bound=Firing)


@dataclass(frozen=True, slots=True)
class JobView:
    """One job that has schedules."""

    job: str
    kind: JobKind
    scheduled: Scheduled
    is_on: bool
    """Whether it fires: switched on here, active in its document, and not paused."""
    next_at: datetime | None
    """When it fires next; None while it is off, or where its schedules end."""
    last: "Run | None"
    """Its newest run, whoever asked for it."""
    kept: "Job | None"
    """What is kept of it beside its document: switched, paused and why, failures in a row."""


def listed(services: "Services", now: datetime) -> list[JobView]:
    """Every job that has schedules, by name."""
    kept = services.state.jobs.all()
    last = services.state.runs.newest_by_job()
    return [_view(known, kept.get(known.job), last.get(known.job), now) for known in _all(services)]


def coming(
    jobs: Iterable[AJob], now: datetime, count: int, *, of_each: int | None = None
) -> list[tuple[Fire, AJob]]:
    """The next fires of those jobs that are on, soonest first.

    Args:
        count: So many are given at most.
        of_each: Most fires of one job, so that a frequent one does not hide the others.
    """
    most = count if of_each is None else of_each
    found = (
        (fire, job)
        for job in jobs
        if job.is_on
        for fire in islice(fires(job.scheduled.schedules, now), most)
    )
    return nsmallest(count, found, key=lambda pair: (pair[0].at, pair[1].job))


def missed(services: "Services", now: datetime) -> list[tuple[str, datetime]]:
    """Slots that wait for a decision, oldest first; also those that no scheduler has seen yet."""
    found = {(slot.job, slot.due_at) for slot in services.state.slots.missed()}
    kept = services.state.jobs.all()
    for known in _all(services):
        row = kept.get(known.job)
        if row is not None and row.is_stopped:
            continue
        due = fires_between(known.rhythms, known.considered(row, now), now)
        if row is not None:
            due += known.owed_before(row, now)
        owes = owed(due, now, known.scheduled.catch_up)
        found.update((known.job, fire.at) for fire in owes.listed)
    return sorted(found, key=lambda each: (each[1], each[0]))


def _all(services: "Services") -> Iterator[KnownJob]:
    jobs = KnownJobs(services.state.documents, kinds_of(services.settings))
    while jobs.has_more:
        jobs.refresh()
    return iter(sorted((each for each in jobs if each.scheduled.schedules), key=lambda e: e.job))


def _view(known: KnownJob, kept: "Job | None", last: "Run | None", now: datetime) -> JobView:
    is_on = known.scheduled.active and not (kept is not None and kept.is_stopped)
    upcoming = next_fires(known.scheduled.schedules, now, 1) if is_on else []
    return JobView(
        known.job,
        known.kind,
        known.scheduled,
        is_on,
        upcoming[0].at if upcoming else None,
        last,
        kept,
    )
