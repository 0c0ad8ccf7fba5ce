"""Every fire becomes one slot, whatever the clock, the documents or a restart do in between."""

import random
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from tests.schedules.conftest import HOURLY, AddJob, Bare, due_times, utc
from workbench.errors import StorageError
from workbench.services import Services, open_services
from workbench.store.state import LostLeaseError
from workbench.store.state.processes import this_process

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def next_hour() -> datetime:
    """The first full hour after this real moment: documents change in real time."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + HOUR


def since(moment: datetime, bench: Services, job: str) -> list[datetime]:
    """The due times of a job's runs from a moment on; each run is one in the list."""
    return [due for due in due_times(bench, job) if due >= moment]


def test_a_fire_becomes_a_slot_and_a_waiting_run_when_its_time_comes(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()

    bare.record(at - MINUTE)
    assert bench.state.runs.latest() == []
    bare.record(at + timedelta(seconds=1))
    bare.record(at + timedelta(seconds=2))

    [run] = bench.state.runs.latest()
    assert (run.job, run.status, run.trigger, run.due_at) == (name, "queued", "schedule", at)
    assert run.schedule is not None
    assert run.schedule.startswith("Every hour")


def test_two_schedules_that_meet_are_one_run_and_both_are_named(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    job("w", HOURLY, {"every": "cron", "cron": "*/30 * * * *"})

    bare.record(at - MINUTE)
    bare.record(at)

    [run] = bench.state.runs.latest()
    assert run.schedule is not None
    assert " · " in run.schedule


@pytest.mark.parametrize(
    ("catch_up", "ran", "listed"),
    [("ask", [5], 5), ("once", [4, 5], 0), ("each", [0, 1, 2, 3, 4, 5], 0), ("skip", [5], 0)],
)
def test_slots_that_nothing_ran_for_follow_the_document(
    bench: Services, job: AddJob, bare: Bare, catch_up: str, ran: list[int], listed: int
) -> None:
    name, at = job(catch_up=catch_up), next_hour()
    bare.record(at - MINUTE)

    bare.record(at + 5 * HOUR + 10 * MINUTE)

    assert due_times(bench, name) == [at + n * HOUR for n in ran]
    assert len(bench.state.slots.missed(name)) == listed
    assert len(bench.state.slots.latest(name)) == 6
    triggers = {run.trigger for run in bench.state.runs.latest(name)}
    assert triggers == ({"schedule"} if catch_up in ("ask", "skip") else {"schedule", "catch-up"})


def test_a_restart_goes_on_where_the_last_scheduler_was(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()
    bare.record(at)

    bare.again().record(at + HOUR)

    assert due_times(bench, name) == [at, at + HOUR]


def test_what_was_due_before_the_scheduler_was_ever_started_is_not_lost(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()

    bare.record(at + 2 * HOUR)

    assert due_times(bench, name) == [at + 2 * HOUR]
    assert [slot.due_at for slot in bench.state.slots.missed(name)] == [at, at + HOUR]


def test_a_rehearsal_before_the_document_was_made_owes_what_is_due_at_that_moment(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name = job()

    bare.record(utc("2026-03-10 06:05"))
    bare.record(utc("2026-03-10 07:05"))

    assert due_times(bench, name) == [utc("2026-03-10 06:00"), utc("2026-03-10 07:00")]


def test_a_clock_an_hour_ahead_and_back_runs_nothing_twice_and_loses_nothing(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job("w", {"every": "cron", "cron": "*/10 * * * *"}), next_hour()
    walk = [-1, 1, 11, 21, 81, 91, 31, 41, 51, 61, 71, 82, 92, 101]

    for minutes in walk:
        bare.record(at + minutes * MINUTE)

    assert since(at, bench, name) == [at + n * MINUTE for n in range(0, 101, 10)]
    assert [slot for slot in bench.state.slots.missed(name) if slot.due_at >= at] == []


@pytest.mark.parametrize("seed", range(4))
def test_however_the_clock_jumps_and_schedulers_restart_each_slot_runs_once(
    bench: Services, job: AddJob, bare: Bare, seed: int
) -> None:
    chance = random.Random(seed)
    at = next_hour()
    names = [
        job("a", {"every": "cron", "cron": "*/7 * * * *"}, catch_up="each"),
        job("b", {"every": "hourly"}, {"every": "cron", "cron": "*/20 * * * *"}, catch_up="each"),
    ]
    now = at - MINUTE
    bare.record(now)
    for _ in range(60):
        now += timedelta(seconds=chance.choice([20, 90, 400, 1_500, 3_600, -3_600, -600]))
        now = max(now, at - MINUTE)
        if chance.random() < 0.3:
            bare = bare.again()
        bare.record(now)
    end = max(now, *(max(due_times(bench, name)) for name in names))
    bare.record(end)

    due = [at + n * MINUTE for n in range(int((end - at) / MINUTE) + 1)]
    assert since(at, bench, names[0]) == [moment for moment in due if moment.minute % 7 == 0]
    assert since(at, bench, names[1]) == [moment for moment in due if moment.minute % 20 == 0]


def test_a_job_switched_off_fires_nothing_and_owes_nothing_afterwards(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()
    bare.record(at - MINUTE)
    bench.state.jobs.switch(name, False, at - MINUTE)
    bare.record(at + HOUR)
    bare = bare.again()
    bare.record(at + 2 * HOUR)

    bench.state.jobs.switch(name, True, at + 2 * HOUR + MINUTE)
    bare.record(at + 3 * HOUR)

    assert due_times(bench, name) == [at + 3 * HOUR]
    assert bench.state.slots.missed(name) == []


def test_what_a_paused_job_misses_is_listed_when_it_is_resumed(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()
    bare.record(at - MINUTE)
    bench.state.jobs.pause(name, "It failed 5 times in a row")
    bare.record(at + HOUR)
    assert bench.state.slots.latest(name) == []

    bench.state.jobs.resume(name)
    bare.record(at + 2 * HOUR)

    assert due_times(bench, name) == [at + 2 * HOUR]
    assert [slot.due_at for slot in bench.state.slots.missed(name)] == [at, at + HOUR]


def test_a_document_that_is_off_fires_nothing(bench: Services, job: AddJob, bare: Bare) -> None:
    name, at = job(active=False), next_hour()

    bare.record(at + HOUR)

    assert bench.state.slots.latest(name) == []


def test_changed_schedules_owe_what_they_were_until_the_change_and_are_from_then_on(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    # As if the scheduler had been stopped for two hours when the document was changed just now.
    before = datetime.now(UTC) - 2 * HOUR
    name = job("w", {"every": "cron", "cron": "0,20,40 * * * *"})
    bare.record(datetime.now(UTC))
    bench.state.jobs.consider({name: before})
    with bench.state.transaction() as connection:
        made = {"at": (before - HOUR).replace(tzinfo=None)}
        connection.exec_driver_sql("UPDATE documents SET created_at = :at", made)
    job("w", {"every": "cron", "cron": "0,30 * * * *"})
    changed = datetime.now(UTC)

    bare.again().record(changed + HOUR)

    slots = sorted(slot.due_at for slot in bench.state.slots.latest(name, 100))
    old = [slot for slot in slots if slot <= changed]
    new = [slot for slot in slots if slot > changed]
    assert len(old) == 6
    assert {slot.minute for slot in old} == {0, 20, 40}
    assert {slot.minute for slot in new} == {0, 30}
    assert len(new) == 2


def test_other_changes_of_a_document_change_nothing_about_its_slots(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()
    bare.record(at - MINUTE)
    bench.state.jobs.consider({name: at - 2 * HOUR})
    job(description="now described")

    bare.record(at)

    assert due_times(bench, name) == [at]
    assert bench.state.slots.missed(name) == []


def test_a_new_document_is_noticed_and_a_deleted_one_forgotten(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    gone = job("gone")
    bare.record(at - MINUTE)
    bare.record(at + HOUR)
    assert len(bench.state.slots.missed(gone)) == 1

    bench.state.documents.delete("witness", "gone", "tests")
    new = job("new")
    bare.record(at + 2 * HOUR)

    assert due_times(bench, gone) == [at + HOUR]
    assert bench.state.slots.missed(gone) == []
    assert bench.state.jobs.get(gone) is None
    assert due_times(bench, new) == [at + 2 * HOUR]


def test_a_document_that_cannot_be_used_holds_up_no_other(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    broken = job("broken", {"every": "sometimes"})
    good = job("good")
    bare.record(at - MINUTE)
    bare.record(at)
    assert due_times(bench, good) == [at]

    job("broken")
    bare.record(at + HOUR)

    assert due_times(bench, broken)[-1:] == [at + HOUR]


def test_many_documents_are_read_in_pieces_and_none_is_left_out(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    names = [job(f"w{n}") for n in range(120)]
    bare.record(at - MINUTE)
    assert bare.scheduler.is_behind
    bench.state.documents.delete("witness", "w7", "tests")
    bare.record_all(at - MINUTE)

    bare.record_all(at)

    assert sorted(run.job for run in bench.state.runs.latest(limit=200)) == sorted(
        set(names) - {"witness/w7"}
    )


def test_a_scheduler_that_slept_through_its_lease_records_nothing(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name, at = job(), next_hour()
    bare.record(at - MINUTE)
    bench.state.lease.release(bare.fence)
    assert bench.state.lease.take(this_process()) == bare.fence + 1

    with pytest.raises(LostLeaseError):
        bare.record(at)

    assert bench.state.slots.latest(name) == []


def test_a_tick_cut_off_before_its_end_is_done_by_the_next(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    bare.record(at - MINUTE)
    name = job()
    url = f"{bench.settings.state_url}?timeout=0.05"
    hasty = open_services(bench.settings.model_copy(update={"database_url": url}))
    impatient = Bare(hasty, bare.fence)
    database = sqlite3.connect(bench.settings.home / "state.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")

    for _ in range(2):
        with pytest.raises(StorageError, match=r"locked by another process for 0.05 s"):
            impatient.record(at)
    database.execute("ROLLBACK")
    database.close()
    impatient.record(at)

    assert due_times(bench, name) == [at]
    hasty.close()


def test_a_clock_set_years_ahead_is_worked_through_in_pieces(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    at = next_hour()
    names = [job(f"w{n}", catch_up="skip") for n in range(3)]
    bare.record(at - MINUTE)
    ahead = at + 500 * HOUR

    bare.record(ahead)
    assert sorted(len(bench.state.slots.latest(name, 10_000)) for name in names) == [0, 200, 200]
    assert bare.scheduler.is_behind
    bare.record_all(ahead)

    assert [len(bench.state.slots.latest(name, 10_000)) for name in names] == [501] * 3
    bare.record(at)
    bare.record(at + HOUR)
    assert [since(at, bench, name) for name in names] == [[at, at + HOUR, ahead]] * 3
