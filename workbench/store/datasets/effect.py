"""Count what an update would do. Reads only.

Rows are compared by a 64-bit hash over all their columns, so that wide rows need no more memory
than narrow ones. Two different rows of ten million would be taken for the same about once in
four hundred thousand previews; a commit never relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.store.datasets.drift import Columns
from workbench.store.datasets.intake import Intake
from workbench.store.datasets.model import Effect, Update
from workbench.store.datasets.shapes import Leaf
from workbench.store.datasets.strategy import Strategy, Values
from workbench.store.duck import quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what happens to them."""

    new: int
    changed: int
    gone: int
    same: int


def effect_of(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, strategy: Strategy
) -> Effect:
    """What carrying out ``strategy`` does, in rows."""
    before = intake.rows_before
    if strategy.keys.refusal:
        counts = Counts(0, 0, 0, before)
    else:
        counts = _counts(connection, intake, update, strategy)
    return Effect(
        rows_before=before,
        rows_after=counts.same + counts.changed + counts.new,
        new=counts.new,
        changed=counts.changed,
        gone=counts.gone,
        same=counts.same,
        duplicates_created=_duplicates(connection, intake, update),
        partitions_touched=_named(strategy.touched),
        partitions_dropped=_named(strategy.dropped),
        expired=strategy.expired,
        key_nulls=strategy.keys.nulls,
        key_duplicates=strategy.keys.duplicates,
        offending=strategy.keys.offending,
        schema_changes=intake.drift,
        refusal=strategy.keys.refusal,
    )


def _counts(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, strategy: Strategy
) -> Counts:
    incoming = strategy.incoming_sql
    if update.method == "append":
        return Counts(intake.rows_incoming, 0, 0, intake.rows_before)
    if update.method == "merge":
        return by_key(
            connection, intake.standing_sql(), incoming, intake.columns, update.key, merging=True
        )
    if update.method == "partition":
        return _partition_counts(connection, intake, strategy)
    standing = intake.standing_sql()
    if update.key and is_key(connection, standing, update.key) and not _faulty(strategy):
        return by_key(connection, standing, incoming, intake.columns, update.key)
    return by_whole_row(connection, standing, incoming, intake.columns)


def _faulty(strategy: Strategy) -> bool:
    return bool(strategy.keys.nulls or strategy.keys.duplicates)


def _partition_counts(
    connection: duckdb.DuckDBPyConnection, intake: Intake, strategy: Strategy
) -> Counts:
    """Only rows of touched and dropped partitions are read."""
    leaving = [file for file in strategy.removes if file not in strategy.rewritten]
    same_layout = intake.standing is not None and intake.standing.partitioned_by == strategy.layout
    if same_layout:
        concerned = intake.standing_sql(leaving)
    else:
        stays = f"({strategy.stays_where})"
        concerned = f"(SELECT * FROM {intake.standing_sql()} __row WHERE NOT {stays})"
    counts = by_whole_row(connection, concerned, strategy.incoming_sql, intake.columns)
    elsewhere = intake.rows_before - counts.same - counts.gone
    return Counts(counts.new, 0, counts.gone, counts.same + elsewhere)


def row_hash(columns: Columns) -> str:
    """SQL for a 64-bit hash of a row."""
    terms = []
    for name, shape in columns.items():
        terms.append(quoted(name))
        if not isinstance(shape, Leaf):
            # Alone, a null group hashes as a group of nulls, and a null list as an empty one.
            terms.append(f"{quoted(name)} IS NULL")
    return f"hash({', '.join(terms)})"


def by_whole_row(
    connection: duckdb.DuckDBPyConnection, before: str, after: str, columns: Columns
) -> Counts:
    """Compare two sets of rows in which a row may occur several times."""
    value = row_hash(columns)
    [[same, gone, new]] = connection.execute(
        f"SELECT coalesce(sum(least(b, a)), 0)::BIGINT, "
        f"coalesce(sum(b - least(b, a)), 0)::BIGINT, coalesce(sum(a - least(b, a)), 0)::BIGINT "
        f"FROM (SELECT h, sum(b) b, sum(a) a FROM ("
        f"SELECT {value} h, 1 b, 0 a FROM {before} UNION ALL "
        f"SELECT {value} h, 0 b, 1 a FROM {after}) GROUP BY h)"
    ).fetchall()
    return Counts(new, 0, gone, same)


def by_key(
    connection: duckdb.DuckDBPyConnection,
    before: str,
    after: str,
    columns: Columns,
    key: Sequence[str],
    *,
    merging: bool = False,
) -> Counts:
    """Compare rows with the same key; ``after`` has every key once.

    With ``merging``, standing rows without a counterpart stay; else they are gone.
    """
    value = row_hash(columns)
    listed = ", ".join(quoted(name) for name in key)
    [[matched, equal, met]] = connection.execute(
        f"SELECT count(*), count(*) FILTER (equal), coalesce(sum(n), 0)::BIGINT FROM ("
        f"SELECT count(*) n, bool_or(b.h = a.h) equal "
        f"FROM (SELECT {listed}, {value} h FROM {before}) b "
        f"JOIN (SELECT {listed}, {value} h FROM {after}) a USING ({listed}) GROUP BY {listed})"
    ).fetchall()
    [[rows_before]] = connection.execute(f"SELECT count(*) FROM {before}").fetchall()
    [[rows_after]] = connection.execute(f"SELECT count(*) FROM {after}").fetchall()
    unmet = rows_before - met
    return Counts(
        new=rows_after - matched,
        changed=matched - equal,
        gone=met - matched + (0 if merging else unmet),
        same=equal + (unmet if merging else 0),
    )


def is_key(connection: duckdb.DuckDBPyConnection, source: str, key: Sequence[str]) -> bool:
    """Whether no row lacks the key and no two share it."""
    listed = ", ".join(quoted(name) for name in key)
    missing = " OR ".join(f"{quoted(name)} IS NULL" for name in key)
    faults = connection.execute(
        f"SELECT 1 FROM {source} GROUP BY {listed} HAVING count(*) > 1 OR ({missing}) LIMIT 1"
    ).fetchall()
    return not faults


def _duplicates(connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update) -> int:
    if update.method != "append":
        return 0
    value = ", ".join(map(quoted, update.key)) if update.key else row_hash(intake.columns)
    terms = [f"SELECT hash({value}) h, 1 b, 0 a FROM {intake.standing_sql()}"]
    terms.append(f"SELECT hash({value}) h, 0 b, 1 a FROM {intake.incoming_sql()}")
    [[created]] = connection.execute(
        f"SELECT coalesce(sum(greatest(b + a - 1, 0) - greatest(b - 1, 0)), 0)::BIGINT "
        f"FROM (SELECT h, sum(b) b, sum(a) a FROM ({' UNION ALL '.join(terms)}) GROUP BY h)"
    ).fetchall()
    return int(created)


def _named(values: Sequence[Values]) -> tuple[str, ...]:
    return tuple(" / ".join("" if value is None else value for value in row) for row in values)
