"""What follows a finished run: tried again, counted, its job paused. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.schedules.model import Retry

if TYPE_CHECKING:
    from workbench.store.state.run_rows import Run

HOPELESS = frozenset(
    {"AccessError", "InputError", "BusyError", "SettingsError", "RejectedError", "MissingError"}
)
"""Errors that come again however often it is tried: somebody must change something first."""
INTERRUPTED = "Interrupted"
"""The ``error_kind`` of a run whose process died."""
RESUMES = 5
"""How often a run whose process died goes on, at least: a machine that restarts is not a fault of
the job, a job that eats all memory each time must end."""


def retry_at(run: "Run", retry: Retry, now: datetime, *, resumes: bool) -> datetime | None:
    """When a finished run is tried again; None if it is not.

    Args:
        resumes: Whether such a run goes on from what it had finished, so that it need not wait.
    """
    if run.status != "failed" or run.error_kind in HOPELESS:
        return None
    wait = timedelta(minutes=retry.wait_minutes)
    if run.error_kind == INTERRUPTED:
        if run.attempt > max(retry.attempts, RESUMES):
            return None
        return now if resumes else now + wait
    return now + wait if run.attempt <= retry.attempts else None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may go on at once."""

    runs: int
    per_connection: int


def is_held_back(run: "Run", stopped: Container[str]) -> bool:
    """Whether a run waits for its job to be on again; one that a person asked for does not."""
    return run.job in stopped and run.who is None and run.trigger != "person"


def startable(
    queued: "list[Run]",
    running: "list[Run]",
    connections: Mapping[str, str | None],
    limits: Limits,
) -> "list[Run]":
    """Which waiting runs may start now, in their order.

    Args:
        running: What goes on already, started by whomever.
        connections: The connection that each job talks to.
    """
    busy = {run.job for run in running}
    talking = [connections.get(run.job) for run in running]
    chosen: list[Run] = []
    for run in queued:
        if len(busy) >= limits.runs:
            break
        connection = connections.get(run.job)
        crowded = connection is not None and talking.count(connection) >= limits.per_connection
        if run.job in busy or crowded:
            continue
        chosen.append(run)
        busy.add(run.job)
        talking.append(connection)
    return chosen
