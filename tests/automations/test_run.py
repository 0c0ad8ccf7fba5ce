"""One prediction sync from its base to the proof, and back."""

import pytest
from pydantic import SecretStr

from tests.automations.by_hand import held, ids_sent, writes
from tests.automations.conftest import SCORE, Desk, act, scored
from tests.conftest import ZONE
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

test_one.__test__ = False  # type: ignore[attr-defined]


def adds_up(result: AutomationResult) -> bool:
    return result.sent + result.failed + result.skipped + result.held == result.planned


def test_what_the_preview_says_is_what_pendo_holds_after_the_run(desk: Desk) -> None:
    desk.base(
        [
            scored(desk.accounts[0], "Good"),
            scored(desk.accounts[1], "Poor"),
            scored("nobody", "Fair"),
        ]
    )
    made = desk.automation()

    plan = preview(made, desk.services)
    assert writes(desk.pendo) == []
    result = desk.go(made, fingerprint=plan.fingerprint)

    assert (plan.counts.new, plan.counts.not_found, plan.counts.records) == (2, 1, 3)
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Good"}
    assert held(desk.pendo, [SCORE])[desk.accounts[1]] == {SCORE: "Poor"}
    assert (result.status, result.sent, result.verified, result.not_found) == ("done", 2, 2, 1)
    assert adds_up(result)
    assert result.api_calls == plan.api_calls
    assert desk.services.state.runs.get(result.run).status == "done"


@pytest.mark.parametrize(
    ("kind", "label", "worse", "trend"),
    # Critical is the highest of its set: the risk goes up.
    [("account", "Good", "Poor", "down"), ("visitor", "High", "Critical", "up")],
)
def test_the_five_outputs_stand_in_pendo_as_the_base_has_them(
    desk: Desk, kind: str, label: str, worse: str, trend: str
) -> None:
    one = sorted(held(desk.pendo, [], kind))[0]
    outputs = {"score": "label", "date": "scored_at", "explain": "reasons", "state": "state"}
    made = desk.automation(update={"object": kind, "fields": None}, read_from={"outputs": outputs})
    desk.base([scored(one, label, reasons="Usage fell", state="Up for renewal")])
    desk.go(made)
    desk.base([scored(one, worse, reasons="Usage fell again", state="Churned")])

    result = desk.go(made)

    stands = held(desk.pendo, [f"predict_{output}" for output in (*outputs, "trend")], kind)[one]
    assert stands.pop("predict_date")
    assert stands == {
        "predict_score": worse,
        "predict_explain": "Usage fell again",
        "predict_state": "Churned",
        "predict_trend": trend,
    }
    plan = plan_of_run(result.run, desk.services)
    assert plan.movement == {(label, worse): 1}
    assert (plan.object, result.verified) == (kind, 1)


def test_the_fields_it_says_it_adds_are_those_it_creates(desk: Desk) -> None:
    outputs = {"score": "label", "explain": "reasons", "state": "state"}
    made = desk.automation(update={"fields": None}, read_from={"outputs": outputs})
    # Nobody has a reason yet, and nothing is known of any trend: two of four fields come about.
    desk.base([scored(desk.accounts[0], "Good", reasons=None, state="Churned")])

    plan = preview(made, desk.services)
    result = desk.go(made)

    assert any(each.startswith("This adds 2 fields") for each in plan.warnings)
    log = [line.text for line in desk.services.state.runs.log_lines(result.run)]
    assert "Created 2 fields: predict_score, predict_state" in log
    assert result.api_calls == plan.api_calls
    assert not any("adds" in each for each in preview(made, desk.services).warnings)


def test_running_twice_sends_nothing_the_second_time(desk: Desk) -> None:
    desk.scores("Good", of=5)
    made = desk.automation()
    desk.go(made)
    sent = len(writes(desk.pendo))

    again = desk.go(made)

    assert len(writes(desk.pendo)) == sent
    assert (again.values, again.sent, again.planned, again.status) == (0, 0, 0, "done")


def test_a_run_says_which_version_of_the_base_it_read(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=1)
    desk.go(made)
    desk.scores("Fair", of=1)
    seen = preview(made, desk.services)
    desk.scores("Poor", of=1)
    desk.go(made, seen=seen.fingerprint)
    newest = desk.go(made)

    pushes = desk.services.state.ledger.pushes(made.name)
    assert [(push.dataset, push.version) for push in pushes] == [
        ("scores", 2), ("scores", 1), ("scores", 0),
    ]  # fmt: skip
    told = [line.text for line in desk.services.state.runs.log_lines(newest.run)]
    assert "Read version 2 of scores" in told


