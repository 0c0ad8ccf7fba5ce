"""Runs: one row for every execution of a job, true however it ends.

At most one run of a job is running at a time; the database itself holds that rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import CancelledError, HeldError, InputError, WorkbenchError
from workbench.store.state import run_rows
from workbench.store.state.processes import this_process
from workbench.store.state.run_history import RunHistory
from workbench.store.state.run_rows import Run, Trigger
from workbench.store.state.tables import runs
from workbench.store.state.tally import Said, Tally


class BusyError(InputError):
    """The job is running already, as another run."""


class Runs(RunHistory):
    """The runs of one installation."""

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
            "error_kind": "CancelledError",
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
        self,
        job: str,
        trigger: Trigger = "person",
        *,
        due_at: datetime | None = None,
        not_before: datetime | None = None,
        options: Mapping[str, Any] | None = None,
        who: str | None = None,
    ) -> int:
        """Record a run that waits; ``recorded(run_id=…)`` picks it up. Gives its number.

        Args:
            not_before: The scheduler leaves it alone until then.
            options: What else the job's ``run`` is told, by name.
        """
        row = {
            "job": job,
            "trigger": trigger,
            "status": "queued",
            "due_at": due_at,
            "not_before": not_before,
            "options": dict(options) if options else None,
            "who": who,
            "queued_at": datetime.now(UTC),
        }
        with self._database.writes() as connection:
            return run_rows.inserted(connection, row)

    def retry(self, run_id: int, who: str, *, not_before: datetime | None = None) -> int:
        """Queue a finished run once more because a person wants it; gives the new run's number.

        It keeps the slot and the options, and is tried again on its own account.

        Raises:
            InputError: there is no such run, or it is not finished.
        """
        with self._database.writes() as connection:
            run = run_rows.find(connection, run_id)
            if not run.is_finished:
                raise InputError(
                    f"Run {run_id} is {run.status}", hint=f"Stop it first: run cancel {run_id}"
                )
            return run_rows.queue_again(connection, run, attempt=1, not_before=not_before, who=who)

    def claim(self, run_id: int) -> Run:
        """Make a waiting run this process's own, before anything slow; ``recorded`` goes on.

        Raises:
            BusyError: its job is running; the run still waits.
            InputError: it is not waiting.
        """
        try:
            with self._database.writes() as connection:
                run = run_rows.find(connection, run_id)
                run_rows.close_interrupted(connection, run.job)
                run_rows.take_from_queue(connection, run_id, run.job, _start_of_a_run())
                return run_rows.find(connection, run_id)
        except IntegrityError as error:
            raise self._busy(run.job) from error

    def end(self, run_id: int, error: Exception) -> None:
        """End a run that was claimed or waits and never got to ``recorded``; else nothing."""
        ending = _ending(error)
        with self._database.writes() as connection:
            run_rows.close(connection, [run_id], **ending)

    def settle(
        self,
        run: Run,
        *,
        retry_at: datetime | None = None,
        within: Connection | None = None,
    ) -> int | None:
        """Note that the scheduler has dealt with a finished run; a retry is queued with it.

        Gives the retry's number, None where there is none or somebody settled the run before.
        """
        with self._database.writes(within) as connection:
            open_still = (runs.c.id == run.id) & ~runs.c.settled
            changed = connection.execute(update(runs).where(open_still).values(settled=True))
            if retry_at is None or not changed.rowcount:
                return None
            return run_rows.queue_again(
                connection, run, attempt=run.attempt + 1, not_before=retry_at
            )

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
        row = _start_of_a_run()
        try:
            with self._database.writes() as connection:
                run_rows.close_interrupted(connection, job)
                if run_id is None:
                    return run_rows.inserted(connection, {"job": job, "trigger": trigger, **row})
                run_rows.take_from_queue(connection, run_id, job, row)
                return run_id
        except IntegrityError as error:
            busy = self._busy(job)
            if run_id is not None:
                self.end(run_id, busy)
            raise busy from error

    def _busy(self, job: str) -> BusyError:
        other = next(iter(self.latest(job, "running", 1)), None)
        if other is None:
            return BusyError(f"{job} is already running")
        return BusyError(
            f"{job} is already running as run {other.id} (process {other.pid}, {other.host})",
            hint=f"Wait for it, or stop it: run cancel {other.id}",
        )

    def _finish(self, run_id: int, tally: Tally, ending: dict[str, Any]) -> None:
        counts, lines = tally.close()
        values = {**counts, **ending, "result": tally.result or None}
        values["finished_at"] = datetime.now(UTC)
        with self._database.writes() as connection:
            run_rows.note(connection, run_id, values, lines)


def _start_of_a_run() -> dict[str, Any]:
    process = this_process()
    return {
        "status": "running",
        "started_at": datetime.now(UTC),
        "pid": process.pid,
        "host": process.host,
        "process_started": process.started,
    }


def _ending(error: Exception) -> dict[str, Any]:
    status = "failed"
    if isinstance(error, HeldError):
        status = "held"
    elif isinstance(error, CancelledError):
        status = "cancelled"
    ours = isinstance(error, WorkbenchError)
    words = str(error) if ours else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, WorkbenchError) else ""
    return {
        "status": status,
        "error": words.replace("\0", "\\0"),
        "hint": hint or None,
        "error_kind": type(error).__name__,
    }
