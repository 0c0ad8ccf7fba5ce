"""Ids that are written differently are found by rules, and the doctor knows which."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.automations.making import automation, base, inputs, planned, rows_by_id
from workbench.automations.doctor import Diagnosis, examine
from workbench.automations.matching import by_rules
from workbench.automations.model import MatchRule, Replace
from workbench.automations.preparation import Preparation

SHORT, LONG = "001A0000006Vm9r", "001A0000006Vm9rIAC"
"""The example of Salesforce's own documentation, in both lengths."""


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


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
    assert told.strangers == ("AU1-1", "AU1-2", "zz")


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
