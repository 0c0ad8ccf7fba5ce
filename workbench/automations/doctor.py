"""The match doctor: why ids of the base are not found in Pendo, and which rules would find them.

Looks only at what was drawn; changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.automations.matching import by_rules, in_words, keys_sql
from workbench.automations.model import MatchRule, Replace
from workbench.automations.values import plain_text

if TYPE_CHECKING:
    import duckdb

    from workbench.automations.preparation import Drawn, Preparation

REMEDIES: tuple[MatchRule, ...] = (
    "trim",
    "lower",
    Replace(replace={"-": "_"}),
    Replace(replace={"_": "-"}),
    Replace(replace={" ": ""}),
    "strip_leading_zeros",
    "sfdc18",
    "sfdc15",
)
"""What is tried, the most harmless first: of two that gain the same the first is proposed."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule, laid after those there are, would find."""

    rule: MatchRule
    words: str
    gained: int
    """Records that match Pendo's ids with it and do not without."""
    examples: tuple[tuple[str, str], ...]
    """The base's id and the id of Pendo's that it would match."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why ids are not found."""

    unmatched: int
    """Records that pass the conditions and whose id Pendo does not know."""
    findings: tuple[Finding, ...]
    """Each rule that helps by itself, the most helpful first."""
    proposed: tuple[MatchRule, ...]
    """All rules together that find the most; those there are already come first."""
    gained: int
    """Records that they find."""
    examples: tuple[tuple[str, str], ...]
    """The base's id and the id of Pendo's that they match it with."""
    strangers: tuple[str, ...]
    """Some ids that no rule finds."""


def examine(preparation: Preparation, drawn: Drawn) -> Diagnosis:
    """Try every remedy on the records of the sheet, as it was drawn last, that were not found."""
    connection = preparation.connection
    rules = drawn.inputs.automation.update.match
    column = preparation.columns(drawn.inputs)[drawn.inputs.automation.id_column]
    # The base's ids are read again, as they are, for the rules there are have changed them.
    connection.execute(
        "CREATE OR REPLACE TABLE unmatched AS SELECT DISTINCT given, key FROM "
        f"(SELECT {plain_text(column.sql, column.type)} AS given, "
        f"{by_rules('given', rules)} AS key FROM base) "
        "WHERE key IN (SELECT id FROM sheet WHERE status = 'not_found' AND id IS NOT NULL)"
    )
    unmatched = _one(connection, "SELECT count(*) FROM unmatched")
    findings = [_tried(connection, rules, rule) for rule in REMEDIES if rule not in rules]
    helpful = sorted((f for f in findings if f.gained), key=lambda f: -f.gained)
    proposed, gained = _together(connection, rules, [finding.rule for finding in helpful])
    pairs, strangers = _pairs(connection, proposed), _strangers(connection, proposed)
    return Diagnosis(unmatched, tuple(helpful), proposed, gained, pairs, strangers)


def _tried(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[MatchRule], rule: MatchRule
) -> Finding:
    together = (*rules, rule)
    gained = _gained(connection, together)
    return Finding(rule, in_words(rule), gained, _pairs(connection, together))


def _together(
    connection: duckdb.DuckDBPyConnection,
    rules: tuple[MatchRule, ...],
    helpful: Sequence[MatchRule],
) -> tuple[tuple[MatchRule, ...], int]:
    """The rules that find the most together, and how many records that is."""
    grown = _grown(connection, rules, helpful)
    pruned = _pruned(connection, rules)
    chosen, gained = pruned if pruned[1] > grown[1] else grown
    return (*rules, *chosen), gained


def _grown(
    connection: duckdb.DuckDBPyConnection,
    rules: tuple[MatchRule, ...],
    helpful: Sequence[MatchRule],
) -> tuple[tuple[MatchRule, ...], int]:
    """The best rule, then whichever of all remedies finds more, until none does."""
    chosen: tuple[MatchRule, ...] = ()
    gained = 0
    left = list(helpful) + [rule for rule in REMEDIES if rule not in (*helpful, *rules)]
    while left:
        tried = [(_gained(connection, (*rules, *_in_order((*chosen, r)))), r) for r in left]
        best, rule = max(tried, key=lambda pair: pair[0])
        if best <= gained:
            break
        chosen, gained = (*chosen, rule), best
        left.remove(rule)
    return _in_order(chosen), gained


def _pruned(
    connection: duckdb.DuckDBPyConnection, rules: tuple[MatchRule, ...]
) -> tuple[tuple[MatchRule, ...], int]:
    """All remedies at once, then without each that is not needed.

    ``ACCT_1`` is found as ``acct-1`` by two rules of which neither finds anything by itself.
    """
    chosen = tuple(rule for rule in REMEDIES if rule not in rules)
    gained = _gained(connection, (*rules, *_in_order(chosen)))
    for rule in reversed(chosen):
        fewer = tuple(each for each in chosen if each != rule)
        if (without := _gained(connection, (*rules, *_in_order(fewer)))) >= gained:
            chosen, gained = fewer, without
    return _in_order(chosen), gained


def _in_order(rules: Sequence[MatchRule]) -> tuple[MatchRule, ...]:
    # A Salesforce id is known by its length and tells its suffix by its capitals, so what changes
    # either comes later.
    def rank(rule: MatchRule) -> int:
        if isinstance(rule, Replace):
            return 2
        return {"trim": 0, "sfdc18": 1, "sfdc15": 1, "strip_leading_zeros": 3, "lower": 4}[rule]

    return tuple(sorted(rules, key=rank))


def _gained(connection: duckdb.DuckDBPyConnection, rules: Sequence[MatchRule]) -> int:
    return _one(connection, f"SELECT count(*) FROM {_found(rules)}")


def _found(rules: Sequence[MatchRule]) -> str:
    return (
        f"(SELECT given, keys.id FROM (SELECT given, {by_rules('given', rules)} AS key "
        f"FROM unmatched) AS base JOIN ({keys_sql('live', rules)}) AS keys "
        "ON keys.key = base.key AND keys.times = 1) AS found"
    )


def _pairs(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[MatchRule]
) -> tuple[tuple[str, str], ...]:
    some = f"SELECT given, id FROM {_found(rules)} ORDER BY given LIMIT {EXAMPLES}"
    return tuple((given, id) for given, id in connection.execute(some).fetchall())


def _strangers(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[MatchRule]
) -> tuple[str, ...]:
    rows = connection.execute(
        f"SELECT given FROM unmatched WHERE given NOT IN (SELECT given FROM {_found(rules)}) "
        "ORDER BY given LIMIT 10"
    ).fetchall()
    return tuple(given for (given,) in rows)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    [(number,)] = connection.execute(query).fetchall()
    return int(number)
