"""Runs: recorded true however they end, one at a time, cancelled and followed from outside."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.store.state.conftest import SECRET_KEY
from workbench.errors import CancelledError, HeldError, InputError, StorageError, WorkbenchError
from workbench.store.state import Run, Runs, State
from workbench.store.state.processes import Process, this_process

ROOT = Path(__file__).parents[3]
JOB = "pull/page-events"


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


def only(runs: Runs) -> Run:
    [run] = runs.latest()
    return run


def start_elsewhere(url: str) -> subprocess.Popen[str]:
    """Another process that records a run of JOB and then does nothing."""
    script = f"""
import time
from workbench.store.state import State
with State.open({url!r}, secret_key={SECRET_KEY!r}).runs.recorded({JOB!r}):
    print("started", flush=True)
    time.sleep(3600)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    return child


def test_a_run_that_ends_well_is_done(state: State) -> None:
    with state.runs.recorded(JOB) as tally:
        assert only(state.runs).status == "running"
        tally.stage("reading")
        tally.progress(done=1, total=3, rows=10)
        tally.progress(done=3, total=3, rows=30, requests=4, bytes=5_000_000_000)
        tally.result = {"dataset": "page_events", "version": 0}

    run = only(state.runs)
    assert (run.id, run.job, run.trigger, run.status) == (tally.run_id, JOB, "person", "done")
    assert (run.stage, run.done, run.total, run.rows) == ("reading", 3, 3, 30)
    assert (run.requests, run.bytes) == (4, 5_000_000_000)
    assert run.result == {"dataset": "page_events", "version": 0}
    assert run.process == this_process()
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert (run.error, run.hint) == (None, None)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (HeldError("12 of 20 records would change", hint="Read it"), "held", "12 of 20 records"),
        (CancelledError("Cancelled after 3 of 30 days"), "cancelled", "after 3 of 30 days"),
        (WorkbenchError("Pendo refused the key"), "failed", "Pendo refused the key"),
        (ZeroDivisionError("division by \0 zero"), "failed", "ZeroDivisionError: division"),
        (KeyboardInterrupt(), "cancelled", "Stopped before it was done"),
        (SystemExit(1), "cancelled", "Stopped before it was done"),
    ],
)
def test_a_run_that_ends_badly_says_why_and_the_error_goes_on(
    state: State, error: BaseException, status: str, words: str
) -> None:
    with pytest.raises(type(error)), state.runs.recorded(JOB):
        raise error

    run = only(state.runs)
    assert run.status == status
    assert words in str(run.error)
    assert run.is_finished


def test_a_page_left_half_way_is_a_cancelled_run(state: State) -> None:
    def work() -> object:
        with state.runs.recorded(JOB):
            yield

    generator = work()
    next(iter(generator))  # type: ignore[call-overload]
    generator.close()  # type: ignore[attr-defined]

    assert only(state.runs).status == "cancelled"


def test_failed_rows_are_never_a_plain_done(state: State) -> None:
    with state.runs.recorded(JOB) as tally:
        tally.failed += 2

    assert only(state.runs).status == "done with errors"


def test_a_job_does_not_run_twice_at_once(state: State) -> None:
    with state.runs.recorded(JOB) as tally:
        with (
            pytest.raises(InputError, match=f"{JOB} is already running as run {tally.run_id}"),
            state.runs.recorded(JOB),
        ):
            pass
        with state.runs.recorded("pull/other"):
            pass

    with state.runs.recorded(JOB):
        pass
    assert [run.status for run in state.runs.latest(JOB)] == ["done", "done"]


def test_a_queued_run_is_picked_up_under_its_number(state: State) -> None:
    number = state.runs.queue(JOB, "schedule")
    assert state.runs.get(number).status == "queued"

    with state.runs.recorded(JOB, run_id=number) as tally:
        assert tally.run_id == number

    run = only(state.runs)
    assert (run.status, run.trigger) == ("done", "schedule")
    assert run.queued_at is not None
    with (
        pytest.raises(InputError, match=f"Run {number} .* is not waiting: it is done"),
        state.runs.recorded(JOB, run_id=number),
    ):
        pass


def test_a_queued_run_of_a_busy_job_fails_with_the_reason(state: State) -> None:
    number = state.runs.queue(JOB)
    with (
        state.runs.recorded(JOB),
        pytest.raises(InputError, match="already running"),
        state.runs.recorded(JOB, run_id=number),
    ):
        pass

    run = state.runs.get(number)
    assert run.status == "failed"
    assert "already running as run" in str(run.error)


def test_a_queued_run_that_is_cancelled_never_starts(state: State) -> None:
    number = state.runs.queue(JOB)
    state.runs.cancel(number)

    with (
        pytest.raises(InputError, match="it is cancelled"),
        state.runs.recorded(JOB, run_id=number),
    ):
        pass
    assert state.runs.get(number).status == "cancelled"


def test_cancelling_reaches_the_run_and_only_running_ones_can_be_cancelled(state: State) -> None:
    with pytest.raises(CancelledError), state.runs.recorded(JOB) as tally:
        assert not tally.is_cancel_requested
        state.runs.cancel(tally.run_id)
        assert state.runs.is_cancel_requested(tally.run_id)
        wait_for(lambda: tally.is_cancel_requested)
        raise CancelledError("Cancelled after 1 of 2 days")

    with pytest.raises(InputError, match="is not running: it is cancelled"):
        state.runs.cancel(tally.run_id)
    with pytest.raises(InputError, match="There is no run 999"):
        state.runs.cancel(999)


