"""A dataset as a file: made when it is asked for, not before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from workbench.ui.session import services

KINDS = {
    "csv": ("CSV", "text/csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
EXCEL_ROWS = 1_048_575
"""A sheet holds a row more; that one is the heading."""


def offer(name: str, version: int, rows: int) -> None:
    """A menu of file kinds."""
    with st.popover("Download", icon=":material/download:"):
        for suffix, (title, mime) in KINDS.items():
            too_long = suffix == "xlsx" and rows > EXCEL_ROWS
            st.download_button(
                title,
                _maker(name, version, suffix),
                f"{name}-v{version}.{suffix}",
                mime,
                on_click="ignore",
                key=f"explore.{name}.download.{suffix}",
                disabled=too_long,
                help="More rows than an Excel sheet holds" if too_long else None,
                width="stretch",
            )


def _maker(name: str, version: int, suffix: str) -> Callable[[], BinaryIO]:
    datasets = services().datasets

    def make() -> BinaryIO:
        folder = Path(tempfile.mkdtemp(prefix="workbench-download-"))
        path = folder / f"{name}.{suffix}"
        datasets.export_file(name, path, version=version)
        opened = path.open("rb")
        # The open file outlives its name, so nothing is left behind when it is closed.
        path.unlink()
        folder.rmdir()
        return opened

    return make
