"""What sorts of columns a dataset has, and the parts inside nested ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.sql import name as quoted

if TYPE_CHECKING:
    import duckdb

Sort = Literal["number", "text", "yes/no", "day", "time", "list", "map", "nested", "other"]
"""What an analyst can do with a column: add it up, group by it, lay it on a time axis."""

NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint", "hugeint", "float", "double"}) | {
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "uhugeint",
    "decimal",
}
MOMENTS = ("timestamp", "timestamp with time zone", "timestamp_s", "timestamp_ms", "timestamp_ns")
MOST_PARTS = 400
"""Beyond so many parts nested columns are counted, not taken apart: nobody reads more."""


@dataclass(frozen=True, slots=True)
class Part:
    """One column, or one field inside a nested column."""

    path: tuple[str, ...]
    sort: Sort
    type: str
    """DuckDB's own word."""

    @property
    def title(self) -> str:
        """``metadata.auto.lastvisit``."""
        return ".".join(self.path)

    @property
    def sql(self) -> str:
        """How a query names it."""
        return ".".join(quoted(step) for step in self.path)


def sort_of(kind: Any) -> Sort:
    """The sort of a DuckDB type."""
    word = str(kind.id)
    if word in NUMBERS:
        return "number"
    if word in MOMENTS:
        return "time"
    plain: dict[str, Sort] = {"varchar": "text", "boolean": "yes/no", "date": "day", "map": "map"}
    nested: dict[str, Sort] = {"struct": "nested", "list": "list", "array": "list"}
    return (plain | nested).get(word, "other")


def columns_of(connection: duckdb.DuckDBPyConnection, scan: str) -> list[Part]:
    """The columns of a scan, nested ones whole."""
    relation = connection.sql(f"SELECT * FROM {scan}")
    pairs = zip(relation.columns, relation.types, strict=True)
    return [Part((column,), sort_of(kind), str(kind)) for column, kind in pairs]


def parts_of(connection: duckdb.DuckDBPyConnection, scan: str) -> list[Part]:
    """The columns of a scan, nested ones also taken apart into their fields."""
    relation = connection.sql(f"SELECT * FROM {scan}")
    found: list[Part] = []
    for column, kind in zip(relation.columns, relation.types, strict=True):
        _take_apart((column,), kind, found)
    return found


def _take_apart(path: tuple[str, ...], kind: Any, found: list[Part]) -> None:
    found.append(Part(path, sort_of(kind), str(kind)))
    if kind.id == "struct" and len(found) < MOST_PARTS:
        for field, child in kind.children:
            _take_apart((*path, field), child, found)
