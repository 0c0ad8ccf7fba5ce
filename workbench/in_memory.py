"""DuckDB over tables that are in memory already, for rooms that keep nothing and read nothing.

What reads files or may outgrow memory opens ``store.duck`` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

THREADS = 1
"""A second thread saves little of two seconds at 100,000 members, and needs 50 MB more."""


def connect(
    tables: Mapping[str, pa.Table] | None = None, *, threads: int = THREADS
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that knows ``tables`` by their names; as a context it closes itself.

    Times are in UTC. A connection serves one thread.
    """
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET TimeZone = 'UTC'")
    for name, table in (tables or {}).items():
        connection.register(name, table)
    return connection
