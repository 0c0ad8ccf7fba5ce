"""Carry out an update: finished files first, then one entry in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError, StorageError
from workbench.store.datasets import log
from workbench.store.datasets.intake import Arrived, Intake, given_sql, take_in
from workbench.store.datasets.keys import refused
from workbench.store.datasets.log import DataFile, Entry, LostRaceError, PartitionValues
from workbench.store.datasets.model import Committed, Part, Update
from workbench.store.datasets.strategy import Strategy, decide, partition_of_part
from workbench.store.datasets.writing import Draft, sweep
from workbench.store.duck import quoted, with_room

if TYPE_CHECKING:
    import duckdb

RACES = 5
"""Tries when programs that do not know our lease write to the same table."""
REWRITE_ROWS = 10_000_000
"""Standing rows written again into one file: large enough to merge small ones on the way."""


@dataclass(frozen=True, slots=True)
class Order:
    """One commit as it was asked for."""

    update: Update
    run: int | None
    stamp: str
    source: str
    operation: str
    note: Mapping[str, Any] = field(default_factory=dict)
    today: date | None = None
    anew: bool = False
    """Columns that do not come are gone, too: a person's file replaces everything."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the writer of one dataset works."""

    folder: Path
    note: Path
    spills: Path


def commit(desk: Desk, parts: Sequence[Part], order: Order) -> Committed:
    """Make the next version, or find the one this stamp made before.

    Only for whoever holds the dataset's lease.

    Raises:
        InputError: the keys or columns do not allow it; nothing was written.
        StorageError: other programs kept writing to the same table.
    """
    for _ in range(RACES):
        sweep(desk.folder, desk.note)
        try:
            return _once(desk, parts, order)
        except LostRaceError:
            continue
    raise StorageError(
        f"Other programs keep writing to {desk.folder.name}", hint="Try again when they have ended."
    )


def _once(desk: Desk, parts: Sequence[Part], order: Order) -> Committed:
    standing = None
    if log.exists(desk.folder):
        table = log.open_table(desk.folder)
        before = table.transaction_version(order.stamp)
        if before is not None:
            facts = log.entry_facts(desk.folder, before)
            written = facts.get("rows_written", 0)
            return Committed(before, facts.get("rows", 0), written, repeated=True)
        standing = log.snapshot_of(table, desk.folder)

    def work(connection: duckdb.DuckDBPyConnection) -> Committed:
        intake = take_in(connection, standing, parts, anew=order.anew)
        strategy = decide(connection, intake, order.update, order.today)
        if strategy.keys.refusal:
            raise refused(strategy.keys)
        return _write(desk, connection, intake, strategy, order)

    return with_room(desk.spills, work)


def _write(
    desk: Desk,
    connection: duckdb.DuckDBPyConnection,
    intake: Intake,
    strategy: Strategy,
    order: Order,
) -> Committed:
    standing = intake.standing
    version = standing.version + 1 if standing else 0
    draft = Draft(desk.folder, desk.note)
    draft.begin(version)
    try:
        lay_down_incoming(connection, draft, intake, strategy)
        written = sum(file.rows for file in draft.files)
        lay_down_standing(connection, draft, intake, strategy)
        rows = _rows_after(intake, strategy, draft)
        entry = _entry(version, intake, strategy, draft, order, rows, written)
        log.append(desk.folder, standing, entry)
    except BaseException:
        # Clears the files, unless the entry is in the log and only what came after it failed.
        sweep(desk.folder, desk.note)
        raise
    draft.end()
    log.checkpoint_if_due(desk.folder, version)
    return Committed(version, rows, written, intake.drift)


def _rows_after(intake: Intake, strategy: Strategy, draft: Draft) -> int:
    removed = sum(file.rows for file in strategy.removes)
    return intake.rows_before - removed + sum(file.rows for file in draft.files)


