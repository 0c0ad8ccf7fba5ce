"""Column statistics on the screen: one line per column, and one column in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats, reading
from workbench.ui.session import explained, zone

if TYPE_CHECKING:
    from datetime import date, datetime

    from workbench.explore.statistics import ColumnStatistics, Statistics

HEIGHT = 460


def show_statistics(name: str, version: int) -> None:
    """The statistics tab."""
    with explained(stop=False):
        told = reading.statistics(name, version)
        words = [formats.counted(told.rows, "row"), formats.counted(len(told.columns), "column")]
        words.append("distinct counts are close estimates")
        if not told.exact:
            words.append("so are medians and quartiles")
        st.caption(" · ".join(words))
        st.dataframe(
            [_line(column, told) for column in told.columns],
            hide_index=True,
            height=HEIGHT if len(told.columns) > 10 else "auto",
            column_config={
                "Column": st.column_config.TextColumn(pinned=True),
                "Filled": st.column_config.ProgressColumn(format="percent", width="small"),
                "Distinct": st.column_config.NumberColumn(format="localized", width="small"),
                "Empty": st.column_config.NumberColumn(format="localized", width="small"),
                "Most frequent": st.column_config.TextColumn(width=320),
                "Least": st.column_config.TextColumn(width=150),
                "Most": st.column_config.TextColumn(width=150),
                "Length": st.column_config.TextColumn(width=150),
                "Quartiles": st.column_config.TextColumn(width=120),
            },
        )


def _line(column: ColumnStatistics, told: Statistics) -> dict[str, Any]:
    line = {
        "Column": column.column,
        "Sort": column.sort,
        "Filled": 1 - column.nulls / told.rows if told.rows else None,
        "Empty": column.nulls,
        "Distinct": column.distinct,
        "Most frequent": _frequent(column, told.rows),
        "Least": value(column.least),
        "Most": value(column.most),
        "Length": _lengths(column),
    }
    return line | ({} if column.column.endswith("Id") else _measured(column))


def _measured(column: ColumnStatistics) -> dict[str, str]:
    """What is said of numbers that are amounts; of a number that is an id it would be noise."""
    return {
        "Average": _number(column.average),
        "Median": _number(column.median),
        "Quartiles": " to ".join(_number(each) for each in column.quartiles or ()),
        "Deviation": _number(column.deviation),
    }


def _number(found: float | None) -> str:
    return formats.number(found) if found is not None else ""


def value(found: Any) -> str:
    """One value as a cell shows it: times in the viewer's zone."""
    from datetime import date, datetime

    if found is None:
        return ""
    if isinstance(found, datetime):
        return _time(found)
    if isinstance(found, date):
        return _day(found)
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int | float):
        return formats.number(found)
    return str(found)


def _time(at: datetime) -> str:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone())).strftime("%Y-%m-%d %H:%M:%S")


def _day(day: date) -> str:
    return day.isoformat()


def _lengths(column: ColumnStatistics) -> str:
    if column.shortest is None or column.longest is None:
        return ""
    span = formats.number(column.shortest)
    if column.longest != column.shortest:
        span += f" to {formats.number(column.longest)}"
        span += f", average {formats.number(round(column.average_length or 0, 1))}"
    return span


def _frequent(column: ColumnStatistics, rows: int) -> str:
    return " · ".join(
        f"{text or '(blank)'} {formats.share(count, rows)}" for text, count in column.frequent
    )
