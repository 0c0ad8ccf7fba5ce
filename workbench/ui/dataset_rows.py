"""Rows of a dataset: search, filters, order, columns, and the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.explore.rows import MOST_ROWS, Filter, Look
from workbench.ui import formats, reading
from workbench.ui.session import explained
from workbench.ui.tables import show_rows

if TYPE_CHECKING:
    from workbench.explore.columns import Part

MOST_FILTERS = 4
COMPARISONS: dict[str, tuple[str, ...]] = {
    "text": ("is", "is not", "contains", "starts with", "is empty", "is not empty"),
    "number": ("is", "is not", "at least", "at most", "is empty", "is not empty"),
    "day": ("is", "at least", "at most", "is empty", "is not empty"),
    "time": ("at least", "at most", "is empty", "is not empty"),
    "yes/no": ("is", "is not", "is empty", "is not empty"),
}
"""What can be asked of each sort of column; nested ones are searched as text."""
NESTED = ("contains", "is empty", "is not empty")
LIKE = {"number": "0", "day": "2026-03-01", "time": "2026-03-01 12:00", "yes/no": "true"}
HEIGHT = 460


def show_dataset_rows(name: str, version: int, first: Sequence[str] = ()) -> None:
    """The rows tab; ``first`` are the columns to read first, such as the day."""
    parts = reading.parts(name, version)
    whole = [part for part in parts if len(part.path) == 1]
    key = f"explore.{name}"
    search_place, order_place, columns_place = st.columns([5, 4, 3], vertical_alignment="bottom")
    search = search_place.text_input(
        "Search",
        type="search",
        live="400ms",
        key=f"{key}.search",
        placeholder="Any text in any column",
        label_visibility="collapsed",
    )
    order, descending = _order(parts, key, order_place)
    with columns_place.popover("Columns and filters", icon=":material/tune:", width="stretch"):
        columns = st.multiselect(
            "Columns",
            [part.title for part in whole],
            key=f"{key}.columns",
            placeholder="All columns",
        )
        flat = any(part.sort == "nested" for part in parts) and st.toggle(
            "Fields of nested columns as columns", True, key=f"{key}.flat"
        )
        filters = _filters(parts, key)
    look = Look(tuple(columns), (search or "").strip(), filters, order, descending, flat)
    with explained(stop=False):
        found = reading.rows(name, version, look)
        _caption(found.matching, look)
        show_rows(found.table, nested=found.nested, first=first, height=HEIGHT)


def _order(
    parts: Sequence[Part], key: str, place: st.delta_generator.DeltaGenerator
) -> tuple[str | None, bool]:
    able = [part.title for part in parts if part.sort not in ("nested", "map", "list")]
    with place.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox(
            "Sort by",
            able,
            index=None,
            key=f"{key}.order",
            placeholder="Sort by a column",
            label_visibility="collapsed",
        )
        down = st.toggle("Largest first", key=f"{key}.down", disabled=order is None)
    return order, down


def _filters(parts: Sequence[Part], key: str) -> tuple[Filter, ...]:
    """Up to a few conditions, all of which must hold; a new line appears with each."""
    by_title = {part.title: part for part in parts if part.sort != "nested"}
    found: list[Filter] = []
    for line in range(MOST_FILTERS):
        column = st.selectbox(
            "Filter" if line == 0 else "And",
            list(by_title),
            index=None,
            key=f"{key}.filter.{line}",
            placeholder="Choose a column",
        )
        if column is None:
            break
        each = _condition(by_title[column], f"{key}.filter.{line}.{column}")
        if each is not None:
            found.append(each)
    return tuple(found)


def _condition(part: Part, key: str) -> Filter | None:
    choices = COMPARISONS.get(part.sort, NESTED)
    left, right = st.columns(2)
    comparison = left.selectbox("How", choices, key=f"{key}.how", label_visibility="collapsed")
    if comparison in ("is empty", "is not empty"):
        return Filter(part.title, comparison)  # type: ignore[arg-type]  # one of its words
    value = right.text_input(
        "Value",
        key=f"{key}.value",
        placeholder=LIKE.get(part.sort, "text"),
        label_visibility="collapsed",
    )
    if not value:
        return None
    return Filter(part.title, comparison, value)  # type: ignore[arg-type]  # one of its words


def _caption(matching: int, look: Look) -> None:
    words = formats.counted(matching, "row")
    if look.filters:
        words += " where " + formats.plain(" and ".join(each.in_words for each in look.filters))
    if look.search:
        words += f" with “{formats.plain(look.search)}”"
    if matching > MOST_ROWS:
        words += f"; the first {formats.number(MOST_ROWS)} are shown: sort or filter for others"
    st.caption(words)
