"""Open DuckDB for looking only: it reads the datasets' folder and nothing else, never writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.sql import literal, literals

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY_LIMIT_MB = 512
"""A person waits for one question at a time; beyond this DuckDB spills to a temporary folder."""
THREADS = 2
"""Leaves the rest of the machine to pulls that run meanwhile."""
SPILL_LIMIT = "8GB"
"""A careless cross join stops here instead of at a full disk."""


class Scannable(Protocol):
    """What this room needs of the datasets: their names, their folder, and SQL that reads one."""

    @property
    def root(self) -> Path:
        """The folder that holds every dataset: what users' SQL may read."""

    def names(self) -> list[str]:
        """Every dataset."""

    def scan(self, name: str, version: int | None = None) -> str:
        """SQL that can stand after FROM."""


@contextmanager
def looking(
    datasets: Scannable, views: Mapping[str, str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may read the datasets' folder, with ``views`` (SQL by name) in place.

    The configuration is locked before anything else runs on it.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="workbench-explore-") as spill:
        connection = duckdb.connect(
            config={"memory_limit": f"{MEMORY_LIMIT_MB}MB", "threads": THREADS}
        )
        try:
            folder = literals([f"{datasets.root.absolute()}/"])
            connection.execute(
                f"SET temp_directory = {literal(spill)};"
                f"SET max_temp_directory_size = {literal(SPILL_LIMIT)};"
                "SET TimeZone = 'UTC';"
                "SET autoinstall_known_extensions = false;"
                f"SET allowed_directories = {folder};"
                "SET enable_external_access = false; SET lock_configuration = true"
            )
            for name, scan in (views or {}).items():
                connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {scan}')
            yield connection
        finally:
            connection.close()


def arrow(connection: duckdb.DuckDBPyConnection, select: str) -> pa.Table:
    """The whole answer to one of our own questions, as Arrow: times stay times, without pytz."""
    return connection.sql(select).to_arrow_table()


def first_row(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, Any]:
    """The only row of an answer, by column."""
    row: dict[str, Any] = arrow(connection, select).to_pylist()[0]
    return row
