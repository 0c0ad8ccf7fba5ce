"""Say how one version differs from another. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.store.datasets.casts import expression, nothing
from workbench.store.datasets.digest import Counts, Digest, row_hash
from workbench.store.datasets.drift import Columns, grown, merge
from workbench.store.datasets.effect import has_nulls
from workbench.store.datasets.log import Snapshot
from workbench.store.datasets.model import Diff
from workbench.store.datasets.names import unknown_column
from workbench.store.datasets.scan import scan_sql
from workbench.store.datasets.shapes import Leaf, Shape, settled, words
from workbench.store.datasets.versions import columns_in_words
from workbench.store.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 100
"""Differing rows shown to a person; the export has all of them."""
HASH, NUMBER = '"\x1fhash"', '"\x1fnumber"'
"""Columns of ours beside a person's, named as none of theirs is."""
CHANGE_COLUMN = "__change"
"""Says of a differing row: added, removed, before or after."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions under common columns."""

    columns: Columns
    before: str
    after: str
    key: tuple[str, ...]

    def rows_sql(self) -> str:
        """Every differing row, with what happened to it in the first column."""
        return self._by_key() if self.key else self._by_whole_row()

    def _by_key(self) -> str:
        listed = ", ".join(map(quoted, self.key))
        value = row_hash(self.columns)
        return (
            f"WITH b AS (SELECT *, {value} {HASH} FROM {self.before}), "
            f"a AS (SELECT *, {value} {HASH} FROM {self.after}), "
            f"changed AS (SELECT {listed} FROM (SELECT {listed}, {HASH} FROM b) b "
            f"JOIN (SELECT {listed}, {HASH} FROM a) a USING ({listed}) WHERE b.{HASH} <> a.{HASH}) "
            + " UNION ALL ".join(
                [
                    self._marked("removed", f"b ANTI JOIN a USING ({listed})"),
                    self._marked("added", f"a ANTI JOIN b USING ({listed})"),
                    self._marked("before", f"b SEMI JOIN changed USING ({listed})"),
                    self._marked("after", f"a SEMI JOIN changed USING ({listed})"),
                ]
            )
        )

    def _by_whole_row(self) -> str:
        """The n-th occurrence of a row on one side meets the n-th on the other."""
        value = row_hash(self.columns)
        number = f"row_number() OVER (PARTITION BY {HASH})"
        keyed = f"SELECT *, {{n}} {NUMBER} FROM (SELECT *, {{h}} {HASH} FROM {{side}})"
        return (
            f"WITH b AS ({keyed.format(n=number, h=value, side=self.before)}), "
            f"a AS ({keyed.format(n=number, h=value, side=self.after)}) "
            + self._marked("removed", f"b ANTI JOIN a USING ({HASH}, {NUMBER})")
            + " UNION ALL "
            + self._marked("added", f"a ANTI JOIN b USING ({HASH}, {NUMBER})")
        )

    def _marked(self, change: str, source: str) -> str:
        listed = ", ".join(map(quoted, self.columns))
        return f"SELECT {literal(change)} AS {quoted(CHANGE_COLUMN)}, {listed} FROM {source}"


def compare(
    connection: duckdb.DuckDBPyConnection,
    before: Snapshot,
    after: Snapshot,
    key: Sequence[str],
    stored_key: Sequence[str],
) -> Comparison:
    """Bring two versions to common columns and choose the key to match rows by.

    Raises:
        InputError: ``key`` names a column that is absent, or is no key in one of the versions.
    """
    columns = {**after.columns, **_only_before(before, after)}
    for name, shape in before.columns.items():
        if name in after.columns:
            columns[name] = _common(shape, after.columns[name])
    sides = (_under(before, columns), _under(after, columns))
    common = [name for name in columns if name in before.columns and name in after.columns]
    for name in key:
        if name not in common:
            raise unknown_column(name, f"One of the two versions of {after.folder.name}", common)
    chosen = tuple(key or stored_key)
    usable = all(name in common for name in chosen) and _is_key(connection, sides, columns, chosen)
    if key and not usable:
        raise InputError(
            f"{', '.join(key)} is not a key of both versions: it is empty or repeats",
            hint="Leave the key out to compare whole rows.",
        )
    return Comparison(columns, *sides, chosen if usable else ())


def _is_key(
    connection: duckdb.DuckDBPyConnection,
    sides: tuple[str, str],
    columns: Columns,
    key: tuple[str, ...],
) -> bool:
    """Whether on both sides no row lacks the key and no two share it."""
    if not key or any(has_nulls(connection, side, key) for side in sides):
        return False
    digest = Digest(connection, *sides, columns, key)
    digest.by_key()
    return not digest.repeats


def _only_before(before: Snapshot, after: Snapshot) -> Columns:
    return {name: shape for name, shape in before.columns.items() if name not in after.columns}


def _common(one: Shape, other: Shape) -> Shape:
    """A type that holds both sides' values; text where none does."""
    united = merge(settled(one), settled(other))
    return Leaf("text") if united is None else settled(united)


def _under(state: Snapshot, columns: Columns) -> str:
    selected = [
        f"{_converted(name, state.columns[name], shape)} AS {quoted(name)}"
        if name in state.columns
        else f"{nothing(shape)} AS {quoted(name)}"
        for name, shape in columns.items()
    ]
    return f"(SELECT {', '.join(selected)} FROM {scan_sql(state)})"


def _converted(name: str, have: Shape, want: Shape) -> str:
    if want == Leaf("text") and have != want:
        return f"CAST({quoted(name)} AS VARCHAR)"
    return expression(quoted(name), have, want)


def diff(
    connection: duckdb.DuckDBPyConnection,
    before: Snapshot,
    after: Snapshot,
    key: Sequence[str],
    stored_key: Sequence[str],
) -> Diff:
    """Count the differences and take a sample of them.

    Raises:
        InputError: ``key`` names a column that is absent, or is no key in one of the versions.
    """
    comparison = compare(connection, before, after, key, stored_key)
    named = {column.name: column for column in columns_in_words(before.columns)}
    later = {column.name: column for column in columns_in_words(after.columns)}
    counts = _counts(connection, comparison)
    rows = connection.sql(f"FROM ({comparison.rows_sql()}) LIMIT {SAMPLE_ROWS}").to_arrow_table()
    return Diff(
        added=counts.new,
        removed=counts.gone,
        changed=counts.changed,
        same=counts.same,
        key=comparison.key,
        columns_added=tuple(later[name] for name in later if name not in named),
        columns_removed=tuple(named[name] for name in named if name not in later),
        types_changed=tuple(
            (name, words(shape), words(after.columns[name]))
            for name, shape in before.columns.items()
            if name in after.columns and not _same_type(shape, after.columns[name])
        ),
        rows=rows,
    )


def _same_type(one: Shape, other: Shape) -> bool:
    return grown(one, other) and grown(other, one)


def _counts(connection: duckdb.DuckDBPyConnection, comparison: Comparison) -> Counts:
    sides = (comparison.before, comparison.after)
    digest = Digest(connection, *sides, comparison.columns, comparison.key)
    return digest.by_key() if comparison.key else digest.whole_rows()
