"""Workers forked from a process that is ready: as quick as that, and no loss when it is killed."""

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.schedules import witness
from tests.schedules.conftest import AddJob, command, kill, said, utc, wait_for
from workbench import jobs
from workbench.schedules.forks import IS_POSSIBLE, LOST, Forked, Forks
from workbench.schedules.workers import Workers
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.store.state.processes import Process

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="nothing is forked on this system")
NEVER = {"every": "cron", "cron": "0 0 29 2 *"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Services]:
    """One installation for all, because each has to load what its workers are forked from."""
    home = tmp_path_factory.mktemp("forks") / "home"
    home.mkdir(mode=0o700)
    shutil.copy(migrated, home / "state.db")
    opened = open_services(Settings(home=home, jobs=witness.SETTING))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def source(bench: Services) -> Iterator[Forks]:
    found = Forks(bench)
    yield found
    found.close()


@pytest.fixture
def forks(source: Forks) -> Forks:
    """Ready, again where the test before killed it."""
    source.prepare()
    wait_for(lambda: source.is_ready)
    return source


def code_of(worker: Forked | None) -> int | None:
    """How a worker ended, when it has."""
    assert worker is not None
    wait_for(lambda: worker.poll() is not None)
    return worker.returncode


def test_each_worker_is_a_process_and_a_session_of_its_own(
    bench: Services, job: AddJob, forks: Forks
) -> None:
    names = [job(name, NEVER) for name in ("a", "b")]
    run_ids = [bench.state.runs.queue(name) for name in names]

    workers = [forks.start(run_id, None) for run_id in run_ids]

    assert [code_of(worker) for worker in workers] == [0, 0]
    runs = [bench.state.runs.get(run_id) for run_id in run_ids]
    assert [run.status for run in runs] == ["done", "done"]
    assert len({run.pid for run in runs} | {forks.pid, os.getpid()}) == 4


def test_a_worker_is_told_its_moment_and_writes_to_its_own_log(
    bench: Services, job: AddJob, forks: Forks
) -> None:
    moment = utc("2020-01-01 06:00")
    first = bench.state.runs.queue(job("a", NEVER))
    busy = bench.state.runs.queue("witness/gone")

    workers = [forks.start(first, moment), forks.start(busy, None)]

    assert [code_of(worker) for worker in workers] == [0, 2]
    lines = [line for line in witness.seen(bench.settings.home) if line["run"] == first]
    assert {line["now"] for line in lines} == {moment.isoformat()}
    assert "There is no witness 'gone'" in jobs.log_of(bench, busy).read_text()


def test_a_worker_whose_job_is_running_says_to_come_again(
    bench: Services, job: AddJob, forks: Forks
) -> None:
    name = job("a", NEVER)
    run_id = bench.state.runs.queue(name, "schedule")

    with bench.state.runs.recorded(name):
        worker = forks.start(run_id, None)
        assert code_of(worker) == jobs.BUSY
    assert bench.state.runs.get(run_id).status == "queued"


def test_workers_go_on_when_what_they_were_forked_from_is_killed(
    bench: Services, job: AddJob, forks: Forks
) -> None:
    run_id = bench.state.runs.queue(job("a", NEVER, takes_s=1.0))
    worker = forks.start(run_id, None)
    assert worker is not None
    assert forks.pid is not None
    wait_for(lambda: bench.state.runs.get(run_id).status == "running")

    os.kill(forks.pid, signal.SIGKILL)

    assert worker.poll() is None
    assert code_of(worker) == LOST
    assert bench.state.runs.get(run_id).status == "done"


