"""A push killed at any moment and started again ends as if it had never been killed."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.automations.by_hand import batch_count, held
from tests.automations.conftest import SCORE, Desk, scored
from tests.conftest import NOW
from workbench import jobs
from workbench.automations.run import preview, undo
from workbench.schedules.after import retry_at
from workbench.schedules.model import Retry
from workbench.services import Services
from workbench.standin import PendoStandIn

KILLS = 3
"""Enough that some fall between two batches and some into one; the soak does more."""


def command(services: Services) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "WORKBENCH_HOME": str(services.settings.home),
        "WORKBENCH_NOW": NOW.isoformat(),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", "automation", "run", "churn", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def killed_in_its_writing(services: Services, pendo: PendoStandIn, wait_s: float) -> None:
    """Start; kill so many seconds after the first new batch, unless it is done before."""
    before, process = batch_count(pendo), command(services)
    while batch_count(pendo) == before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(wait_s)
    process.kill()
    process.communicate()


def rounds(
    services: Services, pendo: PendoStandIn, wanted: dict[str, str], kills: int, seed: int
) -> None:
    chance = random.Random(seed)
    before = held(pendo, [SCORE])
    # Every batch takes a while, so that kills fall before, into and behind them.
    pendo.weather([{"fault": "slow_first_byte", "ms": 40, "path": "custom/value"}])
    for _ in range(kills):
        killed_in_its_writing(services, pendo, chance.uniform(0.0, 0.3))
    process = command(services)
    output, error = process.communicate(timeout=120)

    assert process.returncode == 0, error.decode()
    assert json.loads(output)["failed"] == 0
    now = held(pendo, [SCORE])
    assert {one: now[one].get(SCORE) for one in wanted} == wanted
    assert {one: now[one] for one in now if one not in wanted} == {
        one: before[one] for one in before if one not in wanted
    }
    accounted(services, wanted, {one: before[one].get(SCORE) for one in wanted})


def accounted(services: Services, wanted: dict[str, str], before: dict[str, str | None]) -> None:
    """Every push is settled; every record was written once, from what stood to what was wanted."""
    ledger = services.state.ledger
    pushes = ledger.pushes("churn")
    assert [push for push in pushes if push.ended_at is None] == []
    cells = [row for push in pushes for row in ledger.cells(push.run_id).to_pylist()]
    written = [row for row in cells if row["status"] in ("sent", "verified")]
    mine = [row for row in written if (row["record_id"], row["after"]) in wanted.items()]
    assert {row["record_id"]: row["before"] for row in mine} == before
    assert max(Counter(row["record_id"] for row in mine).values()) == 1
    assert {row["status"] for row in cells} <= {"verified", "skipped"}


def test_a_push_killed_again_and_again_ends_as_one_that_was_not(desk: Desk) -> None:
    desk.automation(write={"chunk": 2})
    wanted = dict.fromkeys(desk.accounts[:50], "Good")
    desk.base([scored(one, label) for one, label in wanted.items()])

    rounds(desk.services, desk.pendo, wanted, KILLS, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_pushes_killed_many_times(desk: Desk, seed: int) -> None:
    desk.automation(write={"chunk": 1})
    chance = random.Random(seed)
    for _ in range(2):
        wanted = {one: chance.choice(["Good", "Fair", "Poor"]) for one in desk.accounts}
        standing = held(desk.pendo, [SCORE])
        desk.base([scored(one, label) for one, label in wanted.items()])
        changed = {one: new for one, new in wanted.items() if standing[one].get(SCORE) != new}
        rounds(desk.services, desk.pendo, changed, 10, seed)


def test_a_killed_run_that_the_scheduler_takes_up_again_ends_what_it_began(desk: Desk) -> None:
    made = desk.automation(write={"chunk": 2}, active=True)
    desk.base([scored(one, "Good") for one in desk.accounts[:40]])
    preview(made, desk.services)
    runs = desk.services.state.runs
    run_id = runs.queue("automation/churn", "schedule")
    desk.pendo.weather([{"fault": "slow_first_byte", "ms": 60, "path": "custom/value"}])
    process = jobs.start(desk.services, run_id, now=NOW)
    while not batch_count(desk.pendo) and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()
    desk.pendo.weather([])
    runs.close_interrupted()
    killed = runs.get(run_id)
    kind = jobs.KINDS["automation"]
    again = retry_at(killed, Retry(), NOW, resumes=kind.resumes)

    assert (killed.status, again) == ("failed", NOW)
    runs.settle(killed, retry_at=again)
    [waiting] = [run for run in runs.latest("automation/churn") if not run.is_finished]
    jobs.carry_out(desk.services, waiting.id)

    ended = runs.get(waiting.id)
    counts = desk.services.state.ledger.counts(run_id)
    assert (ended.status, ended.trigger) == ("done", "retry")
    assert desk.services.state.ledger.pushes("churn", unsettled=True) == []
    assert set(counts) == {"verified", "skipped"}
    assert ended.result and ended.result["sent"] == counts["skipped"]
    assert [held(desk.pendo, [SCORE])[one] for one in desk.accounts[:40]] == [{SCORE: "Good"}] * 40


def test_a_killed_push_is_settled_before_anything_else_and_can_be_undone(desk: Desk) -> None:
    made = desk.automation(write={"chunk": 2})
    desk.base([scored(one, "Good") for one in desk.accounts[:40]])
    desk.pendo.weather([{"fault": "slow_first_byte", "ms": 60, "path": "custom/value"}])
    killed_in_its_writing(desk.services, desk.pendo, 0.3)
    desk.pendo.weather([])
    [entry] = desk.services.state.ledger.pushes("churn", unsettled=True)

    plan = preview(made, desk.services)

    written = [one for one, values in held(desk.pendo, [SCORE]).items() if values]
    counts = desk.services.state.ledger.counts(entry.run_id)
    assert 0 < len(written) < 40
    assert counts == {"verified": len(written), "skipped": 40 - len(written)}
    assert (plan.counts.same, plan.counts.new) == (len(written), 40 - len(written))
    assert desk.services.state.runs.get(entry.run_id).status == "failed"
    undone = undo(entry.run_id, desk.services, waits_s=())
    assert undone.verified == len(written)
    assert not any(held(desk.pendo, [SCORE]).values())
