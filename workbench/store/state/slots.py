"""Slots: every moment at which a job was due, and what became of it.

A slot is known by its job and its due time, and the database keeps each of them once: whoever
takes one a second time, after a crash or a jump of the clock, changes nothing. A slot may join a
run of its job that still waits: what is slower than its schedules gets no longer and longer queue.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from workbench.errors import InputError
from workbench.store.state import schedule_tables
from workbench.store.state.database import Database
from workbench.store.state.joining import Waiting, is_open_to, lines_of, waiting_of
from workbench.store.state.run_rows import inserted_many, note

SlotState = Literal["queued", "missed", "skipped"]
Decision = Literal["once", "each", "skip"]

AT_ONCE = 500
"""Slots looked up in one statement: SQLite takes some thousands of values."""

table = schedule_tables.slots


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot as it stands. A skipped one with a run is made up for by that run."""

    job: str
    due_at: datetime
    state: SlotState
    schedule: str | None
    run_id: int | None
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class NewSlot:
    """One slot to take: to be run (``queued``), left for a person (``missed``), or not run."""

    job: str
    due_at: datetime
    state: SlotState = "queued"
    schedule: str | None = None
    trigger: Literal["schedule", "catch-up"] = "schedule"
    covered_by: datetime | None = None
    """Of a skipped slot: the due time of the job's slot whose run makes up for it."""
    may_join: bool = False
    """Whether a run of the job that waits already, or that another slot queues, will do for it."""

    @property
    def key(self) -> tuple[str, datetime]:
        """What the database keeps once."""
        return self.job, self.due_at

    @property
    def is_open(self) -> bool:
        """Whether it is to be run, be it by a run that waits already."""
        return self.may_join and self.state == "queued"


class Slots:
    """The slots of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, wanted: Sequence[NewSlot], *, within: Connection | None = None) -> list[int]:
        """Record slots and queue their runs, all in one transaction; gives the runs' numbers.

        A slot that is there already stays as it is, and gets no run. One that joins a waiting run
        is skipped, with that run's number, and the run's log says so.
        """
        with self._database.writes(within) as connection:
            taken = _there(connection, [slot.key for slot in wanted])
            fresh = [slot for slot in wanted if slot.key not in taken]
            waiting = waiting_of(connection, {slot.job for slot in fresh if slot.is_open})
            alone, joined = _joined(fresh, waiting)
            to_run = [slot for slot in alone if slot.state == "queued"]
            run_ids = inserted_many(connection, [_run(slot) for slot in to_run])
            numbers = {slot.key: run_id for slot, run_id in zip(to_run, run_ids, strict=True)}
            rows = [_row(slot, numbers) for slot in alone]
            rows += (joining := [_row(slot, numbers, waiting) for slot in joined])
            if rows:
                connection.execute(insert(table), rows)
            _say(connection, [_row(slot, numbers) for slot in to_run if slot.is_open], waiting)
            _say(connection, joining, waiting, joins=True)
            return run_ids

    def missed(self, job: str | None = None) -> list[Slot]:
        """Slots that wait for a person's decision, oldest first."""
        wanted = select(table).where(table.c.state == "missed")
        if job is not None:
            wanted = wanted.where(table.c.job == job)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(table.c.due_at, table.c.job))
            return [Slot(*row) for row in rows]

    def of_run(self, run_id: int) -> list[Slot]:
        """The slots that a run was queued for or makes up for, oldest first."""
        wanted = select(table).where(table.c.run_id == run_id).order_by(table.c.due_at)
        with self._database.reads() as connection:
            return [Slot(*row) for row in connection.execute(wanted)]

    def latest(self, job: str, limit: int = 20) -> list[Slot]:
        """A job's newest slots, newest first."""
        wanted = select(table).where(table.c.job == job)
        wanted = wanted.order_by(table.c.due_at.desc()).limit(limit)
        with self._database.reads() as connection:
            return [Slot(*row) for row in connection.execute(wanted)]

    def decide(self, job: str, decision: Decision, who: str) -> list[int]:
        """Settle a job's missed slots; gives the numbers of the runs that were queued for it.

        ``once`` queues one run, for the newest; ``each`` one for each, oldest first; ``skip`` none.

        Raises:
            InputError: the job has no missed slot.
        """
        with self._database.writes() as connection:
            waiting = (table.c.job == job) & (table.c.state == "missed")
            rows = connection.execute(
                select(table).where(waiting).order_by(table.c.due_at).with_for_update()
            )
            slots = [Slot(*row) for row in rows]
            if not slots:
                raise InputError(f"{job} has no missed slots", hint="See `schedule missed`.")
            to_run = {"once": slots[-1:], "each": slots, "skip": []}[decision]
            runs = [_run(_caught_up(slot)) for slot in to_run]
            run_ids = inserted_many(connection, [{**run, "who": who} for run in runs])
            decided = {"decided_at": datetime.now(UTC), "decided_by": who}
            rest = {**decided, "state": "skipped", "run_id": run_ids[0] if run_ids else None}
            connection.execute(update(table).where(waiting).values(**rest))
            for slot, run_id in zip(to_run, run_ids, strict=True):
                is_slot = (table.c.job == job) & (table.c.due_at == slot.due_at)
                values = {"state": "queued", "run_id": run_id}
                connection.execute(update(table).where(is_slot).values(**values))
            return run_ids

    def forget_after(self, moment: datetime, *, within: Connection | None = None) -> None:
        """Drop slots later than ``moment`` that nobody ran: the clock had been ahead of itself."""
        unrun = table.c.state.in_(("missed", "skipped")) & table.c.decided_by.is_(None)
        with self._database.writes(within) as connection:
            connection.execute(delete(table).where(unrun & (table.c.due_at > moment)))

    def drop_missed(self, jobs: Iterable[str], *, within: Connection | None = None) -> None:
        """Forget missed slots of jobs that are no more."""
        gone = table.c.job.in_(list(jobs)) & (table.c.state == "missed")
        with self._database.writes(within) as connection:
            connection.execute(delete(table).where(gone))


