"""SQL over all datasets, and its answer as a table."""

from __future__ import annotations

import io
from time import perf_counter
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats
from workbench.ui.session import remember, remembered, services, show_error
from workbench.ui.tables import readable, show_rows

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 10_000
HEIGHT = 150


def show_sql(name: str | None) -> None:
    """The SQL tab; ``name`` is the dataset the first question is about."""
    names = services().datasets.names()
    about = name or (names[0] if names else "dataset")
    text = st.text_area(
        "SQL",
        f"SELECT *\nFROM {about}\nLIMIT 100",
        height=HEIGHT,
        key=f"explore.sql.{about}",
        help="One SELECT over any datasets, by name. It only reads.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        asking = st.button(
            "Ask", icon=":material/play_arrow:", key="explore.sql.ask", type="primary"
        )
        st.caption(f"Datasets: {formats.plain(formats.listed(names, 12))}", width="content")
    if asking:
        _ask(text)
    _answer()


def _ask(text: str) -> None:
    from workbench.explore.sql import query

    started = perf_counter()
    try:
        with st.spinner("Asking…", show_time=True):
            table = query(services().datasets, text, limit=MOST_ROWS + 1)
        remember("sql", (text, table, perf_counter() - started))
    except WorkbenchError as error:
        remember("sql", error)


def _answer() -> None:
    kept = remembered("sql")
    if isinstance(kept, WorkbenchError):
        show_error(str(kept), kept.hint, kept.details)
        return
    if not isinstance(kept, tuple):
        return
    _, table, seconds = kept
    if table.column_names in (["explain_key", "explain_value"], ["analyzed_plan"]):
        st.code("\n".join(str(row) for row in table.column(table.num_columns - 1).to_pylist()))
        return
    shown: pa.Table = table.slice(0, MOST_ROWS)
    more = "" if table.num_rows <= MOST_ROWS else "; there are more: add LIMIT or count them"
    st.caption(f"{formats.counted(shown.num_rows, 'row')} in {formats.duration(seconds)}{more}")
    show_rows(shown)
    st.download_button(
        "Download this answer as CSV",
        lambda: csv(shown),
        "answer.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="explore.sql.download",
    )


def csv(table: pa.Table) -> bytes:
    """A table as CSV, nested values as JSON."""
    import pyarrow.csv

    written = io.BytesIO()
    pyarrow.csv.write_csv(readable(table), written)
    return written.getvalue()
