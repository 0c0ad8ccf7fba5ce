"""What the sheet says of single records, and what holds a whole run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.automations.making import (
    automation,
    base,
    decided,
    inputs,
    plan_of,
    planned,
    rows_by_id,
)
from workbench.automations.fields import Other
from workbench.automations.plan import Counts
from workbench.errors import InputError

SCORE = "predict_score"


def limits(plan: Any) -> list[str]:
    return [breach.limit for breach in plan.verdict.breaches]


def many(count: int, **same: Any) -> pa.Table:
    return base([{"account": f"a{number}", **same} for number in range(count)])


def standing(count: int, **values: str) -> dict[str, dict[str, str | None]]:
    return {f"a{number}": dict(values) for number in range(count)}


def test_unchanged_cells_are_never_sent() -> None:
    live = {"a": {SCORE: "Good", "predict_explain": "x", "predict_state": "Up for renewal"}}
    plan = planned(automation(), base([{"account": "a", "why": "renewal is near"}]), live)

    [row] = plan.rows.to_pylist()
    written = {name for name in row if name.endswith("__write") and row[name]}
    # The score stands already, and without a score pushed before it has no trend.
    assert written == {"predict_explain__write"}
    assert plan.counts.values == 1


def test_an_account_pendo_does_not_know_is_listed_and_never_created() -> None:
    rows = base([{"account": "gone"}, {"account": None}])
    plan = planned(automation(), rows, {"a": {}})

    assert plan.rows["reason"].to_pylist() == ["Pendo has no account gone", "account is empty"]
    assert plan.counts.not_found == 2
    assert plan.counts.values == 0
    assert planned(automation(update={"create_unknown": True}), rows, {"a": {}}).counts.new == 1


def test_a_time_compares_by_moment_and_not_by_text() -> None:
    chosen = automation(read_from={"outputs": {"date": "scored_at"}})
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    live = {"a": {"predict_date": "2026-03-01T12:00:00Z"}}
    same = planned(chosen, base([{"account": "a", "scored_at": at}]), live,
                   types={"predict_date": "time"})  # fmt: skip

    assert same.counts.same == 1


def test_a_day_is_written_as_midnight_of_the_automations_zone() -> None:
    chosen = automation(read_from={"outputs": {"date": "day"}}, timezone="America/New_York")
    plan = planned(chosen, base([{"account": "a", "day": date(2026, 3, 1)}]), {"a": {}})

    assert plan.rows["predict_date__after"].to_pylist() == ["2026-03-01T05:00:00Z"]
    assert plan.fields[0].type == "time"


def test_a_text_for_a_number_field_blocks_its_record_and_says_so() -> None:
    chosen = automation(read_from={"outputs": {"score": "label"}})
    rows = base([{"account": "a", "label": "Good"}, {"account": "b", "label": "7.50"}])
    plan = planned(chosen, rows, {"a": {}, "b": {}}, types={SCORE: "float"})

    told = rows_by_id(plan)
    assert told["a"]["status"] == "blocked"
    assert told["a"]["reason"] == "Score is not a number, which predict_score holds"
    assert (told["b"]["status"], told["b"][f"{SCORE}__after"]) == ("new", "7.5")
    assert (plan.counts.conflict, plan.counts.blocked) == (1, 1)


@pytest.mark.parametrize(("given", "status"), [(7.0, "new"), (7.5, "blocked")])
def test_a_field_of_whole_numbers_takes_no_fraction(given: float, status: str) -> None:
    chosen = automation(read_from={"outputs": {"adoption": "adoption"}})
    rows = base([{"account": "a", "adoption": given}])
    plan = planned(chosen, rows, {"a": {}}, types={"predict_adoption": "integer"})

    assert plan.rows["status"].to_pylist() == [status]


def test_a_list_field_cannot_be_written() -> None:
    plan = planned(automation(), base([{"account": "a"}]), {"a": {}}, types={SCORE: "list"})

    assert plan.counts.blocked == 1
    assert any("is a list in Pendo" in warning for warning in plan.warnings)


def test_a_sub_score_of_numbers_becomes_a_number_field() -> None:
    chosen = automation(read_from={"outputs": {"score": "label", "adoption": "adoption"}})
    plan = planned(chosen, base([{"account": "a", "adoption": 0.25}]), {"a": {}})

    assert {field.output: field.type for field in plan.fields}["adoption"] == "number"
    assert plan.rows["predict_adoption__after"].to_pylist() == ["0.25"]


def test_a_text_too_long_for_pendo_is_cut_with_a_mark_and_told() -> None:
    plan = planned(automation(), base([{"account": "a", "why": "x" * 1501}]), {"a": {}})

    [text] = plan.rows["predict_explain__after"].to_pylist()
    assert len(text) == 1500
    assert text.endswith("… [cut]")
    assert any("is cut at" in warning for warning in plan.warnings)


def test_an_output_that_is_cleared_is_not_written() -> None:
    plan = planned(automation(update={"fields": ["score"]}), base([{"account": "a"}]), {"a": {}})

    assert [field.name for field in plan.fields] == [SCORE]


def test_a_field_that_pendo_spells_otherwise_is_found_and_told() -> None:
    chosen = automation(update={"fields": ["score"]})
    plan = planned(chosen, base([{"account": "a"}]), {"a": {"predictscore": "Good"}})

    assert [field.name for field in plan.fields] == ["predictscore"]
    assert "predict_score is called predictscore in Pendo" in plan.warnings
    assert plan.counts.same == 1


def trend(label: str, last: str | None, scored: str, scored_before: str | None) -> str | None:
    chosen = automation(read_from={"outputs": {"score": "label", "date": "scored"}})
    before = {"predict_date": scored_before, "predict_trend": "as it was"}
    live = {"a": {SCORE: last, **before}}
    rows = base([{"account": "a", "label": label, "scored": scored}])
    plan = planned(chosen, rows, live, last={"a": {SCORE: last, **before}},
                   types={"predict_date": "time"})  # fmt: skip
    told: str | None = plan.rows["predict_trend__after"].to_pylist()[0]
    return told


@pytest.mark.parametrize(
    ("label", "last", "told"),
    [("Good", "Poor", "up"), ("Fair", "Excellent", "down"), ("Good", "Good", "no change"),
     ("Critical", "Low", "up"), ("Good", None, "as it was")],
)  # fmt: skip
def test_without_a_column_the_trend_is_told_from_the_score_pushed_last(
    label: str, last: str | None, told: str
) -> None:
    assert trend(label, last, "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z") == told


def test_the_same_scoring_again_leaves_the_trend_as_it_was_pushed() -> None:
    assert trend("Good", "Good", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z") == "as it was"


def test_what_somebody_else_changed_is_told_and_overwritten_or_held() -> None:
    live = {"a": {SCORE: "Poor"}}
    last = {"a": {SCORE: "Fair"}}
    rows = base([{"account": "a"}])
    ours = planned(automation(update={"fields": ["score"]}), rows, live, last=last)
    looked = planned(
        automation(update={"fields": ["score"], "outside_changes": "hold"}), rows, live, last=last
    )

    [told] = ours.rows.to_pylist()
    assert told["status"] == "changed"
    assert told["reason"] == "predict_score was changed in Pendo since the last run"
    assert looked.rows["status"].to_pylist() == ["conflict"]
    assert looked.counts.values == 0


@pytest.mark.parametrize(
    ("departed", "status", "after"),
    [("clear", "changed", {SCORE: None, "predict_state": None}),
     ("state_only", "changed", {SCORE: "Poor", "predict_state": "Churned"})],
)  # fmt: skip
def test_a_record_that_matches_no_more_is_treated_as_asked(
    departed: str, status: str, after: dict[str, str | None]
) -> None:
    chosen = automation(
        update={"departed": departed, "fields": ["score", "state"]},
        read_from={"conditions": {"all": [{"field": "state", "op": "is_not", "value": "Churned"}]}},
    )
    values = {SCORE: "Poor", "predict_state": "Up for renewal"}
    live = {"a": values, "b": values}
    rows = base([{"account": "a", "state": "Churned"}, {"account": "b"}])
    plan = planned(chosen, rows, live, last=live)

    told = rows_by_id(plan)["a"]
    assert (told["status"], told["reason"]) == (status, "matches no more")
    assert {name: told[f"{name}__after"] for name in after} == after
    assert plan.counts.departed == 1


def test_by_default_a_record_that_matches_no_more_keeps_its_values() -> None:
    values = {SCORE: "Poor"}
    plan = planned(
        automation(), base([{"account": "b"}]), {"a": values, "b": {}}, last={"a": values}
    )

    assert plan.rows["id"].to_pylist() == ["b"]


def test_an_empty_base_never_means_clear_everything() -> None:
    live = standing(30, predict_score="Good")
    chosen = automation(update={"departed": "clear"}, guardrails={"max_changed_percent": 100})
    nothing = base([{"account": "x"}]).slice(0, 0)
    plan = planned(chosen, nothing, live, last=live)

    assert plan.counts.changed == 30
    assert limits(plan) == ["min_rows"]
    assert "0 records would be read" in plan.verdict.words


def test_a_value_that_is_no_longer_maintained_is_cleared_only_if_asked() -> None:
    live = {"a": {SCORE: "Good", "predict_state": "Renewed"}}
    rows = base([{"account": "a"}])
    kept = planned(automation(update={"fields": ["score"]}), rows, live, last=live)
    cleared = planned(
        automation(update={"fields": ["score"], "on_remove": "clear"}), rows, live, last=live
    )

    assert kept.counts.values == 0
    [row] = cleared.rows.to_pylist()
    assert (row["predict_state__after"], row["predict_state__write"]) == (None, True)


def test_an_empty_prediction_leaves_the_value_unless_nulls_are_written() -> None:
    rows = base([{"account": "a", "label": None, "state": ""}])
    live = {"a": {SCORE: "Good", "predict_state": "Renewed"}}
    skipped = planned(automation(update={"fields": ["score", "state"]}), rows, live)
    written = planned(
        automation(update={"fields": ["score", "state"], "nulls": "write"}), rows, live
    )

    assert skipped.counts.same == 1
    assert written.counts.values == 2


def test_records_with_one_source_id_hold_the_run_and_are_listed() -> None:
    rows = base([{"account": "a", "opportunity": "o"}, {"account": "b", "opportunity": "o"}])
    plan = planned(automation(), rows, {"a": {}, "b": {}})

    assert plan.rows["reason"].to_pylist() == ["2 records have the source ID o"] * 2
    assert limits(plan) == ["duplicates"]
    assert plan.counts.values == 0


def test_a_repetition_that_the_conditions_leave_out_does_no_harm() -> None:
    chosen = automation(
        read_from={"conditions": {"all": [{"field": "state", "op": "is", "value": "Renewed"}]}}
    )
    rows = base([{"account": "a", "state": "Renewed"}, {"account": "a", "state": "Churned"}])

    assert planned(chosen, rows, {"a": {}}).counts.new == 1


def test_the_latest_of_several_records_is_taken_if_asked() -> None:
    chosen = automation(
        read_from={"outputs": {"score": "label", "date": "scored"}, "duplicates": "latest_date"}
    )
    rows = base(
        [
            {"account": "a", "label": "Poor", "scored": date(2026, 3, 1)},
            {"account": "a", "label": "Good", "scored": date(2026, 3, 2)},
        ]
    )
    plan = planned(chosen, rows, {"a": {}})

    assert plan.rows[f"{SCORE}__after"].to_pylist() == ["Good"]
    assert not plan.verdict.held


def test_a_record_without_a_source_id_holds_the_run() -> None:
    plan = planned(automation(), base([{"account": "a", "opportunity": None}]), {"a": {}})

    assert plan.rows["reason"].to_pylist() == ["opportunity is empty"]
    assert limits(plan) == ["source_id"]


def test_a_person_holds_and_excludes_single_records() -> None:
    rows = base([{"account": "a"}, {"account": "b"}, {"account": "c"}])
    live: dict[str, dict[str, str | None]] = {"a": {}, "b": {}, "c": {}}
    plan = planned(
        automation(), rows, live,
        decisions=decided(("a", "hold", "ask Ann"), ("b", "exclude", "a test account")),
    )  # fmt: skip

    told = {id: (row["status"], row["reason"]) for id, row in rows_by_id(plan).items()}
    assert told["a"] == ("held", "on hold: ask Ann")
    assert told["b"] == ("held", "excluded: a test account")
    assert told["c"][0] == "new"
    assert plan.counts.held == 2


def test_where_approval_is_needed_records_wait_until_they_are_approved() -> None:
    chosen = automation(review={"required": True})
    given = inputs(chosen, base([{"account": "a"}, {"account": "b"}]), {"a": {}, "b": {}})
    waiting = plan_of(given)
    stamp = rows_by_id(waiting)["a"]["stamp"]
    approved = decided(("a", "approve", "seen")).set_column(3, "approved", pa.array([stamp]))
    other = decided(("a", "approve", "seen")).set_column(3, "approved", pa.array(["another"]))

    assert waiting.rows["reason"].to_pylist() == ["waits for approval"] * 2
    assert rows_by_id(plan_of(replace(given, decisions=approved)))["a"]["status"] == "new"
    # Approved was another value: the record waits again.
    assert rows_by_id(plan_of(replace(given, decisions=other)))["a"]["status"] == "held"


@pytest.mark.parametrize(
    ("rule", "status"),
    [({"max_label_steps": 1}, {"a": "changed", "b": "held"}),
     ({"fewer_than": 3}, {"a": "changed", "b": "changed"}),
     ({"fewer_than": 2}, {"a": "held", "b": "held"})],
)  # fmt: skip
def test_records_within_the_rules_need_no_approval(
    rule: dict[str, int], status: dict[str, str]
) -> None:
    chosen = automation(review={"required": True, "auto_approve": rule})
    rows = base([{"account": "a", "label": "Fair"}, {"account": "b", "label": "Excellent"}])
    plan = planned(chosen, rows, {"a": {SCORE: "Poor"}, "b": {SCORE: "Poor"}})

    assert {id: row["status"] for id, row in rows_by_id(plan).items()} == status


def test_records_of_another_automation_conflict_until_sharing_is_allowed() -> None:
    rows = base([{"account": "a"}, {"account": "b"}])
    others = (Other("renewals", "account", (SCORE,), pa.array(["a", "zz"])),)
    refused = planned(automation(), rows, {"a": {}, "b": {}}, others=others)
    shared = planned(
        automation(update={"shared_prefix": True}), rows, {"a": {}, "b": {}}, others=others
    )

    assert rows_by_id(refused)["a"]["reason"] == "also written by renewals"
    assert rows_by_id(refused)["a"]["status"] == "conflict"
    assert rows_by_id(refused)["b"]["status"] == "new"
    assert shared.counts.new == 2


def test_an_automation_of_whose_records_nobody_knows_holds_the_run() -> None:
    others = (Other("renewals", "account", (SCORE,)), Other("visits", "visitor", (SCORE,)))
    plan = planned(automation(), base([{"account": "a"}]), {"a": {}}, others=others)

    assert limits(plan) == ["shared_prefix"]
    assert "renewals writes the same fields" in plan.verdict.words


@pytest.mark.parametrize(
    ("live_label", "guardrails", "limit", "words"),
    [("Fair", {}, "max_changed_percent", "100 % of the records would change; the limit is 15 %"),
     ("Poor", {"max_changed_percent": 100}, "max_two_step_flips_percent",
      "100 % of the records would move two labels or more; the limit is 5 %")],
)  # fmt: skip
def test_a_run_that_changes_too_much_is_held_with_the_limit_in_words(
    live_label: str, guardrails: dict[str, int], limit: str, words: str
) -> None:
    chosen = automation(guardrails=guardrails)
    plan = planned(chosen, many(20), standing(20, predict_score=live_label))

    assert limits(plan) == [limit]
    assert words in plan.verdict.words


def test_few_records_never_hold_a_run_by_percentage() -> None:
    assert not planned(automation(), many(10), standing(10, predict_score="Poor")).verdict.held


def test_a_run_is_held_that_finds_too_few_too_empty_or_too_unknown_records() -> None:
    drop = planned(automation(), many(30), standing(30), previous=Counts(matching=100))
    empty = planned(automation(), many(30, why=None), standing(30))
    unknown = planned(automation(), many(30), standing(15))

    assert limits(drop) == ["max_drop_percent"]
    assert "70 % fewer records match than in the last run" in drop.verdict.words
    assert limits(empty) == ["max_null_percent"]
    assert limits(unknown) == ["max_not_found_percent"]


def test_a_run_is_held_that_costs_more_calls_than_are_left() -> None:
    plan = planned(automation(), many(20), standing(20), budget_left=5)
    own = planned(automation(guardrails={"max_api_calls": 2}), many(20), standing(20))

    # The key, schema, values, creating and reading fields again, one batch, one look afterwards.
    assert plan.api_calls == 7
    assert limits(plan) == ["budget"]
    assert limits(own) == ["max_api_calls"]


def test_movement_counts_labels_before_and_after() -> None:
    rows = base([{"account": "a"}, {"account": "b", "label": "poor"}, {"account": "c"}])
    live = {"a": {SCORE: "Good"}, "b": {SCORE: "Excellent"}, "c": {SCORE: None}}
    plan = planned(automation(), rows, live)

    assert plan.movement == {("Good", "Good"): 1, ("Excellent", "Poor"): 1, ("", "Good"): 1}


def test_a_part_of_a_plan_is_a_plan() -> None:
    plan = planned(automation(), many(3), standing(3))
    part = plan.only(["a1", "nobody"])

    assert part.rows["id"].to_pylist() == ["a1"]
    assert (part.counts.records, part.counts.new) == (1, 1)
    assert part.fingerprint != plan.fingerprint
    assert not part.verdict.held
    assert plan.only(["a0", "a1", "a2"]).counts.values == plan.counts.values


def test_the_fingerprint_is_of_what_is_written_and_not_of_when() -> None:
    given = inputs(automation(), many(3), standing(3))
    plan = plan_of(given)
    later = plan_of(replace(given, now=datetime(2026, 3, 11, tzinfo=UTC)))
    other = plan_of(replace(given, base=many(3, label="Poor")))

    assert plan.fingerprint == later.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("read_from", "told"),
    [({"source_id": "opportunities"}, "no column opportunities, which is to be Source ID"),
     ({"outputs": {"score": "lable"}}, "no column lable, which is to be Score; did you mean")],
)  # fmt: skip
def test_a_column_that_the_base_lacks_is_refused_with_the_nearest(
    read_from: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        planned(automation(read_from=read_from), base([{"account": "a"}]), {"a": {}})

    assert told in str(caught.value)
