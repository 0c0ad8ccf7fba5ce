"""One prediction sync from its base to the proof, and back."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from tests.automations.by_hand import held, ids_sent, writes
from tests.automations.conftest import act, scored
from tests.conftest import ZONE
from workbench.automations.model import Automation
from workbench.automations.push import Progress
from workbench.automations.run import (
    AutomationResult,
    plan_of_run,
    preview,
    retry_failed,
    run,
    switch,
    test_one,
    undo,
    undo_plan,
)
from workbench.errors import (
    AccessError,
    CancelledError,
    HeldError,
    InputError,
    OutageError,
    RemoteError,
)
from workbench.pendo.model import PendoConnection
from workbench.services import Services
from workbench.standin import PendoStandIn

test_one.__test__ = False  # type: ignore[attr-defined]

Rows = Sequence[dict[str, Any]]
Base = Callable[[Rows], None]
Make = Callable[..., Automation]
Go = Callable[..., AutomationResult]
SCORE = "predict_score"


def adds_up(result: AutomationResult) -> bool:
    return result.sent + result.failed + result.skipped + result.held == result.planned


def test_what_the_preview_says_is_what_pendo_holds_after_the_run(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(accounts[0], "Good"), scored(accounts[1], "Poor"), scored("nobody", "Fair")])
    made = automation()

    plan = preview(made, services)
    assert writes(pendo) == []
    result = go(made, fingerprint=plan.fingerprint)

    assert (plan.counts.new, plan.counts.not_found, plan.counts.records) == (2, 1, 3)
    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Good"}
    assert held(pendo, [SCORE])[accounts[1]] == {SCORE: "Poor"}
    assert (result.status, result.sent, result.verified, result.not_found) == ("done", 2, 2, 1)
    assert adds_up(result)
    assert result.api_calls == plan.api_calls
    assert services.state.runs.get(result.run).status == "done"


@pytest.mark.parametrize(
    ("kind", "label", "worse", "trend"),
    # Critical is the highest of its set: the risk goes up.
    [("account", "Good", "Poor", "down"), ("visitor", "High", "Critical", "up")],
)
def test_the_five_outputs_stand_in_pendo_as_the_base_has_them(
    services: Services, pendo: PendoStandIn, base: Base, automation: Make, go: Go,
    kind: str, label: str, worse: str, trend: str,
) -> None:  # fmt: skip
    one = sorted(held(pendo, [], kind))[0]
    outputs = {"score": "label", "date": "scored_at", "explain": "reasons", "state": "state"}
    made = automation(update={"object": kind, "fields": None}, read_from={"outputs": outputs})
    base([scored(one, label, reasons="Usage fell", state="Up for renewal")])
    go(made)
    base([scored(one, worse, reasons="Usage fell again", state="Churned")])

    result = go(made)

    stands = held(pendo, [f"predict_{output}" for output in (*outputs, "trend")], kind)[one]
    assert stands.pop("predict_date")
    assert stands == {
        "predict_score": worse,
        "predict_explain": "Usage fell again",
        "predict_state": "Churned",
        "predict_trend": trend,
    }
    plan = plan_of_run(result.run, services)
    assert plan.movement == {(label, worse): 1}
    assert (plan.object, result.verified) == (kind, 1)


def test_the_fields_it_says_it_adds_are_those_it_creates(
    services: Services, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    outputs = {"score": "label", "explain": "reasons", "state": "state"}
    made = automation(update={"fields": None}, read_from={"outputs": outputs})
    # Nobody has a reason yet, and nothing is known of any trend: two of four fields come about.
    base([scored(accounts[0], "Good", reasons=None, state="Churned")])

    plan = preview(made, services)
    result = go(made)

    assert any(each.startswith("This adds 2 fields") for each in plan.warnings)
    log = [line.text for line in services.state.runs.log_lines(result.run)]
    assert "Created 2 fields: predict_score, predict_state" in log
    assert result.api_calls == plan.api_calls
    assert not any("adds" in each for each in preview(made, services).warnings)


def test_running_twice_sends_nothing_the_second_time(
    pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    base([scored(each, "Good") for each in accounts[:5]])
    made = automation()
    go(made)
    sent = len(writes(pendo))

    again = go(made)

    assert len(writes(pendo)) == sent
    assert (again.values, again.sent, again.planned, again.status) == (0, 0, 0, "done")


def test_a_run_says_which_version_of_the_base_it_read(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation()
    base([scored(accounts[0], "Good")])
    go(made)
    base([scored(accounts[0], "Fair")])
    seen = preview(made, services)
    base([scored(accounts[0], "Poor")])
    go(made, seen=seen.fingerprint)
    newest = go(made)

    pushes = services.state.ledger.pushes(made.name)
    assert [(push.dataset, push.version) for push in pushes] == [
        ("scores", 2), ("scores", 1), ("scores", 0),
    ]  # fmt: skip
    told = [line.text for line in services.state.runs.log_lines(newest.run)]
    assert "Read version 2 of scores" in told


def test_only_changed_cells_are_sent(
    pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    made = automation(
        read_from={"outputs": {"score": "label", "state": "state"}},
        update={"fields": ["score", "state"]},
    )
    base([scored(each, "Good", state="open") for each in accounts[:3]])
    go(made)
    base(
        [scored(each, "Good", state="open") for each in accounts[:2]]
        + [scored(accounts[2], "Poor", state="open")]
    )

    go(made)

    assert writes(pendo)[-1]["body"] == [
        {"accountId": accounts[2], "values": {"predict_score": "Poor"}}
    ]


def test_a_guardrail_holds_the_run_before_the_first_write_and_release_lets_it_go(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:40]])
    made = automation(guardrails={})
    go(made)
    base([scored(each, "Fair") for each in accounts[:40]])
    sent = len(writes(pendo))

    with pytest.raises(HeldError, match=r"100 % of the records would change; the limit is 15 %"):
        go(made)

    assert len(writes(pendo)) == sent
    found = services.state.runs.latest()[0]
    assert found.status == "held"
    assert found.result and found.result["held"] == found.result["planned"] == 40
    assert go(made, release=True).sent == 40


def test_an_empty_base_never_means_clear_everything(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:5]])
    go(automation(update={"departed": "clear"}, guardrails={}))
    nobody = {"conditions": {"all": [{"field": "label", "op": "is", "value": "Nobody"}]}}

    with pytest.raises(HeldError, match="0 records would be read"):
        go(automation(update={"departed": "clear"}, guardrails={}, read_from=nobody))

    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Good"}


def test_a_scheduled_first_run_that_nobody_previewed_is_held(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(accounts[0], "Good")])
    made = automation(active=True)

    for _ in range(2):
        with pytest.raises(HeldError, match="nobody has previewed it"):
            go(made, trigger="schedule")
    assert writes(pendo) == []
    preview(made, services)

    assert go(made, trigger="schedule").sent == 1


def test_an_automation_that_is_off_does_not_run_by_itself(
    base: Base, automation: Make, accounts: list[str], go: Go, pendo: PendoStandIn
) -> None:
    base([scored(accounts[0], "Good")])

    with pytest.raises(CancelledError, match="churn is off"):
        go(automation(), trigger="schedule")
    assert writes(pendo) == []


def test_a_plan_that_is_another_by_now_is_not_pushed_and_what_moved_is_listed(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation()
    base([scored(each, "Good") for each in accounts[:3]])
    plan = preview(made, services)
    base([scored(each, "Good") for each in accounts[:2]] + [scored(accounts[2], "Poor")])

    with pytest.raises(HeldError, match=f"no longer {plan.fingerprint}"):
        go(made, fingerprint=plan.fingerprint, release=True)

    assert writes(pendo) == []
    found = services.state.runs.latest()[0]
    assert found.result is not None
    [moved] = found.result["moved"]
    assert (moved["id"], moved["after"], moved["after_now"]) == (accounts[2], "Good", "Poor")


def test_a_cell_that_somebody_changed_since_the_preview_is_a_conflict_and_the_others_are_written(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation(
        read_from={"outputs": {"score": "label", "state": "state"}},
        update={"fields": ["score", "state"]},
    )
    base([scored(each, "Good", state="open") for each in accounts[:3]])
    go(made)
    base([scored(each, "Fair", state="won") for each in accounts[:3]])
    plan = preview(made, services)
    act(pendo, accounts[0], f"custom.{SCORE}", "Mine")

    result = go(made, plan=plan)

    now = held(pendo, [SCORE, "predict_state"])
    assert now[accounts[0]] == {SCORE: "Mine", "predict_state": "won"}
    assert now[accounts[1]] == {SCORE: "Fair", "predict_state": "won"}
    assert result.conflict == 1
    assert [(each["id"], each["now"]) for each in result.moved] == [(accounts[0], "Mine")]
    assert adds_up(result)


def test_a_field_deleted_since_the_preview_sends_nothing(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation()
    base([scored(accounts[0], "Good")])
    go(made)
    base([scored(accounts[0], "Fair")])
    plan = preview(made, services)
    sent = len(writes(pendo))
    schema = pendo.subscription.entities.schemas["account"]
    field = schema.find("custom", SCORE)
    assert field is not None
    pendo.subscription.entities.delete_field("account", field)

    with pytest.raises(InputError, match="predict_score was deleted in Pendo since the preview"):
        go(made, plan=plan)
    assert len(writes(pendo)) == sent


def test_a_key_that_may_only_read_sends_nothing_and_the_run_has_failed(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(accounts[0], "Good")])
    connection = PendoConnection(name="acme", url=pendo.url, timezone=ZONE, calls_per_minute=6000)
    services.documents.save(connection, "tests", secrets={"key": SecretStr(pendo.read_key)})

    with pytest.raises(AccessError, match="may only read"):
        go(automation())

    assert writes(pendo) == []
    assert services.state.runs.latest()[0].status == "failed"


def test_a_run_with_a_failed_row_is_never_done(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:20]])
    last = sorted(accounts[:20])[-1]

    def remove(progress: Progress) -> None:
        if progress.requests == 1:
            pendo.act({"do": "remove", "kind": "account", "id": last})

    result = go(automation(), on_progress=remove)

    assert (result.status, result.sent, result.failed) == ("done with errors", 19, 1)
    assert adds_up(result)
    assert services.state.runs.get(result.run).status == "done with errors"
    [cell] = services.state.ledger.cells(result.run, statuses=("failed",)).to_pylist()
    assert (cell["record_id"], cell["reason"]) == (last, "Pendo does not know this id")


def test_failed_rows_alone_are_tried_again(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:30]])
    made = automation()
    go(made, only=accounts[:1])
    base([scored(each, "Fair") for each in accounts[:30]])
    pendo.weather([{"fault": "500", "path": "custom/value", "after": 1}])
    with pytest.raises(OutageError, match="10 records written, 20 records not"):
        go(made)
    failed = services.state.runs.latest()[0]
    assert failed.status == "failed"
    assert failed.result and failed.result["sent"] == 10
    pendo.weather([])
    before = len(ids_sent(pendo))

    result = retry_failed(failed.id, services, waits_s=())

    assert (result.sent, result.verified, result.status) == (20, 20, "done")
    assert len(ids_sent(pendo)) - before == 20
    assert all(held(pendo, [SCORE])[each] == {SCORE: "Fair"} for each in accounts[:30])


def test_undo_puts_back_every_value_that_nobody_changed_since(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation()
    base([scored(each, "Good") for each in accounts[:2]])
    go(made)
    base([scored(each, "Fair") for each in accounts[:4]])
    second = go(made)
    act(pendo, accounts[1], f"custom.{SCORE}", "Mine")

    sheet = undo_plan(second.run, services)
    result = undo(second.run, services, waits_s=())

    now = held(pendo, [SCORE])
    assert [now[each].get(SCORE) for each in accounts[:4]] == ["Good", "Mine", None, None]
    assert (sheet.counts.values, sheet.counts.conflict) == (3, 1)
    assert (result.sent, result.verified, result.conflict) == (3, 3, 1)


def test_what_was_undone_is_written_again_by_the_next_run(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    made = automation()
    base([scored(each, "Good") for each in accounts[:3]])
    undo(go(made).run, services, waits_s=())

    assert go(made).sent == 3


def test_one_chosen_record_is_written_with_everything_told(
    services: Services, pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str]
) -> None:
    base([scored(each, "Good") for each in accounts[:3]])

    tested = test_one(automation(), accounts[1], services, waits_s=())

    assert ids_sent(pendo) == [accounts[1]]
    assert tested.result.verified == 1
    assert tested.cells == (
        {
            "field": SCORE,
            "before": None,
            "after": "Good",
            "status": "verified",
            "reason": None,
        },
    )
    assert '"predict_score":"Good"' in tested.requests[0].request
    undo(tested.result.run, services, waits_s=())
    assert held(pendo, [SCORE])[accounts[1]] == {}


def test_departed_records_are_cleared_when_that_is_asked_for(
    pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    made = automation(update={"departed": "clear"})
    base([scored(each, "Good") for each in accounts[:3]])
    go(made)
    base([scored(each, "Good") for each in accounts[:2]])

    go(made)

    assert held(pendo, [SCORE])[accounts[2]] == {}
    assert held(pendo, [SCORE])[accounts[1]] == {SCORE: "Good"}


def test_records_that_a_person_holds_are_not_written(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:3]])
    made = automation()
    services.state.decisions.decide("churn", accounts[:1], "hold", who="ann", reason="ask Bo")

    result = go(made)

    assert (result.sent, result.held, result.planned) == (2, 1, 3)
    assert accounts[0] not in ids_sent(pendo)
    services.state.decisions.withdraw("churn", accounts[:1])
    assert go(made).sent == 1


def test_fields_are_created_with_the_type_of_their_output(
    pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    base([scored(accounts[0], "Good", adoption=0.25)])
    made = automation(
        read_from={"outputs": {"score": "label", "date": "scored_at", "adoption": "adoption"}},
        update={"fields": ["score", "date", "adoption"]},
    )

    go(made)

    fields = pendo.subscription.entities.schemas["account"]
    names = ("predict_score", "predict_date", "predict_adoption")
    kinds = [field.type for name in names if (field := fields.find("custom", name))]
    assert kinds == ["string", "time", "float"]
    assert held(pendo, names)[accounts[0]] == {
        "predict_score": "Good",
        "predict_date": 1773171000000,
        "predict_adoption": 0.25,
    }


def test_a_field_that_pendo_calls_otherwise_is_kept_up_under_that_name(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    pendo.switches(name_normalise="lower_strip")
    made = automation()
    base([scored(each, "Good") for each in accounts[:3]])
    first = go(made)
    base([scored(each, "Fair") for each in accounts[:3]])

    second = go(made)
    undo(second.run, services, waits_s=())

    assert (first.verified, second.verified, second.conflict) == (3, 3, 0)
    assert held(pendo, ["predictscore"])[accounts[0]] == {"predictscore": "Good"}


def test_pendo_that_cannot_be_read_back_leaves_the_account_open_until_the_next_run(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:20]])
    made = automation()
    go(made, only=accounts[:1])
    pendo.weather([{"fault": "500", "path": "aggregation", "after": 1}])

    with pytest.raises(RemoteError, match="found out by the next run"):
        go(made)
    [entry] = services.state.ledger.pushes("churn", unsettled=True)
    pendo.weather([])
    preview(made, services)

    assert services.state.ledger.pushes("churn", unsettled=True) == []
    assert services.state.ledger.counts(entry.run_id) == {"verified": 19}


def test_switching_on_for_the_first_time_shows_what_it_will_do(
    services: Services, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    base([scored(accounts[0], "Good")])
    made = automation()

    switch(made, services, on=True, who="ann")

    saved = services.documents.automation("churn")
    assert saved.active
    assert services.state.plans.latest("churn")[0].counts["new"] == 1
    assert go(saved, trigger="schedule").sent == 1


def test_switching_off_takes_back_what_waits_to_run(
    services: Services, base: Base, automation: Make, accounts: list[str]
) -> None:
    base([scored(accounts[0], "Good")])
    made = automation(active=True)
    waiting = services.state.runs.queue("automation/churn", "schedule")

    switch(made, services, on=False, who="ann")

    assert services.state.runs.get(waiting).status == "cancelled"
    assert not services.documents.automation("churn").active


def test_a_run_is_cancelled_between_two_batches_and_gone_on_with_later(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:40]])
    made = automation()

    def stop(_progress: object) -> None:
        services.state.runs.cancel(services.state.runs.latest()[0].id)
        wait_until_known(services)

    with pytest.raises(CancelledError, match="records written"):
        go(made, on_progress=stop)
    cancelled = services.state.runs.latest()[0]
    assert cancelled.status == "cancelled"
    assert cancelled.result and 0 < cancelled.result["sent"] < 40
    assert go(made).sent == cancelled.result["skipped"]


def wait_until_known(_services: Services) -> None:
    """A run learns within a third of a second that somebody asked it to stop."""
    import time

    time.sleep(0.8)


def test_the_rest_of_a_released_run_is_not_held_again(
    services: Services,
    pendo: PendoStandIn,
    base: Base,
    automation: Make,
    accounts: list[str],
    go: Go,
) -> None:
    base([scored(each, "Good") for each in accounts[:40]])
    made = automation(guardrails={})
    go(made)
    base([scored(each, "Fair") for each in accounts[:40]])
    pendo.weather([{"fault": "500", "path": "custom/value", "after": 1}])
    with pytest.raises(OutageError):
        go(made, release=True)
    pendo.weather([])

    result = go(made, trigger="retry")

    assert (result.sent, result.status) == (30, "done")
    base([scored(each, "Poor") for each in accounts[:40]])
    with pytest.raises(HeldError):
        run(made, services, waits_s=())


def test_records_that_another_automation_has_written_are_conflicts_until_sharing_is_allowed(
    services: Services, pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str],
    go: Go,
) -> None:  # fmt: skip
    base([scored(accounts[0], "Good")])
    go(automation(name="renewals"))
    base([scored(each, "Poor") for each in accounts[:2]])

    refused = go(automation())

    assert (refused.sent, refused.conflict) == (1, 1)
    [conflict] = [row for row in plan_of_run(refused.run, services).rows.to_pylist()
                  if row["status"] == "conflict"]  # fmt: skip
    assert (conflict["id"], conflict["reason"]) == (accounts[0], "also written by renewals")
    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Good"}
    shared = go(automation(update={"shared_prefix": True}))
    assert (shared.sent, shared.conflict) == (1, 0)
    assert held(pendo, [SCORE])[accounts[0]] == {SCORE: "Poor"}
