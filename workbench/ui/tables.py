"""Arrow tables on the screen: times in the viewer's zone, nested values readable."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui.session import zone

if TYPE_CHECKING:
    import pyarrow as pa

ID_WIDTH = 150
"""Pixels for the sixteen digits of an application's id."""
LAZY_ROWS = 1_000
"""From so many rows on, rows are sent as they are scrolled to."""


def show_rows(
    table: pa.Table,
    *,
    nested: Collection[str] = (),
    first: Collection[str] = (),
    height: int = 420,
    key: str | None = None,
) -> None:
    """Rows as they are, some columns ahead of the others; an empty table shows its columns."""
    ahead = [column for column in first if column in table.column_names]
    st.dataframe(
        readable(table),
        hide_index=True,
        height=height if table.num_rows > 10 else "auto",
        column_order=[*ahead, *(name for name in table.column_names if name not in ahead)],
        column_config=configured(table, nested),
        lazy=True if table.num_rows > LAZY_ROWS else None,
        key=key,
    )


def configured(table: pa.Table, nested: Collection[str] = ()) -> dict[str, Any]:
    """How each column is drawn, by what it holds."""
    import pyarrow.types as kinds

    config: dict[str, Any] = {}
    for field in table.schema:
        if field.name in nested or kinds.is_nested(field.type):
            config[field.name] = st.column_config.JsonColumn(width="medium")
        elif kinds.is_timestamp(field.type):
            config[field.name] = st.column_config.DatetimeColumn(
                timezone=zone() if field.type.tz else None,
                format="YYYY-MM-DD HH:mm:ss",
                help=f"In your time zone, {zone()}" if field.type.tz else None,
            )
        elif kinds.is_date(field.type):
            config[field.name] = st.column_config.DateColumn(format="YYYY-MM-DD")
        elif kinds.is_integer(field.type) or kinds.is_floating(field.type):
            # Ids are wider than the first rows suggest, by which the table sizes its columns.
            width = ID_WIDTH if field.name.lower().endswith("id") else None
            # The format "plain" shows 15377053 as 15377053.000000002: it works out twenty digits.
            format = "%d" if kinds.is_integer(field.type) else "%g"
            config[field.name] = st.column_config.NumberColumn(format=format, width=width)
    return config


def readable(table: pa.Table) -> pa.Table:
    """The table with nested values as JSON text, which can be read, searched and copied."""
    import pyarrow.types as kinds

    if not any(kinds.is_nested(field.type) for field in table.schema):
        return table
    from workbench.explore.values import nested_as_json

    return nested_as_json(table)
