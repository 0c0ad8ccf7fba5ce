"""A plan in the making: base and live values held in DuckDB, judged anew at each change.

What a redraw needs again is kept: joining the base with Pendo happens once for its columns,
rules and fields; conditions, decisions and limits are only tried on the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workbench import sql
from workbench.automations import summary
from workbench.automations.conditions import Column, Filter, compiled
from workbench.automations.fields import notes, planned_fields
from workbench.automations.judging import Circumstances, judged_sql
from workbench.automations.matched import gone_sql, matched_sql, required
from workbench.automations.outputs import label_set
from workbench.automations.plan import Plan, PlanInputs, PlannedField

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_LABELS = 200
"""Scores looked at to find their label set; more are numbers, not labels."""


@dataclass(frozen=True)
class Drawn:
    """The sheet as it was last drawn, without its rows: those stay in DuckDB."""

    inputs: PlanInputs
    fields: tuple[PlannedField, ...]
    filter: Filter
    labels: tuple[str, ...]
    judged: str
    """SQL of every record on the sheet."""
    totals: summary.Totals


class Preparation:
    """One automation's plan in the making. Serves one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Args: connection: Of its own, with UTC as its time zone."""
        self._db = connection
        self._held: dict[str, object] = {}
        self._columns: dict[str, Column] = {}
        self._kept: tuple[str, ...] = ()
        self._key: object = None
        self._labels: tuple[str, ...] = ()
        self._has_duplicates = False

    def columns(self, inputs: PlanInputs) -> Mapping[str, Column]:
        """The columns of the decision base, by name."""
        self._hold(inputs)
        return self._columns

    def draw(self, inputs: PlanInputs) -> Drawn:
        """Decide about every record, and count; the rows stay in the connection.

        Raises:
            InputError: a column does not exist, or a condition does not suit its column.
        """
        automation = inputs.automation
        self._hold(inputs)
        required(automation, self._columns)
        today = inputs.now.astimezone(ZoneInfo(inputs.day_zone)).date()
        # Tried once on the columns as they are named, so that a mistake is told before any work.
        named = compiled(
            automation.read_from.conditions, self._columns, today=today, zone=inputs.day_zone
        )
        fields = self._planned(inputs)
        self._match(inputs, fields, named.fields)
        kept = {
            name: Column(f"k{n}", self._columns[name].type) for n, name in enumerate(self._kept)
        }
        chosen = compiled(automation.read_from.conditions, kept, today=today, zone=inputs.day_zone)
        circumstances = Circumstances(
            automation=automation,
            fields=fields,
            passes=chosen.sql,
            labels=self._labels,
            has_duplicates=self._has_duplicates,
            approve_all=False,
            shared=any(_overlaps(inputs, fields)),
        )
        judged = judged_sql(circumstances)
        totals = self._count(judged, inputs, fields)
        few = automation.review.auto_approve.fewer_than
        waiting = totals.counts.written + totals.waiting
        if automation.review.required and few is not None and waiting < few:
            judged = judged_sql(replace(circumstances, approve_all=True))
            totals = self._count(judged, inputs, fields)
        return Drawn(inputs, fields, chosen, self._labels, judged, totals)

    def plan(self, inputs: PlanInputs) -> Plan:
        """The whole plan, with its rows."""
        drawn = self.draw(inputs)
        rows = self._db.sql(summary.rows_sql(drawn.judged, drawn.fields)).to_arrow_table()
        return summary.plan_of(drawn.inputs, drawn.fields, rows, drawn.totals, self._notes(drawn))

    def condition_counts(self, drawn: Drawn) -> list[tuple[int, int]]:
        """For each step of the conditions: how many records pass it alone, and up to it."""
        steps = drawn.filter.steps
        asked = ["count(*)"]
        for step in steps:
            asked += [f"count(*) FILTER ({step.alone})", f"count(*) FILTER ({step.so_far})"]
        told = self._one(f"SELECT {', '.join(asked)} FROM matched WHERE in_base")
        return [(told[0], told[0]), *zip(told[1::2], told[2::2], strict=True)]

    def query(self, text: str, values: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query over what was drawn last."""
        return self._db.execute(text, list(values)).to_arrow_table()

    def _planned(self, inputs: PlanInputs) -> tuple[PlannedField, ...]:
        types = {name: column.type for name, column in self._columns.items()}
        fields = planned_fields(inputs.automation, inputs.schema, types)
        if inputs.automation.update.on_remove == "keep" or inputs.last is None:
            return fields
        names = {field.name for field in fields}
        standing = inputs.live.column_names
        dropped = [n for n in inputs.last.column_names if n not in names and n in standing]
        return fields + tuple(
            PlannedField(name, "", "string", exists=True) for name in dropped if name != "id"
        )

    # -- the tables ----------------------------------------------------------------------

    def _hold(self, inputs: PlanInputs) -> None:
        """Make the inputs known to DuckDB; those it has already stay."""
        if self._register("base", inputs.base):
            if isinstance(inputs.base, str):
                self._db.execute(f"CREATE OR REPLACE VIEW base AS SELECT * FROM {inputs.base}")
            described = self._db.execute("DESCRIBE SELECT * FROM base").fetchall()
            self._columns = {row[0]: Column(sql.name(row[0]), row[1]) for row in described}
        self._register("live", inputs.live)
        self._register("last", inputs.last)
        self._register("decisions", _decisions(inputs.decisions))

    def _register(self, name: str, value: object) -> bool:
        if name in self._held and self._held[name] is value:
            return False
        self._held[name] = value
        if value is not None and not isinstance(value, str):
            self._db.execute(f"DROP VIEW IF EXISTS {name}")
            self._db.register(name, value)
        if name != "decisions":
            self._key = None
        return True

    def _match(
        self, inputs: PlanInputs, fields: tuple[PlannedField, ...], needed: Sequence[str]
    ) -> None:
        """Join base, live and last, unless what stands serves."""
        automation = inputs.automation
        key = (
            automation.read_from.source_id,
            automation.update.id_field,
            automation.update.match,
            automation.update.nulls,
            tuple(automation.read_from.outputs.items()),
            fields,
            inputs.day_zone,
        )
        if key == self._key and set(needed) <= set(self._kept):
            return
        same_base = self._key is not None
        self._kept = tuple(dict.fromkeys([*(self._kept if same_base else ()), *needed]))
        last = None if inputs.last is None else inputs.last.column_names
        live = inputs.live.column_names
        self._db.execute(
            matched_sql(
                automation,
                fields,
                self._columns,
                self._kept,
                base="base",
                live_columns=live,
                last_columns=last,
                zone=inputs.day_zone,
            )
        )
        if last is not None:
            self._db.execute(
                gone_sql(
                    automation,
                    fields,
                    self._columns,
                    self._kept,
                    live_columns=live,
                    last_columns=last,
                )
            )
        self._key = key
        self._has_duplicates = self._look_for_duplicates()
        self._labels = self._find_labels(inputs, fields)

    def _look_for_duplicates(self) -> bool:
        told = self._one(
            "SELECT count(id) - count(DISTINCT id), count(source) - count(DISTINCT source) "
            "FROM matched WHERE in_base"
        )
        return any(told)

    def _find_labels(self, inputs: PlanInputs, fields: Sequence[PlannedField]) -> tuple[str, ...]:
        score = next((i for i, field in enumerate(fields) if field.output == "score"), None)
        if score is None:
            return ()
        found = self._db.execute(
            f"SELECT DISTINCT a{score} FROM matched WHERE a{score} IS NOT NULL LIMIT {MOST_LABELS}"
        ).fetchall()
        return label_set(inputs.automation.labels.sets, [label for (label,) in found])

    def _count(
        self, judged: str, inputs: PlanInputs, fields: tuple[PlannedField, ...]
    ) -> summary.Totals:
        self._share(inputs, fields)
        self._db.execute(f"CREATE OR REPLACE TABLE sheet AS {summary.slim_sql(judged, fields)}")
        return summary.totals(self._db, "sheet", inputs, fields, self._labels)

    def _share(self, inputs: PlanInputs, fields: tuple[PlannedField, ...]) -> None:
        """A table of the records that other automations write too, with their names."""
        import pyarrow as pa

        overlapping = list(_overlaps(inputs, fields))
        if not overlapping:
            return
        tables = [
            pa.table({"id": ids, "name": pa.repeat(pa.scalar(name), len(ids))})
            for name, ids in overlapping
        ]
        self._db.register("others", pa.concat_tables(tables))
        self._db.execute(
            "CREATE OR REPLACE TABLE shared AS SELECT id, string_agg(DISTINCT name, ', ' "
            "ORDER BY name) AS names FROM others GROUP BY id"
        )

    def _notes(self, drawn: Drawn) -> list[str]:
        last = drawn.inputs.last
        written = [] if last is None else last.column_names
        return notes(
            drawn.inputs.automation, drawn.fields, drawn.inputs.schema, drawn.inputs.others, written
        )

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self._db.execute(query).fetchone()
        assert row is not None
        return row


def make_plan(connection: duckdb.DuckDBPyConnection, inputs: PlanInputs) -> Plan:
    """What a run would write.

    Args:
        connection: Empty, with UTC as its time zone.

    Raises:
        InputError: a column does not exist, or a condition does not suit its column.
    """
    return Preparation(connection).plan(inputs)


def _overlaps(inputs: PlanInputs, fields: Sequence[PlannedField]) -> Iterator[tuple[str, pa.Array]]:
    """Other automations that write one of these fields, and of which the records are known."""
    names = {field.name for field in fields}
    for other in inputs.others:
        same = other.object == inputs.automation.update.object and names & set(other.fields)
        if same and other.ids is not None and len(other.ids):
            yield other.name, other.ids


@cache
def _no_decisions() -> pa.Table:
    import pyarrow as pa

    names = ("record_id", "decision", "reason", "approved")
    return pa.table({name: pa.array([], pa.string()) for name in names})


def _decisions(given: pa.Table | None) -> pa.Table:
    return _no_decisions() if given is None else given