def test_only_changed_cells_are_sent(desk: Desk) -> None:
    made = desk.automation(
        read_from={"outputs": {"score": "label", "state": "state"}},
        update={"fields": ["score", "state"]},
    )
    desk.base([scored(each, "Good", state="open") for each in desk.accounts[:3]])
    desk.go(made)
    desk.base(
        [scored(each, "Good", state="open") for each in desk.accounts[:2]]
        + [scored(desk.accounts[2], "Poor", state="open")]
    )

    desk.go(made)

    assert writes(desk.pendo)[-1]["body"] == [
        {"accountId": desk.accounts[2], "values": {"predict_score": "Poor"}}
    ]


def test_a_guardrail_holds_the_run_before_the_first_write_and_release_lets_it_go(
    desk: Desk,
) -> None:
    desk.scores("Good", of=40)
    made = desk.automation(guardrails={})
    desk.go(made)
    desk.scores("Fair", of=40)
    sent = len(writes(desk.pendo))

    with pytest.raises(HeldError, match=r"100 % of the records would change; the limit is 15 %"):
        desk.go(made)

    assert len(writes(desk.pendo)) == sent
    found = desk.services.state.runs.latest()[0]
    assert found.status == "held"
    assert found.result and found.result["held"] == found.result["planned"] == 40
    assert desk.go(made, release=True).sent == 40


def test_an_empty_base_never_means_clear_everything(desk: Desk) -> None:
    desk.scores("Good", of=5)
    desk.go(desk.automation(update={"departed": "clear"}, guardrails={}))
    nobody = {"conditions": {"all": [{"field": "label", "op": "is", "value": "Nobody"}]}}

    with pytest.raises(HeldError, match="0 records would be read"):
        desk.go(desk.automation(update={"departed": "clear"}, guardrails={}, read_from=nobody))

    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Good"}


def test_a_scheduled_first_run_that_nobody_previewed_is_held(desk: Desk) -> None:
    desk.scores("Good", of=1)
    made = desk.automation(active=True)

    for _ in range(2):
        with pytest.raises(HeldError, match="nobody has previewed it"):
            desk.go(made, trigger="schedule")
    assert writes(desk.pendo) == []
    preview(made, desk.services)

    assert desk.go(made, trigger="schedule").sent == 1


def test_an_automation_that_is_off_does_not_run_by_itself(desk: Desk) -> None:
    desk.scores("Good", of=1)

    with pytest.raises(CancelledError, match="churn is off"):
        desk.go(desk.automation(), trigger="schedule")
    assert writes(desk.pendo) == []


def test_a_plan_that_is_another_by_now_is_not_pushed_and_what_moved_is_listed(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=3)
    plan = preview(made, desk.services)
    desk.base(
        [scored(each, "Good") for each in desk.accounts[:2]] + [scored(desk.accounts[2], "Poor")]
    )

    with pytest.raises(HeldError, match=f"no longer {plan.fingerprint}"):
        desk.go(made, fingerprint=plan.fingerprint, release=True)

    assert writes(desk.pendo) == []
    found = desk.services.state.runs.latest()[0]
    assert found.result is not None
    [moved] = found.result["moved"]
    assert (moved["id"], moved["after"], moved["after_now"]) == (desk.accounts[2], "Good", "Poor")


def test_a_cell_that_somebody_changed_since_the_preview_is_a_conflict_and_the_others_are_written(
    desk: Desk,
) -> None:
    made = desk.automation(
        read_from={"outputs": {"score": "label", "state": "state"}},
        update={"fields": ["score", "state"]},
    )
    desk.base([scored(each, "Good", state="open") for each in desk.accounts[:3]])
    desk.go(made)
    desk.base([scored(each, "Fair", state="won") for each in desk.accounts[:3]])
    plan = preview(made, desk.services)
    act(desk.pendo, desk.accounts[0], f"custom.{SCORE}", "Mine")

    result = desk.go(made, plan=plan)

    now = held(desk.pendo, [SCORE, "predict_state"])
    assert now[desk.accounts[0]] == {SCORE: "Mine", "predict_state": "won"}
    assert now[desk.accounts[1]] == {SCORE: "Fair", "predict_state": "won"}
    assert result.conflict == 1
    assert [(each["id"], each["now"]) for each in result.moved] == [(desk.accounts[0], "Mine")]
    assert adds_up(result)


def test_a_field_deleted_since_the_preview_sends_nothing(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=1)
    desk.go(made)
    desk.scores("Fair", of=1)
    plan = preview(made, desk.services)
    sent = len(writes(desk.pendo))
    schema = desk.pendo.subscription.entities.schemas["account"]
    field = schema.find("custom", SCORE)
    assert field is not None
    desk.pendo.subscription.entities.delete_field("account", field)

    with pytest.raises(InputError, match="predict_score was deleted in Pendo since the preview"):
        desk.go(made, plan=plan)
    assert len(writes(desk.pendo)) == sent


