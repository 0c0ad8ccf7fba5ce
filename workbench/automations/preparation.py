"""A plan in the making: base and live values held in DuckDB, judged anew at each change.

What a redraw needs again is kept: joining the base with Pendo happens once for its columns,
rules and fields; conditions, decisions and limits are only tried on the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workbench import sql
from workbench.automations import summary
from workbench.automations.conditions import Column, Filter, compiled
from workbench.automations.fields import notes, planned_fields
from workbench.automations.filters import Conditions
from workbench.automations.judging import Circumstances, sheet_sql
from workbench.automations.keys import Keys, forget, lay
from workbench.automations.matched import Match, labels_sql, required
from workbench.automations.model import Automation
from workbench.automations.outputs import label_set
from workbench.automations.plan import Plan, PlanInputs, PlannedField
from workbench.automations.reasons import rows_sql
from workbench.automations.rematching import rematched, repeats
from workbench.automations.sharing import share
from workbench.automations.sides import asked_sql, standing_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_LABELS = 200
"""Scores looked at to find their label set; more are numbers, not labels."""

BATCH_ROWS = 8_192
"""Rows of a plan that leave DuckDB at once."""
Kept = Callable[["pa.RecordBatchReader"], "pa.Table"]
"""Makes one table of a plan's rows, wherever they are to stand."""


def in_memory(rows: pa.RecordBatchReader) -> pa.Table:
    """All rows of a plan, in memory."""
    return rows.read_all()


@dataclass(frozen=True)
class Drawn:
    """The sheet as it was last drawn; its rows stay in DuckDB."""

    inputs: PlanInputs
    fields: tuple[PlannedField, ...]
    """The fields that are written."""
    filter: Filter
    kept: tuple[str, ...]
    """The base columns in ``matched``; ``k0`` is the first."""
    labels: tuple[str, ...]
    rows: str
    """SQL of the sheet's rows, as a plan has them."""
    near: str
    """The same, of the records alone that ``Preparation.near`` was asked for."""
    totals: summary.Totals

    @property
    def warnings(self) -> list[str]:
        """What a person should know before anything is written."""
        last = self.inputs.last
        written = () if last is None else last.column_names
        others, automation = self.inputs.others, self.inputs.automation
        creates = self.totals.creates
        told = notes(automation, self.fields, self.inputs.schema, others, written, creates)
        return [*told, *summary.value_notes(self.inputs, self.totals)]


