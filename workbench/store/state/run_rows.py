"""One run as the database holds it, and the statements that several callers share."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from workbench.errors import InputError
from workbench.store.state.processes import Process, this_process
from workbench.store.state.tables import run_log, runs
from workbench.store.state.tally import Said

Status = Literal["queued", "running", "done", "done with errors", "held", "failed", "cancelled"]
Trigger = Literal["person", "schedule", "catch-up", "retry"]

FINISHED: frozenset[Status] = frozenset({"done", "done with errors", "held", "failed", "cancelled"})
INTERRUPTED = "Interrupted: the process that ran it is gone"
"""What a run says that was killed, or lost its machine's power."""
INTERRUPTED_KIND = "Interrupted"
"""What stands in ``error_kind`` of such a run, where others have the name of their error."""
RUN_AGAIN = "Run it again; what was finished is kept."


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it stands. ``done`` and ``total`` count its steps, ``rows`` what it brought."""

    id: int
    job: str
    trigger: Trigger
    status: Status
    stage: str | None
    done: int
    total: int | None
    rows: int
    requests: int
    bytes: int
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    due_at: datetime | None
    pid: int | None
    host: str | None
    process_started: str | None
    cancel_requested: bool
    error: str | None
    hint: str | None
    result: dict[str, Any] | None
    attempt: int = 1
    """1, and one more for each time the scheduler tried it again."""
    retry_of: int | None = None
    """The run that this one tries again."""
    not_before: datetime | None = None
    """A queued run waits until then."""
    schedule: str | None = None
    """The schedules that made it due, in words."""
    who: str | None = None
    """The person who asked for it."""
    options: dict[str, Any] | None = None
    """What else its job is told, by name."""
    error_kind: str | None = None
    """The error's class, such as ``AccessError``."""

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return self.status in FINISHED

    @property
    def process(self) -> Process | None:
        """The process that runs or ran it."""
        if self.pid is None or self.host is None:
            return None
        return Process(self.host, self.pid, self.process_started)

    @property
    def is_interrupted(self) -> bool:
        """Whether it calls itself running and its process is certainly gone."""
        return self.status == "running" and (self.process is None or self.process.is_gone)


def inserted(connection: Connection, row: dict[str, Any]) -> int:
    """Add one run; gives its number."""
    number = connection.execute(insert(runs).values(**row)).inserted_primary_key
    assert number is not None
    return int(number[0])


def inserted_many(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Add several runs; gives their numbers, in their order."""
    if not rows:
        return []
    made = insert(runs).returning(runs.c.id, sort_by_parameter_order=True)
    return [int(number) for number in connection.execute(made, list(rows)).scalars()]


def queue_again(
    connection: Connection,
    run: Run,
    *,
    attempt: int,
    not_before: datetime | None = None,
    who: str | None = None,
) -> int:
    """Queue another run of the same slot with the same options; gives its number."""
    row = {
        "job": run.job,
        "trigger": "retry",
        "status": "queued",
        "due_at": run.due_at,
        "schedule": run.schedule,
        "options": run.options,
        "attempt": attempt,
        "retry_of": run.id,
        "not_before": not_before,
        "who": who or run.who,
        "queued_at": datetime.now(UTC),
    }
    return inserted(connection, row)


def take_from_queue(connection: Connection, run_id: int, job: str, row: dict[str, Any]) -> None:
    """Turn a waiting run into a running one; nothing to do where this process has claimed it.

    Raises:
        InputError: it is not waiting, or not of this job.
    """
    waiting = (runs.c.id == run_id) & (runs.c.job == job) & (runs.c.status == "queued")
    if connection.execute(update(runs).where(waiting).values(**row)).rowcount:
        return
    run = find(connection, run_id)
    if run.status == "running" and run.job == job and run.process == this_process():
        return
    raise InputError(f"Run {run_id} of {run.job} is not waiting: it is {run.status}")


def note(
    connection: Connection, run_id: int, values: dict[str, Any], lines: Sequence[Said]
) -> None:
    """Change one run and add to its log."""
    if values:
        connection.execute(update(runs).where(runs.c.id == run_id).values(**values))
    if lines:
        rows = [
            {"run_id": run_id, "at": line.at, "level": line.level, "text": line.text}
            for line in lines
        ]
        connection.execute(insert(run_log), rows)


def close_interrupted(connection: Connection, job: str | None = None) -> int:
    """Mark running runs as failed whose process is gone; gives how many."""
    wanted = select(runs).where(runs.c.status == "running")
    if job is not None:
        wanted = wanted.where(runs.c.job == job)
    found = [as_run(row) for row in connection.execute(wanted).all()]
    gone = [run.id for run in found if run.is_interrupted]
    close(connection, gone, "failed", INTERRUPTED, RUN_AGAIN, INTERRUPTED_KIND)
    return len(gone)


def close(
    connection: Connection,
    run_ids: list[int],
    status: Status,
    error: str,
    hint: str | None,
    error_kind: str,
) -> None:
    """End runs that did not end by themselves."""
    if run_ids:
        ending = {
            "status": status,
            "error": error,
            "hint": hint,
            "error_kind": error_kind,
            "finished_at": datetime.now(UTC),
        }
        # What ended in the meantime keeps its own end.
        open_still = runs.c.id.in_(run_ids) & runs.c.status.in_(("queued", "running"))
        connection.execute(update(runs).where(open_still).values(**ending))


def find(connection: Connection, run_id: int) -> Run:
    """One run.

    Raises:
        InputError: there is no run of that number.
    """
    row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise InputError(f"There is no run {run_id}", hint="See `run list`.")
    return as_run(row)


def as_run(row: Row[Any]) -> Run:
    """A row of the table as a ``Run``."""
    return Run(**{field.name: row._mapping[field.name] for field in fields(Run)})
