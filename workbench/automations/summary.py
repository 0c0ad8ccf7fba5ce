"""A judged sheet in numbers: counts, measures, movement, fingerprint, and its rows. Pure SQL."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.automations.guardrails import Measures, verdict
from workbench.automations.judging import first_of
from workbench.automations.limits import Write
from workbench.automations.plan import Counts, Plan, PlanInputs, PlannedField
from workbench.plan import Verdict, fingerprint
from workbench.words import counted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Totals:
    """What a sheet comes to."""

    counts: Counts
    fingerprint: str
    movement: Mapping[tuple[str, str], int]
    api_calls: int
    verdict: Verdict
    waiting: int
    """Held records that nobody decided on: they wait for approval."""
    cut: int
    """Records with a text that was cut."""
    unlabelled: int
    """Records whose score is not of the label set."""
    creates: tuple[str, ...]
    """Fields that some record writes and Pendo does not have yet."""


def totals(
    connection: duckdb.DuckDBPyConnection,
    inputs: PlanInputs,
    fields: tuple[PlannedField, ...],
    labels: Sequence[str],
) -> Totals:
    """Count the table ``sheet``, and hold it against the guardrails."""
    absent = {field.name: first_of(n) for n, field in enumerate(fields) if not field.exists}
    told = _told(connection, tuple(absent.values()))
    counts = _counts(told)
    movement = _movement(connection, labels)
    creates = tuple(name for name, column in absent.items() if any(row[column] for row in told))
    write = inputs.automation.write
    calls = api_calls(counts.written, _sum(told, "bytes"), write, creates=bool(creates))
    measures = Measures(
        flips=_sum(told, "flips"),
        nulls=_sum(told, "nulls"),
        cells=counts.matching * _asked(inputs, fields),
        without_source=_sum(told, "sourceless"),
        repeated=_sum(told, "repeated"),
        api_calls=calls,
        budget_left=inputs.budget_left,
        writers=_writers(inputs, fields),
    )
    return Totals(
        counts=counts,
        fingerprint=fingerprint(
            counts.written,
            (_sum(told, "h1"), _sum(told, "h2")),
            also=_belongings(inputs, fields),
        ),
        movement=movement,
        api_calls=calls,
        verdict=verdict(inputs.automation.guardrails, counts, inputs.previous, measures),
        waiting=_sum(told, "waiting"),
        cut=_sum(told, "cut"),
        unlabelled=0 if not labels else _sum(told, "unlabelled"),
        creates=creates,
    )


def _told(connection: duckdb.DuckDBPyConnection, absent: Sequence[str]) -> list[dict[str, Any]]:
    written = "".join(f"bool_or({column}) AS {column}, " for column in absent)
    cursor = connection.execute(
        f"SELECT {written}"
        "status, departed, count(*) AS records, sum(cells) AS cells, sum(bytes) AS bytes, "
        "sum(h1::HUGEINT) AS h1, sum(h2::HUGEINT) AS h2, sum(nulls) AS nulls, "
        "count(*) FILTER (cut AND cells > 0) AS cut, "
        "count(*) FILTER (steps >= 2 AND cells > 0) AS flips, "
        "count(*) FILTER (source IS NULL AND NOT departed) AS sourceless, "
        "count(*) FILTER (repeated AND NOT departed) AS repeated, "
        "count(*) FILTER (waits) AS waiting, "
        "count(*) FILTER (to_place IS NULL AND NOT departed AND status != 'not_found') "
        "AS unlabelled FROM sheet GROUP BY status, departed"
    )
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sum(told: Sequence[Mapping[str, Any]], what: str) -> int:
    return sum(int(row[what] or 0) for row in told)


def _counts(told: Sequence[Mapping[str, Any]]) -> Counts:
    by_status: dict[str, int] = {}
    for row in told:
        by_status[row["status"]] = by_status.get(row["status"], 0) + row["records"]
    blocked = by_status.get("blocked", 0)
    return Counts(
        records=sum(by_status.values()),
        new=by_status.get("new", 0),
        changed=by_status.get("changed", 0),
        same=by_status.get("same", 0),
        not_found=by_status.get("not_found", 0),
        conflict=by_status.get("conflict", 0) + blocked,
        held=by_status.get("held", 0),
        blocked=blocked,
        values=_sum(told, "cells"),
        matching=sum(row["records"] for row in told if not row["departed"]),
        departed=sum(row["records"] for row in told if row["departed"]),
    )


def _movement(
    connection: duckdb.DuckDBPyConnection, labels: Sequence[str]
) -> dict[tuple[str, str], int]:
    if not labels:
        return {}
    rows = connection.execute(
        "SELECT from_place, to_place, count(*) FROM sheet "
        "WHERE NOT departed AND status != 'not_found' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    named = ("", *labels)
    return {(named[before or 0], named[after or 0]): number for before, after, number in rows}


def _asked(inputs: PlanInputs, fields: Sequence[PlannedField]) -> int:
    computes = inputs.automation.computes
    return sum(bool(field.output) and not computes(field.output) for field in fields)


def _writers(inputs: PlanInputs, fields: Sequence[PlannedField]) -> tuple[str, ...]:
    if inputs.automation.update.shared_prefix:
        return ()
    names, kind = {field.name for field in fields}, inputs.automation.update.object
    return tuple(
        other.name
        for other in inputs.others
        if other.ids is None and other.object == kind and names & set(other.fields)
    )


def _belongings(inputs: PlanInputs, fields: Sequence[PlannedField]) -> list[str]:
    update = inputs.automation.update
    described = [f"{field.name} {field.type} {field.exists}" for field in fields]
    return [inputs.automation.connection, update.object, update.group, *described]


def api_calls(written: int, bytes_: int, write: Write, *, creates: bool) -> int:
    """Requests that a push costs: reading before, creating fields, writing, verifying."""
    reading = 2  # the schema, and the values that stand
    if not written:
        return reading
    creating = 2 if creates else 0  # the fields, and the schema once more
    batches = max(math.ceil(written / write.chunk), math.ceil(bytes_ / write.max_bytes))
    asking, proving = 1, 1  # what the key may do; reading back
    return reading + asking + creating + batches + proving


def plan_of(
    inputs: PlanInputs,
    fields: tuple[PlannedField, ...],
    rows: pa.Table,
    told: Totals,
    warnings: Sequence[str],
) -> Plan:
    """The plan as a value."""
    update = inputs.automation.update
    return Plan(
        automation=inputs.automation.name,
        object=update.object,
        group=update.group,
        fingerprint=told.fingerprint,
        made_at=inputs.now,
        fields=fields,
        rows=rows,
        counts=told.counts,
        movement=told.movement,
        warnings=tuple(warnings),
        api_calls=told.api_calls,
        verdict=told.verdict,
        base_version=inputs.base_version,
        write=inputs.automation.write,
    )


def value_notes(inputs: PlanInputs, told: Totals) -> list[str]:
    """What a person should know of the values."""
    found = []
    if told.cut:
        records = counted(told.cut, "record")
        found.append(f"A text of {records} is longer than Pendo keeps, and is cut at 1 500 signs")
    if told.unlabelled and told.counts.matching > told.unlabelled:
        found.append(f"{counted(told.unlabelled, 'record')} has a score outside its label set")
    if told.counts.departed:
        found.append(f"{counted(told.counts.departed, 'record')} written before matches no more")
    return found
