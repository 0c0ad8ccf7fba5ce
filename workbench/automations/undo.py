"""The plan that puts back what stood before a run. Pure.

A cell that no longer holds what the run wrote was changed since by someone else, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.model import Automation
from workbench.automations.plan import Plan, PlannedField
from workbench.automations.rows import counted_rows
from workbench.automations.values import field_type
from workbench.words import counted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.fields import Schema


def undo_fields(
    automation: Automation, names: Sequence[str], schema: Schema
) -> tuple[PlannedField, ...]:
    """The fields of cells that were written, as Pendo has them now; those it lost are left out."""
    existing = schema.get(automation.update.group, {})
    outputs = {name: output for output, name in automation.field_names.items()}
    return tuple(
        PlannedField(
            name,
            outputs.get(name, ""),
            field_type(existing[name].type) or "string",
            exists=True,
        )
        for name in names
        if name in existing and not existing[name].is_deleted
    )


def plan_undo(
    connection: duckdb.DuckDBPyConnection,
    automation: Automation,
    cells: pa.Table,
    live: pa.Table,
    schema: Schema,
    now: datetime,
) -> Plan:
    """What undoing a run would write.

    Args:
        connection: Of its own.
        cells: What the run wrote: ``record_id``, ``field``, ``before``, ``after`` as canonical
            text, one row per cell.
        live: As for a plan: ``id`` and the canonical text of each field.
    """
    names = sorted(cells["field"].unique().to_pylist())
    fields = undo_fields(automation, names, schema)
    connection.register("cells", cells)
    connection.register("live", live)
    rows = connection.sql(_rows_sql(fields, live.column_names, automation)).to_arrow_table()
    update = automation.update
    also = (automation.connection, update.object, update.group, "undo")
    told = counted_rows(rows, fields, automation.write, also=also)
    lost = [name for name in names if name not in {field.name for field in fields}]
    return Plan(
        automation=automation.name,
        object=update.object,
        group=update.group,
        fingerprint=told.fingerprint,
        made_at=now,
        fields=fields,
        rows=rows,
        counts=told.counts,
        warnings=tuple(f"{name} is no longer a field in Pendo" for name in lost),
        api_calls=told.api_calls,
        write=automation.write,
    )


def _rows_sql(fields: Sequence[PlannedField], live: Sequence[str], automation: Automation) -> str:
    """Each record once: cells side by side, then judged cell by cell."""
    wide, judged = [], []
    for i, field in enumerate(fields):
        mine = f"FILTER (cells.field = {sql.literal(field.name)})"
        now = f"live.{sql.name(field.name)}" if field.name in live else "CAST(NULL AS VARCHAR)"
        wide += [
            f"bool_or(true) {mine} AS t{i}",
            f"any_value(cells.before) {mine} AS o{i}",
            f"any_value(cells.after) {mine} AS n{i}",
            f"any_value({now}) AS b{i}",
        ]
        ours = f"(t{i} AND b{i} IS NOT DISTINCT FROM n{i})"
        strange = f"(t{i} AND NOT {ours} AND b{i} IS DISTINCT FROM o{i})"
        judged += [
            f"coalesce({ours} AND o{i} IS DISTINCT FROM b{i}, false) AS w{i}",
            f"coalesce({strange}, false) AS c{i}",
            f"CASE WHEN {ours} THEN o{i} ELSE b{i} END AS e{i}",
        ]
    indices = range(len(fields))
    written = " OR ".join(f"w{i}" for i in indices) or "false"
    strange = " OR ".join(f"c{i}" for i in indices) or "false"
    named = ", ".join(
        f"CASE WHEN c{i} THEN {sql.literal(field.name)} END" for i, field in enumerate(fields)
    )
    shown = [
        "id", "id AS source_id",
        f"CASE WHEN NOT found THEN 'not_found' WHEN {written} THEN 'changed' "
        f"WHEN {strange} THEN 'conflict' ELSE 'same' END AS status",
        f"CASE WHEN NOT found THEN 'Pendo has no {automation.update.object} ' || id "
        f"WHEN {strange} THEN concat_ws(', ', {named or 'NULL'}) "
        "|| ' was changed since by someone else and stays' END AS reason",
        "CAST(NULL AS VARCHAR) AS decision", "CAST(NULL AS VARCHAR) AS stamp",
    ]  # fmt: skip
    for i, field in enumerate(fields):
        shown += [
            f"b{i} AS {sql.name(f'{field.name}__before')}",
            f"e{i} AS {sql.name(f'{field.name}__after')}",
            f"found AND w{i} AS {sql.name(f'{field.name}__write')}",
        ]
    grouped = ", ".join(["record_id AS id", "bool_or(live.id IS NOT NULL) AS found", *wide])
    return (
        f"WITH wide AS (SELECT {grouped} FROM cells LEFT JOIN live ON live.id = cells.record_id "
        f"GROUP BY record_id), judged AS (SELECT {', '.join(['*', *judged])} FROM wide) "
        f"SELECT {', '.join(shown)} FROM judged"
    )


def in_words(plan: Plan) -> str:
    """What an undo would do, in one sentence."""
    kept = plan.counts.conflict
    stays = f"; {counted(kept, 'record')} changed since and stay" if kept else ""
    values = counted(plan.counts.values, "value")
    return f"Puts back {values} on {counted(plan.counts.written, plan.object)}{stays}"