def test_a_key_that_may_only_read_sends_nothing_and_the_run_has_failed(desk: Desk) -> None:
    desk.scores("Good", of=1)
    connection = PendoConnection(
        name="acme", url=desk.pendo.url, timezone=ZONE, calls_per_minute=6000
    )
    desk.services.documents.save(
        connection, "tests", secrets={"key": SecretStr(desk.pendo.read_key)}
    )

    with pytest.raises(AccessError, match="may only read"):
        desk.go(desk.automation())

    assert writes(desk.pendo) == []
    assert desk.services.state.runs.latest()[0].status == "failed"


def test_a_run_with_a_failed_row_is_never_done(desk: Desk) -> None:
    desk.scores("Good", of=20)
    last = sorted(desk.accounts[:20])[-1]

    result = desk.go(desk.automation(), on_progress=desk.loses(last))

    assert (result.status, result.sent, result.failed) == ("done with errors", 19, 1)
    assert adds_up(result)
    assert desk.services.state.runs.get(result.run).status == "done with errors"
    [cell] = desk.services.state.ledger.cells(result.run, statuses=("failed",)).to_pylist()
    assert (cell["record_id"], cell["reason"]) == (last, "Pendo does not know this id")


def test_failed_rows_alone_are_tried_again(desk: Desk) -> None:
    desk.scores("Good", of=30)
    made = desk.automation()
    desk.go(made, only=desk.accounts[:1])
    desk.scores("Fair", of=30)
    desk.pendo.weather([{"fault": "500", "path": "custom/value", "after": 1}])
    with pytest.raises(OutageError, match="10 records written, 20 records not"):
        desk.go(made)
    failed = desk.services.state.runs.latest()[0]
    assert failed.status == "failed"
    assert failed.result and failed.result["sent"] == 10
    desk.pendo.weather([])
    before = len(ids_sent(desk.pendo))

    result = retry_failed(failed.id, desk.services, waits_s=())

    assert (result.sent, result.verified, result.status) == (20, 20, "done")
    assert len(ids_sent(desk.pendo)) - before == 20
    assert all(held(desk.pendo, [SCORE])[each] == {SCORE: "Fair"} for each in desk.accounts[:30])


def test_undo_puts_back_every_value_that_nobody_changed_since(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=2)
    desk.go(made)
    desk.scores("Fair", of=4)
    second = desk.go(made)
    act(desk.pendo, desk.accounts[1], f"custom.{SCORE}", "Mine")

    sheet = undo_plan(second.run, desk.services)
    result = undo(second.run, desk.services, waits_s=())

    now = held(desk.pendo, [SCORE])
    assert [now[each].get(SCORE) for each in desk.accounts[:4]] == ["Good", "Mine", None, None]
    assert (sheet.counts.values, sheet.counts.conflict) == (3, 1)
    assert (result.sent, result.verified, result.conflict) == (3, 3, 1)


def test_what_was_undone_is_written_again_by_the_next_run(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=3)
    undo(desk.go(made).run, desk.services, waits_s=())

    assert desk.go(made).sent == 3


def test_one_chosen_record_is_written_with_everything_told(desk: Desk) -> None:
    desk.scores("Good", of=3)

    tested = test_one(desk.automation(), desk.accounts[1], desk.services, waits_s=())

    assert ids_sent(desk.pendo) == [desk.accounts[1]]
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
    undo(tested.result.run, desk.services, waits_s=())
    assert held(desk.pendo, [SCORE])[desk.accounts[1]] == {}


def test_departed_records_are_cleared_when_that_is_asked_for(desk: Desk) -> None:
    made = desk.automation(update={"departed": "clear"})
    desk.scores("Good", of=3)
    desk.go(made)
    desk.scores("Good", of=2)

    desk.go(made)

    assert held(desk.pendo, [SCORE])[desk.accounts[2]] == {}
    assert held(desk.pendo, [SCORE])[desk.accounts[1]] == {SCORE: "Good"}


def test_records_that_a_person_holds_are_not_written(desk: Desk) -> None:
    desk.scores("Good", of=3)
    made = desk.automation()
    desk.services.state.decisions.decide(
        "churn", desk.accounts[:1], "hold", who="ann", reason="ask Bo"
    )

    result = desk.go(made)

    assert (result.sent, result.held, result.planned) == (2, 1, 3)
    assert desk.accounts[0] not in ids_sent(desk.pendo)
    desk.services.state.decisions.withdraw("churn", desk.accounts[:1])
    assert desk.go(made).sent == 1


