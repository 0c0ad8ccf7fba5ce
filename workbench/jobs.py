"""From a job's name to the function that runs it, here or in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state.run_rows import Trigger

ROOT = Path(__file__).resolve().parent.parent
"""Where ``python -m workbench`` finds the package when the app was started elsewhere."""


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
    kind, _, name = job.partition("/")
    if kind != "pull" or not name:
        raise InputError(f"{job} is not a job", hint="Jobs are named like pull/page-events.")
    from workbench.pulls.run import run

    return run(services.documents.pull(name), services, trigger=trigger, run_id=run_id, **options)


def launch(services: "Services", job: str) -> int:
    """Queue a run of ``job`` and carry it out in a process of its own; gives the run's number.

    The process goes on when the page that started it is left; ``services.state.runs`` tells how
    far it is, and cancels it.

    Raises:
        InputError: there is no such job.
    """
    kind, _, name = job.partition("/")
    if kind != "pull":
        raise InputError(f"{job} is not a job", hint="Jobs are named like pull/page-events.")
    services.documents.pull(name)
    run_id = services.state.runs.queue(job)
    logs = services.settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"run-{run_id}.log").open("wb") as output:
        subprocess.Popen(  # noqa: S603 -- our own interpreter and package, no shell
            [sys.executable, "-m", "workbench", "pull", "run", name, "--queued", str(run_id)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=_environment(services),
            start_new_session=True,
        )
    return run_id


def _environment(services: "Services") -> dict[str, str]:
    """The same installation for the child, wherever this process got its settings from."""
    import os

    settings = services.settings
    given = {
        "WORKBENCH_HOME": str(settings.home.absolute()),
        "WORKBENCH_DATABASE_URL": settings.database_url,
        "WORKBENCH_SECRET_KEY": settings.secret_key and settings.secret_key.get_secret_value(),
        "WORKBENCH_NOW": settings.now and settings.now.isoformat(),
    }
    return {**os.environ, **{key: value for key, value in given.items() if value}}
