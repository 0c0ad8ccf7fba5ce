"""An installation whose only jobs are witnesses, and schedulers over it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.schedules import witness
from workbench.jobs import ROOT, kinds_of
from workbench.schedules.known import KnownJobs
from workbench.schedules.scheduler import Scheduler
from workbench.schedules.settling import Settling
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.store.state import Slot, State
from workbench.store.state.processes import this_process

HOURLY = {"every": "hourly"}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with current tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    State.open(f"sqlite:///{path}", secret_key="tests").close()
    return path


@pytest.fixture
def bench(tmp_path: Path, migrated: Path) -> Iterator[Services]:
    """An installation that knows the witness's kind of job, in the real present."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(migrated, home / "state.db")
    opened = open_services(Settings(home=home, jobs=witness.SETTING))
    yield opened
    opened.close()


AddJob = Callable[..., str]


@pytest.fixture
def job(bench: Services) -> AddJob:
    """Save a witness's document; gives the job's name.

    With ``since`` nothing is owed for the time before that moment.
    """

    def add(
        name: str = "w", *schedules: dict[str, Any], since: datetime | None = None, **body: Any
    ) -> str:
        given = [dict(schedule) for schedule in schedules or (HOURLY,)]
        document = {"kind": "witness", "name": name, "schedules": given, **body}
        bench.state.documents.put("witness", name, document, who="tests")
        if since is not None:
            bench.state.jobs.see({f"witness/{name}": (since, [])})
        return f"witness/{name}"

    return add


class Bare:
    """A scheduler that is only told the time: it records and settles, and starts no process."""

    def __init__(self, bench: Services, fence: int | None = None) -> None:
        fence = bench.state.lease.take(this_process()) if fence is None else fence
        assert fence is not None
        self.fence = fence
        self.bench = bench
        kinds = kinds_of(bench.settings)
        self.scheduler = Scheduler(bench, kinds, fence)
        self.known = KnownJobs(bench.state.documents, kinds)
        self.settling = Settling(bench, self.known)

    def record(self, now: datetime) -> None:
        self.scheduler.record(now)

    def record_all(self, now: datetime) -> None:
        """As often as it says that there is more."""
        self.record(now)
        while self.scheduler.is_behind:
            self.record(now)

    def settle(self, now: datetime) -> None:
        self.scheduler.record(now)
        self.known.refresh()
        self.settling.settle(now, self.fence)

    def again(self) -> "Bare":
        """Another scheduler, as after a restart."""
        self.bench.state.lease.release(self.fence)
        return Bare(self.bench)


@pytest.fixture
def bare(bench: Services) -> Bare:
    return Bare(bench)


def due_times(bench: Services, job: str) -> list[datetime]:
    """The due times of a job's runs, and of the slots that joined one of them; oldest first."""
    runs = bench.state.runs.latest(job, limit=10_000)
    own = [run.due_at for run in runs if run.due_at]
    return sorted(own + [slot.due_at for slot in joined(bench, job)])


def joined(bench: Services, job: str) -> list[Slot]:
    """The slots of a job that were skipped because an earlier run of it had not begun."""
    runs = {run.id: run for run in bench.state.runs.latest(job, limit=10_000)}
    skipped = [
        (slot, runs[slot.run_id])
        for slot in bench.state.slots.latest(job, 10_000)
        if slot.state == "skipped" and slot.run_id is not None
    ]
    # What a catch-up makes up for is older than the slot it runs for.
    return [slot for slot, run in skipped if run.due_at is None or slot.due_at > run.due_at]


def command(bench: Services, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    """``python -m workbench …`` on that installation."""
    home = bench.settings.home
    given = {"WORKBENCH_HOME": str(home), "WORKBENCH_JOBS": witness.SETTING, **environment}
    with (home / "scheduler.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "workbench", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, **given},
            start_new_session=True,
        )


def said(bench: Services) -> str:
    """What the schedulers said."""
    path = bench.settings.home / "scheduler.log"
    return path.read_text() if path.exists() else ""


def kill(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


def wait_for(condition: Callable[[], Any]) -> Any:
    while not (found := condition()):
        time.sleep(0.05)
    return found


def utc(text: str) -> datetime:
    """
    >>> utc("2030-01-01 06:00").hour
    6
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
