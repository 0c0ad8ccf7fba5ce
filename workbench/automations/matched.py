"""The decision base beside what Pendo holds: one DuckDB table that conditions are tried on.

Everything about a record that does not depend on conditions, limits and decisions is worked out
here once, so that a redraw reads numbers instead of texts; the texts are fetched for the rows that
are shown. Its columns, for base column number n and field number i:

    k<n>  a base column that conditions look at     g<i>  hash of the text to stand
    source, given: the id in the base; id: Pendo's  z<i>  bytes of it in a request
    found, times: how many of Pendo's ids answer    c<i>  the marks of ``sides.MARKS``
    in_base, was: written before by this automation e<i>  the text to stand, where it is told
    from_place, to_place: labels' places                  from both sides (a trend)
    record: its row in ``asked``

Whether texts differ is told by their hashes of 64 bits: that two texts share one is less likely
than that the memory they stand in fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.automations.conditions import Column
from workbench.automations.matching import by_rules
from workbench.automations.outputs import trend
from workbench.automations.plan import PlannedField
from workbench.automations.sides import (
    NOTHING,
    NULL,
    PLACE,
    bytes_sql,
    differs,
    id_text,
    marked,
    marks_sql,
    stood_sql,
)
from workbench.automations.values import plain_text
from workbench.errors import InputError
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.automations.model import Automation


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

    @property
    def source_text(self) -> str:
        """SQL of the source ID in ``base``."""
        return id_text(self, self.automation.read_from.source_id)

    @property
    def id_text(self) -> str:
        """SQL of the id in ``base``, as it is there."""
        return id_text(self, self.automation.id_column)

    @property
    def told_from(self) -> tuple[int, ...]:
        """The fields of which a trend needs the texts of both sides, where one is told."""
        computed = [i for i in range(len(self.fields)) if self._computes(i)]
        needed = [self.index("score"), self.index("date"), *computed] if computed else []
        return tuple(i for i in needed if i is not None)

    def create(self, keys: str) -> str:
        """SQL that makes ``matched`` from ``asked`` and what Pendo's ids answer to."""
        return f"CREATE OR REPLACE TABLE matched AS {self._of_base(keys, 'asked.now')}"

    def add_moved(self) -> str:
        """SQL that adds the records of the base whose ids are in ``elsewhere``."""
        keys = (
            "SELECT elsewhere.given AS key, elsewhere.times, standing.* "
            "FROM elsewhere JOIN standing ON standing.id = elsewhere.id"
        )
        only = " WHERE given IN (SELECT given FROM elsewhere)"
        return f"INSERT INTO matched {self._of_base(keys, 'asked.given', only)}"

    def _of_base(self, keys: str, key: str, only: str = "") -> str:
        now = by_rules("given", self.automation.update.match)
        return self._finished(
            f"SELECT asked.*, coalesce(keys.id, asked.now) AS id, keys.id IS NOT NULL AS found, "
            "coalesce(keys.times, 0) AS times, true AS in_base, "
            f"coalesce(keys.was, false) AS was, {self._standing('keys')} "
            f"FROM (SELECT *, rowid AS record, {now} AS now FROM asked{only}) AS asked "
            f"LEFT JOIN ({keys}) AS keys ON keys.key = {key}"
        )

    def add_gone(self) -> str:
        """SQL that adds the records written before that the base has no more."""
        blank = [f"CAST(NULL AS {self.columns[c].type}) AS k{n}" for n, c in enumerate(self.keep)]
        blank += [f"{NULL} AS source", f"{NULL} AS given", "NULL AS record"]
        blank.append(f"CAST(NULL AS {PLACE}) AS asked_place")
        for i in range(len(self.fields)):
            blank += [f"{NULL} AS a{i}", f"{NOTHING} AS g{i}"]
            blank.append(f"{bytes_sql(self.fields[i], NULL)} AS z{i}")
            blank.append(f"{marks_sql(m='true')} AS q{i}")
        joined = (
            f"SELECT {', '.join(blank)}, id, true AS found, 1 AS times, false AS in_base, was, "
            f"{self._standing('standing')} FROM standing "
            "WHERE was AND id NOT IN (SELECT id FROM matched WHERE id IS NOT NULL)"
        )
        return f"INSERT INTO matched {self._finished(joined)}"

    def beside(self) -> str:
        """SQL of ``matched``, and its ``rid``, beside the texts that the base asks for."""
        texts = "".join(f", asked.a{i}" for i in range(len(self.fields)))
        return (
            f"SELECT matched.rowid AS rid, matched.*{texts} FROM matched "
            "LEFT JOIN asked ON asked.rowid = matched.record"
        )

    def rows(self, beside: str | None = None, live: str = "live") -> str:
        """SQL of ``matched`` with its texts.

        Gives ``rid id given in_base``, what conditions look at, the marks, and for each field
        ``b<i>``, the text Pendo holds, and ``e<i>``, the one that is to stand; ``state``: the
        State the base asks for.

        Args:
            beside: A table of those rows of ``beside()`` that are looked at.
            live: A table of what Pendo holds for them.
        """
        shown = [f"matched.{name}" for name in ("rid", "id", "given", "in_base")]
        shown += [f"matched.k{n}" for n in range(len(self.keep))]
        shown += [f"matched.c{i} AS c{i}" for i in range(len(self.fields))]
        return (
            f"SELECT {', '.join([*shown, *self._texts()])} "
            f"FROM {beside or f'({self.beside()})'} AS matched "
            # No id that is not found is one of Pendo's.
            f"LEFT JOIN {live} AS live ON live.id = matched.id"
        )

    def marks(self) -> str:
        """SQL of what the marks in ``matched`` say, for each field.

        ``x m t n o`` as in ``sides.MARKS``; ``w``: whether what is to stand differs from what
        Pendo holds; ``d``: whether what the base asks for does.
        """
        told = []
        for i in range(len(self.fields)):
            told += [f"{marked(f'c{i}', mark)} AS {mark}{i}" for mark in "xmtno"]
            told.append(f"{differs(f'c{i}', *self._staying(i))} AS w{i}")
            told.append(f"{differs(f'c{i}', 'm')} AS d{i}")
        return ", ".join(told)

    def _texts(self) -> list[str]:
        texts, state = [], self.index("state")
        for i, field in enumerate(self.fields):
            now, _ = stood_sql(self, i)
            wanted = f"CASE WHEN {self._stays(i, f'matched.c{i}')} THEN {now} ELSE matched.a{i} END"
            if not field.output:
                wanted = NULL
            elif self._computes(i):
                wanted = f"matched.e{i}"
            texts += [f"{now} AS b{i}", f"{wanted} AS e{i}"]
        return [*texts, f"{NULL if state is None else f'matched.a{state}'} AS state"]

    def _standing(self, table: str) -> str:
        standing = [f"{table}.from_place"]
        nothing = marks_sql(n="true")
        for i in range(len(self.fields)):
            standing += [f"coalesce({table}.h{i}, {NOTHING}) AS h{i}"]
            standing += [f"coalesce({table}.p{i}, {nothing}) AS p{i}"]
        for i in self.told_from:
            standing += [f"{table}.b{i}", f"{table}.l{i}"]
        return ", ".join(standing)

    def _finished(self, joined: str) -> str:
        """Differences and places, over rows of both sides."""
        shown = [f"k{n}" for n in range(len(self.keep))]
        shown += ["source", "given", "id", "found", "times", "in_base", "was", "record"]
        told = []
        for i, field in enumerate(self.fields):
            hashed, size = f"g{i}", f"z{i}"
            other = f"g{i} <> h{i}"
            if self._computes(i):
                told.append(f"coalesce({self._trend(i)}, b{i}) AS e{i}")
                hashed, size = f"hash(e{i}) AS g{i}", f"{bytes_sql(field, f'e{i}')} AS z{i}"
                other = f"e{i} IS DISTINCT FROM b{i}"
                shown.append(f"e{i}")
            shown += [hashed, size, f"q{i} | p{i} | {marks_sql(d=other)} AS c{i}"]
        score = self.index("score")
        stays = "false" if score is None else self._stays(score, f"q{score}")
        shown.append("from_place")
        shown.append(f"CASE WHEN {stays} THEN from_place ELSE asked_place END AS to_place")
        also = "".join(f", {text}" for text in told)
        return f"SELECT {', '.join(shown)} FROM (SELECT *{also} FROM ({joined}))"

    def index(self, output: str) -> int | None:
        """The number of the field that holds an output."""
        places = (i for i, field in enumerate(self.fields) if field.output == output)
        return next(places, None)

    def _computes(self, i: int) -> bool:
        return self.automation.computes(self.fields[i].output)

    def _staying(self, i: int) -> tuple[str, ...]:
        """The marks with which a record leaves the field as it is, whatever Pendo holds there."""
        if not self.fields[i].output or self._computes(i):
            return ()
        return ("x", "m") if self.automation.update.nulls == "skip" else ("x",)

    def _stays(self, i: int, marks: str) -> str:
        staying = self._staying(i)
        return marked(marks, *staying) if staying else "false"

    def _trend(self, i: int) -> str:
        score, date = self.index("score"), self.index("date")
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


def labels_sql(automation: Automation, columns: Mapping[str, Column], most: int) -> str | None:
    """SQL of the scores in the base, to find their label set; None where no column is Score."""
    column = automation.read_from.outputs.get("score")
    if column is None:
        return None
    text = plain_text(columns[column].sql, columns[column].type)
    return f"SELECT DISTINCT {text} AS label FROM base WHERE label IS NOT NULL LIMIT {most}"
