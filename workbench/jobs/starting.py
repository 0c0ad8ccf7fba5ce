"""Start a process for a waiting run; it outlives the one that starts it."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.services import Services

ROOT = Path(__file__).resolve().parent.parent.parent
"""Where ``python -m workbench`` finds the package when the app was started elsewhere."""


def start(
    services: "Services", run_id: int, *, now: datetime | None = None
) -> "subprocess.Popen[bytes]":
    """Start the process that carries out a waiting run; it outlives the one that starts it.

    Args:
        now: What it takes for the present moment; None is this process's own.
    """
    log = log_of(services, run_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 -- our own interpreter and package, no shell
            [sys.executable, "-m", "workbench", "run", "carry-out", str(run_id)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment(services) | ({"WORKBENCH_NOW": now.isoformat()} if now else {}),
            start_new_session=True,
        )


def log_of(services: "Services", run_id: int) -> Path:
    """Where the process of a run writes what it has to say beside the run's own log."""
    return services.settings.home / "logs" / f"run-{run_id}.log"


def environment(services: "Services") -> dict[str, str]:
    """The same installation for a child, wherever this process got its settings from."""
    settings = services.settings
    given = {
        "WORKBENCH_HOME": str(settings.home.absolute()),
        "WORKBENCH_DATABASE_URL": settings.database_url,
        "WORKBENCH_SECRET_KEY": settings.secret_key and settings.secret_key.get_secret_value(),
        "WORKBENCH_NOW": settings.now and settings.now.isoformat(),
        "WORKBENCH_JOBS": settings.jobs,
    }
    return {**os.environ, **{key: value for key, value in given.items() if value}}
