"""Ids that are written differently are found by rules, and the doctor knows which."""

from __future__ import annotations

import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from tests.automations.making import automation, base, inputs, planned, rows_by_id
from workbench.automations.doctor import Diagnosis, examine
from workbench.automations.matching import by_rules
from workbench.automations.model import MatchRule, Replace
from workbench.automations.preparation import Preparation, make_plan

SHORT, LONG = "001A0000006Vm9r", "001A0000006Vm9rIAC"
"""The example of Salesforce's own documentation, in both lengths."""


@pytest.mark.parametrize(
    ("rules", "given", "becomes"),
    [
        (["trim"], " acme\t\u00a0", "acme"),
        (["lower"], "AcMe", "acme"),
        (["strip_leading_zeros"], "00042", "42"),
        (["strip_leading_zeros"], "000", "0"),
        (["sfdc18"], SHORT, LONG),
        (["sfdc18"], LONG, LONG),
        (["sfdc15"], LONG, SHORT),
        (["sfdc15"], "acme", "acme"),
        ([Replace(replace={"-": "_"}), "lower"], "AU1-123", "au1_123"),
        (["trim"], "   ", None),
    ],
)
def test_a_rule_rewrites_an_id(
    duck: duckdb.DuckDBPyConnection, rules: list[MatchRule], given: str, becomes: str | None
) -> None:
    told = duck.execute(f"SELECT {by_rules('given', rules)} FROM (SELECT ? AS given)", [given])

    assert told.fetchone() == (becomes,)


def test_rules_find_an_id_of_pendos_and_write_it_as_pendo_has_it() -> None:
    chosen = automation(update={"match": ["lower", {"replace": {"-": "_"}}]})
    plan = planned(chosen, base([{"account": "AU1-123"}]), {"Au1_123": {"predict_score": "Poor"}})

    assert plan.rows["id"].to_pylist() == ["Au1_123"]
    assert plan.counts.changed == 1


def test_an_exact_id_goes_before_one_that_only_looks_alike() -> None:
    live = {"acme": {"predict_score": "Poor"}, "ACME": {"predict_score": "Poor"}}
    plan = planned(automation(update={"match": ["lower"]}), base([{"account": "ACME"}]), live)

    # Lower case is exactly another account's id, and an exact match is no guess.
    assert plan.rows["id"].to_pylist() == ["acme"]


def test_an_id_that_two_accounts_answer_to_is_a_conflict() -> None:
    live = {"Acme": {"predict_score": "Poor"}, "ACME": {"predict_score": "Poor"}}
    plan = planned(automation(update={"match": ["lower"]}), base([{"account": "aCME"}]), live)

    [row] = plan.rows.to_pylist()
    assert (row["status"], row["reason"]) == ("conflict", "2 accounts in Pendo match acme")
    assert plan.counts.values == 0


def test_a_number_can_be_an_id() -> None:
    plan = planned(automation(), base([{"account": 42}, {"account": 7}]), {"42": {}})

    assert {id: row["status"] for id, row in rows_by_id(plan).items()} == {
        "42": "new",
        "7": "not_found",
    }


IDS = ("acme", "ACME", " acme", "0acme", "Beta", "b-eta", "b_eta", "007", "7", SHORT, LONG, "zz",
       "-", "--")  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_rules_changed_one_after_another_find_what_they_find_at_once(
    duck: duckdb.DuckDBPyConnection, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [{"account": id} for id in chance.sample(IDS, 7)] + [{"account": None}]
    live = {id: {"predict_score": "Poor"} for id in chance.sample(IDS, 7)}
    before = [[id, "Poor"] for id in chance.sample(sorted(live), 3)]
    last = pa.table({"id": [id for id, _ in before], "predict_score": [s for _, s in before]})
    every = ["trim", "lower", "strip_leading_zeros", "sfdc18", {"replace": {"-": "_"}},
             {"replace": {"-": ""}}]  # fmt: skip
    preparation = Preparation(duck)
    stands = replace(inputs(automation(), base(rows), live), last=last)
    changed = 0

    for _ in range(5):
        given = automation(
            update={"match": chance.sample(every, chance.randrange(3)), "departed": "clear"}
        )
        asked = replace(stands, automation=given)
        drawn = preparation.plan(asked)
        with duckdb.connect() as empty:
            empty.execute("SET TimeZone = 'UTC'")
            at_once = make_plan(empty, asked)
        order = [("source_id", "ascending"), ("id", "ascending")]
        assert drawn.rows.sort_by(order).equals(at_once.rows.sort_by(order))
        assert (drawn.counts, drawn.fingerprint) == (at_once.counts, at_once.fingerprint)
        changed += drawn.counts.changed
    assert changed


def test_other_rules_move_only_the_records_that_they_find_elsewhere(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    preparation = Preparation(duck)
    stands = inputs(
        automation(), base([{"account": id} for id in ("acme", "beta", "DELTA")]),
        {id: {"predict_score": "Poor"} for id in ("acme", "beta", "delta")},
    )  # fmt: skip
    preparation.draw(stands)
    lower = replace(stands, automation=automation(update={"match": ["lower"]}))

    counts = preparation.draw(lower).totals.counts

    assert (counts.changed, counts.not_found) == (3, 0)
    assert duck.execute("SELECT given, id FROM moved").fetchall() == [("DELTA", "delta")]


def examined(duck: duckdb.DuckDBPyConnection, ids: list[str], live: list[str]) -> Diagnosis:
    preparation = Preparation(duck)
    given = inputs(automation(), base([{"account": id} for id in ids]), {id: {} for id in live})
    return examine(preparation, preparation.draw(given))


def test_the_doctor_proposes_the_rules_that_find_most(duck: duckdb.DuckDBPyConnection) -> None:
    ids = ["AU1-1", "AU1-2", " au1_3", "zz", "au1_9"]
    told = examined(duck, ids, ["au1_1", "au1_2", "au1_3", "au1_9"])

    assert told.unmatched == 4
    # Neither rule alone helps the first two; both together do.
    assert [(finding.rule, finding.gained) for finding in told.findings] == [
        ("trim", 1),
        (Replace(replace={" ": ""}), 1),
    ]
    assert told.findings[0].examples == ((" au1_3", "au1_3"),)
    assert told.proposed == ("trim", Replace(replace={"-": "_"}), "lower")
    assert told.gained == 3
    assert told.examples[:2] == ((" au1_3", "au1_3"), ("AU1-1", "au1_1"))
    assert told.strangers == ("zz",)


def test_the_doctor_sees_through_letters_zeros_and_salesforce(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    told = examined(duck, ["ACME", "0007", SHORT], ["acme", "7", LONG])

    assert {(f.rule, f.gained) for f in told.findings} == {
        ("lower", 1),
        ("strip_leading_zeros", 1),
        ("sfdc18", 1),
        ("sfdc15", 1),
    }
    assert told.gained == 3
    assert len(told.proposed) == 3
    assert told.strangers == ()


def test_what_the_doctor_proposes_is_what_a_plan_then_finds(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    ids = ["ACME ", "Beta", "x"]
    told = examined(duck, ids, ["acme", "beta"])
    rows = base([{"account": id} for id in ids])
    plan = planned(automation(update={"match": told.proposed}), rows, {"acme": {}, "beta": {}})

    assert told.gained == 2
    assert plan.counts.not_found == told.unmatched - told.gained
