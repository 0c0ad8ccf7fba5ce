"""A view of the change sheet as a file, for a sign-off outside the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from workbench.store.datasets.exports import export_query, opened

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.automations.sheet import Sheet, View


def sheet_file(sheet: Sheet, view: View, suffix: str) -> BinaryIO:
    """Every row of a view, open for reading; nothing is left behind when it is closed.

    Args:
        suffix: ``csv``, ``xlsx`` or ``parquet``.

    Raises:
        InputError: Excel cannot hold that many rows.
    """

    def write(path: Path) -> None:
        with sheet.turn():
            export_query(sheet.connection, f"({sheet.query(view)})", path)

    return opened(f"change-sheet.{suffix}", write)
