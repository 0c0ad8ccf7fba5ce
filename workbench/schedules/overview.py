"""Schedules as people look at them: when each job fires next, what it missed, how it last ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.jobs import JobKind, Scheduled, kinds_of
from workbench.schedules.fires import Fire, fires_between, next_fires
from workbench.schedules.known import KnownJob, KnownJobs
from workbench.schedules.missed import owed

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import Job, Run


@dataclass(frozen=True, slots=True)
class JobView:
    """One job that has schedules."""

    job: str
    kind: JobKind
    scheduled: Scheduled
    on: bool
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


def coming(services: "Services", now: datetime, count: int) -> list[tuple[str, Fire]]:
    """The next fires of all jobs that are on, soonest first."""
    fires = [
        (view.job, fire)
        for view in listed(services, now)
        if view.on
        for fire in next_fires(view.scheduled.schedules, now, count)
    ]
    return sorted(fires, key=lambda each: (each[1].at, each[0]))[:count]


def missed(services: "Services", now: datetime) -> list[tuple[str, datetime]]:
    """Slots that wait for a decision, oldest first; also those that no scheduler has seen yet."""
    found = {(slot.job, slot.due_at) for slot in services.state.slots.missed()}
    kept = services.state.jobs.all()
    for known in _all(services):
        row = kept.get(known.job)
        if row is not None and row.is_stopped:
            continue
        fires = fires_between(known.rhythms, known.considered(row, now), now)
        if row is not None:
            fires += known.owed_before(row, now)
        owes = owed(fires, now, known.scheduled.catch_up)
        found.update((known.job, fire.at) for fire in owes.listed)
    return sorted(found, key=lambda each: (each[1], each[0]))


def _all(services: "Services") -> Iterator[KnownJob]:
    jobs = KnownJobs(services.state.documents, kinds_of(services.settings))
    while jobs.has_more:
        jobs.refresh()
    return iter(sorted((each for each in jobs if each.scheduled.schedules), key=lambda e: e.job))


def _view(known: KnownJob, kept: "Job | None", last: "Run | None", now: datetime) -> JobView:
    on = known.scheduled.active and not (kept is not None and kept.is_stopped)
    fires = next_fires(known.scheduled.schedules, now, 1) if on else []
    return JobView(
        known.job,
        known.kind,
        known.scheduled,
        on,
        fires[0].at if fires else None,
        last,
        kept,
    )
