"""Which waiting runs may start: limits overall and per connection, one run of a job at a time."""

from dataclasses import fields
from typing import Any

from workbench.schedules.after import Limits, is_held_back, startable
from workbench.store.state import Run

EMPTY: dict[str, Any] = {field.name: None for field in fields(Run)}
CONNECTIONS = {"pull/a": "acme", "pull/b": "acme", "pull/c": "acme", "pull/d": "other"}


def run(number: int, job: str, **more: Any) -> Run:
    return Run(**{**EMPTY, "id": number, "job": job, "trigger": "schedule", **more})


def started(queued: list[Run], running: list[Run], limits: Limits) -> list[int]:
    return [each.id for each in startable(queued, running, CONNECTIONS, limits)]


def test_no_more_start_than_there_is_room_for() -> None:
    queued = [run(n, f"pull/x{n}") for n in range(1, 6)]

    assert started(queued, [run(9, "pull/d")], Limits(4, 4)) == [1, 2, 3]
    assert started(queued, [run(n, f"pull/y{n}") for n in range(9)], Limits(4, 4)) == []


def test_a_crowded_connection_holds_up_its_own_jobs_only() -> None:
    queued = [run(1, "pull/a"), run(2, "pull/b"), run(3, "pull/d"), run(4, "pull/none")]

    assert started(queued, [run(9, "pull/c")], Limits(4, 2)) == [1, 3, 4]


def test_a_job_runs_once_at_a_time_whoever_started_it() -> None:
    queued = [run(1, "pull/a"), run(2, "pull/a"), run(3, "pull/b")]

    assert started(queued, [], Limits(4, 4)) == [1, 3]
    assert started(queued, [run(9, "pull/a", trigger="person")], Limits(4, 4)) == [3]


def test_runs_of_a_paused_job_wait_but_not_those_that_a_person_asked_for() -> None:
    paused = {"pull/a"}

    assert is_held_back(run(1, "pull/a"), paused)
    assert is_held_back(run(1, "pull/a", trigger="retry"), paused)
    assert not is_held_back(run(1, "pull/a", trigger="person"), paused)
    assert not is_held_back(run(1, "pull/a", trigger="retry", who="ann"), paused)
    assert not is_held_back(run(1, "pull/b"), paused)
