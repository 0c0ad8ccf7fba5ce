"""The scheduler as a process: started, served until it is told to end, stopped from elsewhere.

It and the app share only the database. The runs that it started go on without it.
"""

import logging
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime
from os import kill
from typing import TYPE_CHECKING

from workbench import jobs
from workbench.errors import InputError, StorageError
from workbench.schedules.keeper import LOOK_AGAIN_S, Keeper, running_from
from workbench.store.state.lease import TTL_S
from workbench.store.state.processes import Process

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import LeaseHolder

log = logging.getLogger("workbench.scheduler")
PATIENCE_S = 20.0
"""How long starting or stopping may take before that is called a fault."""


def serve(
    services: "Services",
    stopping: threading.Event,
    *,
    starting_at: datetime | None = None,
    parent: int | None = None,
    ttl_s: float = TTL_S,
) -> None:
    """Be the scheduler, or stand by for it, until ``stopping`` is set; runs go on without it.

    Args:
        starting_at: Where its clock starts, for rehearsals; None is the real one.
        parent: A process without which it ends too.
    """
    moment = starting_at or services.settings.now
    clock = running_from(moment) if moment else services.now
    keeper = Keeper(services, clock, rehearsed=moment is not None, ttl_s=ttl_s)
    above = Process.of(parent) if parent is not None else None
    try:
        while not stopping.is_set():
            if above is not None and above.is_gone:
                log.info("The process that started the scheduler is gone")
                return
            stopping.wait(keeper.turn())
    finally:
        keeper.give_back()


def start_detached(services: "Services") -> "LeaseHolder":
    """Start the scheduler as a process of its own, unless one runs; gives the one that runs.

    Raises:
        StorageError: it ended at once, or did not take the lease.
    """
    lease = services.state.lease
    output = services.settings.home / "logs" / "scheduler.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    if (holder := lease.holder()) is not None and holder.is_alive():
        return holder
    with output.open("ab") as written:
        child = subprocess.Popen(
            [sys.executable, "-m", "workbench", "scheduler"],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            cwd=jobs.ROOT,
            env=jobs.environment(services),
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE_S
    while child.poll() is None and time.monotonic() < deadline:
        if (holder := lease.holder()) is not None and holder.is_alive():
            return holder
        time.sleep(LOOK_AGAIN_S)
    raise StorageError("The scheduler did not start", hint=f"See {output.name} in the home's logs.")


def stop(services: "Services") -> None:
    """Tell the scheduler to end; the runs that it started go on.

    Raises:
        InputError: none is running, or it runs on another machine.
        StorageError: it did not end.
    """
    lease = services.state.lease
    holder = lease.holder()
    if holder is None or not holder.is_alive():
        raise InputError("The scheduler is not running")
    if not holder.process.is_here:
        raise InputError(
            f"The scheduler runs on another machine {holder}", hint="Stop it over there."
        )
    kill(holder.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        after = lease.holder()
        if after is None or after.fence != holder.fence or after.process.is_gone:
            return
        time.sleep(LOOK_AGAIN_S)
    raise StorageError(f"The scheduler does not end {holder}", hint="End that process.")
