"""The one way DuckDB is opened: bounded memory, spilling into the home, times in UTC."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workbench.errors import StorageError
from workbench.sql import literal
from workbench.sql import name as quoted

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "MEMORY_LIMIT_MB",
    "ROOMS",
    "ROW_GROUP_BYTES",
    "ROW_GROUP_ROWS",
    "THREADS",
    "connect",
    "first_with_room",
    "literal",
    "parquet_options",
    "quoted",
    "session",
    "with_room",
]

MEMORY_LIMIT_MB = 112
"""With Python, Arrow and Delta loaded, a commit or preview stays under 300 MB (decision 0003)."""
THREADS = 2
"""Each thread holds one row group while writing; more would cost memory before they save time."""
ROW_GROUP_ROWS = 61_440
"""Rows written at once: half DuckDB's default, which doubles the memory and is no faster."""
ROW_GROUP_BYTES = 16 * 1024 * 1024
"""Wide rows close a row group earlier, so that memory does not grow with the columns."""

ROOMS = ((MEMORY_LIMIT_MB, THREADS), (MEMORY_LIMIT_MB, 1), (2 * MEMORY_LIMIT_MB, 1), (1024, 1))
"""Limits tried in turn: a thread that writes 200 text columns needs about 100 MB of its own."""

SHORT = "Out of Memory Error"
"""How DuckDB's words begin when its memory did not suffice."""

Made = TypeVar("Made")


def connect(
    spill: Path | None = None, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int = THREADS
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that spills to ``spill`` when ``memory_limit_mb`` is reached.

    Rows come in no particular order unless the query sorts. A connection serves one thread.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "threads": threads,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(spill.absolute())
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def with_room(
    spills: Path,
    work: Callable[[duckdb.DuckDBPyConnection], Made],
    *,
    rooms: Sequence[tuple[int, int]] = ROOMS,
) -> Made:
    """Do ``work`` in a session; where its rows are too wide for that, again with more room.

    ``work`` must leave nothing behind when it fails.

    Args:
        rooms: Megabytes and threads, tried in turn.

    Raises:
        StorageError: not even the most room is enough.
    """

    def attempt(room: tuple[int, int]) -> Made:
        memory_limit_mb, threads = room
        with session(spills, memory_limit_mb=memory_limit_mb, threads=threads) as connection:
            return work(connection)

    attempts = [partial(attempt, room) for room in rooms]
    return first_with_room(attempts, rooms[-1][0], hint="Leave out columns that are not needed.")


def first_with_room(attempts: Iterable[Callable[[], Made]], most_mb: int, *, hint: str) -> Made:
    """What the first attempt gives that memory suffices for.

    Args:
        attempts: Each with more room than the one before; the last has ``most_mb``.
        hint: What to do where not even that is enough.

    Raises:
        StorageError: it is not.
    """
    import duckdb

    short: Exception | None = None
    for attempt in attempts:
        try:
            return attempt()
        except duckdb.OutOfMemoryException as error:
            short = error
        except OSError as error:
            # What runs short while its rows are read as a stream reaches us through Arrow.
            if SHORT not in str(error):
                raise
            short = error
    raise StorageError(
        f"The rows are too wide for {most_mb:,} MB of memory", hint=hint, details=str(short)
    ) from short


@contextmanager
def session(
    spills: Path, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int = THREADS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a spill folder of its own under ``spills``, both gone afterwards."""
    _clear_abandoned(spills)
    own = spills / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    connection = connect(own, memory_limit_mb=memory_limit_mb, threads=threads)
    try:
        yield connection
    finally:
        connection.close()
        shutil.rmtree(own, ignore_errors=True)


def _clear_abandoned(spills: Path) -> None:
    """Remove what processes that were killed had spilled."""
    for folder in spills.glob("*-*") if spills.exists() else ():
        process = folder.name.split("-")[0]
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def parquet_options() -> str:
    """The options of every ``COPY … TO`` that writes Parquet."""
    # Bloom filters would take two fifths of the time, for look-ups of single values only.
    return (
        "(FORMAT parquet, COMPRESSION zstd, WRITE_BLOOM_FILTER false, "
        f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}, ROW_GROUP_SIZE_BYTES {ROW_GROUP_BYTES})"
    )
