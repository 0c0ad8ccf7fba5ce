"""Rows of a dataset as a person looks at them: some columns, filtered, sorted, and not too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.errors import InputError
from workbench.explore.charts import ChartSpec, chart_sql
from workbench.explore.columns import Part, columns_of, parts_of
from workbench.explore.engine import Scannable, arrow, first_row, looking
from workbench.sql import literal
from workbench.sql import name as quoted
from workbench.words import nearest

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 10_000
"""Rows brought to the screen: more than anybody scrolls through, few enough to hold."""

Comparison = Literal[
    "is", "is not", "contains", "starts with", "at least", "at most", "is empty", "is not empty"
]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one column, or one field of a nested column."""

    column: str
    comparison: Comparison
    value: str = ""

    @property
    def in_words(self) -> str:
        """``country is DE``."""
        return f"{self.column} {self.comparison} {self.value}".strip()


@dataclass(frozen=True, slots=True)
class Look:
    """Which rows and columns to look at."""

    columns: tuple[str, ...] = ()
    """Empty is all."""
    search: str = ""
    """Text that any column must contain, whatever its case."""
    filters: tuple[Filter, ...] = ()
    order: str | None = None
    descending: bool = False
    flat: bool = False
    """Fields of nested columns as columns of their own."""
    limit: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Rows:
    """What was found; nested values are JSON text, so that they can be read and copied."""

    table: pa.Table
    matching: int
    """Rows that match, of which ``table`` holds the first ones."""
    nested: tuple[str, ...]
    """Columns that were nested."""


def rows(datasets: Scannable, name: str, version: int | None, look: Look) -> Rows:
    """The rows a look asks for.

    Raises:
        InputError: no such dataset, version or column, or a value that cannot be compared.
    """
    import duckdb

    scan = datasets.scan(name, version)
    with looking(datasets) as connection:
        parts = {part.title: part for part in parts_of(connection, scan)}
        columns = columns_of(connection, scan)
        shown = _shown(look, columns, list(parts.values()))
        where = _where(look, columns, parts)
        order = _order(look, parts)
        listed = ", ".join(_readable(part) for part in shown)
        try:
            matching = first_row(connection, f"SELECT count(*) AS n FROM {scan}{where}")["n"]
            table = arrow(
                connection, f"SELECT {listed} FROM {scan}{where}{order} LIMIT {look.limit}"
            )
        except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
            raise InputError(
                "A filter's value cannot be compared with its column",
                hint="Numbers as 12.5, days as 2026-03-01, times as 2026-03-01 12:00.",
                details=str(error),
            ) from error
    nested = tuple(part.title for part in shown if part.sort in ("nested", "map", "list"))
    return Rows(table, int(matching), nested)


def parts(datasets: Scannable, name: str, version: int | None = None) -> list[Part]:
    """The columns of a dataset, nested ones whole and also taken apart.

    Raises:
        InputError: no such dataset or version.
    """
    scan = datasets.scan(name, version)
    with looking(datasets) as connection:
        return parts_of(connection, scan)


def points(datasets: Scannable, name: str, version: int | None, spec: ChartSpec) -> pa.Table:
    """The points of a chart: ``x``, ``value`` and, where there is one, ``series``.

    Raises:
        InputError: no such dataset or version.
    """
    scan = datasets.scan(name, version)
    with looking(datasets) as connection:
        return arrow(connection, chart_sql(spec, scan))


def _shown(look: Look, columns: Sequence[Part], parts: Sequence[Part]) -> list[Part]:
    wanted = [part for part in parts if part.sort != "nested"] if look.flat else columns
    return [part for part in wanted if not look.columns or part.path[0] in look.columns]


def _readable(part: Part) -> str:
    if part.sort in ("nested", "map", "list"):
        return f"to_json({part.sql})::VARCHAR AS {quoted(part.title)}"
    return f"{part.sql} AS {quoted(part.title)}"


def _where(look: Look, columns: Sequence[Part], parts: dict[str, Part]) -> str:
    conditions = [_condition(each, _known(each.column, parts)) for each in look.filters]
    if look.search:
        text = literal(look.search.lower())
        found = [f"contains(lower({_text(part)}), {text})" for part in columns]
        conditions.append("(" + " OR ".join(found) + ")")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _text(part: Part) -> str:
    if part.sort in ("nested", "map", "list"):
        return f"coalesce(to_json({part.sql})::VARCHAR, '')"
    return f"coalesce({part.sql}::VARCHAR, '')"


def _condition(each: Filter, part: Part) -> str:
    column, text = part.sql, _text(part)
    value = literal(each.value)
    if part.sort in ("nested", "map", "list", "text", "other"):
        typed, wanted = text, value
    else:
        typed, wanted = column, f"{value}::{part.type}"
    conditions = {
        "is": f"{typed} = {wanted}",
        "is not": f"{typed} IS DISTINCT FROM {wanted}",
        "contains": f"contains(lower({text}), lower({value}))",
        "starts with": f"starts_with(lower({text}), lower({value}))",
        "at least": f"{typed} >= {wanted}",
        "at most": f"{typed} <= {wanted}",
        "is empty": f"({column} IS NULL OR {text} = '')",
        "is not empty": f"({column} IS NOT NULL AND {text} <> '')",
    }
    return conditions[each.comparison]


def _order(look: Look, parts: dict[str, Part]) -> str:
    if look.order is None:
        return ""
    direction = "DESC" if look.descending else "ASC"
    return f" ORDER BY {_known(look.order, parts).sql} {direction} NULLS LAST"


def _known(column: str, parts: dict[str, Part]) -> Part:
    if column not in parts:
        raise InputError(f"There is no column {column}{nearest(column, parts)}")
    return parts[column]
