"""Turn spooled JSON rows into one Parquet part, without a Python loop over rows.

Two ways. Event rows are read with the columns learned from the slices before, and that nothing was
passed over is proven by counting (``learned``). All else is read by the structure DuckDB finds in
the rows (``found``). An answer that is not rows never becomes a part.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workbench.errors import BrokenAnswerError, disk_explained
from workbench.pendo.body import Keys
from workbench.pulls.found import found_columns
from workbench.pulls.learned import SAMPLE_ROWS, Learned, learn, proven, quick_columns
from workbench.pulls.recipe import Recipe, other_day
from workbench.sql import literal
from workbench.store import duck

if TYPE_CHECKING:
    import duckdb

Made = TypeVar("Made")

ROW_GROUP = 10_240
"""Rows of one Parquet row group: what DuckDB holds before it writes. With two slices of 100,000
rows under way, twice as many took 20 MB more, and no less time."""
MEMORY_MB = (240, 480, 960, 1280)
"""What DuckDB may take, and what it may take where rows turn out too wide for that. With Python
and its libraries around the first, a pull stays under 300 MB. Two slices at once need far less,
but close to its limit DuckDB gives memory back after each, only to ask for it again."""


def connect() -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection that stays small; take a ``cursor()`` of it for each thread."""
    # Each slice is read by the thread that fetched it. More threads would each hold a reader's
    # buffer of 32 MB, and an array is read by one of them anyway.
    connection = duck.connect(memory_limit_mb=MEMORY_MB[0], threads=1)
    # Every spool is read once or twice and deleted: remembering its bytes only costs.
    connection.execute("SET enable_external_file_cache = false")
    return connection


def with_room(cursor: "duckdb.DuckDBPyConnection", work: Callable[[], Made]) -> Made:
    """Do ``work``; where its rows are too wide for the memory allowed, again with more.

    Raises:
        StorageError: not even the most is enough.
    """

    def with_more(memory_mb: int) -> Made:
        cursor.execute(f"SET memory_limit = '{memory_mb}MB'")
        return work()

    # The first takes what there is: another thread may have needed more already.
    attempts: list[Callable[[], Made]] = [work]
    attempts += [partial(with_more, memory_mb) for memory_mb in MEMORY_MB[1:]]
    hint = "Ask for fewer records at once (page_size), or for fewer fields."
    return duck.first_with_room(attempts, MEMORY_MB[-1], hint=hint)


def write_part(
    spools: Sequence[Path],
    target: Path,
    recipe: Recipe,
    cursor: "duckdb.DuckDBPyConnection",
    *,
    keys: Keys | None = None,
    learned: Learned | None = None,
) -> int:
    """Write the rows of ``spools`` (JSON arrays of objects) to ``target``; give their number.

    Where there are no rows, nothing is written.

    Args:
        keys: All keys of the rows, as they were counted while they came. Without them nothing
            can be proven, and columns are found by looking at everything.
        learned: What the slices before have held.

    Raises:
        BrokenAnswerError: the answer is not an array of objects.
        InputError: rows of another day came, so the connection's time zone is not Pendo's.
        DiskFullError: no room for the part.
    """
    import duckdb

    for path in spools:
        _must_be_whole(path)
    temporary = target.with_suffix(".writing")
    with disk_explained(target.name):
        try:
            keep = learned or Learned()
            rows = with_room(
                cursor, lambda: _written(spools, temporary, recipe, cursor, keys, keep)
            )
        except duckdb.InvalidInputException as error:
            if (wrong_day := other_day(error, recipe)) is not None:
                raise wrong_day from error
            raise _malformed(str(error).splitlines()[0][:300]) from error
        else:
            if rows:
                temporary.replace(target)
            return rows
        finally:
            temporary.unlink(missing_ok=True)


def _must_be_whole(path: Path) -> None:
    """DuckDB takes an array that ends behind a comma for whole; it was cut."""
    with path.open("rb") as body:
        body.seek(max(0, path.stat().st_size - 64))
        if not body.read().rstrip().endswith(b"]"):
            raise _malformed("The answer does not end as an array does.")


def _malformed(details: str) -> BrokenAnswerError:
    return BrokenAnswerError(
        "Pendo's answer is not the rows it should be; nothing of it was kept",
        hint="Run it again; if it stays so, the request or the report is not row data.",
        details=details,
    )


def _written(
    spools: Sequence[Path],
    temporary: Path,
    recipe: Recipe,
    cursor: "duckdb.DuckDBPyConnection",
    keys: Keys | None,
    learned: Learned,
) -> int:
    if keys and recipe.columns and not recipe.merges:
        rows = _quickly(spools, temporary, recipe, cursor, keys, learned)
        if rows is not None:
            return rows
    return _thoroughly(spools, temporary, recipe, cursor)


def _quickly(
    spools: Sequence[Path],
    temporary: Path,
    recipe: Recipe,
    cursor: "duckdb.DuckDBPyConnection",
    keys: Keys,
    learned: Learned,
) -> int | None:
    """Write with learned columns; None where that cannot be shown to have kept everything."""
    import duckdb

    for attempt in (1, 2):
        if attempt == 2:
            learn(spools, recipe, learned, cursor)
        elif not learned.keys:
            learn(spools, recipe, learned, cursor, rows=SAMPLE_ROWS)
        select = quick_columns(spools, recipe, learned, cursor)
        if select is None:
            continue
        # A value that does not fit its column ends this way; the thorough one keeps both kinds.
        with suppress(duckdb.ConversionException, duckdb.InvalidInputException):
            rows = _copy(select, temporary, cursor)
            if proven(temporary, rows, keys, learned, cursor):
                return rows
    return None


def _thoroughly(
    spools: Sequence[Path],
    temporary: Path,
    recipe: Recipe,
    cursor: "duckdb.DuckDBPyConnection",
) -> int:
    """Write with whatever columns the rows turn out to have."""
    import duckdb

    try:
        select = found_columns(spools, recipe, cursor)
        return _copy(select, temporary, cursor) if select else 0
    except duckdb.ConversionException:
        select = found_columns(spools, recipe, cursor, with_huge=True)
        return _copy(select, temporary, cursor) if select else 0


def _copy(select: str, temporary: Path, cursor: "duckdb.DuckDBPyConnection") -> int:
    # Bloom filters would take two fifths of the time, for look-ups of single values only.
    copied = cursor.execute(
        f"COPY ({select}) TO {literal(str(temporary))} "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, WRITE_BLOOM_FILTER false, "
        f"ROW_GROUP_SIZE {ROW_GROUP})"
    ).fetchall()[0][0]
    return int(copied)
