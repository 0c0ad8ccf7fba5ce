"""Runs that wait, are claimed, tried again and settled; what runs add up to."""

from datetime import UTC, datetime, timedelta

import pytest

from workbench.errors import AccessError, HeldError, InputError
from workbench.store.state import BusyError, NewSlot, State

JOB = "pull/page-events"
SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def failed(state: State, run_id: int | None = None, job: str = JOB) -> int:
    with pytest.raises(AccessError), state.runs.recorded(job, run_id=run_id) as tally:
        raise AccessError("Pendo refused the key")
    return tally.run_id


def test_runs_wait_until_their_time_and_the_longest_due_comes_first(state: State) -> None:
    later = state.runs.queue(JOB, "retry", not_before=SIX + HOUR)
    newer = state.runs.queue("pull/b", "schedule", due_at=SIX)
    older = state.runs.queue("pull/c", "schedule", due_at=SIX - HOUR)

    assert [run.id for run in state.runs.queued(SIX) if run.due_at] == [older, newer]
    assert later not in [run.id for run in state.runs.queued(SIX)]
    assert later in [run.id for run in state.runs.queued(SIX + HOUR)]


def test_a_claimed_run_is_this_process_s_and_goes_on_under_its_number(state: State) -> None:
    number = state.runs.queue(JOB, options={"release": True}, who="ann")

    run = state.runs.claim(number)

    assert (run.status, run.options, run.who) == ("running", {"release": True}, "ann")
    with pytest.raises(InputError, match="is not waiting"):
        state.runs.recorded("pull/other", run_id=number).__enter__()
    with state.runs.recorded(JOB, run_id=number) as tally:
        assert tally.run_id == number
    assert state.runs.get(number).status == "done"
    with pytest.raises(InputError, match="is not waiting: it is done"):
        state.runs.claim(number)


def test_a_run_of_a_busy_job_cannot_be_claimed_and_goes_on_waiting(state: State) -> None:
    number = state.runs.queue(JOB, "schedule")
    with (
        state.runs.recorded(JOB) as tally,
        pytest.raises(BusyError, match=f"already running as run {tally.run_id}"),
    ):
        state.runs.claim(number)

    assert state.runs.get(number).status == "queued"
    assert state.runs.claim(number).status == "running"


def test_a_run_that_never_got_going_is_ended_with_its_reason(state: State) -> None:
    number = state.runs.queue(JOB)
    state.runs.claim(number)
    state.runs.end(number, InputError("There is no pull 'x'", hint="There are: y."))

    run = state.runs.get(number)
    assert (run.status, run.error, run.hint, run.error_kind) == (
        "failed",
        "There is no pull 'x'",
        "There are: y.",
        "InputError",
    )
    with state.runs.recorded(JOB) as tally:
        pass
    state.runs.end(tally.run_id, InputError("too late"))
    assert state.runs.get(tally.run_id).status == "done"


def test_a_person_tries_a_finished_run_again(state: State) -> None:
    [number] = state.slots.take([NewSlot(JOB, SIX, schedule="Every day at 06:00")])
    with pytest.raises(InputError, match=f"Run {number} is queued"):
        state.runs.retry(number, "ann")
    failed(state, number)

    again = state.runs.get(state.runs.retry(number, "ann"))

    assert (again.status, again.trigger, again.who) == ("queued", "retry", "ann")
    assert (again.due_at, again.schedule) == (SIX, "Every day at 06:00")
    assert (again.retry_of, again.attempt) == (number, 1)
    assert [run.id for run in state.runs.attempts(number)] == [number, again.id]
    assert [run.id for run in state.runs.attempts(again.id)] == [number, again.id]


def test_a_finished_run_is_settled_once_and_its_retry_queued_with_it(state: State) -> None:
    number = failed(state)
    [run] = state.runs.unsettled()
    assert (run.id, run.error_kind) == (number, "AccessError")

    retry = state.runs.settle(run, retry_at=SIX)

    assert retry is not None
    assert (state.runs.get(retry).attempt, state.runs.get(retry).not_before) == (2, SIX)
    assert state.runs.settle(run, retry_at=SIX) is None
    assert state.runs.unsettled() == []


def test_the_newest_runs_are_found_by_every_condition(state: State) -> None:
    for job in ("pull/a", "pull/b", "pull/a"):
        with state.runs.recorded(job):
            pass
    failed(state, job="pull/b")
    state.slots.take([NewSlot("pull/a", SIX)])

    def ids(**conditions: object) -> list[int]:
        return [run.id for run in state.runs.latest(**conditions)]  # type: ignore[arg-type]

    assert ids(limit=2) == [5, 4]
    assert ids(limit=2, offset=2) == [3, 2]
    assert ids(trigger="schedule") == [5]
    assert ids(status=("failed", "queued")) == [5, 4]
    assert ids(job="pull/a", status="done", limit=1) == [3]
    assert ids(since=datetime.now(UTC) + HOUR) == []
    assert len(ids(since=datetime.now(UTC) - HOUR)) == 5
    assert state.runs.counts() == {"done": 3, "failed": 1, "queued": 1}
    assert state.runs.counts("pull/b", trigger="person") == {"done": 1, "failed": 1}
    assert {job: run.id for job, run in state.runs.newest_by_job().items()} == {
        "pull/a": 5,
        "pull/b": 4,
    }
    assert {job: run.id for job, run in state.runs.newest_by_job("done").items()} == {
        "pull/a": 3,
        "pull/b": 2,
    }


def test_figures_tell_last_success_average_duration_and_success_rate(state: State) -> None:
    for _ in range(3):
        with state.runs.recorded(JOB):
            pass
    last = state.runs.latest(limit=1)[0].finished_at
    failed(state)
    with pytest.raises(HeldError), state.runs.recorded("pull/b"):
        raise HeldError("nothing came")
    state.runs.cancel(state.runs.queue(JOB))

    figures = state.runs.figures()

    assert (figures[JOB].finished, figures[JOB].done, figures[JOB].success_rate) == (4, 3, 0.75)
    assert figures[JOB].last_success == last
    average_s = figures[JOB].average_s
    assert average_s is not None
    assert 0 <= average_s < 60
    assert (figures["pull/b"].success_rate, figures["pull/b"].average_s) == (0.0, None)
    assert list(state.runs.figures("pull/b")) == ["pull/b"]
    assert state.runs.figures(since=datetime.now(UTC) + HOUR) == {}
