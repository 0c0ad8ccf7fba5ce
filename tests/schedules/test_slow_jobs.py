"""A job slower than its schedules: one run follows the one that goes on, and no slot is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.schedules.conftest import AddJob, Bare, due_times, joined
from workbench.services import Services
from workbench.store.state import Run

MINUTE = timedelta(minutes=1)
EVERY_MINUTE = {"every": "cron", "cron": "* * * * *"}


@pytest.fixture
def at() -> datetime:
    """The first full hour after this real moment: documents change in real time."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 60 * MINUTE


def queued(bench: Services, job: str) -> list[Run]:
    """What waits, oldest first."""
    return sorted(bench.state.runs.latest(job, "queued", 100), key=lambda run: run.id)


def said(bench: Services, run: Run) -> list[str]:
    return [line.text for line in bench.state.runs.log_lines(run.id)]


def test_behind_a_run_that_goes_on_one_waits_and_the_fires_after_it_join_that_one(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    bare.record(at)
    [first] = queued(bench, name)

    with bench.state.runs.recorded(name, run_id=first.id):
        for minute in range(1, 6):
            bare.record(at + minute * MINUTE)

    [follower] = queued(bench, name)
    assert follower.due_at == at + MINUTE
    assert [slot.due_at for slot in bench.state.slots.of_run(follower.id)] == [
        at + n * MINUTE for n in range(1, 6)
    ]
    assert [slot.state for slot in bench.state.slots.of_run(follower.id)] == [
        "queued",
        *["skipped"] * 4,
    ]
    assert due_times(bench, name) == [at + n * MINUTE for n in range(6)]


def test_the_run_that_follows_says_what_it_waits_for_and_what_it_makes_up_for(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    bare.record(at)
    [first] = queued(bench, name)
    with bench.state.runs.recorded(name, run_id=first.id):
        bare.record(at + MINUTE)
        bare.record(at + 2 * MINUTE)
        began = bench.state.runs.get(first.id).started_at

    [follower] = queued(bench, name)
    running = f"run {first.id} is still running since {began:%Y-%m-%d %H:%M} UTC"
    assert said(bench, follower) == [
        f"Waits, for {running}.",
        f"Due at {at + 2 * MINUTE:%Y-%m-%d %H:%M} UTC, skipped: {running}. "
        "This run makes up for it.",
    ]


def test_a_fire_while_the_job_waits_for_room_joins_the_run_that_waits(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name, other = job("w", EVERY_MINUTE, since=at - MINUTE), job("other", since=at - MINUTE)
    bare.record(at)

    bare.again().record(at + MINUTE)

    [only] = queued(bench, name)
    assert [slot.due_at for slot in joined(bench, name)] == [at + MINUTE]
    assert "this run still waits" in said(bench, only)[0]
    assert len(queued(bench, other)) == 1


def test_when_the_run_that_waited_has_begun_the_next_fire_is_queued_again(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    for minute in range(4):
        bare.record(at + minute * MINUTE)
        [waiting] = queued(bench, name)
        with bench.state.runs.recorded(name, run_id=waiting.id):
            pass

    assert joined(bench, name) == []
    assert len(bench.state.runs.latest(name, "done")) == 4


def test_fires_of_one_tick_are_one_run(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)

    bare.record(at + 9 * MINUTE)

    assert [run.due_at for run in queued(bench, name)] == [at]
    assert due_times(bench, name) == [at + n * MINUTE for n in range(10)]


def test_a_run_that_makes_up_for_missed_slots_says_nothing_of_a_slow_job(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", {"every": "cron", "cron": "*/10 * * * *"}, since=at - MINUTE, catch_up="once")

    bare.record(at + 35 * MINUTE)

    due, catch_up = queued(bench, name)
    assert (catch_up.trigger, due.trigger) == ("catch-up", "schedule")
    assert said(bench, catch_up) == []
    assert [slot.due_at for slot in bench.state.slots.of_run(catch_up.id)] == [
        at,
        at + 10 * MINUTE,
    ]


def test_whoever_wants_each_slot_run_gets_a_run_for_each(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE, catch_up="each")

    for minute in range(3):
        bare.record(at + minute * MINUTE)

    assert [run.due_at for run in queued(bench, name)] == [at + n * MINUTE for n in range(3)]


@pytest.mark.parametrize("sort", ["with options", "hours later", "of another job"])
def test_no_fire_joins_a_run_that_does_something_else_or_later(
    bench: Services, job: AddJob, bare: Bare, at: datetime, sort: str
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    if sort == "with options":
        bench.state.runs.queue(name, options={"rows": "failed"})
    elif sort == "hours later":
        bench.state.runs.queue(name, "retry", not_before=at + 60 * MINUTE)
    else:
        bench.state.runs.queue("witness/other")

    bare.record(at)

    assert [run.due_at for run in queued(bench, name)][-1:] == [at]
    assert joined(bench, name) == []


def test_a_fire_joins_a_run_that_a_person_asked_for_and_that_waits(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    asked = bench.state.runs.queue(name, who="ann")

    bare.record(at)

    assert [run.id for run in queued(bench, name)] == [asked]
    [slot] = bench.state.slots.of_run(asked)
    assert (slot.due_at, slot.state) == (at, "skipped")


def test_a_slot_that_joined_stays_joined_when_it_is_taken_a_second_time(
    bench: Services, job: AddJob, bare: Bare, at: datetime
) -> None:
    name = job("w", EVERY_MINUTE, since=at - MINUTE)
    bare.record(at)
    bare.record(at + MINUTE)
    before = bench.state.slots.latest(name)

    bench.state.jobs.consider({name: at - MINUTE})
    bare.again().record(at + MINUTE)

    assert bench.state.slots.latest(name) == before
    assert len(queued(bench, name)) == 1
