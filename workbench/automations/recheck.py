"""Hold a plan that was seen against what Pendo holds now. Pure.

A value that somebody changed meanwhile is not overwritten: its cell drops out and its record
goes back to review as a conflict, the other cells are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench import sql
from workbench.errors import InputError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.pendo.model import FieldDescriptor

GONE = "Pendo does not know this id any more"


def recheck(
    plan: Plan,
    live: pa.Table,
    connection: duckdb.DuckDBPyConnection,
    *,
    create: bool = False,
) -> Plan:
    """The plan without the cells whose value in Pendo is no longer what the plan saw.

    Cells that hold by now what would be written are left out as well. The fingerprint stays:
    it is the plan that was seen, and less of it.

    Args:
        live: ``id`` and a text column for each field that exists, for every record.
        create: Whether ids that Pendo does not know are created.
    """
    if not plan.fields:
        return plan
    connection.register("seen", plan.rows)
    connection.register("live", live)
    now = {
        field.name: f"l.{sql.name(field.name)}" if field.name in live.column_names else "NULL"
        for field in plan.fields
    }
    moved = {
        name: f"(s.{sql.name(name + '__write')} AND {value} IS DISTINCT FROM "
        f"s.{sql.name(name + '__before')} AND {value} IS DISTINCT FROM "
        f"s.{sql.name(name + '__after')})"
        for name, value in now.items()
    }
    known = "('not_found', 'held', 'blocked', 'conflict')"
    gone = "false" if create else f"(l.id IS NULL AND s.status NOT IN {known})"
    columns = [_column(name, now, moved, gone) for name in plan.rows.column_names]
    query = (
        f"SELECT {', '.join(columns)} FROM seen s LEFT JOIN live l ON l.id = s.id "
        "ORDER BY s.source_id, s.id"
    )
    rows = connection.sql(query).to_arrow_table()
    connection.unregister("seen")
    connection.unregister("live")
    return recounted(replace(plan, rows=rows.cast(plan.rows.schema)))


def _column(name: str, now: Mapping[str, str], moved: Mapping[str, str], gone: str) -> str:
    quoted = sql.name(name)
    any_moved = " OR ".join(moved.values())
    field, _, part = name.rpartition("__")
    if name == "status":
        made = f"CASE WHEN {gone} THEN 'not_found' WHEN {any_moved} THEN 'conflict' ELSE s.status"
        return f"{made} END AS status"
    if name == "reason":
        words = " ".join(
            f"WHEN {condition} THEN {sql.literal(f'{one} was changed in Pendo meanwhile: ')} "
            f"|| coalesce(left({now[one]}, 100), 'nothing')"
            for one, condition in moved.items()
        )
        return f"CASE WHEN {gone} THEN {sql.literal(GONE)} {words} ELSE s.reason END AS reason"
    if part == "before" and field in now:
        return f"{now[field]} AS {quoted}"
    if part == "write" and field in now:
        still = f"{now[field]} IS DISTINCT FROM s.{sql.name(field + '__after')}"
        return f"(s.{quoted} AND NOT {gone} AND NOT {moved[field]} AND {still}) AS {quoted}"
    return f"s.{quoted}"


def recounted(plan: Plan) -> Plan:
    """The plan with counts that fit its rows."""
    import pyarrow.compute as pc

    found = {
        each["values"]: each["counts"] for each in pc.value_counts(plan.rows["status"]).to_pylist()
    }
    blocked = found.get("blocked", 0)
    cells = sum(pc.sum(plan.rows[f"{f.name}__write"]).as_py() or 0 for f in plan.fields)
    counts = replace(
        plan.counts,
        records=plan.rows.num_rows,
        **{name: found.get(name, 0) for name in ("new", "changed", "same", "not_found", "held")},
        conflict=found.get("conflict", 0) + blocked,
        blocked=blocked,
        values=cells,
    )
    return replace(plan, counts=counts)


def same_destination(plan: Plan, automation: Automation) -> None:
    """Make sure that the automation still writes where it did when the plan was made.

    Raises:
        InputError: it was changed since.
    """
    update = automation.update
    names = {*automation.field_names.values()}
    known = {name.replace("_", "") for name in names}
    moved = [
        field.name
        for field in plan.fields
        if field.output and field.name not in names and field.name not in known
    ]
    if moved or (plan.object, plan.group) != (update.object, update.group):
        raise InputError(
            f"{automation.name} was changed since this preview: it writes other fields now",
            hint="Preview again, read the sheet, and push that.",
        )


def same_fields(plan: Plan, here: Mapping[str, FieldDescriptor]) -> None:
    """Make sure that the fields are what they were when the plan was made.

    Args:
        here: The plan's group of the schema, as it is now.

    Raises:
        InputError: one was deleted, or has another type.
    """
    from workbench.automations.values import field_type

    for field in plan.fields:
        found = here.get(field.name)
        there = found is not None and not found.is_deleted
        if field.exists and not there:
            raise InputError(
                f"The field {field.name} was deleted in Pendo since the preview",
                hint="Preview again: the sheet then says that the field will be created.",
            )
        if there and found is not None and field_type(found.type) != field.type:
            raise InputError(
                f"The field {field.name} has another type in Pendo since the preview "
                f"({found.type or 'list'})",
                hint="Preview again: the sheet then holds values of that type.",
            )
