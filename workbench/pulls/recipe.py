"""How the rows of a slice become columns of a part: the recipe, and the SQL it makes. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from workbench.errors import BrokenAnswerError, InputError
from workbench.pulls import shapes
from workbench.pulls.sources import ColumnType, Merge
from workbench.sql import literal, name

OTHER_DAY = "a row of another day: "
"""Marks the error that DuckDB raises for us at such a row."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the rows of one slice become a part."""

    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    """Columns known beforehand, by name; empty means all is found in the rows."""
    merges: Mapping[str, Merge] = field(default_factory=dict)
    """How rows of the same key are put together; empty means they are not."""
    wanted: shapes.Wanted = field(default_factory=shapes.Wanted)
    day: date | None = None
    """The day every row belongs to; rows of another day are refused."""
    span_ms: tuple[int, int] | None = None
    """The same day on the wire: its first moment, and the next day's."""
    write_day: bool = True
    """Whether the part holds the day as a column; False where the table's folder says it."""
    between: tuple[str, int, int] | None = None
    """A time of the row, and the span in epoch milliseconds outside of which rows are left out."""
    flat: bool = False
    """Metadata groups as one column per field."""
    auto_times: frozenset[str] = frozenset()
    """Fields that are times in every group Pendo keeps by itself, one group for each app."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Column titles of a report, by field."""


def select_rows(
    outputs: Sequence[shapes.Output],
    source: str,
    recipe: Recipe,
    found: Mapping[str, str],
    types_of: Callable[[str], Mapping[str, str]],
) -> str:
    """The rows as they go into the part: titled, of the right day, put together where asked."""
    dropped = {"day"} if recipe.day else set()
    if recipe.merges:
        dropped.add("hour")
    columns = [column for column in outputs if column.name not in dropped]
    columns = shapes.distinct(
        [replace(column, name=recipe.titles.get(column.name, column.name)) for column in columns]
    )
    if recipe.day and recipe.write_day:
        columns.insert(0, shapes.Output("day", f"DATE '{recipe.day.isoformat()}'"))
    listed = ", ".join(f"{column.sql} AS {name(column.name)}" for column in columns)
    select = f"SELECT {listed} FROM {source}{_guard(recipe, found)}"
    return _together(select, recipe.merges, types_of(select)) if recipe.merges else select


def _together(select: str, merges: Mapping[str, Merge], types: Mapping[str, str]) -> str:
    """Rows of the same key made one, each column keeping its type."""
    listed = ", ".join(
        f"{merges[column]}({name(column)})::{kind} AS {name(column)}"
        if column in merges
        else name(column)
        for column, kind in types.items()
    )
    keys = [name(column) for column in types if column not in merges]
    return f"SELECT {listed} FROM ({select}) GROUP BY {', '.join(keys)}"


def _guard(recipe: Recipe, found: Mapping[str, str]) -> str:
    """A condition that stops at the first row of another day than the one asked for."""
    if recipe.between and recipe.between[0] in found:
        key, first, until = recipe.between
        return f" WHERE {found[key]} >= {first} AND {found[key]} < {until}"
    if recipe.span_ms is None:
        return ""
    first, until = recipe.span_ms
    for key, right in (("day", f"= {first}"), ("hour", f"BETWEEN {first} AND {until - 1}")):
        if key in found:
            wrong = f"error({literal(OTHER_DAY)} || {found[key]}::BIGINT)"
            return f" WHERE CASE WHEN {found[key]} {right} THEN true ELSE {wrong} END"
    return ""


def other_day(error: Exception, recipe: Recipe) -> InputError | None:
    """The error to raise when rows of another day came: the time zone set is not Pendo's."""
    match = re.search(rf"{OTHER_DAY}(\d+)", str(error))
    if match is None or recipe.span_ms is None:
        return None
    came = datetime.fromtimestamp(int(match[1]) / 1000, UTC)
    asked = datetime.fromtimestamp(recipe.span_ms[0] / 1000, UTC)
    return InputError(
        f"Pendo's days do not start when this connection says: asked for the day from "
        f"{asked:%Y-%m-%d %H:%M} UTC, Pendo answered with the day from {came:%Y-%m-%d %H:%M} UTC",
        hint="Set the connection's time zone to the one in Pendo's subscription settings.",
    )


def not_rows() -> BrokenAnswerError:
    """The error for an answer that is a list of something else than rows."""
    return BrokenAnswerError(
        "Pendo's answer is a list, but not of rows; nothing of it was kept",
        hint="A pull needs rows with named columns: change the request or choose another report.",
    )