@pytest.mark.parametrize("harm", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_starts_the_slow_way_where_nothing_can_be_forked(
    bench: Services, job: AddJob, forks: Forks, harm: signal.Signals
) -> None:
    run_id = bench.state.runs.queue(job("a", NEVER))
    workers = Workers(bench, forks)
    assert forks.pid is not None
    os.kill(forks.pid, harm)

    workers.start(run_id, None)

    wait_for(workers.reap)
    assert bench.state.runs.get(run_id).status == "done"
    assert not forks.is_there


def test_a_run_whose_document_is_gone_fails_as_it_does_otherwise(
    bench: Services, forks: Forks
) -> None:
    run_id = bench.state.runs.queue("witness/gone", "schedule")
    workers = Workers(bench, forks)

    workers.start(run_id, None)

    assert wait_for(workers.reap) == [run_id]
    assert bench.state.runs.get(run_id).status == "failed"


def test_what_is_forked_from_has_one_thread_only(forks: Forks) -> None:
    """Of several threads only one is in a fork, and what the others had locked stays locked."""
    assert len(list(Path(f"/proc/{forks.pid}/task").iterdir())) == 1


def test_one_that_ends_before_it_is_ready_is_not_started_again_at_every_turn(
    bench: Services,
) -> None:
    found = Forks(bench)
    found.prepare()
    assert found.pid is not None
    os.kill(found.pid, signal.SIGKILL)
    wait_for(lambda: not found.is_there)

    found.prepare()

    assert not found.is_there
    found.close()


def test_the_setting_turns_it_off(bench: Services) -> None:
    settings = bench.settings.model_copy(update={"scheduler_forks": False})
    found = Forks(replace(bench, settings=settings))

    found.prepare()

    assert not found.is_there


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def test_the_scheduler_has_it_ready_and_takes_it_along_when_it_ends(
    bench: Services, job: AddJob
) -> None:
    name = job("a", NEVER)
    scheduler = command(bench, "scheduler")
    try:
        [pid] = wait_for(lambda: children_of(scheduler.pid))
        source = Process.of(pid)
        run_id = bench.state.runs.queue(name)
        wait_for(lambda: bench.state.runs.get(run_id).status == "done")
        kill(scheduler)
        wait_for(lambda: source.is_gone)
    finally:
        kill(scheduler)


def harmed(scheduler: int, bench: Services, chance: random.Random) -> None:
    """Kill what runs are forked from, some that go on, or both."""
    victims = [run.pid for run in bench.state.runs.running() if run.pid and chance.random() < 0.5]
    victims += children_of(scheduler) if chance.random() < 0.5 else []
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_killed_each_run_is_carried_out_once(
    bench: Services, job: AddJob, seed: int
) -> None:
    chance = random.Random(seed)
    policy: dict[str, Any] = {"retry": {"attempts": 20, "wait_minutes": 0}}
    names = [job(f"w{n}", NEVER, takes_s=0.2 * n, **policy) for n in range(3)]
    scheduler = command(bench, "scheduler")
    schedulers, wanted = {scheduler.pid}, [bench.state.runs.queue(name) for name in names]
    try:
        for _ in range(40):
            # Now and then it has time to load what the next ones are forked from.
            time.sleep(chance.choice([0.2, 0.5, 1.5, 8.0]))
            wanted += [bench.state.runs.queue(chance.choice(names)) for _ in range(2)]
            time.sleep(chance.uniform(0.0, 1.5))
            harmed(scheduler.pid, bench, chance)
            if chance.random() < 0.1:
                kill(scheduler)
                scheduler = command(bench, "scheduler")
                schedulers.add(scheduler.pid)
        wait_for(lambda: not bench.state.runs.counts(status=("queued", "running")))
    finally:
        kill(scheduler)

    families = [bench.state.runs.attempts(run_id) for run_id in wanted]
    ends = Counter(run.status for family in families for run in family)
    assert ends["done"] == len(wanted), said(bench)
    assert set(ends) <= {"done", "failed"}
    ours = {run.id for family in families for run in family}
    seen = witness.seen(bench.settings.home)
    lines = [line for line in seen if line["event"] == "began" and line["run"] in ours]
    began = Counter(line["run"] for line in lines)
    assert set(began.values()) == {1}, "no run is carried out by two processes"
    assert {line["parent"] for line in lines} - schedulers - {1}, "nothing was forked"
