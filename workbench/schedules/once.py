"""The scheduler's work of one moment, without staying: ``scheduler --once``, and catching up."""

import time
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.jobs import kinds_of
from workbench.schedules.keeper import LOOK_AGAIN_S
from workbench.schedules.scheduler import Scheduler
from workbench.store.state.lease import TTL_S
from workbench.store.state.processes import this_process

if TYPE_CHECKING:
    import threading

    from workbench.services import Services
    from workbench.store.state import Run


def run_due(services: "Services", stopping: "threading.Event") -> "list[Run]":
    """Run what is due at this moment, and wait for it; gives the runs, finished.

    Raises:
        InputError: a scheduler is running: it does this by itself.
        StorageError: the database did not answer.
    """
    state = services.state
    fence = state.lease.take(this_process())
    if fence is None:
        holder = state.lease.holder()
        raise InputError(
            f"The scheduler is running already {holder or ''}".strip(),
            hint="It runs what is due by itself.",
        )
    try:
        return _run_due(services, fence, stopping)
    finally:
        state.lease.release(fence)


def _run_due(services: "Services", fence: int, stopping: "threading.Event") -> "list[Run]":
    from workbench.alerts.delivery import deliver_due

    now = services.now()
    rehearsed = services.settings.now is not None
    scheduler = Scheduler(services, kinds_of(services.settings), fence, rehearsed=rehearsed)
    started = scheduler.tick(now)
    beaten_at = time.monotonic()
    while (scheduler.is_behind or scheduler.is_busy or scheduler.waiting) and not stopping.is_set():
        stopping.wait(0.0 if scheduler.is_behind else LOOK_AGAIN_S)
        if time.monotonic() - beaten_at >= TTL_S / 3:
            services.state.lease.beat(fence)
            beaten_at = time.monotonic()
        started += scheduler.tick(now)
    deliver_due(services, now)
    return [services.state.runs.get(run_id) for run_id in dict.fromkeys(started)]


def take_slots(services: "Services") -> None:
    """Record every slot up to now, where no scheduler runs that has done so; starts nothing."""
    lease = services.state.lease
    fence = lease.take(this_process())
    if fence is None:
        return
    try:
        rehearsed = services.settings.now is not None
        kinds = kinds_of(services.settings)
        scheduler, now = Scheduler(services, kinds, fence, rehearsed=rehearsed), services.now()
        while scheduler.is_behind:
            scheduler.record(now)
    finally:
        lease.release(fence)
