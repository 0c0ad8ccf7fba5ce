"""Runs as they are read: one, the newest, what waits, what runs, what they add up to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from workbench.store.state import run_figures, run_rows
from workbench.store.state.database import Database
from workbench.store.state.run_figures import Choice, Figures
from workbench.store.state.run_rows import FINISHED, Run, Status
from workbench.store.state.tables import run_log, runs
from workbench.store.state.tally import LogLine

SETTLED_WITHIN = timedelta(days=1)
"""Runs that ended longer ago are not tried again by a scheduler that starts only now."""


class RunHistory:
    """The runs of one installation, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, run_id: int) -> Run:
        """One run.

        Raises:
            InputError: there is no run of that number.
        """
        with self._database.reads() as connection:
            return run_rows.find(connection, run_id)

    def latest(
        self,
        job: str | None = None,
        status: Choice = None,
        limit: int = 20,
        *,
        trigger: Choice = None,
        since: datetime | None = None,
        offset: int = 0,
    ) -> list[Run]:
        """The newest runs, newest first.

        Args:
            status, trigger: One, or several of which any will do.
            since: Only runs that ended after it, or began, or were queued where they did not yet.
        """
        wanted = run_figures.chosen(job, status, trigger, since)
        return self._found(wanted.order_by(runs.c.id.desc()).limit(limit).offset(offset))

    def counts(
        self,
        job: str | None = None,
        status: Choice = None,
        *,
        trigger: Choice = None,
        since: datetime | None = None,
    ) -> dict[Status, int]:
        """How many runs of each status suit the same conditions as ``latest``."""
        wanted = run_figures.chosen(job, status, trigger, since)
        with self._database.reads() as connection:
            return run_figures.counts(connection, wanted)

    def newest_by_job(self, status: Choice = None) -> dict[str, Run]:
        """Each job's newest run, of some status or of any, by job."""
        with self._database.reads() as connection:
            return run_figures.newest_by_job(connection, status)

    def figures(self, job: str | None = None, since: datetime | None = None) -> dict[str, Figures]:
        """Last success, average duration and success rate of one job or of all, by job."""
        with self._database.reads() as connection:
            return run_figures.figures(connection, job, since)

    def attempts(self, run_id: int) -> list[Run]:
        """A run with the runs that it tries again and that try it again, oldest first.

        Raises:
            InputError: there is no run of that number.
        """
        run = self.get(run_id)
        family = [run]
        while family[0].retry_of is not None:
            family.insert(0, self.get(family[0].retry_of))
        while after := self._found(select(runs).where(runs.c.retry_of == family[-1].id)):
            family.append(after[-1])
        return family

    def queued(self, now: datetime) -> list[Run]:
        """Runs that wait and may start by now, oldest due first."""
        ready = or_(runs.c.not_before.is_(None), runs.c.not_before <= now)
        wanted = select(runs).where((runs.c.status == "queued") & ready)
        return self._found(wanted.order_by(runs.c.due_at, runs.c.id))

    def running(self) -> list[Run]:
        """Runs under way, some of which may be interrupted and not yet closed."""
        return self._found(select(runs).where(runs.c.status == "running").order_by(runs.c.id))

    def unsettled(self) -> list[Run]:
        """Runs that ended within the last day and were not yet settled, in order of their end."""
        recent = datetime.now(UTC) - SETTLED_WITHIN
        ended = runs.c.status.in_(FINISHED) & (runs.c.finished_at >= recent)
        wanted = select(runs).where(~runs.c.settled & ended)
        return self._found(wanted.order_by(runs.c.finished_at, runs.c.id))

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

    def _found(self, wanted: Any) -> list[Run]:
        with self._database.reads() as connection:
            return [run_rows.as_run(row) for row in connection.execute(wanted)]