class Preparation:
    """One automation's plan in the making. Serves one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Args: connection: Of its own, with UTC as its time zone."""
        self._db = connection
        self._held: dict[str, object] = {}
        self._columns: dict[str, Column] = {}
        self._match: Match | None = None
        self._twice = False
        self._has_duplicates = False

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Holds what was drawn last."""
        return self._db

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
        # Tried on the columns as they are named first: a mistake is told before any work.
        needed = self._compiled(inputs, self._columns).fields
        match = self._matched(inputs, needed)
        kept = {c: Column(f"k{n}", self._columns[c].type) for n, c in enumerate(match.keep)}
        chosen = self._compiled(inputs, kept)
        written = tuple(
            (i, field)
            for i, field in enumerate(match.fields)
            if field.output in automation.outputs or not field.output
        )
        circumstances = Circumstances(
            automation=automation,
            fields=written,
            passes=chosen.sql,
            has_duplicates=self._has_duplicates,
            approve_all=False,
            texts=match.rows(),
            marks=match.marks(),
            has_decisions=inputs.decisions is not None and inputs.decisions.num_rows > 0,
            shared=share(self._db, inputs, [field for _, field in written]),
        )
        totals = self._judge(circumstances, inputs, match.labels)
        few = automation.review.auto_approve.fewer_than
        if totals.waiting and few is not None and totals.counts.written + totals.waiting < few:
            totals = self._judge(replace(circumstances, approve_all=True), inputs, match.labels)
        fields = tuple(field for _, field in written)
        rows = rows_sql(circumstances, match.rows())
        near = rows_sql(circumstances, match.rows("near", "near_live"))
        return Drawn(inputs, fields, chosen, match.keep, match.labels, rows, near, totals)

    def plan(self, inputs: PlanInputs, kept: Kept = in_memory) -> Plan:
        """The whole plan, with its rows."""
        drawn = self.draw(inputs)
        found = self._db.sql(f"SELECT * EXCLUDE (rid) FROM ({drawn.rows})")
        rows = kept(found.to_arrow_reader(BATCH_ROWS))
        return summary.plan_of(inputs, drawn.fields, rows, drawn.totals, drawn.warnings)

    def near(self, drawn: Drawn, rids: str) -> str:
        """SQL of a few of the sheet's rows: what Pendo holds is looked up for these alone.

        Args:
            rids: Their numbers, with commas between them.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self._match is not None
        few = f"{self._match.beside()} WHERE matched.rowid IN ({rids})"
        self._db.execute(f"CREATE OR REPLACE TABLE near AS {few}")
        found = self._db.execute("SELECT id FROM near WHERE id IS NOT NULL").fetchall()
        live = drawn.inputs.live
        ids = pa.array([id for (id,) in found], live["id"].type)
        self._db.register("near_live", live.filter(pc.is_in(live["id"], ids)))
        return drawn.near

    def condition_counts(self, drawn: Drawn) -> list[tuple[int, int]]:
        """How many records there are, then for each step: how many pass it alone, and up to it."""
        asked = ["count(*)", "count(*)"]
        for step in drawn.filter.steps:
            asked += [f"count(*) FILTER ({step.alone})", f"count(*) FILTER ({step.so_far})"]
        told = self._one(f"SELECT {', '.join(asked)} FROM matched WHERE in_base")
        return list(zip(told[::2], told[1::2], strict=True))

    # -- the tables ----------------------------------------------------------------------

    def _compiled(self, inputs: PlanInputs, columns: Mapping[str, Column]) -> Filter:
        zone = inputs.day_zone
        today = inputs.now.astimezone(ZoneInfo(zone)).date()
        return compiled(inputs.automation.read_from.conditions, columns, today=today, zone=zone)

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
        held = self._held.get(name)
        if name in self._held and (held is value or (isinstance(held, str) and held == value)):
            return False
        self._held[name] = value
        if value is not None and not isinstance(value, str):
            self._db.execute(f"DROP VIEW IF EXISTS {name}")
            self._db.register(name, value)
        if name != "decisions":
            self._match = None
        return True

    def _matched(self, inputs: PlanInputs, needed: Sequence[str]) -> Match:
        """Join base, live and last, unless what stands serves."""
        stood = self._match
        last = inputs.last
        match = Match(
            automation=_as_matched(inputs.automation),
            fields=self._fillable(inputs),
            columns=self._columns,
            keep=tuple(dict.fromkeys([*(stood.keep if stood else ()), *needed])),
            live=tuple(inputs.live.column_names),
            last=None if last is None else tuple(last.column_names),
            labels=stood.labels if stood else (),
            zone=inputs.day_zone,
        )
        if stood is not None and match == stood:
            return stood
        # What fails on the way leaves nothing that could be taken for a match.
        self._match = None
        if stood is None or not match.differs_in_rules_alone(stood):
            match = replace(match, labels=self._find_labels(inputs))
            self._make_room()
            self._db.execute(asked_sql(match))
            self._db.execute(standing_sql(match))
            self._twice = repeats(self._db, "source", "asked")
            stood = None
        try:
            self._join(match, lay(self._db, match.automation.update.match), anew=stood is None)
        finally:
            forget(self._db)
        self._match = match
        return match

    def _join(self, match: Match, keys: Keys, *, anew: bool) -> None:
        # Which of two records with one id is the latest may hang on their order, which moving
        # changes: where any id stands twice, all are matched anew.
        if not anew and not self._has_duplicates and rematched(self._db, match, keys):
            return
        self._make_room()
        self._db.execute(match.create(keys.sql))
        if match.last is not None:
            self._db.execute(match.add_gone())
        self._has_duplicates = self._twice or repeats(self._db, "id", "matched WHERE in_base")

    def _make_room(self) -> None:
        # Both are made anew, and joining needs the memory they take.
        self._db.execute("DROP TABLE IF EXISTS sheet")
        self._db.execute("DROP TABLE IF EXISTS matched")

    def _fillable(self, inputs: PlanInputs) -> tuple[PlannedField, ...]:
        """Every field that the outputs could fill, and those that are only cleared."""
        types = {name: column.type for name, column in self._columns.items()}
        fields = planned_fields(_with_all_outputs(inputs.automation), inputs.schema, types)
        if inputs.automation.update.on_remove == "keep" or inputs.last is None:
            return fields
        written = set(inputs.automation.outputs)
        names = {field.name for field in fields if field.output in written} | {"id"}
        dropped = [name for name in inputs.last.column_names if name not in names]
        return fields + tuple(
            PlannedField(name, "", "string", exists=True)
            for name in dropped
            if name in inputs.live.column_names
        )

    def _find_labels(self, inputs: PlanInputs) -> tuple[str, ...]:
        asked = labels_sql(inputs.automation, self._columns, MOST_LABELS)
        if asked is None:
            return ()
        found = [str(label) for (label,) in self._db.execute(asked).fetchall()]
        return label_set(inputs.automation.labels.sets, found)

    def _judge(
        self, given: Circumstances, inputs: PlanInputs, labels: Sequence[str]
    ) -> summary.Totals:
        self._db.execute(f"CREATE OR REPLACE TABLE sheet AS {sheet_sql(given)}")
        fields = tuple(field for _, field in given.fields)
        return summary.totals(self._db, inputs, fields, labels)

    def _one(self, query: str) -> tuple[Any, ...]:
        # All of it: a result left open keeps the connection from its next use.
        [row] = self._db.execute(query).fetchall()
        return tuple(row)


def make_plan(
    connection: duckdb.DuckDBPyConnection, inputs: PlanInputs, kept: Kept = in_memory
) -> Plan:
    """What a run would write.

    Args:
        connection: Empty, with UTC as its time zone.
        kept: Where its rows are to stand.

    Raises:
        InputError: a column does not exist, or a condition does not suit its column.
    """
    return Preparation(connection).plan(inputs, kept)


def _with_all_outputs(automation: Automation) -> Automation:
    update = automation.update.model_copy(update={"fields": None})
    return automation.model_copy(update={"update": update})


def _as_matched(automation: Automation) -> Automation:
    """An automation without what matching does not look at, so that two of them can compare."""
    read_from = automation.read_from.model_copy(
        update={"conditions": Conditions(), "duplicates": "hold"}
    )
    kept = {"fields": None, "departed": "keep", "outside_changes": "overwrite"}
    given = _with_all_outputs(automation)
    return Automation(
        name="matched",
        connection=given.connection,
        read_from=read_from,
        update=given.update.model_copy(update=kept),
        trend=given.trend,
        labels=given.labels,
    )


@cache
def _no_decisions() -> pa.Table:
    import pyarrow as pa

    names = ("record_id", "decision", "reason", "approved")
    return pa.table({name: pa.array([], pa.string()) for name in names})


def _decisions(given: pa.Table | None) -> pa.Table:
    return _no_decisions() if given is None else given
