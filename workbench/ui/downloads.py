"""A menu of files: each is made when it is asked for, not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

import streamlit as st

from workbench.ui.session import services

KINDS = {
    "csv": ("CSV", "text/csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
ON_SCREEN = ("csv", "xlsx")
"""What a table that a person looks at is taken as."""


def menu(
    name: str,
    rows: int,
    make: Callable[[str], BinaryIO],
    key: str,
    *,
    suffixes: Sequence[str] = ON_SCREEN,
    label: str = "Download",
    about: str = "",
) -> None:
    """A menu of the kinds of file that some rows are taken as.

    Args:
        name: The file's, without its ending.
        make: From the ending, such as ``csv``, to the file, open for reading.
        about: What is in the file, above the kinds.
    """
    from workbench.store.datasets.exports import EXCEL_ROWS

    with st.popover(label, icon=":material/download:"):
        if about:
            st.caption(about)
        for suffix in suffixes:
            title, mime = KINDS[suffix]
            too_long = suffix == "xlsx" and rows > EXCEL_ROWS
            st.download_button(
                title,
                partial(make, suffix),
                f"{name}.{suffix}",
                mime,
                on_click="ignore",
                key=f"{key}.{suffix}",
                disabled=too_long,
                help="More rows than an Excel sheet holds" if too_long else None,
                width="stretch",
            )


def offer(name: str, version: int, rows: int) -> None:
    """The menu of one version of a dataset."""
    from workbench.store.datasets.exports import opened

    datasets = services().datasets

    def make(suffix: str) -> BinaryIO:
        return opened(
            f"{name}.{suffix}", lambda path: datasets.export_file(name, path, version=version)
        )

    menu(f"{name}-v{version}", rows, make, f"explore.{name}.download", suffixes=tuple(KINDS))
