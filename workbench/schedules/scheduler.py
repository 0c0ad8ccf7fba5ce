"""What the scheduler does again and again: ``tick`` brings everything up to one moment.

Slots are taken, and finished runs settled, in transactions that hold the lease; each step may be
cut off at any instruction, and the next tick, of this process or another, goes on from there.
"""

import logging
from dataclasses import replace
from datetime import datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal

from workbench.jobs import JobKind
from workbench.schedules.after import Limits, is_held_back, startable
from workbench.schedules.agenda import Agenda
from workbench.schedules.fires import Fire, fires
from workbench.schedules.known import KnownJob, KnownJobs
from workbench.schedules.missed import DUE_WITHIN, Owed, owed
from workbench.schedules.settling import Settling
from workbench.schedules.workers import Workers
from workbench.store.state import NewSlot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.schedules.forks import Forks
    from workbench.services import Services
    from workbench.store.state import Job
    from workbench.store.state.slots import SlotState

log = logging.getLogger("workbench.scheduler")
JOBS_AT_ONCE = 75
"""Of which one tick looks for fires; with five schedules each that is about a tenth of a second."""
FIRES_AT_ONCE = 200
"""Of one job in one tick: half a year of a daily one, three hours of a minutely one."""
SLOTS_AT_ONCE = 300
"""Of all jobs in one tick, about, so that it stays short."""


