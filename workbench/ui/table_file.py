"""A table on the screen as a file: made when it is asked for."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st

from workbench.ui import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

KINDS = {"csv": "CSV", "xlsx": "Excel"}
EXCEL_ROWS = 1_048_575
"""A sheet holds a row more; that one is the heading."""


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
    with st.popover(label, icon=":material/download:"):
        st.caption(f"{formats.counted(count, 'row')}, with every column.")
        for suffix, title in KINDS.items():
            too_long = suffix == "xlsx" and count > EXCEL_ROWS
            st.download_button(
                title,
                partial(table_file, table, name, suffix),
                f"{name}.{suffix}",
                on_click="ignore",
                key=f"{key}.download.{suffix}",
                disabled=too_long,
                help="More rows than an Excel sheet holds" if too_long else None,
                width="stretch",
            )


def table_file(table: pa.Table | Callable[[], pa.Table], name: str, suffix: str) -> BinaryIO:
    """The table as a file, open for reading; nothing is left behind when it is closed."""
    from workbench.store.datasets.exports import export_query
    from workbench.store.duck import connect

    folder = Path(tempfile.mkdtemp(prefix="workbench-table-"))
    path = folder / f"{name}.{suffix}"
    connection = connect()
    try:
        connection.register("shown", table() if callable(table) else table)
        export_query(connection, "shown", path)
        return path.open("rb")
    finally:
        connection.close()
        # The open file outlives its name.
        path.unlink(missing_ok=True)
        folder.rmdir()
