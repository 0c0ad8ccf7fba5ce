"""The two sides of a match, each by itself and in numbers: what the base asks for, what stands.

``asked`` has a row for each record of the base, ``standing`` one for each of Pendo's. Neither hangs
on the rules for ids, so that other rules cost a join of numbers and no text. For field number i:

    asked     a<i> the text the base asks for, or null; g<i> its hash; q<i> marks ``x m t``;
              z<i> its bytes in a request
              source, given: the ids; k<n>: for conditions; asked_place: the label's place
    standing  h<i> hash of the text Pendo holds; p<i> marks ``n o``;
              id, exact: Pendo's id and its hash; from_place: the label's place; was: written
              before by this automation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.model import LONGEST_TEXT
from workbench.automations.outputs import desired, place
from workbench.automations.values import CUT_MARK, plain_text

if TYPE_CHECKING:
    from workbench.automations.matched import Match
    from workbench.automations.plan import PlannedField

NULL = "CAST(NULL AS VARCHAR)"
NOTHING = f"hash({NULL})"
"""The hash of no text."""
CELL_BYTES = 6
"""JSON around one value and its name."""
PLACE = "SMALLINT"
"""The type of a label's place: no set has so many."""
MARKS = {"x": 1, "m": 2, "t": 4, "d": 8, "n": 16, "o": 32}
"""What a record tells of one field, a bit each: ``x`` the base asks for what cannot be, ``m`` for
nothing; ``t`` the text was cut; ``d`` Pendo holds another, ``n`` or nothing; ``o`` somebody else
changed it. One number is joined and written faster than six truths."""


def marked(marks: str, *asked: str) -> str:
    """SQL: whether a number of marks has one of these.

    >>> marked("c0", "x", "m")
    '(c0 & 3) <> 0'
    """
    return f"({marks} & {sum(MARKS[mark] for mark in asked)}) <> 0"


def differs(marks: str, *unless: str) -> str:
    """SQL: whether a number of marks has ``d``, and none of these."""
    mask = MARKS["d"] + sum(MARKS[mark] for mark in unless)
    return f"(({marks} & {mask}) = {MARKS['d']})"


def marks_sql(**tests: str) -> str:
    """SQL of the number whose marks these tests are, of the type that marks are kept as.

    >>> marks_sql(m="a0 IS NULL")
    '(CASE WHEN a0 IS NULL THEN 2::UTINYINT ELSE 0::UTINYINT END)'
    """
    marks = (
        f"CASE WHEN {test} THEN {MARKS[mark]}::UTINYINT ELSE 0::UTINYINT END"
        for mark, test in tests.items()
    )
    return f"({' | '.join(marks)})"


def asked_sql(match: Match) -> str:
    """SQL that makes ``asked`` from ``base``."""
    read = [f"{match.columns[name].sql} AS k{n}" for n, name in enumerate(match.keep)]
    read += [f"{match.source_text} AS source", f"{match.id_text} AS given"]
    shown = [f"k{n}" for n in range(len(match.keep))] + ["source", "given"]
    for i, field in enumerate(match.fields):
        text, impossible = desired(match.automation, field, match.columns, match.zone)
        read += [f"{text} AS a{i}", f"{impossible} AS x{i}"]
        marks = marks_sql(x=f"x{i}", m=f"a{i} IS NULL", t=_cut(field, i))
        shown += [f"a{i}", f"hash(a{i}) AS g{i}", f"{marks} AS q{i}"]
        shown.append(f"{bytes_sql(field, f'a{i}')} AS z{i}")
    score = match.index("score")
    asked_place = place("NULL" if score is None else f"a{score}", match.labels)
    shown.append(f"({asked_place})::{PLACE} AS asked_place")
    return (
        f"CREATE OR REPLACE TABLE asked AS SELECT {', '.join(shown)} "
        f"FROM (SELECT {', '.join(read)} FROM base)"
    )


def standing_sql(match: Match) -> str:
    """SQL that makes ``standing`` from ``live`` and ``last``.

    The texts that a trend is told from are in it too, where one is.
    """
    shown = ["live.id AS id", "hash(live.id) AS exact"]
    shown.append(f"{'last.id IS NOT NULL' if match.last is not None else 'false'} AS was")
    for i in range(len(match.fields)):
        now, then = stood_sql(match, i)
        changed = f"{then} IS NOT NULL AND {now} IS DISTINCT FROM {then}"
        tests = {"n": f"{now} IS NULL", "o": changed if then != NULL else "false"}
        shown += [f"hash({now}) AS h{i}", f"{marks_sql(**tests)} AS p{i}"]
    score = match.index("score")
    before = "NULL" if score is None else stood_sql(match, score)[0]
    shown.append(f"({place(before, match.labels)})::{PLACE} AS from_place")
    for i in match.told_from:
        now, then = stood_sql(match, i)
        shown += [f"{now} AS b{i}", f"{then} AS l{i}"]
    joined = " LEFT JOIN last ON last.id = live.id" if match.last is not None else ""
    return f"CREATE OR REPLACE TABLE standing AS SELECT {', '.join(shown)} FROM live{joined}"


def stood_sql(match: Match, i: int) -> tuple[str, str]:
    """SQL of what Pendo holds in a field, and of what was written there last."""
    column = sql.name(match.fields[i].name)
    now = f"live.{column}" if match.fields[i].name in match.live else NULL
    then = f"last.{column}" if match.last and match.fields[i].name in match.last else NULL
    return now, then


def bytes_sql(field: PlannedField, text: str) -> str:
    """SQL of the bytes that a text takes in a request."""
    return f"({CELL_BYTES + len(field.name)} + coalesce(strlen({text}), 4))::INTEGER"


def id_text(match: Match, name: str) -> str:
    """SQL of a column of the base as the text of an id."""
    return plain_text(match.columns[name].sql, match.columns[name].type)


def _cut(field: PlannedField, i: int) -> str:
    if field.type != "string" or field.output in ("", "trend"):
        return "false"
    mark = sql.literal(CUT_MARK)
    return f"coalesce(length(a{i}) = {LONGEST_TEXT} AND ends_with(a{i}, {mark}), false)"