def test_fields_are_created_with_the_type_of_their_output(desk: Desk) -> None:
    desk.base([scored(desk.accounts[0], "Good", adoption=0.25)])
    made = desk.automation(
        read_from={"outputs": {"score": "label", "date": "scored_at", "adoption": "adoption"}},
        update={"fields": ["score", "date", "adoption"]},
    )

    desk.go(made)

    fields = desk.pendo.subscription.entities.schemas["account"]
    names = ("predict_score", "predict_date", "predict_adoption")
    kinds = [field.type for name in names if (field := fields.find("custom", name))]
    assert kinds == ["string", "time", "float"]
    assert held(desk.pendo, names)[desk.accounts[0]] == {
        "predict_score": "Good",
        "predict_date": 1773171000000,
        "predict_adoption": 0.25,
    }


def test_a_field_that_pendo_calls_otherwise_is_kept_up_under_that_name(desk: Desk) -> None:
    desk.pendo.switches(name_normalise="lower_strip")
    made = desk.automation()
    desk.scores("Good", of=3)
    first = desk.go(made)
    desk.scores("Fair", of=3)

    second = desk.go(made)
    undo(second.run, desk.services, waits_s=())

    assert (first.verified, second.verified, second.conflict) == (3, 3, 0)
    assert held(desk.pendo, ["predictscore"])[desk.accounts[0]] == {"predictscore": "Good"}


def test_pendo_that_cannot_be_read_back_leaves_the_account_open_until_the_next_run(
    desk: Desk,
) -> None:
    desk.scores("Good", of=20)
    made = desk.automation()
    desk.go(made, only=desk.accounts[:1])
    desk.pendo.weather([{"fault": "500", "path": "aggregation", "after": 1}])

    with pytest.raises(RemoteError, match="found out by the next run"):
        desk.go(made)
    [entry] = desk.services.state.ledger.pushes("churn", unsettled=True)
    desk.pendo.weather([])
    preview(made, desk.services)

    assert desk.services.state.ledger.pushes("churn", unsettled=True) == []
    assert desk.services.state.ledger.counts(entry.run_id) == {"verified": 19}


def test_switching_on_for_the_first_time_shows_what_it_will_do(desk: Desk) -> None:
    desk.scores("Good", of=1)
    made = desk.automation()

    switch(made, desk.services, on=True, who="ann")

    saved = desk.services.documents.automation("churn")
    assert saved.active
    assert desk.services.state.plans.latest("churn")[0].counts["new"] == 1
    assert desk.go(saved, trigger="schedule").sent == 1


def test_switching_off_takes_back_what_waits_to_run(desk: Desk) -> None:
    desk.scores("Good", of=1)
    made = desk.automation(active=True)
    waiting = desk.services.state.runs.queue("automation/churn", "schedule")

    switch(made, desk.services, on=False, who="ann")

    assert desk.services.state.runs.get(waiting).status == "cancelled"
    assert not desk.services.documents.automation("churn").active


def test_a_run_is_cancelled_between_two_batches_and_gone_on_with_later(desk: Desk) -> None:
    desk.scores("Good", of=40)
    made = desk.automation()

    def stop(_progress: object) -> None:
        desk.services.state.runs.cancel(desk.services.state.runs.latest()[0].id)
        wait_until_known(desk.services)

    with pytest.raises(CancelledError, match="records written"):
        desk.go(made, on_progress=stop)
    cancelled = desk.services.state.runs.latest()[0]
    assert cancelled.status == "cancelled"
    assert cancelled.result and 0 < cancelled.result["sent"] < 40
    assert desk.go(made).sent == cancelled.result["skipped"]


def wait_until_known(_services: Services) -> None:
    """A run learns within a third of a second that somebody asked it to stop."""
    import time

    time.sleep(0.8)


def test_the_rest_of_a_released_run_is_not_held_again(desk: Desk) -> None:
    desk.scores("Good", of=40)
    made = desk.automation(guardrails={})
    desk.go(made)
    desk.scores("Fair", of=40)
    desk.pendo.weather([{"fault": "500", "path": "custom/value", "after": 1}])
    with pytest.raises(OutageError):
        desk.go(made, release=True)
    desk.pendo.weather([])

    result = desk.go(made, trigger="retry")

    assert (result.sent, result.status) == (30, "done")
    desk.scores("Poor", of=40)
    with pytest.raises(HeldError):
        run(made, desk.services, waits_s=())


def test_records_that_another_automation_has_written_are_conflicts_until_sharing_is_allowed(
    desk: Desk,
) -> None:
    desk.scores("Good", of=1)
    desk.go(desk.automation(name="renewals"))
    desk.scores("Poor", of=2)

    refused = desk.go(desk.automation())

    assert (refused.sent, refused.conflict) == (1, 1)
    [conflict] = [row for row in plan_of_run(refused.run, desk.services).rows.to_pylist()
                  if row["status"] == "conflict"]  # fmt: skip
    assert (conflict["id"], conflict["reason"]) == (desk.accounts[0], "also written by renewals")
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Good"}
    shared = desk.go(desk.automation(update={"shared_prefix": True}))
    assert (shared.sent, shared.conflict) == (1, 0)
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {SCORE: "Poor"}