class Scheduler:
    """One holder of the lease: what it knows of the jobs, and the processes it started."""

    def __init__(
        self,
        services: "Services",
        kinds: "Mapping[str, JobKind]",
        fence: int,
        *,
        rehearsed: bool = False,
        forks: "Forks | None" = None,
    ) -> None:
        """Know nothing yet.

        Args:
            fence: The number of the lease, checked by every write.
            rehearsed: Whether the moments of the ticks are not the real ones: runs are told them.
            forks: What its workers are forked from; None starts each by itself.
        """
        settings = services.settings
        self._state = services.state
        self._lease = services.state.lease
        self._fence = fence
        self._rehearsed = rehearsed
        self._limits = Limits(settings.scheduler_runs, settings.scheduler_runs_per_connection)
        self._known = KnownJobs(services.state.documents, kinds)
        self._agenda = Agenda()
        self._stopped: dict[str, Job] = {}
        self._is_new = True
        self._is_late = False
        self.waiting = 0
        """Runs that wait for room, or for a run of the same job."""
        self._workers = Workers(services, forks)
        self._settling = Settling(services, self._known)

    @property
    def is_busy(self) -> bool:
        """Whether processes that it started go on."""
        return bool(self._workers.run_ids)

    @property
    def is_behind(self) -> bool:
        """Whether there was more to read or to record than one tick does: tick again at once."""
        return self._known.has_more or self._is_late

    @property
    def next_at(self) -> datetime | None:
        """The soonest fire of all jobs."""
        return self._agenda.next_at

    def tick(self, now: datetime) -> list[int]:
        """Bring everything up to ``now``; gives the runs that were started.

        Raises:
            LostLeaseError: another scheduler took over; nothing was written.
            StorageError: the database did not answer; the next tick does what was left.
        """
        self._workers.reap()
        if any(run.is_interrupted for run in self._state.runs.running()):
            self._state.runs.close_interrupted()
        self.record(now)
        if self._known.has_more:
            # A run of a document that is not read yet would be taken for one of no document.
            return []
        self._settling.settle(now, self._fence)
        return self._start(now)

    def record(self, now: datetime) -> None:
        """Give every fire up to ``now`` its slot; starts nothing.

        Raises:
            LostLeaseError, StorageError: as ``tick``.
        """
        self._learn(now)
        self._mind_the_clock(now)
        self._take(now)

    def _learn(self, now: datetime) -> None:
        """Take in changed documents, and jobs that were switched on, off, paused or resumed."""
        try:
            changed, gone = self._known.refresh()
            rows = self._state.jobs.some([each.job for each in changed]) if changed else {}
            if self._is_new:
                names = self._state.jobs.names()
                gone += [job for job in names if not self._known.is_listed(job)]
            if changed or gone:
                self._keep(changed, gone, rows, now)
        except BaseException:
            # What was read is not in the agenda yet: read it again.
            self._known.start_again()
            self._is_new = True
            raise
        self._is_new = False
        stopped = self._state.jobs.stopped()
        for job in self._stopped.keys() - stopped.keys():
            # It may owe another span than when it was stopped.
            if (known := self._known.get(job)) and (row := self._state.jobs.get(job)):
                self._put(known, row.considered_until)
        self._stopped = stopped

    def _keep(
        self, changed: list[KnownJob], gone: list[str], rows: "dict[str, Job]", now: datetime
    ) -> None:
        seen: dict[str, tuple[datetime, list[object]]] = {}
        slots: list[NewSlot] = []
        for known in changed:
            row, fires_by = rows.get(known.job), known.fires_by
            considered = known.considered(row, now)
            if row is None or row.schedules != fires_by:
                seen[known.job] = (considered, fires_by)
                if row is not None and not row.is_stopped:
                    slots += _slots(known, known.owed_before(row, now), now)
        with self._lease.guarded(self._fence) as connection:
            self._state.jobs.see(seen, within=connection)
            self._state.slots.take(slots, within=connection)
            self._state.slots.drop_missed(gone, within=connection)
            self._state.jobs.forget(gone, within=connection)
        for known in changed:
            self._put(known, known.considered(rows.get(known.job), now))
        for job in gone:
            self._agenda.drop(job)

    def _put(self, known: KnownJob, considered: datetime) -> None:
        self._agenda.put(known.job, known.rhythms, considered)

    def _mind_the_clock(self, now: datetime) -> None:
        """After the clock went back, let what nobody ran become due again in its time."""
        ahead = self._agenda.ahead_of(now)
        if not ahead:
            return
        log.warning("The clock went back to %s", now.isoformat(timespec="seconds"))
        # What is due at this moment may stand there as missed.
        until = now - DUE_WITHIN
        with self._lease.guarded(self._fence) as connection:
            self._state.slots.forget_after(until, within=connection)
            self._state.jobs.consider(dict.fromkeys(ahead, until), within=connection)
        for job in ahead:
            if known := self._known.get(job):
                self._put(known, until)

    def _take(self, now: datetime) -> None:
        """Turn every fire that has come into a slot, and the due ones into waiting runs."""
        # What a paused job misses is looked at when it is resumed.
        due = [job for job in self._agenda.due(now, JOBS_AT_ONCE) if job not in self._stopped]
        considered: dict[str, datetime] = {}
        try:
            considered = self._taken(due, now)
        finally:
            for job in due:
                self._agenda.move(job, considered.get(job))
        next_at = self._agenda.next_at
        self._is_late = next_at is not None and next_at <= now

    def _taken(self, due: list[str], now: datetime) -> dict[str, datetime]:
        """Write the slots of due jobs; gives until when each job is considered then.

        After a long absence not all at once: the next ticks take the others.
        """
        slots: list[NewSlot] = []
        considered: dict[str, datetime] = {}
        for job in due:
            entry, known = self._agenda.entry(job), self._known.get(job)
            if entry is None or known is None or len(slots) >= SLOTS_AT_ONCE:
                continue
            coming = takewhile(
                lambda fire: fire.at <= now, fires(entry.schedules, entry.considered)
            )
            found = list(islice(coming, FIRES_AT_ONCE))
            slots += _slots(known, found, now)
            considered[job] = found[-1].at
        if slots:
            with self._lease.guarded(self._fence) as connection:
                self._state.slots.take(slots, within=connection)
                self._state.jobs.consider(considered, within=connection)
        return considered

    def _start(self, now: datetime) -> list[int]:
        """Start processes for waiting runs, as many as the limits allow."""
        queued = self._state.runs.queued(now)
        under_way = set(self._workers.run_ids)
        starting = [run for run in queued if run.id in under_way]
        waiting = [
            run
            for run in queued
            if run.id not in under_way and not is_held_back(run, self._stopped)
        ]
        self.waiting = len(waiting)
        if not waiting:
            return []
        going_on = [*self._state.runs.running(), *starting]
        connections = {each.job: each.scheduled.connection for each in self._known}
        chosen = startable(waiting, going_on, connections, self._limits)
        for run in chosen:
            log.info("Starting run %d of %s", run.id, run.job)
            self._workers.start(run.id, now if self._rehearsed else None)
        return [run.id for run in chosen]


def _slots(known: KnownJob, fires: list[Fire], now: datetime) -> list[NewSlot]:
    """The slots that some fires become, as the document says of missed ones."""
    owes: Owed = owed(fires, now, known.scheduled.catch_up)
    # Whoever wants a run for each missed slot wants one for each that finds the job busy, too.
    may_join = known.scheduled.catch_up != "each"
    slots = [replace(_slot(known.job, fire), may_join=may_join) for fire in owes.due]
    slots += [_slot(known.job, fire, "missed") for fire in owes.listed]
    slots += [_slot(known.job, fire, "skipped") for fire in owes.skipped]
    for group in owes.caught_up:
        newest = group[-1]
        slots.append(_slot(known.job, newest, trigger="catch-up"))
        slots += [_slot(known.job, fire, "skipped", covered_by=newest.at) for fire in group[:-1]]
    return slots


def _slot(
    job: str,
    fire: Fire,
    state: "SlotState" = "queued",
    trigger: Literal["schedule", "catch-up"] = "schedule",
    covered_by: datetime | None = None,
) -> NewSlot:
    return NewSlot(job, fire.at, state, " · ".join(fire.schedules) or None, trigger, covered_by)
