"""Behind a run that goes on, one run of its job waits at most; later slots join that one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.store.state import NewSlot, State

JOB = "pull/page-events"
SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(state: State, *minutes: int) -> list[int]:
    """Slots at so many minutes past six, that may join; gives the runs that were queued."""
    return state.slots.take([NewSlot(JOB, SIX + n * MINUTE, may_join=True) for n in minutes])


def test_behind_a_run_that_goes_on_one_waits_and_later_slots_join_it(state: State) -> None:
    [first] = take(state, 0)
    with state.runs.recorded(JOB, run_id=first):
        [waits] = take(state, 1)
        assert take(state, 2) == take(state, 3, 4) == []

    assert [(slot.due_at, slot.state) for slot in state.slots.of_run(waits)] == [
        (SIX + MINUTE, "queued"),
        *[(SIX + n * MINUTE, "skipped") for n in (2, 3, 4)],
    ]
    assert [run.id for run in state.runs.latest(JOB, "queued")] == [waits]
    with state.runs.recorded(JOB, run_id=waits):
        assert len(take(state, 5)) == 1


def test_slots_taken_together_are_one_run_and_each_is_kept(state: State) -> None:
    [run_id] = take(state, 0, 1, 2)

    assert [slot.state for slot in state.slots.of_run(run_id)] == ["queued", "skipped", "skipped"]
    assert take(state, 0, 1, 2) == []


def test_the_run_that_waits_says_for_which_one_and_what_it_makes_up_for(state: State) -> None:
    [first] = take(state, 0)
    with state.runs.recorded(JOB, run_id=first):
        [waits] = take(state, 1)
        take(state, 2)
        since = state.runs.get(first).started_at

    running = f"run {first} is still running since {since:%Y-%m-%d %H:%M} UTC"
    assert [line.text for line in state.runs.log_lines(waits)] == [
        f"Waits, for {running}.",
        f"Due at 2026-03-10 06:02 UTC, skipped: {running}. This run makes up for it.",
    ]


@pytest.mark.parametrize(
    "given",
    [{"options": {"rows": "failed"}}, {"not_before": SIX + 60 * MINUTE}],
    ids=["with options", "hours later"],
)
def test_no_slot_joins_a_run_that_does_something_else_or_later(
    state: State, given: dict[str, Any]
) -> None:
    other = state.runs.queue(JOB, **given)

    [own] = take(state, 0)

    assert state.slots.of_run(other) == []
    assert [slot.state for slot in state.slots.of_run(own)] == ["queued"]


def test_a_slot_joins_a_run_that_a_person_asked_for_and_that_waits(state: State) -> None:
    asked = state.runs.queue(JOB, who="ann")

    assert take(state, 0) == []

    assert [slot.state for slot in state.slots.of_run(asked)] == ["skipped"]
