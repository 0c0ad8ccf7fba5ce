"""Finished runs and late jobs: tried again, counted, paused, and people told of what changed."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.alerts.changes import Situation, after_run, overdue, stale_from
from workbench.alerts.telling import tell
from workbench.schedules.after import INTERRUPTED, retry_at
from workbench.schedules.known import KnownJob, KnownJobs
from workbench.store.state import Job

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workbench.services import Services
    from workbench.store.state import Run

LOOK_FOR_STALE_EVERY = timedelta(minutes=1)
"""Nobody waits for the notice that something is late by two slots."""
LOOKED_AT_ONCE = 25
"""Jobs of which one tick works out when they are late, a millisecond each the first time."""
SUCCESS = ("done", "done with errors")
"""How a run ends that brought what it was for."""
TOLD_WORSE = ("stale", "failed", "held", "paused")
"""What was told of a job that makes its being late no news."""


class Settling:
    """Draws the conclusions of every finished run, once."""

    def __init__(self, services: "Services", known: KnownJobs) -> None:
        self._services = services
        self._state = services.state
        self._known = known
        self._looked_at: datetime | None = None
        self._to_look_at: list[KnownJob] = []
        self._successes = {
            job: run.finished_at
            for job, run in services.state.runs.newest_by_job(SUCCESS).items()
            if run.finished_at is not None
        }
        # What was asked, and the moment from which the job is late; asked again when it changes.
        self._late_from: dict[str, tuple[KnownJob, datetime, datetime | None]] = {}

    def settle(self, now: datetime, fence: int) -> None:
        """Settle each finished run in a transaction of its own, then look for jobs that are late.

        Raises:
            LostLeaseError: another scheduler took over.
            StorageError: the database did not answer.
        """
        for run in self._state.runs.unsettled():
            row = self._state.jobs.get(run.job)
            with self._state.lease.guarded(fence) as connection:
                self._conclude(run, row, now, connection)
        self._tell_stale(now, fence)

    def _conclude(
        self, run: "Run", row: Job | None, now: datetime, connection: "Connection"
    ) -> None:
        known = self._known.get(run.job)
        if known is None or row is None:
            # Its document is gone: there is nothing to try again, and nobody to tell.
            self._state.runs.settle(run, within=connection)
            return
        again = retry_at(run, known.scheduled.retry, now, resumes=known.kind.resumes)
        self._state.runs.settle(run, retry_at=again, within=connection)
        if run.status == "cancelled":
            return
        if run.status in SUCCESS and run.finished_at is not None:
            self._successes[run.job] = run.finished_at
        reason = self._counted(run, row, again, now, connection)
        situation = Situation(run, will_retry=again is not None, paused_reason=reason)
        tell(self._services, row, situation, now, within=connection)

    def _counted(
        self,
        run: "Run",
        row: Job,
        again: datetime | None,
        now: datetime,
        connection: "Connection",
    ) -> str | None:
        """Count one more run; gives why the job is paused, if it is."""
        if again is not None and again <= now and run.error_kind == INTERRUPTED:
            return row.paused_reason  # it only goes on, and did not fail yet
        count = after_run(row.failures_in_row, run.status)
        if count.in_row != row.failures_in_row:
            self._state.jobs.count(run.job, count.in_row, within=connection)
        # While it is tried again as its document says, nothing is given up.
        if row.paused_at is None and again is None and count.pause_reason:
            self._state.jobs.pause(run.job, count.pause_reason, within=connection)
            return count.pause_reason
        return row.paused_reason

    def _tell_stale(self, now: datetime, fence: int) -> None:
        late = [known for known in self._some_jobs(now) if self._is_late(known, now)]
        rows = self._state.jobs.some([known.job for known in late]) if late else {}
        for known in late:
            row = rows.get(known.job)
            if row is None or row.is_stopped or row.told in TOLD_WORSE:
                continue
            last = self._successes.get(known.job)
            found = overdue(known.rhythms, last, known.updated_at, now, known.stale_after)
            with self._state.lease.guarded(fence) as connection:
                tell(self._services, row, Situation(overdue=found), now, within=connection)

    def _some_jobs(self, now: datetime) -> list[KnownJob]:
        """The jobs whose turn it is to be looked at: each about once a minute, few at a time."""
        looked = self._looked_at
        if not self._to_look_at and (
            looked is None or not timedelta(0) <= now - looked < LOOK_FOR_STALE_EVERY
        ):
            self._to_look_at = list(self._known)
            self._looked_at = now
        some = self._to_look_at[-LOOKED_AT_ONCE:]
        del self._to_look_at[-LOOKED_AT_ONCE:]
        return some

    def _is_late(self, known: KnownJob, now: datetime) -> bool:
        since = self._successes.get(known.job) or known.updated_at
        kept = self._late_from.get(known.job)
        if kept is None or kept[:2] != (known, since):
            kept = (known, since, stale_from(known.rhythms, since, known.stale_after))
            self._late_from[known.job] = kept
        return kept[2] is not None and kept[2] <= now
