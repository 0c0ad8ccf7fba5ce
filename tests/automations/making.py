"""Automations, bases and live values for the tests of what decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from workbench.automations.model import Automation
from workbench.automations.plan import Plan, PlanInputs
from workbench.automations.preparation import make_plan
from workbench.pendo.model import FieldDescriptor

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
TEXT = FieldDescriptor("string")
OUTPUTS = {"score": "label", "explain": "why", "state": "state"}


def automation(
    *,
    update: Mapping[str, Any] | None = None,
    read_from: Mapping[str, Any] | None = None,
    **keys: Any,
) -> Automation:
    """An automation over the base of ``base``; keys given are added or replace."""
    return Automation.model_validate(
        {
            "name": "churn-to-pendo",
            "connection": "acme",
            "read_from": {
                "dataset": "churn_scores",
                "source_id": "opportunity",
                "outputs": OUTPUTS,
                **(read_from or {}),
            },
            "update": {"id_field": "account", **(update or {})},
            **keys,
        }
    )


def base(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A decision base; a row needs ``account`` alone, the rest has something sensible."""
    usual = {"label": "Good", "why": "renewal is near", "state": "Up for renewal"}
    full = [{"opportunity": f"o-{number}", **usual, **row} for number, row in enumerate(rows)]
    names = list(dict.fromkeys(name for row in full for name in row))
    return pa.table({name: [row.get(name) for row in full] for name in names or ["account"]})


def texts(rows: Mapping[str, Mapping[str, str | None]], names: Sequence[str]) -> pa.Table:
    """A table of ``id`` and text columns, such as live values."""
    columns = {"id": pa.array(list(rows), pa.string())}
    for name in names:
        columns[name] = pa.array([row.get(name) for row in rows.values()], pa.string())
    return pa.table(columns)


def inputs(
    chosen: Automation,
    records: pa.Table,
    live: Mapping[str, Mapping[str, str | None]],
    *,
    last: Mapping[str, Mapping[str, str | None]] | None = None,
    types: Mapping[str, str] | None = None,
    **more: Any,
) -> PlanInputs:
    """Everything a plan is made from; fields exist where ``live`` or ``types`` names them."""
    fields = {name: TEXT for row in live.values() for name in row}
    fields |= {name: FieldDescriptor(kind) for name, kind in (types or {}).items()}
    written = {name for row in (last or {}).values() for name in row}
    return PlanInputs(
        automation=chosen,
        base=records,
        live=texts(live, sorted(fields)),
        schema={"custom": fields},
        now=NOW,
        last=None if last is None else texts(last, sorted(written)),
        **more,
    )


def planned(chosen: Automation, records: pa.Table, live: Mapping[str, Any], **more: Any) -> Plan:
    """A plan, in a connection of its own."""
    return plan_of(inputs(chosen, records, live, **more))


def plan_of(given: PlanInputs) -> Plan:
    """The plan of some inputs."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return make_plan(connection, given)


def rows_by_id(plan: Plan) -> dict[str | None, dict[str, Any]]:
    """The plan's rows by Pendo's id."""
    return {row["id"]: row for row in plan.rows.to_pylist()}


def decided(*rows: tuple[str, str, str]) -> pa.Table:
    """Decisions on single records: id, decision, reason."""
    names = ("record_id", "decision", "reason")
    columns = {
        name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)
    }
    return pa.table({**columns, "approved": pa.nulls(len(rows), pa.string())})
