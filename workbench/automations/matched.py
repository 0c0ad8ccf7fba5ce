"""The decision base beside what Pendo holds: one DuckDB table that conditions are tried on.

Everything about a record that does not depend on conditions, limits and decisions is worked out
here once, so that a redraw reads numbers instead of texts. Its columns, for base column number
n and field number i:

    k<n>  a base column that conditions look at     b<i>  the text Pendo holds
    source, given: the id in the base; id: Pendo's  e<i>  the text that is to stand
    found, times: how many of Pendo's ids answer    w<i>  whether they differ
    in_base, was: written before by this automation g<i>  hash of the text to stand
    state: the State the base asks for              z<i>  bytes of it in a request
    from_place, to_place: labels' places            m<i>  whether the base asks for nothing
                                                    x<i>  whether it asks for what cannot be
                                                    o<i>  whether somebody else changed it
                                                    t<i>  whether the text was cut
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.conditions import Column
from workbench.automations.matching import by_rules, keys_sql
from workbench.automations.model import LONGEST_TEXT
from workbench.automations.outputs import desired, place, trend
from workbench.automations.plan import PlannedField
from workbench.automations.values import CUT_MARK, plain_text
from workbench.errors import InputError
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.automations.model import Automation

NULL = "CAST(NULL AS VARCHAR)"
CELL_BYTES = 6
"""JSON around one value and its name."""


def required(automation: Automation, columns: Mapping[str, Column]) -> None:
    """Check that the base has the columns the document names.

    Raises:
        InputError: it lacks one.
    """
    read_from = automation.read_from
    wanted = {
        "Source ID": read_from.source_id,
        "the id in Pendo": automation.update.id_field,
        **{output.capitalize(): column for output, column in read_from.outputs.items()},
    }
    for purpose, column in wanted.items():
        if column is not None and column not in columns:
            raise InputError(
                f"{read_from.dataset} has no column {column[:80]}, which is to be {purpose}"
                f"{nearest(column, columns)}",
                hint=f"It has: {', '.join(list(columns)[:30])}.",
            )


@dataclass(frozen=True)
class Match:
    """What is joined, and how."""

    automation: Automation
    fields: tuple[PlannedField, ...]
    """Every field the outputs could fill, also those that are not written."""
    columns: Mapping[str, Column]
    keep: tuple[str, ...]
    """The base columns that conditions look at; ``k0`` is the first."""
    live: tuple[str, ...]
    """Columns of the table ``live``."""
    last: tuple[str, ...] | None
    """Columns of the table ``last``; None where the automation has written nothing yet."""
    labels: tuple[str, ...]
    zone: str

    def differs_in_rules_alone(self, other: Match) -> bool:
        """Whether nothing but the rules for ids is different."""
        update = self.automation.update.model_copy(update={"match": other.automation.update.match})
        same_rules = self.automation.model_copy(update={"update": update})
        return replace(self, automation=same_rules) == other

    def create(self) -> str:
        """SQL that makes ``matched`` from ``base``, ``live`` and ``last``."""
        rules = self.automation.update.match
        if not rules:
            joins = " LEFT JOIN live ON live.id = base.key"
            times = "CASE WHEN live.id IS NOT NULL THEN 1 END"
            return f"CREATE OR REPLACE TABLE matched AS {self._from_base('live.id', times, joins)}"
        joins = (
            f" LEFT JOIN ({keys_sql('live', rules)}) AS keys ON keys.key = base.key "
            "LEFT JOIN live ON live.id = keys.id"
        )
        filled = self._from_base("keys.id", "keys.times", joins)
        return f"CREATE OR REPLACE TABLE matched AS {filled}"

    def add_moved(self) -> str:
        """SQL that adds the records of the base whose ids are in ``elsewhere``."""
        joins = (
            " JOIN elsewhere ON elsewhere.given = base.given "
            "LEFT JOIN live ON live.id = elsewhere.id"
        )
        only = f" WHERE {self._id_text()} IN (SELECT given FROM elsewhere)"
        filled = self._from_base("elsewhere.id", "elsewhere.times", joins, only)
        return f"INSERT INTO matched {filled}"

    def _from_base(self, found: str, times: str, joins: str, only: str = "") -> str:
        if self.last is not None:
            joins += f" LEFT JOIN last ON last.id = {found}"
        joined = (
            f"SELECT base.*, coalesce({found}, base.key) AS id, {found} IS NOT NULL AS found, "
            f"coalesce({times}, 0) AS times, true AS in_base, "
            f"{'last.id IS NOT NULL' if self.last is not None else 'false'} AS was, "
            f"{self._standing()} FROM ({self._read()}{only}) AS base{joins}"
        )
        return self._finished(joined)

    def add_gone(self) -> str:
        """SQL that adds the records written before that the base has no more."""
        blank = [f"CAST(NULL AS {self.columns[c].type}) AS k{n}" for n, c in enumerate(self.keep)]
        blank += [f"{NULL} AS source", f"{NULL} AS given"]
        for i in range(len(self.fields)):
            blank += [f"{NULL} AS a{i}", f"false AS x{i}"]
        joined = (
            f"SELECT {', '.join(blank)}, last.id AS id, true AS found, 1 AS times, "
            f"false AS in_base, true AS was, {self._standing()} "
            "FROM last JOIN live ON live.id = last.id "
            "WHERE last.id NOT IN (SELECT id FROM matched WHERE id IS NOT NULL)"
        )
        return f"INSERT INTO matched {self._finished(joined)}"

    def _read(self) -> str:
        automation, columns = self.automation, self.columns
        id_column, source = self._id_text(), self._text(automation.read_from.source_id)
        read = [f"{columns[name].sql} AS k{n}" for n, name in enumerate(self.keep)]
        key = by_rules(id_column, automation.update.match)
        read += [f"{source} AS source", f"{id_column} AS given", f"{key} AS key"]
        for i, field in enumerate(self.fields):
            text, impossible = desired(automation, field, columns, self.zone)
            read += [f"{text} AS a{i}", f"{impossible} AS x{i}"]
        return f"SELECT {', '.join(read)} FROM base"

    def _id_text(self) -> str:
        return self._text(self.automation.id_column)

    def _text(self, name: str) -> str:
        return plain_text(self.columns[name].sql, self.columns[name].type)

    def _standing(self) -> str:
        standing = []
        for i, field in enumerate(self.fields):
            column = sql.name(field.name)
            now = f"live.{column}" if field.name in self.live else NULL
            then = f"last.{column}" if self.last and field.name in self.last else NULL
            standing += [f"{now} AS b{i}", f"{then} AS l{i}"]
        return ", ".join(standing)

    def _finished(self, joined: str) -> str:
        """Values to stand, differences and sizes, over rows with ``a b l x``."""
        shown = [f"k{n}" for n in range(len(self.keep))]
        shown += ["source", "given", "id", "found", "times", "in_base", "was"]
        score, state = self._index("score"), self._index("state")
        for i, field in enumerate(self.fields):
            shown += [
                f"b{i}",
                f"e{i}",
                f"x{i}",
                f"e{i} IS DISTINCT FROM b{i} AS w{i}",
                f"hash(e{i}) AS g{i}",
                f"({CELL_BYTES + len(field.name)} + coalesce(strlen(e{i}), 4))::INTEGER AS z{i}",
                f"a{i} IS NULL AS m{i}",
                f"{_cut(field, i)} AS t{i}",
                f"l{i} IS NOT NULL AND b{i} IS DISTINCT FROM l{i} AS o{i}",
            ]
        before, after = ("NULL", "NULL") if score is None else (f"b{score}", f"e{score}")
        shown += [
            f"{NULL if state is None else f'a{state}'} AS state",
            f"{place(before, self.labels)} AS from_place",
            f"{place(after, self.labels)} AS to_place",
        ]
        after_texts = ", ".join(f"{self._after(i)} AS e{i}" for i in range(len(self.fields)))
        return f"SELECT {', '.join(shown)} FROM (SELECT *, {after_texts} FROM ({joined}))"

    def _index(self, output: str) -> int | None:
        places = (i for i, field in enumerate(self.fields) if field.output == output)
        return next(places, None)

    def _after(self, i: int) -> str:
        """The text that is to stand in a record that matches, written or not."""
        automation, field = self.automation, self.fields[i]
        if not field.output:
            return NULL
        computed = automation.computes(field.output)
        wanted = self._trend(i) if computed else f"a{i}"
        if automation.update.nulls == "skip" or computed:
            wanted = f"coalesce({wanted}, b{i})"
        return f"CASE WHEN x{i} THEN b{i} ELSE {wanted} END"

    def _trend(self, i: int) -> str:
        score, date = self._index("score"), self._index("date")
        assert score is not None
        return trend(
            self.automation.trend.words,
            self.labels,
            score=f"a{score}",
            score_before=f"coalesce(l{score}, b{score})",
            date=None if date is None else f"a{date}",
            date_before=None if date is None else f"coalesce(l{date}, b{date})",
            trend_before=f"coalesce(l{i}, b{i})",
        )


def _cut(field: PlannedField, i: int) -> str:
    if field.type != "string" or field.output in ("", "trend"):
        return "false"
    mark = sql.literal(CUT_MARK)
    return f"coalesce(length(a{i}) = {LONGEST_TEXT} AND ends_with(a{i}, {mark}), false)"


def labels_sql(automation: Automation, columns: Mapping[str, Column], most: int) -> str | None:
    """SQL of the scores in the base, to find their label set; None where no column is Score."""
    column = automation.read_from.outputs.get("score")
    if column is None:
        return None
    text = plain_text(columns[column].sql, columns[column].type)
    return f"SELECT DISTINCT {text} AS label FROM base WHERE label IS NOT NULL LIMIT {most}"
