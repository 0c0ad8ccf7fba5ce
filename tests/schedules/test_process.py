"""The scheduler as a process: one at a time, in time, through locks and full disks."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.schedules import witness
from tests.schedules.conftest import AddJob, command, due_times, kill, said, utc, wait_for
from workbench.errors import InputError
from workbench.schedules.keeper import LOOK_AGAIN_S, LOOK_EVERY_S, Keeper
from workbench.schedules.process import start_detached, stop
from workbench.services import Services

MINUTE = timedelta(minutes=1)
BEGIN = utc("2020-01-01 06:00")
EVERY_MINUTE = {"every": "cron", "cron": "* * * * *"}
SOON = timedelta(seconds=2)


def holds(bench: Services, child: "subprocess.Popen[bytes]") -> bool:
    holder = bench.state.lease.holder()
    return holder is not None and holder.pid == child.pid


def begins(bench: Services) -> list[int]:
    lines = witness.seen(bench.settings.home)
    return [line["run"] for line in lines if line["event"] == "began"]


def test_of_two_schedulers_one_stands_by_and_takes_over_when_the_other_is_killed(
    bench: Services, job: AddJob
) -> None:
    job("w", EVERY_MINUTE, since=BEGIN - MINUTE)
    first = command(bench, "scheduler", "--now", BEGIN.isoformat())
    wait_for(lambda: holds(bench, first))
    second = command(bench, "scheduler", "--now", BEGIN.isoformat())
    try:
        wait_for(lambda: bench.state.runs.counts(status="done"))
        time.sleep(1.0)
        assert holds(bench, first)
        assert len(begins(bench)) == len(set(begins(bench)))

        kill(first)
        wait_for(lambda: holds(bench, second))

        second.send_signal(signal.SIGTERM)
        assert second.wait() == 0
        assert bench.state.lease.holder() is None
    finally:
        for child in (first, second):
            kill(child)


def test_the_scheduler_wakes_at_the_moment_of_the_next_fire(bench: Services, job: AddJob) -> None:
    """That runs start within two seconds of it is measured: benchmarks/scheduler_speed.py."""
    name = job("w", EVERY_MINUTE, since=BEGIN - MINUTE)
    now = [BEGIN - timedelta(seconds=0.3)]
    keeper = Keeper(bench, lambda: now[0])

    assert keeper.turn() == pytest.approx(0.3)
    assert bench.state.runs.latest() == []
    now[0] = BEGIN
    assert keeper.turn() <= LOOK_AGAIN_S
    wait_for(lambda: bench.state.runs.latest(name, "done"))
    now[0] = BEGIN + timedelta(seconds=30)
    wait_for(lambda: keeper.turn() == LOOK_EVERY_S)
    keeper.give_back()
    assert bench.state.lease.holder() is None


def test_a_scheduler_in_the_page_s_name_is_started_once_and_stopped(bench: Services) -> None:
    holder = start_detached(bench)
    try:
        assert holder.is_alive()
        assert start_detached(bench).pid == holder.pid

        stop(bench)

        assert bench.state.lease.holder() is None
        with pytest.raises(InputError, match="is not running"):
            stop(bench)
    finally:
        if not holder.process.is_gone:
            os.kill(holder.pid, signal.SIGKILL)


def test_a_scheduler_started_with_the_app_ends_with_it(bench: Services) -> None:
    app = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    scheduler = command(bench, "scheduler", "--with-parent", str(app.pid))
    try:
        wait_for(lambda: holds(bench, scheduler))
        kill(app)
        assert app.stdin is not None
        app.stdin.close()

        assert scheduler.wait() == 0
        assert bench.state.lease.holder() is None
    finally:
        kill(scheduler)


def locked(bench: Services, seconds: float) -> None:
    """Hold the whole database as a process does that is stuck in the middle of a write."""
    database = sqlite3.connect(bench.settings.home / "state.db", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    database.execute("ROLLBACK")
    database.close()


def through_a_locked_database(
    bench: Services, job: AddJob, locked_s: float, busy_timeout_s: float
) -> None:
    name = job("w", EVERY_MINUTE, since=BEGIN - MINUTE, catch_up="each")
    url = f"sqlite:///{bench.settings.home / 'state.db'}?timeout={busy_timeout_s}"
    moment = BEGIN - timedelta(seconds=2)
    scheduler = command(bench, "scheduler", "--now", moment.isoformat(), WORKBENCH_DATABASE_URL=url)
    try:
        wait_for(lambda: holds(bench, scheduler))
        locked(bench, locked_s)

        wait_for(lambda: bench.state.runs.latest(name, "done") and BEGIN in due_times(bench, name))
        assert scheduler.poll() is None
        assert "was locked by another process" in said(bench)
        assert "Traceback" not in said(bench)
    finally:
        kill(scheduler)


def test_a_locked_database_delays_a_fire_and_loses_none(bench: Services, job: AddJob) -> None:
    through_a_locked_database(bench, job, locked_s=4.0, busy_timeout_s=0.5)


@pytest.mark.soak
def test_a_database_locked_for_longer_than_anybody_waits(bench: Services, job: AddJob) -> None:
    through_a_locked_database(bench, job, locked_s=35.0, busy_timeout_s=30.0)


def family(pid: int) -> Iterator[int]:
    """A process and all that came of it."""
    yield pid
    with suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


def test_a_full_disk_stops_no_scheduler_and_afterwards_nothing_is_lost(
    bench: Services, job: AddJob
) -> None:
    name = job("w", EVERY_MINUTE, since=BEGIN - MINUTE, catch_up="each")
    scheduler = command(bench, "scheduler", "--now", (BEGIN - 2 * SOON).isoformat())
    try:
        wait_for(lambda: holds(bench, scheduler))
        # No file may grow any more: neither the database nor the log of the scheduler itself.
        _, most = resource.prlimit(scheduler.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(scheduler.pid, resource.RLIMIT_FSIZE, (10, most))
        time.sleep(5.0)
        assert scheduler.poll() is None

        def is_done() -> bool:
            # Also what the scheduler started meanwhile, which has its limit from it.
            for pid in family(scheduler.pid):
                with suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
            return BEGIN in [run.due_at for run in bench.state.runs.latest(name, "done")]

        wait_for(is_done)
    finally:
        kill(scheduler)


def test_a_run_of_a_rehearsal_is_told_its_moment(bench: Services, job: AddJob) -> None:
    job("w", EVERY_MINUTE, since=BEGIN - MINUTE)

    assert command(bench, "scheduler", "--once", "--now", BEGIN.isoformat()).wait() == 0

    assert {line["now"] for line in witness.seen(bench.settings.home)} == {BEGIN.isoformat()}
