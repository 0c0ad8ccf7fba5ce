"""The lease: one holder, taken over when it is gone or silent, and no write of a former holder."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.store.state.conftest import SECRET_KEY
from workbench.store.state import LostLeaseError, NewSlot, State
from workbench.store.state.lease import Lease
from workbench.store.state.processes import Process, this_process

ROOT = Path(__file__).parents[3]
ELSEWHERE = Process("another-machine", 4711, "then")
TTL_S = 0.3
SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)


def waiting(state: State) -> Lease:
    """The lease as another process sees it."""
    return Lease(state.lease._database)


def test_a_second_process_stands_by(state: State) -> None:
    fence = state.lease.take(ELSEWHERE)

    assert fence is not None
    assert waiting(state).take(this_process()) is None
    holder = state.lease.holder()
    assert holder is not None
    assert (holder.process, holder.is_alive()) == (ELSEWHERE, True)


def test_what_was_given_back_is_taken_at_once(state: State) -> None:
    first = state.lease.take(ELSEWHERE)
    assert first is not None
    state.lease.release(first)
    assert state.lease.holder() is None

    second = waiting(state).take(this_process())

    assert second == first + 1
    assert not state.lease.beat(first)


def test_the_lease_of_a_killed_process_is_taken_at_once(state: State, database_url: str) -> None:
    script = (
        "import os\nfrom workbench.store.state import State\n"
        "from workbench.store.state.processes import this_process\n"
        f"s = State.open({database_url!r}, secret_key={SECRET_KEY!r})\n"
        "assert s.lease.take(this_process()) == 1\nos.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == -9
    holder = state.lease.holder()
    assert holder is not None
    assert not holder.is_alive()

    assert state.lease.take(this_process()) == 2


def test_a_silent_holder_is_followed_after_the_lease_time_and_a_beating_one_never(
    state: State,
) -> None:
    fence = state.lease.take(ELSEWHERE)
    assert fence is not None
    standby = waiting(state)
    for _ in range(5):
        assert standby.take(this_process(), TTL_S) is None
        time.sleep(TTL_S / 3)
        assert state.lease.beat(fence)

    assert standby.take(this_process(), TTL_S) is None
    time.sleep(TTL_S)
    assert standby.take(this_process(), TTL_S) == fence + 1


def test_a_clock_that_is_hours_ahead_takes_no_lease_away(state: State) -> None:
    state.lease.take(ELSEWHERE)
    with state.transaction() as connection:
        long_ago = datetime.now(UTC) - timedelta(hours=3)
        connection.execute(
            text("UPDATE lease SET heartbeat_at = :at"), {"at": long_ago.replace(tzinfo=None)}
        )

    assert waiting(state).take(this_process(), TTL_S) is None


def test_a_former_holder_writes_nothing(state: State) -> None:
    old = state.lease.take(ELSEWHERE)
    assert old is not None
    with state.lease.guarded(old) as connection:
        state.slots.take([NewSlot("pull/a", SIX)], within=connection)
    standby = waiting(state)
    assert standby.take(this_process(), 0.0) is None
    new = standby.take(this_process(), 0.0)
    assert new is not None

    with pytest.raises(LostLeaseError), state.lease.guarded(old) as connection:
        state.slots.take([NewSlot("pull/b", SIX)], within=connection)

    state.lease.release(old)
    with standby.guarded(new):
        pass
    assert [run.job for run in state.runs.latest()] == ["pull/a"]
