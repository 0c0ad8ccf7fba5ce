"""A table on the screen as a file: made when it is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from workbench.ui import downloads, formats

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa


def offer(
    table: pa.Table | Callable[[], pa.Table],
    name: str,
    key: str,
    *,
    rows: int | None = None,
    label: str = "Download",
) -> None:
    """A menu of file kinds for a table, or for one that is made when it is asked for."""
    count = table.num_rows if rows is None and not callable(table) else rows or 0
    downloads.menu(
        name,
        count,
        partial(table_file, table, name),
        f"{key}.download",
        label=label,
        about=f"{formats.counted(count, 'row')}, with every column.",
    )


def table_file(table: pa.Table | Callable[[], pa.Table], name: str, suffix: str) -> BinaryIO:
    """The table as a file, open for reading; nothing is left behind when it is closed."""
    from workbench.store.datasets.exports import export_query, opened
    from workbench.store.duck import connect

    connection = connect()
    try:
        connection.register("shown", table() if callable(table) else table)
        return opened(f"{name}.{suffix}", partial(export_query, connection, "shown"))
    finally:
        connection.close()
