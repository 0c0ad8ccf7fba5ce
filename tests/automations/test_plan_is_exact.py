"""The plan against a naive one, over random bases, ids, live states and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.automations import reference
from tests.automations.making import automation, inputs, plan_of
from workbench.automations.model import Automation
from workbench.automations.plan import Plan, PlanInputs

FIELDS = tuple(reference.FIELDS.values())
IDS = st.sampled_from(["a", "A", " a", "b", "b ", "c", "D", "e-1", None, ""])
LABELS = st.sampled_from(["Excellent", "Good", "Fair", "Poor", "poor", "odd", None, ""])
STATES = st.sampled_from(["Churned", "Renewed", None])
TEXTS = st.sampled_from(["Good", "Poor", "x", None])
RECORDS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["o1", "o2", "o3", "o4", "o5", "o6", None]),
        "id": IDS,
        "score": LABELS,
        "state": STATES,
        "in": st.booleans(),
    }
)
STANDING = st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS))
LIVE = st.dictionaries(st.sampled_from(["a", "A", "b", "c", "d", "e-1"]), STANDING)
SETTINGS = st.fixed_dictionaries(
    {
        "departed": st.sampled_from(["keep", "clear", "state_only"]),
        "nulls": st.sampled_from(["skip", "write"]),
        "create_unknown": st.booleans(),
        "outside_changes": st.sampled_from(["overwrite", "hold"]),
        "match": st.sampled_from([[], ["trim"], ["trim", "lower"]]),
    }
)


def asked(update: dict[str, Any]) -> Automation:
    return automation(
        update=update,
        read_from={
            "outputs": {"score": "label", "state": "state"},
            "conditions": {"all": [{"field": "in", "op": "is_true"}]},
        },
    )


def table(records: list[dict[str, Any]]) -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "opportunity": pa.array([r["source"] for r in records], text),
            "account": pa.array([r["id"] for r in records], text),
            "label": pa.array([r["score"] for r in records], text),
            "state": pa.array([r["state"] for r in records], text),
            "in": pa.array([r["in"] for r in records], pa.bool_()),
        }
    )


def told(plan: Plan) -> dict[Any, list[Any]]:
    """The plan's rows as the naive planner gives them."""
    found: dict[Any, list[Any]] = {}
    for row in plan.rows.to_pylist():
        written = {name for name in FIELDS if row[f"{name}__write"]}
        after = {name: row[f"{name}__after"] for name in FIELDS}
        line = (row["status"], sorted(after.items()), sorted(written))
        # A record that departed has no place in the base, though it may still have a row there.
        key = (row["source_id"], row["id"])
        found.setdefault(key, []).append(line)
    return {key: sorted(lines, key=repr) for key, lines in found.items()}


def expected(chosen: Automation, records: list[dict[str, Any]], live: Any, last: Any) -> Any:
    known = ["Excellent", "Good", "Fair", "Poor"]
    labelled = any((r["score"] or "").lower() in map(str.lower, known) for r in records)
    sheet = reference.plan(chosen, records, live, last, [r["in"] for r in records])
    if not labelled:
        return None
    return {
        key: sorted(
            ((t.status, sorted(t.after.items()), sorted(t.written)) for t in lines), key=repr
        )
        for key, lines in sheet.items()
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORDS, max_size=8), LIVE, LIVE, SETTINGS)
def test_every_record_is_as_the_naive_planner_has_it(
    records: list[dict[str, Any]], live: Any, last: Any, update: dict[str, Any]
) -> None:
    chosen = asked(update)
    plan = plan_of(inputs(chosen, table(records), with_fields(live), last=last))
    wanted = expected(chosen, records, live, last)

    if wanted is not None:
        assert by_id(told(plan)) == by_id(wanted)
    counts = plan.counts
    assert (
        counts.records
        == plan.rows.num_rows
        == (
            counts.new
            + counts.changed
            + counts.same
            + counts.not_found
            + counts.conflict
            + counts.held
        )
    )
    assert counts.values == sum(
        plan.rows[f"{name}__write"].to_pylist().count(True) for name in FIELDS
    )


def with_fields(live: dict[str, Any]) -> dict[str, Any]:
    """Live values in which every field exists, whoever has them."""
    return {**live, "~": dict.fromkeys(FIELDS)}


def by_id(sheet: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    """Rows of a record that departed come with or without the source ID it had: told by id."""
    found: dict[Any, list[Any]] = {}
    for (_, id), lines in sheet.items():
        found.setdefault(id, []).extend(lines)
    return {id: sorted(lines, key=repr) for id, lines in found.items()}


@settings(max_examples=10, deadline=None)
@given(st.lists(RECORDS, max_size=8), LIVE, SETTINGS, st.randoms())
def test_writing_a_plan_leaves_nothing_to_write_and_order_means_nothing(
    records: list[dict[str, Any]], live: Any, update: dict[str, Any], random: Any
) -> None:
    chosen = asked({**update, "create_unknown": False})
    before = inputs(chosen, table(records), with_fields(live), last={})
    plan = plan_of(before)
    shuffled = random.sample(records, len(records))

    assert plan_of(replace(before, base=table(shuffled))).fingerprint == plan.fingerprint
    again = plan_of(after_writing(before, plan, live))
    assert again.counts.written == 0
    assert again.counts.values == 0


def after_writing(before: PlanInputs, plan: Plan, live: dict[str, Any]) -> PlanInputs:
    """The same inputs once the plan was carried out."""
    standing = {id: dict(row) for id, row in with_fields(live).items()}
    written: dict[str, Any] = {}
    for row in plan.rows.to_pylist():
        for name in FIELDS:
            if row[f"{name}__write"]:
                standing[row["id"]][name] = row[f"{name}__after"]
                written.setdefault(row["id"], {})[name] = row[f"{name}__after"]
    assert isinstance(before.base, pa.Table)
    return inputs(before.automation, before.base, standing, last=written)
