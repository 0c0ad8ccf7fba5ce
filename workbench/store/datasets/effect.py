"""Count what an update would do. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from workbench.store.datasets.digest import Counts, Digest
from workbench.store.datasets.intake import Intake, take_in
from workbench.store.datasets.log import Snapshot
from workbench.store.datasets.model import Effect, Part, Update
from workbench.store.datasets.strategy import Strategy, Values, decide
from workbench.store.duck import quoted

if TYPE_CHECKING:
    import duckdb


def preview(
    connection: duckdb.DuckDBPyConnection,
    standing: Snapshot | None,
    parts: Sequence[Part],
    update: Update,
    today: date | None,
) -> Effect:
    """Plan an update and count what it would do.

    Raises:
        InputError: the update cannot be meant for these columns.
    """
    intake = take_in(connection, standing, parts)
    return effect_of(connection, intake, update, decide(connection, intake, update, today))


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
    if update.method == "append" or intake.rows_before == 0:
        return Counts(_incoming_rows(intake, strategy), 0, 0, intake.rows_before)
    if update.method == "partition":
        return _partition_counts(connection, intake, strategy)
    standing, incoming = intake.standing_sql(), strategy.incoming_sql
    if update.method == "merge":
        return _merge_counts(connection, intake, update, strategy)
    if update.key and not (strategy.keys.nulls or strategy.keys.duplicates):
        digest = Digest(connection, standing, incoming, intake.columns, update.key)
        counts = digest.by_key()
        if not digest.repeats and not has_nulls(connection, standing, update.key):
            return counts
    return Digest(connection, standing, incoming, intake.columns).whole_rows()


def _merge_counts(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, strategy: Strategy
) -> Counts:
    """Only standing rows with an incoming key are compared."""
    digest = Digest(
        connection,
        intake.standing_sql(strategy.removes),
        strategy.incoming_sql,
        intake.columns,
        update.key,
        met_by=strategy.taken,
    )
    counts = digest.by_key()
    return replace(counts, same=intake.rows_before - counts.changed - counts.gone)


def _incoming_rows(intake: Intake, strategy: Strategy) -> int:
    return intake.rows_incoming - strategy.expired


def _partition_counts(
    connection: duckdb.DuckDBPyConnection, intake: Intake, strategy: Strategy
) -> Counts:
    """Only rows of touched and dropped partitions are read."""
    leaving = [file for file in strategy.removes if file not in strategy.rewritten]
    same_layout = intake.standing is not None and intake.standing.partitioned_by == strategy.layout
    if same_layout and not leaving:
        return Counts(_incoming_rows(intake, strategy), 0, 0, intake.rows_before)
    if same_layout:
        concerned = intake.standing_sql(leaving)
    else:
        concerned = strategy.leaving(intake.standing_sql())
    counts = Digest(connection, concerned, strategy.incoming_sql, intake.columns).whole_rows()
    elsewhere = intake.rows_before - counts.same - counts.gone
    return Counts(counts.new, 0, counts.gone, counts.same + elsewhere)


def has_nulls(connection: duckdb.DuckDBPyConnection, source: str, key: Sequence[str]) -> bool:
    """Whether a row lacks a part of its key."""
    missing = " OR ".join(f"{quoted(name)} IS NULL" for name in key)
    query = f"SELECT 1 FROM {source} WHERE {missing} LIMIT 1"
    return bool(connection.execute(query).fetchall())


def _duplicates(connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update) -> int:
    if update.method != "append":
        return 0
    standing, incoming = intake.standing_sql(), intake.incoming_sql()
    return Digest(connection, standing, incoming, intake.columns, update.key).repeats_created()


def _named(values: Sequence[Values]) -> tuple[str, ...]:
    return tuple(" / ".join("" if value is None else value for value in row) for row in values)
