"""Deleting an automation keeps what it wrote, or empties it: then with a sheet, as a run."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.automations.by_hand import held, writes
from tests.automations.conftest import act, scored
from workbench import jobs
from workbench.automations.clearing import clear, clear_plan, has_written, in_words
from workbench.automations.model import Automation
from workbench.automations.push import Progress
from workbench.automations.run import AutomationResult, undo
from workbench.errors import InputError
from workbench.services import Services
from workbench.standin import PendoStandIn

Base = Callable[[Sequence[dict[str, Any]]], None]
Make = Callable[..., Automation]
Go = Callable[..., AutomationResult]
SCORE = "predict_score"
JOB = "automation/churn"


def test_clearing_shows_a_sheet_then_empties_what_is_still_ours_and_deletes_the_automation(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:3]])
    go(automation())
    act(pendo, accounts[4], f"custom.{SCORE}", "Not ours")
    base([scored(each, "Poor") for each in accounts[:2]])
    go(automation(active=True))
    act(pendo, accounts[1], f"custom.{SCORE}", "Mine")
    sent = len(writes(pendo))

    plan = clear_plan(services.documents.automation("churn"), services)

    assert len(writes(pendo)) == sent
    assert in_words(plan) == "Empties 2 values on 2 accounts; 1 record changed since and stay"
    run_id = services.state.runs.queue(JOB, options={"clear_for": "Ada"})
    jobs.carry_out(services, run_id)
    result = services.state.runs.get(run_id).result
    assert result and (result["sent"], result["verified"], result["conflict"]) == (2, 2, 1)
    now = held(pendo, [SCORE])
    assert [now[each] for each in accounts[:3]] == [{}, {SCORE: "Mine"}, {}]
    assert now[accounts[4]] == {SCORE: "Not ours"}
    with services.pendo("acme") as client:
        assert not client.metadata_schema("account")["custom"][SCORE].is_deleted
    assert "churn" not in services.documents.names("automation")
    undo(run_id, services, waits_s=())
    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Poor"}


def test_deleting_alone_leaves_every_value_in_pendo(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(accounts[0], "Good")])
    go(automation())
    sent = len(writes(pendo))

    services.documents.delete("automation", "churn", "Ada")

    assert len(writes(pendo)) == sent
    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Good"}


def test_where_a_value_could_not_be_cleared_the_automation_stays_and_is_off(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:20]])
    made = automation(active=True)
    go(made)
    last = sorted(accounts[:20])[-1]

    def remove(progress: Progress) -> None:
        if progress.requests == 1:
            pendo.act({"do": "remove", "kind": "account", "id": last})

    result = clear(made, services, delete_as="Ada", on_progress=remove, waits_s=(0.05, 0.1))

    assert (result.status, result.sent, result.failed) == ("done with errors", 19, 1)
    assert not services.documents.automation("churn").active
    clear(made, services, delete_as="Ada", waits_s=(0.05, 0.1))
    assert "churn" not in services.documents.names("automation")


def test_an_automation_that_wrote_nothing_has_nothing_to_clear(
    services: Services, pendo: PendoStandIn, automation: Make
) -> None:
    made = automation()

    assert not has_written(made, services)
    with pytest.raises(InputError, match="churn has no values in Pendo"):
        clear(made, services, delete_as="Ada")
    assert "churn" in services.documents.names("automation")
