"""A view of the change sheet as a file, for a sign-off outside the workbench."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from workbench.store.datasets.exports import EXCEL_ROWS, export_query

if TYPE_CHECKING:
    from workbench.automations.sheet import Sheet, View

__all__ = ["EXCEL_ROWS", "sheet_file"]


def sheet_file(sheet: Sheet, view: View, suffix: str) -> BinaryIO:
    """Every row of a view, open for reading; nothing is left behind when it is closed.

    Args:
        suffix: ``csv``, ``xlsx`` or ``parquet``.

    Raises:
        InputError: Excel cannot hold that many rows.
    """
    folder = Path(tempfile.mkdtemp(prefix="workbench-sheet-"))
    path = folder / f"change-sheet.{suffix}"
    try:
        with sheet.turn():
            export_query(sheet.connection, f"({sheet.query(view)})", path)
        return path.open("rb")
    finally:
        # The open file outlives its name.
        path.unlink(missing_ok=True)
        folder.rmdir()
