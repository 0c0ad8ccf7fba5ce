"""One process that wants to be the scheduler: holds the lease, beats, ticks; or stands by."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.jobs import kinds_of
from workbench.schedules.forks import Forks
from workbench.schedules.scheduler import Scheduler
from workbench.store.state import LostLeaseError
from workbench.store.state.lease import TTL_S
from workbench.store.state.processes import this_process

if TYPE_CHECKING:
    from workbench.services import Services

log = logging.getLogger("workbench.scheduler")
LOOK_EVERY_S = 1.0
"""How long a change of a document, a queued run or a lost process may go unnoticed."""
LOOK_AGAIN_S = 0.25
"""The same while runs go on: one that ends makes room for the next."""

QUIET_S = 3.0
"""So long before the next fire, and after the last run started, nothing is loaded ahead of time:
it would hold them up."""

Clock = Callable[[], datetime]


def running_from(moment: datetime) -> Clock:
    """A clock that shows ``moment`` now and goes on from there."""
    started = time.monotonic_ns()
    begun = moment.astimezone(UTC)

    def now() -> datetime:
        return begun + timedelta(microseconds=(time.monotonic_ns() - started) // 1000)

    return now


class Keeper:
    """One process that wants to be the scheduler."""

    def __init__(
        self, services: "Services", clock: Clock, *, rehearsed: bool = False, ttl_s: float = TTL_S
    ) -> None:
        self._services = services
        self._clock = clock
        self._rehearsed = rehearsed
        self._ttl_s = ttl_s
        self._kinds = kinds_of(services.settings)
        self._fence: int | None = None
        self._stands_by = False
        self._beaten_at = 0.0
        self._scheduler: Scheduler | None = None
        self._deliveries: threading.Thread | None = None
        self._forks = Forks(services)
        self._started_at = 0.0

    def turn(self) -> float:
        """Do what is to be done now; gives for how many seconds nothing will be.

        Never raises what a database, a disk or a job may do: the next turn tries again.
        """
        try:
            return self._turn()
        except LostLeaseError:
            log.warning("Another scheduler has taken over; standing by")
            self._fence = self._scheduler = None
            self._forks.close()
        except WorkbenchError as error:
            log.error("%s", error)
        except Exception:
            log.exception("This tick did not come to its end; the next one goes on")
        return LOOK_EVERY_S

    def give_back(self) -> None:
        """Let another take the lease at once."""
        self._forks.close()
        if self._fence is not None:
            try:
                self._services.state.lease.release(self._fence)
            except WorkbenchError as error:
                log.error("%s", error)

    def _turn(self) -> float:
        if not self._holds():
            return LOOK_EVERY_S
        assert self._scheduler is not None
        now = self._clock()
        if self._scheduler.tick(now):
            self._started_at = time.monotonic()
        self._deliver(now)
        if self._scheduler.is_behind:
            return 0.0
        wait_s = LOOK_AGAIN_S if self._scheduler.is_busy else LOOK_EVERY_S
        if (next_at := self._scheduler.next_at) is not None:
            ahead_s = max((next_at - self._clock()).total_seconds(), 0.0)
            wait_s = min(wait_s, ahead_s)
        is_quiet = time.monotonic() - self._started_at > QUIET_S
        if is_quiet and (next_at is None or ahead_s > QUIET_S):
            self._forks.prepare()
        return wait_s

    def _holds(self) -> bool:
        """Whether this process holds the lease, taken or beaten for now where that is due."""
        lease = self._services.state.lease
        if self._fence is None:
            self._fence = lease.take(this_process(), self._ttl_s)
            if self._fence is None:
                self._say_that_it_stands_by()
                return False
            self._stands_by = False
            log.info("Holding the lease (number %d)", self._fence)
            self._scheduler = Scheduler(
                self._services,
                self._kinds,
                self._fence,
                rehearsed=self._rehearsed,
                forks=self._forks,
            )
        elif time.monotonic() - self._beaten_at < self._ttl_s / 3:
            return True
        elif not lease.beat(self._fence):
            raise LostLeaseError("Another scheduler has taken over")
        self._beaten_at = time.monotonic()
        return True

    def _say_that_it_stands_by(self) -> None:
        if not self._stands_by:
            holder = self._services.state.lease.holder()
            log.info("Standing by: the scheduler runs already %s", holder or "")
        self._stands_by = True

    def _deliver(self, now: datetime) -> None:
        """Send alerts from a thread: a mail server that does not answer holds up no fire."""
        from workbench.alerts.delivery import channels, deliver_due

        if not channels(self._services.settings):
            return
        if self._deliveries is not None and self._deliveries.is_alive():
            return
        if not self._services.state.alerts.due(now, 1):
            return

        def deliver() -> None:
            try:
                deliver_due(self._services, now)
            except WorkbenchError as error:
                log.error("%s", error)

        self._deliveries = threading.Thread(target=deliver, daemon=True, name="alerts")
        self._deliveries.start()
