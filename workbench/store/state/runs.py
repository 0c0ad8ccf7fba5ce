"""Runs: one row for every execution of a job, true however it ends.

At most one run of a job is running at a time; the database itself holds that rule.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import CancelledError, HeldError, InputError, WorkbenchError
from workbench.store.state import run_rows
from workbench.store.state.database import Database
from workbench.store.state.processes import this_process
from workbench.store.state.run_rows import Run, Status, Trigger
from workbench.store.state.tables import run_log, runs
from workbench.store.state.tally import LogLine, Said, Tally


class Runs:
    """The runs of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def recorded(
        self, job: str, trigger: Trigger = "person", *, run_id: int | None = None
    ) -> Iterator[Tally]:
        """Record everything inside as one run, however it ends; every exception goes on.

        ``done``, or ``done with errors`` if any row failed; ``held`` by a guardrail;
        ``cancelled`` by CancelledError, Ctrl-C, or a caller that left; else ``failed``.

        Args:
            run_id: A queued run to carry out; None records a new one.

        Raises:
            InputError: the job is already running, or ``run_id`` is not waiting.
        """
        run_id = self._start(job, trigger, run_id)
        tally = Tally(run_id, self)
        ending: dict[str, Any] = {
            "status": "cancelled",
            "error": "Stopped before it was done",
            "hint": run_rows.RUN_AGAIN,
        }
        try:
            yield tally
            ending = {"status": "done with errors" if tally.failed else "done"}
        except Exception as error:
            ending = _ending(error)
            raise
        finally:
            self._finish(run_id, tally, ending)

    def queue(
        self, job: str, trigger: Trigger = "person", *, due_at: datetime | None = None
    ) -> int:
        """Record a run that waits; ``recorded(run_id=…)`` picks it up. Gives its number."""
        row = {"job": job, "trigger": trigger, "status": "queued", "due_at": due_at}
        with self._database.writes() as connection:
            return run_rows.inserted(connection, {**row, "queued_at": datetime.now(UTC)})

    def get(self, run_id: int) -> Run:
        """One run.

        Raises:
            InputError: there is no run of that number.
        """
        with self._database.reads() as connection:
            return run_rows.find(connection, run_id)

    def latest(
        self, job: str | None = None, status: Status | None = None, limit: int = 20
    ) -> list[Run]:
        """The newest runs, newest first."""
        wanted = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if job is not None:
            wanted = wanted.where(runs.c.job == job)
        if status is not None:
            wanted = wanted.where(runs.c.status == status)
        with self._database.reads() as connection:
            return [run_rows.as_run(row) for row in connection.execute(wanted)]

    def cancel(self, run_id: int) -> None:
        """Ask a run to stop; one that waits, or whose process is gone, is cancelled at once.

        Raises:
            InputError: there is no such run, or it is finished.
        """
        with self._database.writes() as connection:
            run = run_rows.find(connection, run_id)
            if run.is_finished:
                raise InputError(f"Run {run_id} is not running: it is {run.status}")
            # Of a process on another machine we cannot know; a person who asks twice does.
            far = run.process is not None and not run.process.is_here and run.cancel_requested
            ended = run.status == "queued" or run.is_interrupted or far
            ending = {"status": "cancelled", "error": "Cancelled", "finished_at": datetime.now(UTC)}
            values: dict[str, Any] = {"cancel_requested": True, **(ending if ended else {})}
            connection.execute(update(runs).where(runs.c.id == run_id).values(**values))

    def is_cancel_requested(self, run_id: int) -> bool:
        """Whether somebody asked this run to stop."""
        return self.get(run_id).cancel_requested

    def log_lines(self, run_id: int, after: int = 0) -> list[LogLine]:
        """The run's log, oldest first; only lines with an id above ``after``."""
        wanted = (
            select(run_log.c.id, run_log.c.at, run_log.c.level, run_log.c.text)
            .where((run_log.c.run_id == run_id) & (run_log.c.id > after))
            .order_by(run_log.c.id)
        )
        with self._database.reads() as connection:
            return [LogLine(*row) for row in connection.execute(wanted)]

    def close_interrupted(self) -> int:
        """Mark runs as failed whose process is gone; gives how many."""
        with self._database.writes() as connection:
            return run_rows.close_interrupted(connection)

    def note(self, run_id: int, counts: dict[str, Any], lines: Sequence[Said]) -> bool:
        """Write what a tally gathered; answers whether somebody asked to cancel."""
        if not counts and not lines:
            return self.is_cancel_requested(run_id)
        with self._database.writes() as connection:
            run_rows.note(connection, run_id, counts, lines)
            asked = select(runs.c.cancel_requested).where(runs.c.id == run_id)
            return bool(connection.execute(asked).scalar_one())

    def _start(self, job: str, trigger: Trigger, run_id: int | None) -> int:
        process = this_process()
        row = {
            "status": "running",
            "started_at": datetime.now(UTC),
            "pid": process.pid,
            "host": process.host,
            "process_started": process.started,
        }
        try:
            with self._database.writes() as connection:
                run_rows.close_interrupted(connection, job)
                if run_id is None:
                    return run_rows.inserted(connection, {"job": job, "trigger": trigger, **row})
                run_rows.take_from_queue(connection, run_id, job, row)
                return run_id
        except IntegrityError as error:
            raise self._already_running(job, run_id) from error

    def _already_running(self, job: str, run_id: int | None) -> InputError:
        error = InputError(f"{job} is already running")
        if other := next(iter(self.latest(job, "running", 1)), None):
            error = InputError(
                f"{job} is already running as run {other.id} (process {other.pid}, {other.host})",
                hint=f"Wait for it, or stop it: run cancel {other.id}",
            )
        if run_id is not None:
            with self._database.writes() as connection:
                run_rows.close(connection, [run_id], "failed", str(error), error.hint)
        return error

    def _finish(self, run_id: int, tally: Tally, ending: dict[str, Any]) -> None:
        counts, lines = tally.close()
        values = {**counts, **ending, "result": tally.result or None}
        values["finished_at"] = datetime.now(UTC)
        with self._database.writes() as connection:
            run_rows.note(connection, run_id, values, lines)


def _ending(error: Exception) -> dict[str, Any]:
    status = "failed"
    if isinstance(error, HeldError):
        status = "held"
    elif isinstance(error, CancelledError):
        status = "cancelled"
    ours = isinstance(error, WorkbenchError)
    words = str(error) if ours else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, WorkbenchError) else ""
    return {"status": status, "error": words.replace("\0", "\\0"), "hint": hint or None}
