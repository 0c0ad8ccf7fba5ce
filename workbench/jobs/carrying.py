"""Carry out a job in this process: by its name, or a run that waits by its number."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.jobs.kinds import known

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import Run, State
    from workbench.store.state.run_rows import Trigger

LOOK_EVERY_S = 0.3
"""As often as a run says something of itself."""
BUSY = 75
"""How a worker's process ends whose job is running already: come again later (sysexits.h)."""


def execute(
    services: "Services",
    job: str,
    *,
    trigger: "Trigger" = "person",
    run_id: int | None = None,
    **options: Any,
) -> Any:
    """Carry out one job in this process; gives what its feature gives.

    Raises:
        InputError: there is no such job.
        WorkbenchError: as the job's own ``run`` says.
    """
    kind, name = known(services, job, options)
    return kind.execute(services, name, trigger=trigger, run_id=run_id, **options)


def carry_out(services: "Services", run_id: int) -> Any:
    """Carry out one waiting run in this process; gives what its feature gives.

    Raises:
        BusyError: its job is running; a person's run ends with that, any other waits on.
        InputError: it is not waiting, or its document is gone.
        WorkbenchError: as the job's own ``run`` says.
    """
    run = claim(services.state, run_id)
    try:
        return execute(services, run.job, trigger=run.trigger, run_id=run_id, **(run.options or {}))
    except Exception as error:
        # Does nothing where the job's own record has ended the run already.
        services.state.runs.end(run_id, error)
        raise


def claim(state: "State", run_id: int) -> "Run":
    """Make a waiting run this process's own; nothing changes where it is already.

    Raises:
        BusyError: its job is running; a person's run ends with that, any other waits on.
        InputError: it is not waiting.
    """
    from workbench.store.state import BusyError

    try:
        return state.runs.claim(run_id)
    except BusyError as error:
        if state.runs.get(run_id).trigger == "person":
            state.runs.end(run_id, error)
        raise


def finished_here(services: "Services", run_id: int) -> "Run":
    """Carry out a waiting run in this process, or wait for whoever does; gives the finished run."""
    runs = services.state.runs
    while not runs.get(run_id).is_finished:
        with suppress(WorkbenchError):  # the run tells it; what is not told there goes on
            carry_out(services, run_id)
        if not runs.get(run_id).is_finished:
            # Its job is running, or another process was quicker to take it.
            time.sleep(LOOK_EVERY_S)
            runs.close_interrupted()
    return runs.get(run_id)
