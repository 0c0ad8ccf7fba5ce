"""Slots: each due time of a job once, whoever takes it; missed ones wait for a person."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.store.state.conftest import SECRET_KEY
from workbench.errors import InputError
from workbench.store.state import NewSlot, State

JOB = "pull/page-events"
SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def missed(count: int) -> list[NewSlot]:
    return [NewSlot(JOB, SIX + n * HOUR, "missed", "Every hour") for n in range(count)]


def test_a_slot_queues_one_run_however_often_it_is_taken(state: State) -> None:
    wanted = [NewSlot(JOB, SIX, schedule="Every day at 06:00"), NewSlot("pull/b", SIX)]

    run_ids = state.slots.take(wanted)

    assert state.slots.take(wanted) == []
    assert [(run.id, run.job, run.due_at) for run in reversed(state.runs.latest())] == [
        (run_ids[0], JOB, SIX),
        (run_ids[1], "pull/b", SIX),
    ]
    run = state.runs.get(run_ids[0])
    assert (run.status, run.trigger, run.schedule) == ("queued", "schedule", "Every day at 06:00")
    [slot] = state.slots.of_run(run_ids[0])
    assert (slot.job, slot.due_at, slot.state) == (JOB, SIX, "queued")


def test_two_who_take_the_same_slots_at_once_queue_each_once(
    state: State, database_url: str
) -> None:
    wanted = [NewSlot(JOB, SIX + n * timedelta(minutes=1)) for n in range(20)]
    ready = threading.Barrier(4)

    def take() -> None:
        with State.open(database_url, secret_key=SECRET_KEY) as other:
            ready.wait()
            for slot in wanted:
                try:
                    other.slots.take([slot])
                except Exception as error:  # PostgreSQL refuses the second; nothing of it is kept
                    assert "UNIQUE" in str(error).upper()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    runs = state.runs.latest(limit=1000)
    assert sorted(str(run.due_at) for run in runs) == [str(slot.due_at) for slot in wanted]


def test_many_slots_are_looked_up_in_several_statements(state: State) -> None:
    wanted = [NewSlot(f"pull/p{n}", SIX) for n in range(1_200)]

    assert len(state.slots.take(wanted)) == 1_200
    assert state.slots.take(wanted) == []


@pytest.mark.parametrize(
    ("decision", "due"),
    [("once", [SIX + 2 * HOUR]), ("each", [SIX, SIX + HOUR, SIX + 2 * HOUR]), ("skip", [])],
)
def test_missed_slots_are_run_once_or_each_or_not(
    state: State, decision: str, due: list[datetime]
) -> None:
    state.slots.take([*missed(3), NewSlot("pull/other", SIX, "missed")])
    assert [slot.due_at for slot in state.slots.missed(JOB)] == [SIX, SIX + HOUR, SIX + 2 * HOUR]

    run_ids = state.slots.decide(JOB, decision, "ann")  # type: ignore[arg-type]

    runs = [state.runs.get(run_id) for run_id in run_ids]
    assert [run.due_at for run in runs] == due
    assert {(run.trigger, run.who, run.schedule) for run in runs} <= {
        ("catch-up", "ann", "Every hour")
    }
    assert state.slots.missed(JOB) == []
    assert {slot.decided_by for slot in state.slots.latest(JOB)} == {"ann"}
    assert [slot.job for slot in state.slots.missed()] == ["pull/other"]
    with pytest.raises(InputError, match="has no missed slots"):
        state.slots.decide(JOB, "each", "ann")


def test_a_run_for_several_slots_knows_all_of_them(state: State) -> None:
    state.slots.take(missed(3))

    [run_id] = state.slots.decide(JOB, "once", "ann")

    assert [(slot.due_at, slot.state) for slot in state.slots.of_run(run_id)] == [
        (SIX, "skipped"),
        (SIX + HOUR, "skipped"),
        (SIX + 2 * HOUR, "queued"),
    ]


def test_covered_slots_name_the_run_that_makes_up_for_them(state: State) -> None:
    newest = NewSlot(JOB, SIX + HOUR, trigger="catch-up")
    older = NewSlot(JOB, SIX, "skipped", covered_by=newest.due_at)

    [run_id] = state.slots.take([older, newest])

    assert len(state.slots.of_run(run_id)) == 2


def test_after_a_clock_went_back_only_slots_that_nobody_ran_are_open_again(state: State) -> None:
    ran = NewSlot(JOB, SIX + 3 * HOUR)
    state.slots.take([*missed(3), ran, NewSlot(JOB, SIX + 4 * HOUR, "skipped")])

    state.slots.forget_after(SIX)

    assert [slot.due_at for slot in state.slots.latest(JOB)] == [ran.due_at, SIX]
    assert state.slots.take([ran]) == []
