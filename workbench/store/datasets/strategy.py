"""Decide which standing files go, stay or are written again, and which rows come. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.store.datasets.intake import Arrived, Intake, given_sql
from workbench.store.datasets.keys import check_columns, test_keys
from workbench.store.datasets.log import DataFile, PartitionValues, as_text
from workbench.store.datasets.model import Update
from workbench.store.datasets.scan import FILE_COLUMN
from workbench.store.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb

    from workbench.store.datasets.keys import KeyTest

MOST_PARTITIONS = 4_000
"""Ten years of days. More means the key names rows, not partitions, and a folder for each."""

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One update, decided."""

    layout: tuple[str, ...]
    """Columns the next version is partitioned by."""
    incoming: tuple[Arrived, ...]
    """Files whose rows come; those too old for the window are left out."""
    incoming_sql: str
    keys: KeyTest
    removes: tuple[DataFile, ...] = ()
    rewritten: tuple[DataFile, ...] = ()
    """Those of ``removes`` that have rows to stay."""
    taken: str = ""
    """A temporary table of keys: standing rows that have one of them leave."""
    key: tuple[str, ...] = ()
    stays_where: str = "true"
    """What other standing rows must meet to stay."""
    comes_where: str = "true"
    """Which rows of the incoming files come."""
    touched: tuple[Values, ...] = ()
    dropped: tuple[Values, ...] = ()
    expired: int = 0

    def staying(self, source: str) -> str:
        """The rows of ``source`` (SQL) that stay; those without a key do."""
        # ANTI JOIN, not NOT EXISTS: that would hold the wide rows, this holds the keys.
        joined = f"{source} ANTI JOIN {self.taken} USING ({self._listed})" if self.taken else source
        return f"(SELECT * FROM {joined} WHERE {self.stays_where})"

    def leaving(self, source: str) -> str:
        """The rows of ``source`` (SQL) that leave."""
        taken = f"{self.taken} USING ({self._listed})"
        return (
            f"(SELECT * FROM {source} SEMI JOIN {taken} UNION ALL "
            f"SELECT * FROM {source} ANTI JOIN {taken} WHERE NOT ({self.stays_where}))"
        )

    @property
    def _listed(self) -> str:
        return ", ".join(map(quoted, self.key))


def decide(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, today: date | None
) -> Strategy:
    """Work out what the update does to the standing files.

    Raises:
        InputError: the key cannot be used as it is meant.
    """
    check_columns(intake, update)
    standing = intake.standing
    layout = standing.partitioned_by if standing else ()
    if update.method == "partition":
        return _partition(connection, intake, update, today)
    source = intake.incoming_sql()
    keys = test_keys(connection, intake, update, source)
    files = standing.files if standing else ()
    if update.method == "replace":
        return Strategy((), intake.arrived, source, keys, removes=files)
    rewritten = files if intake.retyped or _layout_retyped(intake, layout) else ()
    if update.method == "append" or keys.refusal:
        return Strategy(layout, intake.arrived, source, keys, rewritten, rewritten)
    return _merge(connection, intake, update, source, keys)


def _layout_retyped(intake: Intake, layout: Sequence[str]) -> bool:
    return any(intake.table[name] != intake.columns[name] for name in layout)


def _merge(
    connection: duckdb.DuckDBPyConnection,
    intake: Intake,
    update: Update,
    source: str,
    keys: KeyTest,
) -> Strategy:
    """Only files that hold an incoming key go, and only those with other rows are written again."""
    standing = intake.standing
    listed = ", ".join(quoted(name) for name in update.key)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE __keys AS SELECT {listed} FROM {source}")
    removes = rewritten = standing.files if standing else ()
    if standing and not intake.retyped:
        met = _rows_met(connection, intake, listed)
        removes = tuple(file for file in standing.files if file.under(standing.folder) in met)
        rewritten = tuple(file for file in removes if met[file.under(standing.folder)] < file.rows)
    return Strategy(
        standing.partitioned_by if standing else (),
        intake.arrived,
        source,
        keys,
        removes=removes,
        rewritten=rewritten,
        taken="__keys",
        key=update.key,
    )


def _rows_met(
    connection: duckdb.DuckDBPyConnection, intake: Intake, listed: str
) -> dict[Path, int]:
    """How many rows of each standing file have an incoming key."""
    rows = connection.execute(
        f"SELECT {quoted(FILE_COLUMN)}, count(*) FROM {intake.standing_sql(named=True)} "
        f"SEMI JOIN __keys USING ({listed}) GROUP BY 1"
    ).fetchall()
    return {Path(path): count for path, count in rows}


