"""Scheduler, worker or both killed at any moment: every due slot runs, and none twice."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.schedules import witness
from tests.schedules.conftest import AddJob, command, kill, said, utc, wait_for
from workbench.services import Services

ROUNDS = 6
"""Enough for each sort of kill; the soak does more than two hundred."""
MINUTE = timedelta(minutes=1)
BEGIN = utc("2020-01-01 06:00")
EVERY_MINUTE = {"every": "cron", "cron": "* * * * *"}
EVERY_OTHER = {"every": "cron", "cron": "*/2 * * * *"}


def kill_workers(bench: Services, chance: random.Random) -> None:
    """Kill some of the processes that carry out runs."""
    for run in bench.state.runs.running():
        if run.pid is not None and chance.random() < 0.7:
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGKILL)


def one_round(bench: Services, number: int, chance: random.Random) -> None:
    """A scheduler that starts just before a minute; then something is killed."""
    now = BEGIN + number * MINUTE - timedelta(milliseconds=300)
    scheduler = command(bench, "scheduler", "--now", now.isoformat())
    try:
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0.0, 2.0))
        else:
            # Right after it has begun to start runs, or a little later.
            wait_for(lambda: scheduler.poll() is not None or bench.state.runs.counts())
            busy = time.monotonic() + chance.uniform(1.0, 3.0)
            while time.monotonic() < busy and not bench.state.runs.running():
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.5))
        sort = chance.choice(["scheduler", "worker", "both"])
        if sort != "scheduler":
            kill_workers(bench, chance)
        if sort == "worker":
            time.sleep(chance.uniform(0.0, 1.5))
    finally:
        kill(scheduler)


def is_quiet(bench: Services) -> bool:
    return not bench.state.runs.counts(status=("queued", "running"))


def made_up_for(bench: Services, jobs: list[str]) -> set[tuple[str, datetime]]:
    """The slots whose own run, or the one that they joined, was done in the end."""
    return {
        (slot.job, slot.due_at)
        for job in jobs
        for slot in bench.state.slots.latest(job, 10_000)
        if slot.run_id is not None
        and any(run.status == "done" for run in bench.state.runs.attempts(slot.run_id))
    }


def killed_rounds(
    bench: Services, job: AddJob, rounds: int, seed: int, catch_up: str = "each"
) -> None:
    chance = random.Random(seed)
    policy: dict[str, Any] = {
        "catch_up": catch_up,
        "retry": {"attempts": 20, "wait_minutes": 0},
        "since": BEGIN - MINUTE,
    }
    every = [
        job("minutely", EVERY_MINUTE, takes_s=0.3, **policy),
        job("other", EVERY_OTHER, takes_s=0.0, **policy),
    ]
    for number in range(rounds):
        one_round(bench, number, chance)
    last = BEGIN + rounds * MINUTE + timedelta(seconds=5)
    finisher = command(bench, "scheduler", "--now", last.isoformat())
    try:
        ended = [BEGIN + n * MINUTE for n in range(rounds + 1)]
        wait_for(
            lambda: (
                finisher.poll() is not None
                or (len(bench.state.slots.latest(every[0], 10_000)) > rounds and is_quiet(bench))
            )
        )
    finally:
        kill(finisher)

    runs = bench.state.runs.latest(limit=100_000)
    done = Counter((run.job, run.due_at) for run in runs if run.status == "done")
    wanted = [(every[0], at) for at in ended] + [
        (every[1], at) for at in ended if at.minute % 2 == 0
    ]
    if catch_up == "each":
        assert {key: done[key] for key in wanted} == dict.fromkeys(wanted, 1), said(bench)
    # On a slow machine the last scheduler lives to see some minutes more.
    assert set(wanted) <= made_up_for(bench, every), said(bench)
    assert set(done.values()) == {1}
    assert {run.status for run in runs} <= {"done", "failed"}
    failed = {run.error_kind for run in runs if run.status == "failed"}
    assert failed <= {"Interrupted"}, said(bench)
    lines = witness.seen(bench.settings.home)
    began = Counter(line["run"] for line in lines if line["event"] == "began")
    assert set(began.values()) == {1}, "no run is carried out by two processes"
    finished = Counter((line["job"], line["due_at"]) for line in lines if line["event"] == "done")
    assert set(finished.values()) == {1}
    assert len(finished) == len(done)


def test_killed_at_any_moment_every_slot_runs_and_none_twice(bench: Services, job: AddJob) -> None:
    killed_rounds(bench, job, ROUNDS, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_rounds_of_kills(bench: Services, job: AddJob, seed: int) -> None:
    killed_rounds(bench, job, 45, seed + 100)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
def test_kills_while_fires_join_runs_that_wait(bench: Services, job: AddJob, seed: int) -> None:
    killed_rounds(bench, job, 45, seed + 200, catch_up="once")


def test_runs_go_on_without_the_scheduler_and_the_next_one_knows_them(
    bench: Services, job: AddJob
) -> None:
    name = job("w", EVERY_MINUTE, since=BEGIN - MINUTE, takes_s=2.5)
    first = command(bench, "scheduler", "--now", BEGIN.isoformat())
    [run] = wait_for(bench.state.runs.running)
    kill(first)

    second = command(bench, "scheduler", "--now", BEGIN.isoformat())
    try:
        wait_for(lambda: bench.state.runs.get(run.id).is_finished)
    finally:
        kill(second)

    assert bench.state.runs.get(run.id).status == "done"
    assert [each.id for each in bench.state.runs.latest(name, status="done")] == [run.id]


def test_a_run_left_between_its_slot_and_its_process_is_started_by_the_next_tick(
    bench: Services, job: AddJob
) -> None:
    name = job()
    number = bench.state.runs.queue(name, "schedule", due_at=BEGIN)

    done = command(bench, "scheduler", "--once", "--now", (BEGIN - MINUTE).isoformat())
    subprocess.Popen.wait(done)

    assert bench.state.runs.get(number).status == "done"


@pytest.mark.soak
def test_a_worker_that_dies_each_time_ends_as_failed_and_the_scheduler_lives(
    bench: Services, job: AddJob
) -> None:
    name = job("w", behave="crashes", retry={"attempts": 0})
    number = bench.state.runs.queue(name, "schedule", due_at=BEGIN)

    done = command(bench, "scheduler", "--once", "--now", (BEGIN - MINUTE).isoformat())

    assert done.wait() == 1
    family = bench.state.runs.attempts(number)
    assert len(family) == 6
    assert {run.error for run in family} == {"Interrupted: the process that ran it is gone"}
