"""A plan's rows counted again: for a part of a plan, and for plans made otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.judging import ITEM_BYTES
from workbench.automations.limits import Write
from workbench.automations.plan import Counts, Plan, PlannedField
from workbench.automations.sides import CELL_BYTES
from workbench.automations.summary import api_calls
from workbench.plan import Verdict, fingerprint, row_hashes

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Counted:
    """What rows come to."""

    counts: Counts
    fingerprint: str
    api_calls: int


def only(plan: Plan, ids: Iterable[str]) -> Plan:
    """The same plan for these of Pendo's ids alone; a person chose them, so no guardrail holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(set(ids)), pa.string())
    rows = plan.rows.filter(pc.is_in(plan.rows["id"], value_set=wanted))
    told = counted_rows(rows, plan.fields, plan.write, also=(plan.object, plan.group))
    return replace(
        plan,
        rows=rows,
        counts=told.counts,
        fingerprint=told.fingerprint,
        api_calls=told.api_calls,
        movement={},
        verdict=Verdict(),
    )


def counted_rows(
    rows: pa.Table, fields: Sequence[PlannedField], write: Write, *, also: Sequence[str]
) -> Counted:
    """Count rows of the shape that a plan has.

    Args:
        also: What the fingerprint depends on beside rows and fields.
    """
    import duckdb

    sent = [
        f"CASE WHEN {_cell(f, 'write')} THEN coalesce('=' || {_cell(f, 'after')}, '-') END"
        for f in fields
    ]
    cells = " + ".join(f"{_cell(f, 'write')}::INTEGER" for f in fields) or "0"
    size = " + ".join(
        f"CASE WHEN {_cell(f, 'write')} THEN {CELL_BYTES + len(f.name)} + "
        f"coalesce(strlen({_cell(f, 'after')}), 4) ELSE 0 END"
        for f in fields
    )
    absent = " OR ".join(_cell(f, "write") for f in fields if not f.exists) or "false"
    first, second = row_hashes(["id", *sent])
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        told = connection.execute(
            f"SELECT status, count(*), sum({cells}), "
            f"sum(({first})::HUGEINT) FILTER ({cells} > 0), "
            f"sum(({second})::HUGEINT) FILTER ({cells} > 0), "
            f"sum({ITEM_BYTES} + strlen(id) + {size or '0'}) FILTER ({cells} > 0), "
            f"bool_or({absent}) "
            "FROM rows GROUP BY status"
        ).fetchall()
    counts = _counts({row[0]: (row[1], int(row[2] or 0)) for row in told})
    sums = (sum(int(row[3] or 0) for row in told), sum(int(row[4] or 0) for row in told))
    bytes_ = sum(int(row[5] or 0) for row in told)
    described = [f"{field.name} {field.type} {field.exists}" for field in fields]
    return Counted(
        counts,
        fingerprint(counts.written, sums, also=[*also, *described]),
        api_calls(counts.written, bytes_, write, creates=any(row[6] for row in told)),
    )


def _cell(field: PlannedField, which: str) -> str:
    return sql.name(f"{field.name}__{which}")


def _counts(by_status: dict[str, tuple[int, int]]) -> Counts:
    def records(status: str) -> int:
        return by_status.get(status, (0, 0))[0]

    total = sum(number for number, _ in by_status.values())
    return Counts(
        records=total,
        new=records("new"),
        changed=records("changed"),
        same=records("same"),
        not_found=records("not_found"),
        conflict=records("conflict") + records("blocked"),
        held=records("held"),
        blocked=records("blocked"),
        values=sum(cells for _, cells in by_status.values()),
        matching=total,
    )
