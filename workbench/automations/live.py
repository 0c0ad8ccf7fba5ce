"""What Pendo holds now in the fields of an automation: one aggregation for all records.

The rows go from the wire to a spool file to columns on disk, so that memory does not grow with
the subscription; what was read is taken again for a minute. Decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.values import field_type, live_text
from workbench.errors import OverrunError, disk_explained
from workbench.pendo.queries import Pipeline, after_id, envelope, values_pipeline, with_ids
from workbench.store import duck

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.model import FieldType
    from workbench.pendo.client import PendoClient
    from workbench.pendo.model import FieldDescriptor, Kind

    Schema = Mapping[str, Mapping[str, FieldDescriptor]]

FRESH_FOR_S = 60.0
"""How long a reading is shown again. A push always reads anew."""
PAGE = 50_000
"""Records asked for at once where all of them are too much for Pendo."""
IDS_AT_ONCE = 500
"""Ids in one request for single records, as many as one batch writes."""
LARGEST_ROW_BYTES = 1_048_576
"""One record with a few fields; the default of 16 MB is set aside per thread."""
BATCH_ROWS = 32_768
"""Rows made into columns at once."""


@dataclass(frozen=True)
class Live:
    """Every record of one kind, with the values of the fields that were asked for."""

    rows: pa.Table
    """``id`` and a text column (canonical, null is empty) for each field that exists."""
    calls: int
    """Requests it took; none where a reading of the last minute was taken again."""


def read_live(
    client: PendoClient,
    kind: Kind,
    group: str,
    names: Sequence[str],
    schema: Schema,
    folder: Path,
    *,
    key: str = "",
    ids: Sequence[str] | None = None,
    fresh: bool = True,
) -> Live:
    """What Pendo holds in ``names``, for every record it has.

    Args:
        names: Pendo's keys of the fields; those that the schema lacks are left out.
        schema: As Pendo says it now.
        folder: Where spools and columns may stand; nothing in it is worth keeping.
        key: Tells subscriptions apart that share the folder.
        ids: Only these records; for a few of them.
        fresh: Whether a reading of the last minute will not do.

    Raises:
        RemoteError: Pendo did not answer as it should.
        DiskFullError: no room for what it holds.
    """
    there = schema.get(group, {})
    types = {
        name: field_type(there[name].type) or "string"
        for name in names
        if name in there and not there[name].is_deleted
    }
    told = json.dumps([key, kind, group, sorted(types.items()), ids])
    path = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.arrow"
    if not fresh and _age_s(path) < FRESH_FOR_S:
        return Live(_mapped(path), 0)
    # Short names of our own: what Pendo calls a field need not be one of its expressions.
    paths = {f"f{place}": f"metadata.{group}.{name}" for place, name in enumerate(types)}
    pipeline = values_pipeline(kind, paths)
    with disk_explained("what Pendo holds"):
        folder.mkdir(parents=True, exist_ok=True)
        if ids is None:
            spools = _spooled(client, pipeline, kind, folder)
        else:
            spools = _some(client, pipeline, kind, ids, folder)
        try:
            _written(spools, types, folder, path)
        finally:
            for spool in spools:
                spool.unlink(missing_ok=True)
    return Live(_mapped(path), len(spools))


def forget(folder: Path) -> None:
    """Drop every reading: something was written."""
    for path in folder.glob("*.arrow"):
        path.unlink(missing_ok=True)


def _spooled(client: PendoClient, pipeline: Pipeline, kind: Kind, folder: Path) -> list[Path]:
    """Pendo's answer on disk; in pages where one request is too much for it."""
    token = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    whole = folder / f"{token}.json"
    try:
        client.spool_aggregation(envelope(pipeline), whole)
        return [whole]
    except OverrunError:
        whole.unlink(missing_ok=True)
    spools: list[Path] = []
    last: str | None = None
    while True:
        spool = folder / f"{token}-{len(spools)}.json"
        client.spool_aggregation(envelope(after_id(pipeline, kind, last, PAGE)), spool)
        spools.append(spool)
        rows, last = _counted(spool, folder)
        if rows < PAGE:
            return spools


def _some(
    client: PendoClient, pipeline: Pipeline, kind: Kind, ids: Sequence[str], folder: Path
) -> list[Path]:
    """The answers for some records, so many to a request."""
    token = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    spools = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        spool = folder / f"{token}-{start}.json"
        request = with_ids(pipeline, kind, ids[start : start + IDS_AT_ONCE])
        client.spool_aggregation(envelope(request), spool)
        spools.append(spool)
    return spools


def _counted(spool: Path, folder: Path) -> tuple[int, str | None]:
    """How many records a page has, and the last id in it."""
    with duck.session(folder / "spill") as connection:
        query = f"SELECT count(*), max(id) FROM {_source([spool], 0)}"
        rows = connection.execute(query).fetchall()
    return int(rows[0][0]), rows[0][1]


def _source(spools: Sequence[Path], fields: int) -> str:
    columns = {"id": "VARCHAR"} | {f"f{place}": "JSON" for place in range(fields)}
    listed = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    files = sql.literals(map(str, spools))
    return (
        f"read_json({files}, format='array', columns={{{listed}}}, "
        f"maximum_object_size={LARGEST_ROW_BYTES})"
    )


def _written(
    spools: Sequence[Path], types: Mapping[str, FieldType], folder: Path, path: Path
) -> None:
    """Make columns of the spools, in a file that can be mapped into memory."""
    import pyarrow as pa

    made = [
        f"{live_text(_scalar(place), kind)} AS {sql.name(name)}"
        for place, (name, kind) in enumerate(types.items())
    ]
    query = (
        f"SELECT {', '.join(['id', *made])} FROM {_source(spools, len(types))} "
        "WHERE id IS NOT NULL AND id <> ''"
    )
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with duck.session(folder / "spill") as connection:
            reader = connection.sql(query).to_arrow_reader(BATCH_ROWS)
            with pa.ipc.new_file(str(beside), reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _scalar(place: int) -> str:
    return f"(f{place} ->> '$')"


def _mapped(path: Path) -> pa.Table:
    """The columns of a file, read as they are needed."""
    import pyarrow as pa

    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _age_s(path: Path, now: Callable[[], float] = time.time) -> float:
    try:
        return now() - path.stat().st_mtime
    except OSError:
        return float("inf")
