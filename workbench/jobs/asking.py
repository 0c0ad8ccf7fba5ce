"""What a person asks of a job: run it now, or try a finished run again; each in its own process."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.jobs.kinds import known
from workbench.jobs.starting import start

if TYPE_CHECKING:
    from workbench.services import Services

HEADSTART = timedelta(seconds=30)
"""How long the scheduler leaves a run alone whose process a person's click has started: it starts
only those whose process never came."""


def launch(
    services: "Services",
    job: str,
    options: Mapping[str, Any] | None = None,
    *,
    who: str | None = None,
) -> int:
    """Queue a run of ``job`` and carry it out in a process of its own; gives the run's number.

    The process goes on when the page that started it is left; ``services.state.runs`` tells how
    far it is, and cancels it.

    Args:
        options: What else the job's ``run`` is told, by name; kept with the run as JSON.

    Raises:
        InputError: there is no such job.
    """
    known(services, job, options)
    not_before = services.now() + HEADSTART
    run_id = services.state.runs.queue(job, not_before=not_before, options=options, who=who)
    start(services, run_id)
    return run_id


def retry(services: "Services", run_id: int, who: str) -> int:
    """Try a finished run again, at once, in a process of its own; gives the new run's number.

    Raises:
        InputError: there is no such run, or it is not finished.
    """
    not_before = services.now() + HEADSTART
    again = services.state.runs.retry(run_id, who, not_before=not_before)
    start(services, again)
    return again
