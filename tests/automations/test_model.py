"""The automation document: the contract's example, its defaults, and faults in words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.automations.making import automation
from workbench.automations.model import Automation
from workbench.documents.yaml_text import Text, written

EXAMPLE = """
kind: automation
name: churn-to-pendo
connection: acme-pendo
read_from:
  dataset: churn_scores
  source_id: opportunity_id
  conditions:
    all: [{field: churn_date, op: in_the_next, value: 90, unit: days}]
  outputs: {score: score_label, date: scored_at, trend: trend, explain: reasons, state: state}
update:
  object: account
  id_field: pendo_account_id
  match: [trim, {replace: {"-": "_"}}]
  group: custom
  prefix: predict
  fields: [score, date, trend, explain, state]
  departed: keep
  nulls: skip
guardrails: {max_changed_percent: 30, floor: 10, min_rows: 1, max_not_found_percent: 20,
             max_drop_percent: 50, max_api_calls: 2000}
schedules: [{every: weekly, on: [mon, thu], hour: 7, timezone: UTC},
            {every: monthly, on: [1, last], hour: 3}]
active: false
"""


def test_the_contracts_example_is_an_automation() -> None:
    [document], _ = written(Text("example", EXAMPLE))
    made = Automation.model_validate(document.value)

    assert list(made.field_names.values()) == [
        "predict_score", "predict_date", "predict_trend", "predict_explain", "predict_state",
    ]  # fmt: skip
    assert made.guardrails.max_changed_percent == 30
    assert made.id_column == "pendo_account_id"


def test_what_is_left_out_takes_the_contracts_defaults() -> None:
    made = Automation.model_validate(
        {"name": "a", "connection": "c",
         "read_from": {"dataset": "d", "source_id": "id", "outputs": {"score": "label"}}}
    )  # fmt: skip
    limits = made.guardrails

    assert (limits.max_changed_percent, limits.max_two_step_flips_percent) == (15, 5)
    assert (limits.min_rows, limits.max_drop_percent) == (1, 20)
    assert (limits.max_null_percent, limits.max_not_found_percent) == (10, 10)
    assert limits.hold_first_run
    assert (made.update.group, made.update.departed, made.update.nulls) == (
        "custom",
        "keep",
        "skip",
    )
    assert (made.write.chunk, made.write.max_bytes) == (500, 5_000_000)
    assert not made.active
    # A score alone has a trend as well: it is told from the score pushed last.
    assert made.outputs == ("score", "trend")


def test_a_prefix_is_put_into_lower_case() -> None:
    assert automation(update={"prefix": "Predict_EU"}).field_name("score") == "predict_eu_score"


def test_names_can_follow_the_other_pattern() -> None:
    made = automation(update={"name_pattern": "{model}___{output}"})

    assert made.field_name("score") == "churn_to_pendo___score"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"update": {"prefix": "my prefix"}}, "did you mean my_prefix?"),
        ({"update": {"prefix": "1st"}}, "cannot start a Pendo field"),
        ({"update": {"group": "pendo_predict"}}, "can only be read: use custom"),
        ({"update": {"group": "salesforce"}}, "filled by Pendo or an integration"),
        ({"update": {"name_pattern": "{prefix}-{output}"}}, "`name_pattern` is made of"),
        ({"update": {"name_pattern": "{prefix}"}}, "`name_pattern` is made of"),
        ({"update": {"fields": []}}, "`fields` is empty"),
        ({"update": {"fields": ["score", "score"]}}, "names an output twice"),
        ({"update": {"fields": ["adoption"]}}, "read_from.outputs names no column for it"),
        ({"read_from": {"outputs": {}}}, "nothing would be written"),
        ({"labels": {"sets": [["Good", "good"]]}}, "names a label twice"),
        ({"timezone": "Berlin"}, "unknown time zone Berlin"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        automation(**keys)

    assert told in str(caught.value)


def test_an_output_without_a_column_is_left_out_and_told() -> None:
    made = automation(update={"fields": ["score", "date"]})

    assert made.outputs == ("score",)
    assert made.unfilled == ("date",)
