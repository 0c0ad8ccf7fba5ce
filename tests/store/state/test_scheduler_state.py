"""The scheduler's own statements, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.schedules import witness
from tests.schedules.conftest import Bare
from workbench.errors import OutageError
from workbench.services import Services, open_services
from workbench.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Services]:
    opened = open_services(
        Settings(home=tmp_path / "home", database_url=database_url, jobs=witness.SETTING)
    )
    yield opened
    opened.close()


def test_slots_are_recorded_and_failed_runs_settled(bench: Services) -> None:
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    retry = {"attempts": 1, "wait_minutes": 5}
    body = {"name": "w", "schedules": [{"every": "hourly"}], "retry": retry}
    bench.state.documents.put("witness", "w", body, who="tests")
    bare = Bare(bench)
    bare.record(at - HOUR / 2)
    bare.record(at + 2 * HOUR)
    [run] = bench.state.runs.queued(at)
    with (
        pytest.raises(OutageError),
        bench.state.runs.recorded("witness/w", run_id=run.id),
    ):
        raise OutageError("Pendo did not answer")

    bare.settle(at + 2 * HOUR)

    assert [slot.due_at for slot in bench.state.slots.missed()] == [at, at + HOUR]
    [again] = bench.state.runs.latest(trigger="retry")
    assert (again.retry_of, again.due_at) == (run.id, at + 2 * HOUR)
    assert again.not_before == at + 2 * HOUR + timedelta(minutes=5)

    bare.settle(at)  # the clock went back
    assert bench.state.slots.missed() == []
    assert [each.due_at for each in bench.state.runs.latest(trigger="schedule")] == [
        at,
        at + 2 * HOUR,
    ]
