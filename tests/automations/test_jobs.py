"""What pages and the scheduler start: automations as jobs, with options kept as JSON."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.automations.by_hand import held, writes
from tests.automations.conftest import JOB, SCORE, Desk, act
from workbench import jobs
from workbench.automations.run import plan_of_run, preview, undo
from workbench.errors import HeldError, InputError
from workbench.pulls.run import run as pulled
from workbench.rehearsal import begin, needs_scores
from workbench.rehearsal.scores import make_scores
from workbench.services import Services
from workbench.settings import Settings
from workbench.store.state import Run

LONG_S = 60.0
"""For a process to start and end on a busy machine."""


def carried_out(services: Services, **options: Any) -> Run:
    """Queue a run with its options as a page does, and carry it out."""
    run_id = services.state.runs.queue(JOB, options=options or None)
    jobs.carry_out(services, run_id)
    return services.state.runs.get(run_id)


def test_a_queued_run_writes_exactly_the_plan_that_was_seen(desk: Desk) -> None:
    desk.scores("Good", of=3)
    made = desk.automation()
    jobs.execute(desk.services, JOB, release=True)
    desk.scores("Fair", of=3)
    plan = preview(made, desk.services, fresh=True)
    # What is wanted by now is something else; what a person has seen is what goes.
    desk.scores("Poor", of=3)
    act(desk.pendo, desk.accounts[0], f"custom.{SCORE}", "Mine")

    run = carried_out(desk.services, seen=plan.fingerprint, release=True)

    now = held(desk.pendo, [SCORE])
    assert [now[each][SCORE] for each in desk.accounts[:3]] == ["Mine", "Fair", "Fair"]
    assert run.result and (run.result["sent"], run.result["conflict"]) == (2, 1)


def test_a_plan_that_is_not_kept_is_not_pushed(desk: Desk) -> None:
    desk.scores("Good", of=1)
    desk.automation()

    with pytest.raises(InputError, match="is not kept any more"):
        carried_out(desk.services, seen="0" * 16)
    assert writes(desk.pendo) == []


def test_a_plan_of_other_fields_than_the_automation_writes_now_is_not_pushed(desk: Desk) -> None:
    desk.scores("Good", of=1)
    plan = preview(desk.automation(), desk.services)
    desk.automation(update={"prefix": "other"})

    with pytest.raises(InputError, match="was changed since this preview"):
        carried_out(desk.services, seen=plan.fingerprint)
    assert writes(desk.pendo) == []


def test_a_held_run_is_released_as_it_was_seen(desk: Desk) -> None:
    desk.scores("Good", of=40)
    desk.automation(guardrails={})
    carried_out(desk.services)
    desk.scores("Fair", of=40)
    with pytest.raises(HeldError):
        carried_out(desk.services)
    stopped = desk.services.state.runs.latest()[0]

    released = carried_out(desk.services, released=stopped.id)

    assert plan_of_run(stopped.id, desk.services).counts.changed == 40
    assert released.result and released.result["sent"] == 40
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Fair"}


def test_a_queued_undo_takes_a_run_back(desk: Desk) -> None:
    desk.scores("Good", of=1)
    desk.automation()
    first = carried_out(desk.services)

    run = carried_out(desk.services, undo_of=first.id)

    assert run.result and run.result["verified"] == 1
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {}


def test_a_run_can_be_undone_after_its_automation_was_deleted_or_sent_elsewhere(desk: Desk) -> None:
    desk.scores("Good", of=2)
    desk.automation()
    first = carried_out(desk.services, only=desk.accounts[:1])
    second = carried_out(desk.services)
    desk.automation(update={"object": "visitor", "group": "agent"})
    undo(second.id, desk.services, waits_s=())
    desk.services.documents.delete("automation", "churn", "tests")

    undo(first.id, desk.services, waits_s=())

    assert [held(desk.pendo, [SCORE])[each] for each in desk.accounts[:2]] == [{}, {}]


def test_the_button_of_a_run_undoes_it_when_its_automation_is_gone(desk: Desk) -> None:
    desk.scores("Good", of=2)
    desk.automation()
    first = carried_out(desk.services)
    desk.services.documents.delete("automation", "churn", "tests")

    with pytest.raises(InputError, match="There is no automation"):
        jobs.launch(desk.services, JOB)
    undone = jobs.launch(desk.services, JOB, {"undo_of": first.id}, who="Ada")

    until = time.monotonic() + LONG_S
    while not desk.services.state.runs.get(undone).is_finished:
        assert time.monotonic() < until, jobs.log_of(desk.services, undone).read_text()
        time.sleep(0.05)
    result = desk.services.state.runs.get(undone).result
    assert result and (result["sent"], result["verified"]) == (2, 2)
    assert [held(desk.pendo, [SCORE])[each] for each in desk.accounts[:2]] == [{}, {}]


def test_the_ledger_alone_is_enough_for_an_undo(desk: Desk) -> None:
    desk.scores("Good", of=1)
    desk.automation()
    first = carried_out(desk.services)
    # As an older version may have left it: nothing of it can be read.
    body = {"name": "churn", "connection": "acme", "was": "written by another version"}
    desk.services.state.documents.put("automation", "churn", body, who="tests")

    undo(first.id, desk.services, waits_s=())

    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {}


def test_an_undo_says_when_the_connection_is_gone(desk: Desk) -> None:
    desk.scores("Good", of=1)
    desk.automation()
    first = carried_out(desk.services)
    sent = len(writes(desk.pendo))
    desk.services.documents.delete("automation", "churn", "tests")
    desk.services.documents.delete("connection", "acme", "tests")

    with pytest.raises(InputError, match="wrote to the connection acme, which was deleted") as told:
        carried_out(desk.services, undo_of=first.id)

    assert "Add a connection of that name" in told.value.hint
    assert desk.services.state.runs.latest(JOB)[0].status == "failed"
    assert len(writes(desk.pendo)) == sent


@pytest.mark.parametrize("active", [True, False])
def test_only_an_automation_that_is_on_has_schedules_that_fire(desk: Desk, active: bool) -> None:
    desk.automation(active=active, schedules=[{"every": "daily", "hour": 6}])
    body = desk.services.state.documents.get("automation", "churn")
    assert body is not None

    scheduled = jobs.KINDS["automation"].scheduled(body)

    assert (scheduled.active, len(scheduled.schedules), scheduled.connection) == (active, 1, "acme")


def test_the_rehearsal_has_a_base_made_of_its_accounts_for_its_sample_automation(
    settings: Settings,
) -> None:
    from workbench.services import open_services

    services = open_services(settings)
    with begin(services, "tests", size="small"):
        assert not needs_scores(services)
        pulled(services.documents.pull("accounts"), services)
        assert needs_scores(services)
        make_scores(services)
        first = services.datasets.read("churn_scores").sort_by("opportunity_id")
        make_scores(services)
        again = services.datasets.read("churn_scores").sort_by("opportunity_id")
        plan = preview(services.documents.automation("churn-to-pendo"), services)
    services.close()

    assert first.equals(again)
    assert plan.counts.new > 10
    assert not plan.verdict.held
    assert max(first["scored_at"].to_pylist()) == datetime(2026, 3, 10, tzinfo=UTC)
