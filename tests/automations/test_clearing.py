"""Deleting an automation keeps what it wrote, or empties it: then with a sheet, as a run."""

import pytest

from tests.automations.by_hand import held, writes
from tests.automations.conftest import JOB, SCORE, Desk, act
from workbench import jobs
from workbench.automations.clearing import clear, clear_plan, has_written, in_words
from workbench.automations.run import undo
from workbench.errors import InputError


def test_clearing_shows_a_sheet_then_empties_what_is_still_ours_and_deletes_the_automation(
    desk: Desk,
) -> None:
    desk.scores("Good", of=3)
    desk.go(desk.automation())
    act(desk.pendo, desk.accounts[4], f"custom.{SCORE}", "Not ours")
    desk.scores("Poor", of=2)
    desk.go(desk.automation(active=True))
    act(desk.pendo, desk.accounts[1], f"custom.{SCORE}", "Mine")
    sent = len(writes(desk.pendo))

    plan = clear_plan(desk.services.documents.automation("churn"), desk.services)

    assert len(writes(desk.pendo)) == sent
    assert in_words(plan) == "Empties 2 values on 2 accounts; 1 record changed since and stay"
    run_id = desk.services.state.runs.queue(JOB, options={"clear_for": "Ada"})
    jobs.carry_out(desk.services, run_id)
    result = desk.services.state.runs.get(run_id).result
    assert result and (result["sent"], result["verified"], result["conflict"]) == (2, 2, 1)
    now = held(desk.pendo, [SCORE])
    assert [now[each] for each in desk.accounts[:3]] == [{}, {SCORE: "Mine"}, {}]
    assert now[desk.accounts[4]] == {SCORE: "Not ours"}
    with desk.services.pendo("acme") as client:
        assert not client.metadata_schema("account")["custom"][SCORE].is_deleted
    assert "churn" not in desk.services.documents.names("automation")
    undo(run_id, desk.services, waits_s=())
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Poor"}


def test_deleting_alone_leaves_every_value_in_pendo(desk: Desk) -> None:
    desk.scores("Good", of=1)
    desk.go(desk.automation())
    sent = len(writes(desk.pendo))

    desk.services.documents.delete("automation", "churn", "Ada")

    assert len(writes(desk.pendo)) == sent
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Good"}


def test_where_a_value_could_not_be_cleared_the_automation_stays_and_is_off(desk: Desk) -> None:
    desk.scores("Good", of=20)
    made = desk.automation(active=True)
    desk.go(made)
    last = sorted(desk.accounts[:20])[-1]

    result = clear(
        made, desk.services, delete_as="Ada", on_progress=desk.loses(last), waits_s=(0.05, 0.1)
    )

    assert (result.status, result.sent, result.failed) == ("done with errors", 19, 1)
    assert not desk.services.documents.automation("churn").active
    clear(made, desk.services, delete_as="Ada", waits_s=(0.05, 0.1))
    assert "churn" not in desk.services.documents.names("automation")


def test_an_automation_that_wrote_nothing_has_nothing_to_clear(desk: Desk) -> None:
    made = desk.automation()

    assert not has_written(made, desk.services)
    with pytest.raises(InputError, match="churn has no values in Pendo"):
        clear(made, desk.services, delete_as="Ada")
    assert "churn" in desk.services.documents.names("automation")
