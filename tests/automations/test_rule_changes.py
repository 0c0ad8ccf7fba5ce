"""Other rules for ids give the sheet that opening anew with them gives, whatever they find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.automations.making import automation, inputs, plan_of
from workbench.automations.model import Automation
from workbench.automations.plan import Plan, PlanInputs
from workbench.automations.preparation import Preparation
from workbench.automations.sheet import View, drawn_sheet

FIELDS = ("predict_score", "predict_date", "predict_trend", "predict_state")
RULES: tuple[list[Any], ...] = (
    [], ["trim"], ["lower"], ["trim", "lower"], ["strip_leading_zeros"],
    [{"replace": {"-": ""}}], [{"replace": {"a": "b"}}, "lower"],
)  # fmt: skip
WRITTEN = {
    # How the base writes an id of Pendo's: as it is, as one rule undoes it, or as none does.
    "exact": "{}".format,
    "capitals": str.upper,
    "spaces": " {} ".format,
    "zeros": "00{}".format,
    "unknown": "zz-{}".format,
}
PENDO = st.lists(
    st.sampled_from([*(f"acct-{n}" for n in range(12)), "ACCT-3", "acct4", "0acct-5", "bcct-6"]),
    unique=True, min_size=1,
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {name: st.sampled_from(["Good", "Poor", "x", None]) for name in FIELDS}
)
UPDATE = st.fixed_dictionaries(
    {
        "departed": st.sampled_from(["keep", "clear", "state_only"]),
        "nulls": st.sampled_from(["skip", "write"]),
        "create_unknown": st.booleans(),
        "outside_changes": st.sampled_from(["overwrite", "hold"]),
    }
)
BASES = st.one_of(
    # All records written in one way, so that a rule finds all of them or none ...
    st.sampled_from(sorted(WRITTEN)).map(lambda how: [how]),
    # ... or each in its own, so that it finds some.
    st.lists(st.sampled_from(sorted(WRITTEN)), min_size=1),
)


def base(data: Any, live: list[str]) -> pa.Table:
    """Records for Pendo's ids, some of them twice if it comes so."""
    ways = data.draw(BASES)
    known = data.draw(st.lists(st.sampled_from(live), unique=data.draw(st.booleans())))
    some = st.sampled_from(["Good", "Poor", "odd", None])
    rows = [
        {
            "opportunity": f"o-{n}",
            "account": WRITTEN[ways[n % len(ways)]](id),
            "label": data.draw(some),
            "scored": data.draw(st.sampled_from(["2026-01-01", "soon", None])),
            "state": data.draw(st.sampled_from(["Churned", None])),
            "in": data.draw(st.booleans()),
        }
        for n, id in enumerate(known)
    ]
    names = ("opportunity", "account", "label", "scored", "state")
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    return pa.table({**columns, "in": pa.array([row["in"] for row in rows], pa.bool_())})


def asked(update: dict[str, Any], rules: list[Any], review: bool) -> Automation:
    return automation(
        update={**update, "match": rules},
        read_from={
            "outputs": {"score": "label", "date": "scored", "state": "state"},
            "conditions": {"all": [{"field": "in", "op": "is_true"}]},
        },
        review={"required": review},
    )


def in_order(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=lambda row: repr((row["source_id"], row["id"])))


def assert_same_sheet(preparation: Preparation, given: PlanInputs, anew: Plan) -> None:
    """That a redraw is what opening anew gives: its rows, a page of it, and every number."""
    drawn = preparation.draw(given)
    sheet = drawn_sheet(preparation, drawn)
    every = View(limit=anew.rows.num_rows + 1)

    assert in_order(sheet.all(every)) == in_order(anew.rows)
    assert in_order(sheet.page(every).rows) == in_order(anew.rows)
    totals = drawn.totals
    assert (totals.counts, totals.fingerprint) == (anew.counts, anew.fingerprint)
    assert (totals.movement, totals.api_calls) == (anew.movement, anew.api_calls)
    assert (totals.verdict, tuple(drawn.warnings)) == (anew.verdict, anew.warnings)


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_other_rules_give_the_sheet_that_opening_anew_gives(data: Any) -> None:
    ids = data.draw(PENDO)
    live = {id: data.draw(VALUES) for id in ids}
    last = {id: data.draw(VALUES) for id in ids if data.draw(st.booleans())}
    records, update = base(data, ids), data.draw(UPDATE)
    review, decisions = data.draw(st.booleans()), None
    if data.draw(st.booleans()):
        decisions = pa.table(
            {"record_id": [ids[0]], "decision": ["approve"], "reason": [""], "approved": ["f00"]}
        )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        preparation = Preparation(connection)
        stands = inputs(
            asked(update, [], review), records, live,
            last=last if data.draw(st.booleans()) else None,
            types={**dict.fromkeys(FIELDS, "string"), "predict_date": "time"},
            decisions=decisions,
        )  # fmt: skip
        for rules in data.draw(st.lists(st.sampled_from(RULES), min_size=2, max_size=4)):
            wanted = replace(stands, automation=asked(update, rules, review))
            assert_same_sheet(preparation, wanted, plan_of(wanted))


FOUND = {"none": range(0), "some": range(0, 60, 3), "all": range(60)}


@pytest.mark.parametrize("before", FOUND)
@pytest.mark.parametrize("after", FOUND)
def test_a_rule_after_another_gives_the_sheet_of_opening_anew_whatever_both_find(
    before: str, after: str
) -> None:
    def written(n: int) -> str:
        """An id that ``trim`` finds, or ``lower``, or both or neither."""
        by_trim, by_lower = n in FOUND[before], (n + len(before)) % 60 in FOUND[after]
        how = {(True, True): "exact", (True, False): "spaces", (False, True): "capitals"}
        return WRITTEN[how.get((by_trim, by_lower), "unknown")](f"acct-{n}")

    numbers = range(60)
    columns = {
        "opportunity": [f"o-{n}" for n in numbers],
        "account": [written(n) for n in numbers],
        "label": ["Good"] * 60,
        "scored": pa.nulls(60, pa.string()),
        "state": ["Churned", "Renewed"] * 30,
        "in": [n % 7 > 0 for n in numbers],
    }
    live = {f"acct-{n}": {"predict_score": "Poor", "predict_state": "Churned"} for n in numbers}
    stands = inputs(asked({}, ["trim"], False), pa.table(columns), live)
    lower = replace(stands, automation=asked({}, ["lower"], False))
    count = "SELECT count(*) FROM matched WHERE found"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        preparation = Preparation(connection)
        preparation.draw(stands)
        assert connection.execute(count).fetchall() == [(len(FOUND[before]),)]

        assert_same_sheet(preparation, lower, plan_of(lower))

        assert connection.execute(count).fetchall() == [(len(FOUND[after]),)]
