"""What an automation wrote last, by record: the ledger's newest value of every field.

Kept as a file beside the plans, brought up to date from the pushes since; the ledger alone is
the truth, and the file can be made again from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import sql
from workbench.store import duck
from workbench.store.state.ledger import WRITTEN

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.store.state import Ledger, Push

MEMORY_MB = 256
"""For joining a million records with a run's cells."""


def last_written(
    ledger: Ledger, automation: str, destination: tuple[str, str, str], folder: Path
) -> pa.Table | None:
    """``id`` and the canonical text of each field as it was written last; None before the first.

    Args:
        destination: Connection, object and group; what was written elsewhere does not count.
        folder: The automation's own, where the file is kept.
    """
    import pyarrow.parquet as pq

    pushes = [
        push
        for push in ledger.pushes(automation)
        if push.destination == destination and push.ended_at
    ]
    if not pushes:
        return None
    prefix = "-".join(("written", *destination))
    newest = folder / f"{prefix}-{pushes[0].run_id}.parquet"
    if not newest.exists():
        known = _newest_file(folder, prefix, [push.run_id for push in pushes])
        since = known[0] if known else 0
        missing = [push for push in reversed(pushes) if push.run_id > since]
        _bring_up(ledger, missing, known[1] if known else None, newest)
        for old in folder.glob(f"{prefix}-*.parquet"):
            if old != newest:
                old.unlink(missing_ok=True)
    table: pa.Table = pq.read_table(newest)
    return table if table.num_rows else None


def _newest_file(folder: Path, prefix: str, runs: Sequence[int]) -> tuple[int, Path] | None:
    """The run and the file of the newest state that is kept."""
    found = [(run, folder / f"{prefix}-{run}.parquet") for run in runs]
    return next(((run, path) for run, path in found if path.exists()), None)


def _bring_up(ledger: Ledger, pushes: Sequence[Push], known: Path | None, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target.parent.mkdir(parents=True, exist_ok=True)
    state = pa.table({"id": pa.array([], pa.string())}) if known is None else pq.read_table(known)
    with duck.session(target.parent / ".spill", memory_limit_mb=MEMORY_MB) as connection:
        for push in pushes:
            cells = ledger.cells(push.run_id, statuses=WRITTEN)
            if cells.num_rows:
                state = _applied(connection, state, cells)
        beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        pq.write_table(state, beside, compression="zstd")
        beside.replace(target)


def _applied(connection: duckdb.DuckDBPyConnection, state: pa.Table, cells: pa.Table) -> pa.Table:
    """The state after one more push; records of which nothing is left are not ours any more."""
    connection.register("state", state)
    connection.register("cells", cells)
    old = [name for name in state.column_names if name != "id"]
    new = sorted(cells["field"].unique().to_pylist())
    names = [*old, *(name for name in new if name not in old)]
    wide = ", ".join(
        f"any_value(after) FILTER (field = {sql.literal(name)}) AS n{place}, "
        f"coalesce(bool_or(field = {sql.literal(name)}), false) AS h{place}"
        for place, name in enumerate(names)
    )
    columns = ", ".join(
        f"CASE WHEN c.h{place} THEN c.n{place} ELSE "
        f"{'s.' + sql.name(name) if name in old else 'NULL'} END AS {sql.name(name)}"
        for place, name in enumerate(names)
    )
    anything = ", ".join(sql.name(name) for name in names)
    query = (
        f"WITH c AS (SELECT record_id, {wide} FROM cells GROUP BY record_id) "
        f"SELECT * FROM (SELECT coalesce(c.record_id, s.id) AS id, {columns} "
        "FROM state s FULL JOIN c ON c.record_id = s.id) "
        f"WHERE coalesce({anything}) IS NOT NULL"
    )
    made = connection.sql(query).to_arrow_table()
    connection.unregister("state")
    connection.unregister("cells")
    return made