def _joined(
    fresh: Sequence[NewSlot], waiting: Mapping[str, Waiting]
) -> tuple[list[NewSlot], list[NewSlot]]:
    """Divide slots into those that stand for themselves, and those that join another run."""
    alone: list[NewSlot] = []
    joined: list[NewSlot] = []
    first: dict[str, datetime] = {}
    for slot in fresh:
        if not slot.is_open:
            alone.append(slot)
        elif is_open_to(waiting.get(slot.job), slot.due_at):
            joined.append(replace(slot, state="skipped"))
        elif slot.job in first:
            joined.append(replace(slot, state="skipped", covered_by=first[slot.job]))
        else:
            first[slot.job] = slot.due_at
            alone.append(slot)
    return alone, joined


def _say(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    waiting: Mapping[str, Waiting],
    *,
    joins: bool = False,
) -> None:
    """Write into the logs of the runs for which slots wait, or that they joined."""
    for row in rows:
        said = lines_of(row["due_at"], waiting.get(row["job"]), joins=joins)
        note(connection, row["run_id"], {}, said)


def _caught_up(slot: Slot) -> NewSlot:
    return NewSlot(slot.job, slot.due_at, "queued", slot.schedule, "catch-up")


def _there(
    connection: Connection, keys: Sequence[tuple[str, datetime]]
) -> set[tuple[str, datetime]]:
    """Which of the keys are taken already."""
    pair = tuple_(table.c.job, table.c.due_at)
    found: set[tuple[str, datetime]] = set()
    for start in range(0, len(keys), AT_ONCE):
        wanted = select(table.c.job, table.c.due_at).where(pair.in_(keys[start : start + AT_ONCE]))
        found.update((row.job, row.due_at) for row in connection.execute(wanted))
    return found


def _run(slot: NewSlot) -> dict[str, Any]:
    return {
        "job": slot.job,
        "trigger": slot.trigger,
        "status": "queued",
        "due_at": slot.due_at,
        "schedule": slot.schedule,
        "queued_at": datetime.now(UTC),
    }


def _row(
    slot: NewSlot,
    numbers: Mapping[tuple[str, datetime], int],
    waiting: Mapping[str, Waiting] = MappingProxyType({}),
) -> dict[str, Any]:
    ran_at = slot.covered_by or slot.due_at
    known = waiting.get(slot.job)
    joins = known.run_id if known and slot.covered_by is None else None
    return {
        "job": slot.job,
        "due_at": slot.due_at,
        "state": slot.state,
        "schedule": slot.schedule,
        "run_id": joins or numbers.get((slot.job, ran_at)),
    }
