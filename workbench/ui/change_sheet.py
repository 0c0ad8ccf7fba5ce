"""The change sheet: five numbers that add up, and a row per record with what stands and what will.

Draws any sheet: one in the making, one of a run, one of an undo. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import downloads, formats
from workbench.ui.chips import STATES

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.plan import Counts, PlannedField
    from workbench.automations.sheet import Sheet, View, Which

SIGNS = {
    "new": "+ new",
    "changed": "→ changed",
    "same": "= same",
    "not_found": "? not found",
    "conflict": "‖ conflict",
    "blocked": "✕ blocked",
    "held": "‖ held",
}
"""Statuses with a sign, so that colour is never the only one."""
SHADES = {"before": "color: #8a8f98", "changed": "background-color: rgba(64, 132, 246, 0.16)"}
"""What stands is grey; what will differ is tinted, readable on light and dark."""
MOST_CELLS = 20_000
"""Cells that are shaded one by one; a page is far below."""
PAGE_ROWS = 50
HEIGHT = 520


@dataclass(frozen=True, slots=True)
class Told:
    """What stands above a sheet."""

    counts: Counts
    fields: Sequence[PlannedField]
    fingerprint: str
    api_calls: int
    warnings: Sequence[str]
    verdict: str
    """Which limits it exceeds, in words; "" where none."""
    movement: Mapping[tuple[str, str], int]
    object: str


def show_head(told: Told, key: str) -> Which:
    """Five numbers, each a filter; warnings and what holds it. Gives the filter chosen."""
    counts = told.counts
    numbers: dict[Which, tuple[str, int]] = {
        "write": ("to write", counts.written),
        "same": ("same", counts.same),
        "not_found": ("not found", counts.not_found),
        "conflict": ("conflict", counts.conflict),
        "held": ("held", counts.held),
        "all": ("records", counts.records),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        which: Which | None = st.segmented_control(
            "Show",
            list(numbers),
            default="write" if counts.written else "all",
            format_func=lambda each: f"**{formats.number(numbers[each][1])}** {numbers[each][0]}",
            key=f"{key}.which",
            label_visibility="collapsed",
        )
        st.caption(
            f"{formats.counted(told.api_calls, 'API call')} · "
            f"{formats.number(counts.new)} new, {formats.number(counts.changed)} changed",
            width="content",
        )
    if told.verdict:
        colour, icon = STATES["held"]
        st.markdown(f":{colour}-badge[:material/{icon}: held] {formats.plain(told.verdict)}")
    for warning in told.warnings:
        st.caption(f":material/info: {formats.plain(warning)}")
    return which or "all"


def show_rows(
    sheet: Sheet, told: Told, which: Which, key: str, *, moved: tuple[str, str] | None = None
) -> list[str]:
    """One page of the sheet, with search, order and pages; gives Pendo's ids that are ticked."""
    from workbench.automations.sheet import View

    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", type="search", live="400ms", key=f"{key}.search", width=260,
            placeholder="An id", label_visibility="collapsed",
        )  # fmt: skip
        titles = _titles(told.fields)
        order = st.selectbox(
            "Sort by", list(titles), index=None, format_func=titles.__getitem__, width=220,
            key=f"{key}.order", placeholder="Sort by a column", label_visibility="collapsed",
        )  # fmt: skip
        down = st.toggle("Largest first", key=f"{key}.down", disabled=order is None)
        number = st.number_input(
            "Page", 1, None, 1, key=f"{key}.page", width=130, label_visibility="collapsed"
        )
        place = st.empty()
    wanted = View(
        which, (search or "").strip(), moved, order, down, limit=PAGE_ROWS,
        offset=(int(number) - 1) * PAGE_ROWS,
    )  # fmt: skip
    page = sheet.page(wanted)
    pages = max(1, -(-page.matching // PAGE_ROWS))
    place.caption(f"Page {formats.number(number)} of {formats.number(pages)}", width="content")
    if not page.rows.num_rows:
        st.caption(_nothing(which, told.counts))
        return []
    # Ticks are places: other rows in those places must not inherit them.
    shown = sha256("\x1f".join(map(str, page.rows["id"].to_pylist())).encode()).hexdigest()[:12]
    ticked = _table(page.rows, told.fields, f"{key}.rows.{shown}")
    _download(sheet, wanted, key, page.matching)
    return [page.rows["id"][place].as_py() for place in ticked if place < page.rows.num_rows]


def _nothing(which: Which, counts: Counts) -> str:
    if not counts.records:
        return "No record passes the conditions."
    return {
        "write": "Nothing is to be written: Pendo holds these values already.",
        "held": "No record is held.",
        "conflict": "No record is in conflict.",
        "not_found": "Every record was found in Pendo.",
    }.get(which, "No record is like that.")


def _titles(fields: Sequence[PlannedField]) -> dict[str, str]:
    titles = {"id": "Id in Pendo", "source_id": "Source ID", "status": "Status", "reason": "Reason"}
    for field in fields:
        titles[f"{field.name}__before"] = f"{field.name} now"
        titles[f"{field.name}__after"] = f"{field.name} to write"
    return titles


def _table(rows: pa.Table, fields: Sequence[PlannedField], key: str) -> list[int]:
    """The rows as a table; gives the places of those ticked."""
    frame = readable(rows, fields)
    changed = {
        f"{field.name} to write": rows[f"{field.name}__write"].to_pylist() for field in fields
    }
    shown: Any = frame
    if frame.size <= MOST_CELLS:
        shown = frame.style.apply(_shaded, changed=changed, axis=0)
    wide = {
        name: st.column_config.TextColumn(width="medium")
        for name in frame.columns
        if "_explain" in name or name == "Reason"
    }
    event: Any = st.dataframe(
        shown,
        hide_index=True,
        height="auto" if len(frame) <= 12 else HEIGHT,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        column_config=wide,
        placeholder="",
    )
    return list(event.selection.rows)


def readable(rows: pa.Table, fields: Sequence[PlannedField]) -> Any:
    """The sheet's rows as people read them: a column pair per field."""
    columns = {
        "Status": [SIGNS.get(status, status) for status in rows["status"].to_pylist()],
        "Id in Pendo": rows["id"].to_pylist(),
        "Source ID": rows["source_id"].to_pylist(),
    }
    for field in fields:
        columns[f"{field.name} now"] = rows[f"{field.name}__before"].to_pylist()
        columns[f"{field.name} to write"] = rows[f"{field.name}__after"].to_pylist()
    reasons = rows["reason"].to_pylist()
    if any(reasons):
        columns["Reason"] = reasons
    if columns["Source ID"] == columns["Id in Pendo"]:
        del columns["Source ID"]
    import pandas as pd

    return pd.DataFrame(columns)


def _shaded(column: Any, *, changed: Mapping[str, Sequence[bool]]) -> list[str]:
    name = str(column.name)
    if name in changed:
        return [SHADES["changed"] if is_sent else SHADES["before"] for is_sent in changed[name]]
    return [SHADES["before"] if name.endswith(" now") else ""] * len(column)


def _download(sheet: Sheet, view: View, key: str, matching: int) -> None:
    """The view as a file, made when it is asked for."""
    from workbench.automations.sheet_file import sheet_file

    downloads.menu(
        "change-sheet",
        matching,
        partial(sheet_file, sheet, view),
        key,
        about=f"{formats.counted(matching, 'record')} of this view, with every column.",
    )