def _partition(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, today: date | None
) -> Strategy:
    oldest = _oldest(update, today)
    everything = intake.incoming_sql()
    keys = test_keys(connection, intake, update, everything)
    source, comes, expired = everything, "true", 0
    if oldest is not None:
        comes = f"NOT {_older(update, oldest)}"
        source = f"(SELECT * FROM {everything} WHERE {comes})"
        [[expired]] = connection.execute(
            f"SELECT count(*) FROM {everything} WHERE {_older(update, oldest)}"
        ).fetchall()
    parts = tuple(part for part in intake.arrived if not _expired(part, update, oldest))
    touched = _values(connection, update, source) if not keys.refusal else ()
    _check_number(touched, update)
    _remember(connection, intake, update, touched)
    dropped = _dropped(connection, intake, update, oldest)
    stays = f"coalesce(NOT {_older(update, oldest)}, true)" if oldest is not None else "true"
    removes, rewritten = _files(intake, update, {*touched, *dropped})
    return Strategy(
        layout=update.key,
        incoming=parts,
        incoming_sql=source,
        keys=keys,
        removes=removes,
        rewritten=rewritten,
        taken="__touched",
        key=update.key,
        stays_where=stays,
        comes_where=comes,
        touched=touched,
        dropped=dropped,
        expired=expired,
    )


def _oldest(update: Update, today: date | None) -> date | None:
    if update.keep_days is None:
        return None
    return (today or datetime.now(UTC).date()) - timedelta(days=update.keep_days)


def _older(update: Update, oldest: date) -> str:
    return f"({quoted(update.key[0])} < DATE {literal(oldest.isoformat())})"


def _expired(part: Arrived, update: Update, oldest: date | None) -> bool:
    day = part.given.get(update.key[0])
    return oldest is not None and isinstance(day, date) and day < oldest


def _values(
    connection: duckdb.DuckDBPyConnection, update: Update, source: str
) -> tuple[Values, ...]:
    """The distinct keys of some rows, as the log writes them."""
    listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in update.key)
    rows = connection.execute(f"SELECT DISTINCT {listed} FROM {source} ORDER BY ALL").fetchall()
    return tuple(tuple(row) for row in rows)


def _check_number(touched: tuple[Values, ...], update: Update) -> None:
    if len(touched) > MOST_PARTITIONS:
        raise InputError(
            f"{', '.join(update.key)} would make {len(touched):,} partitions",
            hint=f"Choose a key with at most {MOST_PARTITIONS:,} values, such as the day.",
        )


def _remember(
    connection: duckdb.DuckDBPyConnection,
    intake: Intake,
    update: Update,
    touched: tuple[Values, ...],
) -> None:
    """Keep the touched keys where standing rows can be compared with them."""
    listed = ", ".join(quoted(name) for name in update.key)
    empty = f"SELECT {listed} FROM {intake.incoming_sql([])} WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE __touched AS {empty}")
    if touched:
        rows = ", ".join(f"({', '.join(_typed(intake, update, row))})" for row in touched)
        connection.execute(f"INSERT INTO __touched VALUES {rows}")


def _typed(intake: Intake, update: Update, row: Values) -> list[str]:
    pairs = zip(update.key, row, strict=True)
    return [given_sql(value, intake.columns[name]) for name, value in pairs]


def _dropped(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, oldest: date | None
) -> tuple[Values, ...]:
    if oldest is None or intake.standing is None or update.key[0] not in intake.table:
        return ()
    if intake.standing.partitioned_by == update.key:
        days = {file.partition[update.key[0]] for file in intake.standing.files}
        return tuple((day,) for day in sorted(d for d in days if d) if day < oldest.isoformat())
    standing = f"(SELECT * FROM {intake.standing_sql()} WHERE {_older(update, oldest)})"
    return _values(connection, update, standing)


def _files(
    intake: Intake, update: Update, going: set[Values]
) -> tuple[tuple[DataFile, ...], tuple[DataFile, ...]]:
    """Standing files that leave the version, and those of them with rows to keep."""
    if intake.standing is None:
        return (), ()
    files = intake.standing.files
    if intake.standing.partitioned_by != update.key:
        return files, files
    hit = tuple(file for file in files if _partition_of(file, update) in going)
    if not intake.retyped and not _layout_retyped(intake, update.key):
        return hit, ()
    return files, tuple(file for file in files if file not in hit)


def _partition_of(file: DataFile, update: Update) -> Values:
    return tuple(file.partition[name] for name in update.key)


def partition_of_part(part: Arrived, layout: Sequence[str]) -> PartitionValues | None:
    """The one partition all rows of a file belong to; None if the file would have to be split."""
    if set(layout) != set(part.given):
        return None
    return {name: as_text(part.given[name]) for name in layout}
