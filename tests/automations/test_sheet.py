"""The change sheet page by page, and what it says of one record."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.automations.making import automation, base, inputs
from workbench.automations.explain import why
from workbench.automations.plan import PlanInputs
from workbench.automations.preparation import Preparation
from workbench.automations.sheet import Sheet, View, Which, drawn_sheet, plan_sheet
from workbench.automations.sheet_file import sheet_file
from workbench.errors import InputError

SCORE = "predict_score"
LABELS = ("Excellent", "Good", "Fair", "Poor")


@pytest.fixture
def preparation(duck: duckdb.DuckDBPyConnection) -> Preparation:
    return Preparation(duck)


def given(**keys: Any) -> PlanInputs:
    rows = [{"account": f"a{n}", "label": LABELS[n % 4], "size": n} for n in range(8)]
    live: dict[str, dict[str, str | None]] = {f"a{n}": {SCORE: "Good"} for n in range(7)}
    chosen = automation(
        update={"fields": ["score"]},
        read_from={
            "conditions": {"all": [{"field": "size", "op": "gte", "value": 1},
                                   {"field": "state", "op": "not_empty"}]}
        },
        **keys,
    )  # fmt: skip
    return inputs(chosen, base(rows), live)


@pytest.fixture(params=["drawn", "plan"])
def sheet(request: pytest.FixtureRequest, preparation: Preparation) -> Sheet:
    """The same sheet, in the making and as a finished plan."""
    if request.param == "drawn":
        return drawn_sheet(preparation, preparation.draw(given()))
    return plan_sheet(preparation.connection, preparation.plan(given()))


def ids(sheet: Sheet, view: View) -> list[str]:
    found: list[str] = sheet.page(view).rows["id"].to_pylist()
    return found


@pytest.mark.parametrize(
    ("which", "told"),
    [("write", ["a2", "a3", "a4", "a6"]), ("same", ["a1", "a5"]), ("not_found", ["a7"]),
     ("held", []), ("all", ["a1", "a2", "a3", "a4", "a5", "a6", "a7"])],
)  # fmt: skip
def test_each_number_is_a_filter(sheet: Sheet, which: Which, told: list[str]) -> None:
    assert ids(sheet, View(which)) == told
    assert sheet.page(View(which)).matching == len(told)
    assert sheet.all(View(which))["id"].to_pylist() == told


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_a_view_is_taken_away_as_a_file_with_all_its_rows(sheet: Sheet, suffix: str) -> None:
    with sheet_file(sheet, View("write", limit=1), suffix) as file:
        content = file.read()

    read: dict[str, Callable[[BytesIO], pd.DataFrame]] = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
    }
    table = read[suffix](BytesIO(content))
    assert table["id"].tolist() == ["a2", "a3", "a4", "a6"]
    assert table[f"{SCORE}__after"].tolist() == ["Fair", "Poor", "Excellent", "Fair"]


def test_pages_follow_each_other_in_any_order(sheet: Sheet) -> None:
    assert ids(sheet, View(limit=3, offset=3)) == ["a4", "a5", "a6"]
    assert ids(sheet, View(limit=2, descending=True)) == ["a7", "a6"]
    by_score = View("write", order=f"{SCORE}__after", limit=2)
    assert ids(sheet, by_score) == ["a4", "a2"]
    assert sheet.page(by_score).matching == 4


def test_a_search_finds_ids_whatever_their_case(sheet: Sheet) -> None:
    assert ids(sheet, View(search="A3")) == ["a3"]
    assert ids(sheet, View(search="o-5")) == ["a5"]
    assert ids(sheet, View(search="'; --")) == []


def test_a_cell_of_the_movement_matrix_is_a_filter(sheet: Sheet) -> None:
    assert ids(sheet, View(moved=("Good", "Poor"))) == ["a3"]
    assert ids(sheet, View(moved=("Good", "Poor"), order="reason")) == ["a3"]
    assert sheet.all(View(moved=("Good", "Fair")))["id"].to_pylist() == ["a2", "a6"]


def test_single_records_are_found_by_either_id(sheet: Sheet) -> None:
    sheet.page(View())

    assert sorted(sheet.records(["a2", "o-3"])["id"].to_pylist()) == ["a2", "a3"]


def test_a_column_that_is_not_there_cannot_be_sorted_by(sheet: Sheet) -> None:
    with pytest.raises(InputError, match="has no column predict_scor"):
        sheet.page(View(order="predict_scor"))


def test_a_redraw_with_other_conditions_says_what_a_new_plan_would(
    preparation: Preparation,
) -> None:
    preparation.draw(given())
    narrower = given(guardrails={"min_rows": 100})
    drawn = preparation.draw(narrower)

    assert drawn.totals.fingerprint == preparation.plan(narrower).fingerprint
    assert [breach.limit for breach in drawn.totals.verdict.breaches] == ["min_rows"]
    assert preparation.condition_counts(drawn) == [(8, 8), (7, 7), (8, 7)]


def test_a_record_is_told_why_it_is_in_or_out(preparation: Preparation) -> None:
    drawn = preparation.draw(given())
    [out] = why(preparation, drawn, "o-0")
    [inside] = why(preparation, drawn, "a2")

    assert not out.is_in
    assert out.status is None
    assert (out.answers[0].question, out.answers[0].passes) == ("size ≥ 1", False)
    assert out.answers[0].words == "it is 0"
    assert inside.is_in
    assert inside.status == "changed"
    assert all(answer.passes is not False for answer in inside.answers)
    assert why(preparation, drawn, "nobody") == []
