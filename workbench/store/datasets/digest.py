"""Compare two sets of rows by hashes, in little memory. Reads only.

Rows become a pair of 64-bit hashes, of the key and of all columns, so that wide rows cost no more
than narrow ones, and are counted a bucket of hashes at a time. Two different rows of ten million
are taken for the same about once in four hundred thousand comparisons; commits never rely on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.store.datasets.drift import Columns
from workbench.store.datasets.scan import paths_sql
from workbench.store.datasets.shapes import Leaf
from workbench.store.duck import ROW_GROUP_ROWS, literal, quoted

if TYPE_CHECKING:
    import duckdb

BUCKET_ROWS = 1_000_000
"""Rows counted at once: their groups fit the memory limit without spilling."""
FILE = "digest-{}.parquet"
"""In the connection's spill folder: a temporary table took 80 MB more and twice the time."""
K, H = '"\x1fk"', '"\x1fh"'
"""Columns of ours beside a person's, named as none of theirs is."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what happens to them."""

    new: int
    changed: int
    gone: int
    same: int


def row_hash(columns: Columns) -> str:
    """SQL for a 64-bit hash of a row."""
    terms = []
    for name, shape in columns.items():
        terms.append(quoted(name))
        if not isinstance(shape, Leaf):
            # Alone, a null group hashes as a group of nulls, and a null list as an empty one.
            terms.append(f"{quoted(name)} IS NULL")
    return f"hash({', '.join(terms)})"


class Digest:
    """The hashes of two sets of rows, ready to be counted; one at a time on a connection.

    ``met_by`` is a table of keys: of ``before``, only rows with one of them count.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: str,
        after: str,
        columns: Columns,
        key: Sequence[str] = (),
        *,
        met_by: str = "",
    ) -> None:
        self._connection = connection
        self.repeats = 0
        """Rows, of both sides, whose key an earlier row of their side has; known by ``by_key``."""
        row = row_hash(columns)
        value = f"hash({', '.join(map(quoted, key))})" if key else row
        hashes = f"{value} AS {K}, {row} AS {H}"
        if met_by:
            # Hashed before they are chosen: the join then carries keys and hashes, not rows.
            listed = ", ".join(map(quoted, key))
            before = (
                f"(SELECT {listed}, {hashes} FROM {before}) SEMI JOIN {met_by} USING ({listed})"
            )
        else:
            before = f"(SELECT {hashes} FROM {before})"
        after = f"(SELECT {hashes} FROM {after})"
        [[folder]] = connection.execute("SELECT current_setting('temp_directory')").fetchall()
        # One file after the other: read at once, two wide tables need twice the buffers.
        files = [Path(folder) / FILE.format(side) for side in (1, 2)]
        rows = self._copy(
            f"SELECT {K} k, {H} h, 1::TINYINT b, 0::TINYINT a FROM {before}", files[0]
        )
        rows += self._copy(
            f"SELECT {K} k, {H} h, 0::TINYINT b, 1::TINYINT a FROM {after}", files[1]
        )
        self._files = paths_sql(files)
        self._buckets = rows // BUCKET_ROWS + 1

    def _copy(self, query: str, path: Path) -> int:
        options = f"FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
        statement = f"COPY ({query}) TO {literal(str(path))} ({options})"
        [[rows]] = self._connection.execute(statement).fetchall()
        return int(rows)

    def whole_rows(self) -> Counts:
        """Compare two sets of rows in which a row may occur several times."""
        same, gone, new = self._summed(
            "SELECT sum(least(b, a)), sum(b - least(b, a)), sum(a - least(b, a)) "
            "FROM (SELECT sum(b) b, sum(a) a FROM {bucket} GROUP BY k)"
        )
        return Counts(new, 0, gone, same)

    def by_key(self) -> Counts:
        """Compare rows with the same key; one without a counterpart is gone, or new.

        Meant for keys that occur once afterwards; whether they do, ``repeats`` then tells.
        """
        before, after, matched, equal, repeated, repeats = self._summed(
            "SELECT sum(b), sum(a), count(*) FILTER (a > 0 AND b > 0), "
            "count(*) FILTER (equal), "
            "sum(greatest(b - 1, 0)), sum(greatest(a - 1, 0)) FROM ("
            "SELECT sum(b) b, sum(a) a, bool_or(b > 0 AND a > 0) equal FROM ("
            "SELECT k, h, sum(b) b, sum(a) a FROM {bucket} GROUP BY k, h) GROUP BY k)"
        )
        self.repeats = repeated + repeats
        return Counts(
            new=after - matched, changed=matched - equal, gone=before - matched, same=equal
        )

    def repeats_after(self) -> int:
        """Rows afterwards whose key an earlier one has."""
        [repeats] = self._summed(
            "SELECT sum(greatest(a - 1, 0)) FROM (SELECT sum(a) a FROM {bucket} GROUP BY k)"
        )
        return repeats

    def repeats_created(self) -> int:
        """How many more rows repeat another when both sides are put together."""
        [created] = self._summed(
            "SELECT sum(greatest(b + a - 1, 0) - greatest(b - 1, 0)) "
            "FROM (SELECT sum(b) b, sum(a) a FROM {bucket} GROUP BY k)"
        )
        return created

    def _summed(self, query: str) -> list[int]:
        """The sums of a query's answers over all buckets."""
        answers = []
        for number in range(self._buckets):
            bucket = (
                f"(SELECT * FROM read_parquet({self._files}) WHERE k % {self._buckets} = {number})"
            )
            answers += self._connection.execute(query.format(bucket=bucket)).fetchall()
        return [sum(int(value or 0) for value in column) for column in zip(*answers, strict=True)]