def test_progress_is_seen_from_outside_while_the_run_goes_on(
    state: State, database_url: str
) -> None:
    with (
        State.open(database_url, secret_key=SECRET_KEY) as other,
        state.runs.recorded(JOB) as tally,
    ):
        tally.progress(done=2, total=5, rows=7)
        tally.log("Read 2026-03-01")
        wait_for(lambda: only(other.runs).rows == 7)
        wait_for(lambda: len(other.runs.log_lines(tally.run_id)) == 1)

    assert only(state.runs).done == 2


def test_a_thousand_notes_become_a_few_writes(state: State) -> None:
    written: list[int] = []

    class Counted:
        def note(self, run_id: int, counts: object, lines: object) -> bool:
            written.append(run_id)
            return False

    from workbench.store.state.tally import Tally

    tally = Tally(1, Counted())
    for done in range(1000):
        tally.progress(done=done, total=1000)
    counts, _ = tally.close()
    assert len(written) <= 2
    assert not written or counts == {} or counts["done"] == 999


def test_a_tally_may_be_used_from_many_threads(state: State) -> None:
    with state.runs.recorded(JOB) as tally:

        def speak(number: int) -> None:
            for line in range(20):
                tally.log(f"{number}:{line}")

        threads = [threading.Thread(target=speak, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    texts = [line.text for line in state.runs.log_lines(tally.run_id)]
    assert sorted(texts) == sorted(f"{n}:{line}" for n in range(8) for line in range(20))


def test_a_write_that_failed_is_made_up_by_the_next(state: State) -> None:
    from workbench.store.state.tally import Tally

    class Moody:
        def __init__(self) -> None:
            self.calls = 0

        def note(self, run_id: int, counts: object, lines: object) -> bool:
            self.calls += 1
            raise StorageError("locked")

    moody = Moody()
    tally = Tally(1, moody)
    tally.progress(done=1, total=2)
    tally.log("kept")
    wait_for(lambda: moody.calls > 0)
    tally.progress(done=2, total=2)

    counts, lines = tally.close()
    assert counts == {"done": 2, "total": 2}
    assert [line.text for line in lines] == ["kept"]


def test_the_log_is_read_on_from_where_one_stopped(state: State) -> None:
    with state.runs.recorded(JOB) as tally:
        tally.log("one")
        tally.log("two \0", level="warning")

    lines = state.runs.log_lines(tally.run_id)
    assert [(line.level, line.text) for line in lines] == [("info", "one"), ("warning", "two \\0")]
    assert state.runs.log_lines(tally.run_id, after=lines[0].id) == lines[1:]


def test_a_killed_run_is_interrupted_and_its_job_may_run_again(
    state: State, database_url: str
) -> None:
    child = start_elsewhere(database_url)
    try:
        assert state.runs.close_interrupted() == 0
        with pytest.raises(InputError, match="already running"), state.runs.recorded(JOB):
            pass
    finally:
        os.kill(child.pid, signal.SIGKILL)
    # Not yet waited for: a process that only its parent remembers is gone, too.
    wait_for(lambda: only(state.runs).is_interrupted)

    assert state.runs.close_interrupted() == 1
    assert state.runs.close_interrupted() == 0
    run = only(state.runs)
    assert run.status == "failed"
    assert str(run.error).startswith("Interrupted")
    child.communicate()
    with state.runs.recorded(JOB):
        pass


def test_a_killed_run_does_not_block_its_job(state: State, database_url: str) -> None:
    child = start_elsewhere(database_url)
    child.kill()
    child.communicate()

    with state.runs.recorded(JOB):
        pass

    assert [run.status for run in state.runs.latest()] == ["done", "failed"]


def test_cancelling_a_killed_run_ends_it(state: State, database_url: str) -> None:
    child = start_elsewhere(database_url)
    child.kill()
    child.communicate()

    state.runs.cancel(only(state.runs).id)

    assert only(state.runs).status == "cancelled"


def test_ctrl_c_in_another_process_is_a_cancelled_run(state: State, database_url: str) -> None:
    child = start_elsewhere(database_url)
    child.send_signal(signal.SIGINT)
    child.communicate()

    assert only(state.runs).status == "cancelled"


def test_a_run_on_another_machine_is_believed_until_cancelled_twice(
    state: State, database_url: str
) -> None:
    child = start_elsewhere(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE runs SET host = 'elsewhere'"))
    engine.dispose()
    child.kill()
    child.communicate()

    assert state.runs.close_interrupted() == 0
    state.runs.cancel(only(state.runs).id)
    assert only(state.runs).status == "running"
    state.runs.cancel(only(state.runs).id)
    assert only(state.runs).status == "cancelled"


def test_a_process_number_used_again_is_another_process() -> None:
    here = this_process()

    assert not here.is_gone
    assert Process(here.host, here.pid, "another start").is_gone
    assert not Process("elsewhere", here.pid, "another start").is_gone


def test_the_newest_runs_come_first_and_can_be_filtered(state: State) -> None:
    for job in ("pull/a", "pull/b", "pull/a"):
        with state.runs.recorded(job):
            pass
    state.runs.queue("pull/a")

    assert [run.job for run in state.runs.latest(limit=2)] == ["pull/a", "pull/a"]
    assert [run.status for run in state.runs.latest("pull/a")] == ["queued", "done", "done"]
    assert len(state.runs.latest(status="done")) == 3
