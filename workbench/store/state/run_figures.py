"""What many runs add up to: counts, the newest of each job, how well and how long a job runs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Float, Select, case, func, select

from workbench.store.state.run_rows import Run, Status, as_run
from workbench.store.state.tables import runs

Choice = str | Collection[str] | None
"""One value, several, or any."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands above a job's history (B-60)."""

    job: str
    finished: int
    """Runs that came to an end, cancelled ones left out."""
    done: int
    """Of those: without any error."""
    last_success: datetime | None
    average_s: float | None
    """How long a run without error takes, in seconds."""

    @property
    def success_rate(self) -> float | None:
        """Runs without error among those that came to an end; None while there are none."""
        return self.done / self.finished if self.finished else None


def chosen(
    job: str | None,
    status: Choice,
    trigger: Choice,
    since: datetime | None,
) -> Select[Any]:
    """Runs that suit every condition given; ``since`` is when they were last heard of."""
    wanted = select(runs)
    if job is not None:
        wanted = wanted.where(runs.c.job == job)
    if status is not None:
        wanted = wanted.where(runs.c.status.in_(_several(status)))
    if trigger is not None:
        wanted = wanted.where(runs.c.trigger.in_(_several(trigger)))
    if since is not None:
        heard_of = func.coalesce(runs.c.finished_at, runs.c.started_at, runs.c.queued_at)
        wanted = wanted.where(heard_of >= since)
    return wanted


def counts(connection: Connection, wanted: Select[Any]) -> dict[Status, int]:
    """How many of the chosen runs there are of each status."""
    some = wanted.subquery()
    by_status = select(some.c.status, func.count()).group_by(some.c.status)
    return {row[0]: row[1] for row in connection.execute(by_status)}


def newest_by_job(connection: Connection, status: Choice) -> dict[str, Run]:
    """Each job's newest run, by job."""
    newest = select(func.max(runs.c.id)).group_by(runs.c.job)
    if status is not None:
        newest = newest.where(runs.c.status.in_(_several(status)))
    found = connection.execute(select(runs).where(runs.c.id.in_(newest)))
    return {row.job: as_run(row) for row in found}


def figures(connection: Connection, job: str | None, since: datetime | None) -> dict[str, Figures]:
    """Every job's figures, or one's, by job; one statement whatever the number of runs."""
    ended = ("done", "done with errors", "held", "failed")
    is_done = runs.c.status == "done"
    taken_s = case((is_done, _seconds(connection)))
    wanted = (
        select(
            runs.c.job,
            func.count(),
            func.count(case((is_done, 1))),
            func.max(case((is_done, runs.c.finished_at))),
            func.avg(taken_s),
        )
        .where(runs.c.status.in_(ended))
        .group_by(runs.c.job)
    )
    if job is not None:
        wanted = wanted.where(runs.c.job == job)
    if since is not None:
        wanted = wanted.where(runs.c.finished_at >= since)
    return {row[0]: Figures(*row) for row in connection.execute(wanted)}


def _seconds(connection: Connection) -> Any:
    """How long a run took, as an expression of this database."""
    if connection.dialect.name == "sqlite":
        days = func.julianday(runs.c.finished_at) - func.julianday(runs.c.started_at)
        return (days * 86_400).cast(Float)
    return func.extract("epoch", runs.c.finished_at - runs.c.started_at).cast(Float)


def _several(choice: str | Collection[str]) -> Sequence[str]:
    return [choice] if isinstance(choice, str) else list(choice)
