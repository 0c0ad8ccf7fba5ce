"""Match rules: what is done to ids before they are compared. Pure; SQL for DuckDB.

The rules are laid on both sides, but an id of Pendo's is always written as Pendo has it, and an
exact match goes before one by rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench import sql
from workbench.automations.model import MatchRule, Replace

SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
"""The characters of a Salesforce id's check suffix, by the bits of its capital letters."""
SPACES = " \t\r\n\u00a0"
"""What ``trim`` takes away; the last one comes from web pages and spreadsheets."""


def by_rules(text: str, rules: Sequence[MatchRule]) -> str:
    """SQL of an id after the rules, in their order; null where nothing is left."""
    for rule in rules:
        text = _by_rule(text, rule)
    return f"nullif({text}, '')"


def _by_rule(text: str, rule: MatchRule) -> str:
    if isinstance(rule, Replace):
        for old, new in rule.replace.items():
            text = f"replace({text}, {sql.literal(old)}, {sql.literal(new)})"
        return text
    if rule == "trim":
        return f"trim({text}, {sql.literal(SPACES)})"
    if rule == "lower":
        return f"lower({text})"
    if rule == "strip_leading_zeros":
        # An id of zeros alone keeps one.
        return f"regexp_replace({text}, '^0+(.)', '\\1')"
    salesforce = f"regexp_full_match({text}, '[0-9a-zA-Z]{{{15 if rule == 'sfdc18' else 18}}}')"
    if rule == "sfdc15":
        return f"CASE WHEN {salesforce} THEN left({text}, 15) ELSE {text} END"
    suffix = " || ".join(_suffix(text, chunk) for chunk in range(3))
    return f"CASE WHEN {salesforce} THEN {text} || {suffix} ELSE {text} END"


def _suffix(text: str, chunk: int) -> str:
    bits = " + ".join(
        f"CASE WHEN ascii({text}[{chunk * 5 + place + 1}]) BETWEEN 65 AND 90 "
        f"THEN {2**place} ELSE 0 END"
        for place in range(5)
    )
    return f"{sql.literal(SUFFIXES)}[1 + {bits}]"


def in_words(rule: MatchRule) -> str:
    """A rule as a person says it.

    >>> in_words("trim"), in_words(Replace(replace={"-": "_"}))
    ('leave out spaces around', 'put _ for -')
    """
    if isinstance(rule, Replace):
        return ", ".join(
            f"put {new} for {_named(old)}" if new else f"leave out {_named(old)}"
            for old, new in rule.replace.items()
        )
    return {
        "trim": "leave out spaces around",
        "lower": "ignore capital letters",
        "strip_leading_zeros": "leave out zeros in front",
        "sfdc18": "make 15-character Salesforce ids 18 characters long",
        "sfdc15": "cut 18-character Salesforce ids to 15",
    }[rule]


def _named(text: str) -> str:
    return "spaces" if text == " " else text


def keys_sql(live: str, rules: Sequence[MatchRule]) -> str:
    """SQL of what Pendo's ids answer to: ``key``, ``id`` and ``times``, each key once.

    ``times`` above 1: so many ids become this key, none of them exactly, and nobody knows which.
    """
    if not rules:
        return f"SELECT id AS key, id, 1 AS times FROM {live}"
    key = by_rules("id", rules)
    return (
        f"SELECT id AS key, id, 1 AS times FROM {live} UNION ALL "
        f"SELECT key, min(id), count(*) FROM (SELECT {key} AS key, id FROM {live}) "
        f"WHERE key IS NOT NULL AND key NOT IN (SELECT id FROM {live} WHERE id IS NOT NULL) "
        "GROUP BY key"
    )
