"""Plans on disk: what was seen is what can be pushed later, shown again, and gone on with."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.automations.limits import Write
from workbench.automations.plan import Counts, Plan, PlannedField
from workbench.errors import InputError, disk_explained
from workbench.plan import Breach, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

HEAD = b"plan"
"""Under which key of the file's metadata everything but the rows is kept."""
ROW_GROUP_ROWS = 61_440
"""Rows decompressed at once when a page of a sheet is shown."""


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan to ``path``, whole or not at all.

    Raises:
        DiskFullError: no room.
    """
    import pyarrow.parquet as pq

    rows = plan.rows.replace_schema_metadata({HEAD: json.dumps(_head(plan)).encode()})
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with disk_explained("the plan"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            pq.write_table(rows, beside, compression="zstd", row_group_size=ROW_GROUP_ROWS)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def mapped(rows: pa.RecordBatchReader, folder: Path) -> pa.Table:
    """Rows as a table on disk, of which memory holds what is looked at; gone with the table.

    Raises:
        DiskFullError: no room.
    """
    import pyarrow as pa

    path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.rows"
    with disk_explained("the plan"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with pa.ipc.new_file(str(path), rows.schema) as writer:
                for batch in rows:
                    writer.write_batch(batch)
            return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        finally:
            # What is mapped stays readable; no crash leaves it behind.
            path.unlink(missing_ok=True)


def read_plan(path: Path) -> Plan:
    """A plan as it was written.

    Raises:
        InputError: it is no longer there.
    """
    import pyarrow.parquet as pq

    try:
        rows: pa.Table = pq.read_table(path, memory_map=True)
    except FileNotFoundError:
        raise InputError(
            "The plan is no longer kept",
            hint="Only those of the newest runs and previews are; preview again. What a run wrote "
            "is in its rows for ever.",
        ) from None
    head: dict[str, Any] = json.loads((rows.schema.metadata or {})[HEAD])
    breaches = tuple(Breach(**each) for each in head.pop("breaches"))
    movement = {(before, after): count for before, after, count in head.pop("movement")}
    return Plan(
        **head
        | {
            "made_at": datetime.fromisoformat(head["made_at"]),
            "fields": tuple(PlannedField(**each) for each in head["fields"]),
            "rows": rows.replace_schema_metadata(None),
            "counts": Counts(**head["counts"]),
            "movement": movement,
            "warnings": tuple(head["warnings"]),
            "verdict": Verdict(breaches),
            "write": Write.model_validate(head["write"]),
        }
    )


def read_counts(path: Path) -> Counts | None:
    """Only what a plan came to; None where it is no longer kept."""
    import pyarrow.parquet as pq

    try:
        head = json.loads((pq.read_schema(path).metadata or {})[HEAD])
    except FileNotFoundError:
        return None
    return Counts(**head["counts"])


def _head(plan: Plan) -> dict[str, Any]:
    """Everything of a plan but its rows, as JSON holds it."""
    plain = {each.name: getattr(plan, each.name) for each in fields(Plan)}
    del plain["rows"], plain["verdict"]
    return plain | {
        "write": plan.write.model_dump(),
        "made_at": plan.made_at.isoformat(),
        "fields": [asdict(field) for field in plan.fields],
        "counts": asdict(plan.counts),
        "movement": [[before, after, n] for (before, after), n in plan.movement.items()],
        "breaches": [asdict(breach) for breach in plan.verdict.breaches],
    }