def _entry(
    version: int,
    intake: Intake,
    strategy: Strategy,
    draft: Draft,
    order: Order,
    rows: int,
    written: int,
) -> Entry:
    key = order.update.key if order.update.method in ("merge", "replace") else ()
    facts = {
        "token": draft.token,
        "stamp": order.stamp,
        "run": order.run,
        "source": order.source,
        "operation": order.operation,
        "rows": rows,
        "rows_written": written,
        "key": list(key),
        "note": dict(order.note),
        "drift": [str(drift) for drift in intake.drift],
    }
    return Entry(
        version, intake.columns, strategy.layout, draft.files, strategy.removes, facts, order.stamp
    )


def lay_down_incoming(
    connection: duckdb.DuckDBPyConnection, draft: Draft, intake: Intake, strategy: Strategy
) -> None:
    """Put the incoming rows into the folder: as they are where the columns allow it."""
    together: dict[tuple[tuple[str, str | None], ...], list[Arrived]] = {}
    to_split: list[Arrived] = []
    for part in strategy.incoming:
        if part.rows == 0:
            continue
        partition = partition_of_part(part, strategy.layout)
        if partition is None:
            to_split.append(part)
        elif intake.as_is(part):
            draft.take(part.path, partition)
        else:
            together.setdefault(tuple(partition.items()), []).append(part)
    for items, parts in together.items():
        _write_partition(connection, draft, intake.incoming_sql(parts), dict(items))
    if to_split:
        source = intake.incoming_sql(to_split)
        source = f"(SELECT * FROM {source} WHERE {strategy.comes_where})"
        split(connection, draft, intake, source, strategy.layout)


def lay_down_standing(
    connection: duckdb.DuckDBPyConnection, draft: Draft, intake: Intake, strategy: Strategy
) -> None:
    """Write the rows that stay from files that go."""
    standing = intake.standing
    if standing is None or not strategy.rewritten:
        return
    same_layout = standing.partitioned_by == strategy.layout
    for files in _batches(strategy.rewritten, by_partition=same_layout):
        source = strategy.staying(intake.standing_sql(files))
        if same_layout:
            _write_partition(connection, draft, source, files[0].partition)
        else:
            split(connection, draft, intake, source, strategy.layout)


def _batches(files: Iterable[DataFile], *, by_partition: bool) -> list[list[DataFile]]:
    """Files to be written as one: of one partition, up to ``REWRITE_ROWS`` rows."""
    batches: dict[tuple[object, ...], list[list[DataFile]]] = {}
    for file in files:
        partition = tuple(file.partition.items()) if by_partition else ()
        open_ones = batches.setdefault(partition, [[]])
        if sum(other.rows for other in open_ones[-1]) + file.rows > REWRITE_ROWS:
            open_ones.append([])
        open_ones[-1].append(file)
    return [batch for group in batches.values() for batch in group if batch]


def split(
    connection: duckdb.DuckDBPyConnection,
    draft: Draft,
    intake: Intake,
    source: str,
    layout: Sequence[str],
) -> None:
    """Write rows that belong to several partitions, one file for each.

    One pass for each partition: DuckDB reads only the key of the rows it does not want, and
    one file is open at a time. (Its own partitioned COPY holds a buffer for every partition.)
    """
    if not layout:
        _write_partition(connection, draft, source, {})
        return
    listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in layout)
    found = connection.execute(f"SELECT DISTINCT {listed} FROM {source} ORDER BY ALL").fetchall()
    present = [tuple(row) for row in found]
    for row in present:
        if "" in row or "__HIVE_DEFAULT_PARTITION__" in row:
            raise InputError(
                f"{', '.join(layout)} is an empty text in some rows, which no partition can hold",
                hint="Use another update method, or fill the column.",
            )
        values = dict(zip(layout, row, strict=True))
        conditions = " AND ".join(
            f"{quoted(name)} = {given_sql(value, intake.columns[name])}"
            if value is not None
            else f"{quoted(name)} IS NULL"
            for name, value in values.items()
        )
        chosen = f"(SELECT * FROM {source} WHERE {conditions})"
        _write_partition(connection, draft, chosen, values)


def _write_partition(
    connection: duckdb.DuckDBPyConnection, draft: Draft, source: str, partition: PartitionValues
) -> None:
    without = f" EXCLUDE ({', '.join(map(quoted, partition))})" if partition else ""
    draft.write(connection, f"SELECT *{without} FROM {source}", partition)
