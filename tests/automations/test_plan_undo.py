"""Undoing a run is a plan too: it puts back what stood, except what others changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from tests.automations.making import NOW, TEXT, automation, rows_by_id, texts
from workbench.automations.plan import Plan
from workbench.automations.undo import in_words, plan_undo

FIELDS = ("predict_score", "predict_state")
Cell = tuple[str, str, str | None, str | None]


def undone(cells: list[Cell], live: Mapping[str, Mapping[str, str | None]], **more: Any) -> Plan:
    names = ("record_id", "field", "before", "after")
    table = pa.table(
        {name: pa.array([cell[i] for cell in cells], pa.string()) for i, name in enumerate(names)}
    )
    schema = {"custom": dict.fromkeys(more.get("fields", FIELDS), TEXT)}
    with duckdb.connect() as connection:
        return plan_undo(connection, automation(), table, texts(live, FIELDS), schema, NOW)


def test_undo_puts_back_what_stood_and_empties_what_was_empty() -> None:
    plan = undone(
        [("a", "predict_score", "Poor", "Good"), ("a", "predict_state", None, "Renewed")],
        {"a": {"predict_score": "Good", "predict_state": "Renewed"}},
    )

    row = rows_by_id(plan)["a"]
    assert row["status"] == "changed"
    assert (row["predict_score__after"], row["predict_state__after"]) == ("Poor", None)
    assert plan.counts.values == 2
    assert in_words(plan) == "Puts back 2 values on 1 account"


def test_a_cell_that_someone_else_changed_stays_and_the_others_go_back() -> None:
    plan = undone(
        [("a", "predict_score", "Poor", "Good"), ("a", "predict_state", "Churned", "Renewed"),
         ("b", "predict_score", "Poor", "Good")],
        {"a": {"predict_score": "Fair", "predict_state": "Renewed"},
         "b": {"predict_score": "Fair"}},
    )  # fmt: skip

    told = rows_by_id(plan)
    assert told["a"]["status"] == "changed"
    assert told["a"]["reason"] == "predict_score was changed since by someone else and stays"
    assert (told["a"]["predict_score__write"], told["a"]["predict_state__write"]) == (False, True)
    assert told["b"]["status"] == "conflict"
    assert plan.counts.values == 1


def test_what_stands_again_already_needs_nothing() -> None:
    plan = undone([("a", "predict_score", "Poor", "Good")], {"a": {"predict_score": "Poor"}})

    assert plan.rows["status"].to_pylist() == ["same"]
    assert plan.counts.values == 0


def test_a_record_or_field_that_pendo_lost_is_told() -> None:
    plan = undone(
        [("gone", "predict_score", "Poor", "Good"), ("a", "predict_state", "x", "y")],
        {"a": {"predict_state": "y"}}, fields=("predict_score",),
    )  # fmt: skip

    assert rows_by_id(plan)["gone"]["status"] == "not_found"
    assert plan.warnings == ("predict_state is no longer a field in Pendo",)
    assert plan.counts.values == 0
