"""What is kept of each job beside its document: switched on, paused, considered until when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from workbench.store.state import schedule_tables
from workbench.store.state.database import Database

table = schedule_tables.jobs


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands."""

    job: str
    enabled: bool
    considered_until: datetime
    """Every fire up to here has its slot."""
    schedules: list[Any] | None
    """What the scheduler last knew it to fire by."""
    failures_in_row: int
    paused_at: datetime | None
    paused_reason: str | None
    told: str | None
    muted_until: datetime | None

    @property
    def is_stopped(self) -> bool:
        """Whether it fires no schedule now: switched off, or paused."""
        return not self.enabled or self.paused_at is not None


class Jobs:
    """The jobs of one installation, as far as the scheduler has seen them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job: str) -> Job | None:
        """One job; None while the scheduler has not seen it and nobody switched it."""
        with self._database.reads() as connection:
            row = connection.execute(select(table).where(table.c.job == job)).one_or_none()
        return None if row is None else _as_job(row)

    def all(self) -> dict[str, Job]:
        """Every job seen so far, by name."""
        with self._database.reads() as connection:
            return {row.job: _as_job(row) for row in connection.execute(select(table))}

    def some(self, jobs: Sequence[str]) -> dict[str, Job]:
        """Those of some jobs that were seen, by name."""
        wanted = select(table).where(table.c.job.in_(jobs))
        with self._database.reads() as connection:
            return {row.job: _as_job(row) for row in connection.execute(wanted)}

    def names(self) -> list[str]:
        """The names of all jobs seen so far."""
        with self._database.reads() as connection:
            return list(connection.execute(select(table.c.job)).scalars())

    def stopped(self) -> dict[str, Job]:
        """The jobs that are switched off or paused, by name."""
        wanted = select(table).where(or_(~table.c.enabled, table.c.paused_at.is_not(None)))
        with self._database.reads() as connection:
            return {row.job: _as_job(row) for row in connection.execute(wanted)}

    def switch(self, job: str, on: bool, now: datetime) -> None:
        """Turn a job's schedules on or off; turned on, it owes nothing to the time it was off."""
        with self._database.writes() as connection:
            before = connection.execute(select(table).where(table.c.job == job)).one_or_none()
            if before is None:
                row = {"job": job, "enabled": on, "considered_until": now}
                connection.execute(insert(table).values(**row))
                return
            values: dict[str, Any] = {"enabled": on}
            if on and not before.enabled:
                values["considered_until"] = max(now, before.considered_until)
            _change(connection, job, values)

    def pause(self, job: str, reason: str, *, within: Connection | None = None) -> None:
        """Stop firing a job's schedules until a person resumes it; what it misses is kept."""
        with self._database.writes(within) as connection:
            _change(connection, job, {"paused_at": datetime.now(UTC), "paused_reason": reason})

    def resume(self, job: str) -> None:
        """Let a paused job fire again, its failures forgotten."""
        values = {"paused_at": None, "paused_reason": None, "failures_in_row": 0}
        with self._database.writes() as connection:
            _change(connection, job, values)

    def mute(self, job: str, until: datetime | None) -> None:
        """Tell nobody of this job's troubles until then; None ends it."""
        with self._database.writes() as connection:
            _change(connection, job, {"muted_until": until})

    def see(
        self,
        known: Mapping[str, tuple[datetime, Sequence[Any]]],
        *,
        within: Connection | None = None,
    ) -> None:
        """Keep until when jobs are considered and what they fire by; new ones are added."""
        rows = [
            {"job": job, "considered_until": until, "schedules": list(schedules)}
            for job, (until, schedules) in known.items()
        ]
        with self._database.writes(within) as connection:
            wanted = select(table.c.job).where(table.c.job.in_(list(known)))
            there = set(connection.execute(wanted).scalars())
            _change_many(connection, [row for row in rows if row["job"] in there])
            if fresh := [row for row in rows if row["job"] not in there]:
                connection.execute(insert(table), fresh)

    def consider(self, until: Mapping[str, datetime], *, within: Connection | None = None) -> None:
        """Keep until when jobs are considered."""
        rows = [{"job": job, "considered_until": moment} for job, moment in until.items()]
        with self._database.writes(within) as connection:
            _change_many(connection, rows)

    def count(self, job: str, failures_in_row: int, *, within: Connection | None = None) -> None:
        """Keep how often a job failed in a row."""
        with self._database.writes(within) as connection:
            _change(connection, job, {"failures_in_row": failures_in_row})

    def forget(self, jobs: Iterable[str], *, within: Connection | None = None) -> None:
        """Drop jobs whose documents are no more."""
        with self._database.writes(within) as connection:
            connection.execute(delete(table).where(table.c.job.in_(list(jobs))))


def _change(connection: Connection, job: str, values: Mapping[str, Any]) -> None:
    """Change one job's row, made here where the scheduler has not seen the job yet."""
    changed = connection.execute(update(table).where(table.c.job == job).values(**values))
    if not changed.rowcount:
        row = {"job": job, "considered_until": datetime.now(UTC), **values}
        connection.execute(insert(table).values(**row))


def _change_many(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Change several jobs' rows, the same columns of each."""
    if rows:
        # A parameter named like the column would be taken for its new value.
        given = [{**row, "job_": row["job"]} for row in rows]
        columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "job"}
        is_job = table.c.job == bindparam("job_")
        connection.execute(update(table).where(is_job).values(**columns), given)


def _as_job(row: Row[Any]) -> Job:
    return Job(**{field.name: row._mapping[field.name] for field in fields(Job)})
