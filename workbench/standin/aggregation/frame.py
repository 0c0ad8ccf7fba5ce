"""Rows kept as columns: a piece of SQL, and the shape of the JSON object each row becomes.

Most pipelines filter, sort, cut, pick and count; all that is one SQL statement here, whose text
comes out of DuckDB ready to send. What SQL cannot say goes on row by row (`rowops`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import duckdb

LeafType = Literal["text", "int", "float", "bool", "json"]
BATCH_ROWS = 16_384
"""Rows rendered per block: a few megabytes of JSON."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a row: a column and how it is written."""

    column: str
    """SQL for the value."""
    type: LeafType
    clean: bool = False
    """Text that never needs escaping."""
    nullable: bool = True
    shown: bool = False
    """A missing value is written as null rather than left out."""


Tree = Mapping[str, "Leaf | Tree"]
Provider = Callable[[str], Any]
"""Makes the Arrow table or reader that a name in the SQL stands for; it is given that SQL."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """SQL that writes whole rows out of columns that hold pieces of JSON."""

    columns: tuple[str, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows that have not been worked out yet."""

    base: str
    tree: Tree
    tie: str | None = None
    """SQL that orders rows of equal sort keys; the order in which the source gives them."""
    where: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    skipped: int = 0
    prepared: "Prepared | None" = None
    """A quicker way to write the rows, as long as they keep their shape."""
    views: Mapping[str, Provider] = field(default_factory=dict)

    def filtered(self, condition: str) -> "Frame":
        """Only the rows for which ``condition`` is true."""
        return replace(self, where=(*self.where, condition))

    def sorted(self, keys: tuple[str, ...]) -> "Frame":
        """Ordered by ``keys``; what was ordered before stays so among equals."""
        return replace(self, order=(*keys, *self.order))

    def limited(self, count: int) -> "Frame":
        """Only the first rows."""
        return replace(self, limit=count if self.limit is None else min(count, self.limit))

    def without_first(self, count: int) -> "Frame":
        """All but the first rows."""
        return replace(self.whole(), skipped=count)

    def whole(self) -> "Frame":
        """The same rows, ready for stages that must see the cut: a filter after a limit.

        Its columns have new names; say expressions over its tree, not over the old one.
        """
        return self._settled() if self.limit is not None or self.skipped else self

    def picked(self, tree: Tree) -> "Frame":
        """The same rows in another shape; ``tree`` refers to the same columns."""
        return replace(self, tree=tree, prepared=None)

    def reduced(self, select: str, tree: Tree, group: str = "") -> "Frame":
        """Rows worked out of all the rows by ``select``."""
        sql = f"(SELECT {select} FROM {self.base}{self._conditions()}{group})"
        return Frame(sql, tree, views=self.views)

    def _conditions(self) -> str:
        return " WHERE " + " AND ".join(f"({c})" for c in self.where) if self.where else ""

    def _rows_sql(self) -> str:
        """The clauses after SELECT … that give the rows in order."""
        keys = [*self.order, *([self.tie] if self.tie else [])]
        sql = f" FROM {self.base}{self._conditions()}"
        if self.order or (self.tie and self.limit is not None):
            sql += " ORDER BY " + ", ".join(keys)
        if self.limit is not None:
            sql += f" LIMIT {self.limit}"
        if self.skipped:
            sql += f" OFFSET {self.skipped}"
        return sql

    def _settled(self) -> "Frame":
        """The rows so far as a table of their own."""
        leaves = list(leaves_of(self.tree))
        names = {leaf.column: f"c{place}" for place, leaf in enumerate(leaves)}
        columns = [f"{column} AS {name}" for column, name in names.items()]
        orders = [f"row_number() OVER (ORDER BY {', '.join(self._keys())}) AS tie"]
        if not self._keys():
            orders = ["row_number() OVER () AS tie"]
        sql = f"(SELECT {', '.join(columns + orders)}{self._rows_sql()})"
        tree = _renamed(self.tree, names)
        return Frame(sql, tree, tie="tie", order=("tie",), views=self.views)

    def _keys(self) -> list[str]:
        return [*self.order, *([self.tie] if self.tie else [])]

    def sql(self) -> str:
        """One column of JSON objects, each led by a comma."""
        prepared = self.prepared
        if not self.order:
            body = prepared.sql if prepared else object_sql(self.tree)
            return f"SELECT concat(',', {body}) AS j{self._rows_sql()}"
        # Rendered after the sort, so that the sort carries columns and not text.
        if prepared:
            columns = f"(SELECT {', '.join(prepared.columns)}{self._rows_sql()})"
            return f"SELECT concat(',', {prepared.sql}) AS j FROM {columns}"
        inner = self._settled_columns()
        return f"SELECT concat(',', {object_sql(inner.tree)}) AS j FROM {inner.base}"

    def _settled_columns(self) -> "Frame":
        names = {leaf.column: f"c{n}" for n, leaf in enumerate(leaves_of(self.tree))}
        columns = ", ".join(f"{column} AS {name}" for column, name in names.items()) or "1 AS c"
        return Frame(f"(SELECT {columns}{self._rows_sql()})", _renamed(self.tree, names))

    def blocks(self, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[memoryview, int]]:
        """The rows as JSON text, a comma before each, and how many; block by block."""
        cursor, sql = connection.cursor(), self.sql()
        for name, provider in self.views.items():
            cursor.register(name, provider(sql))
        try:
            reader = cursor.sql(sql).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                if batch.num_rows:
                    yield _text_of(batch.column(0)), batch.num_rows
        finally:
            cursor.close()

    def rows(self, connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        """The rows as objects."""
        import orjson

        text = b"".join(block for block, _rows in self.blocks(connection))
        return orjson.loads(b"[" + text[1:] + b"]") if text else []


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """Every leaf of a shape."""
    for node in tree.values():
        if isinstance(node, Leaf):
            yield node
        else:
            yield from leaves_of(node)


def node_at(tree: Tree, parts: tuple[str | int, ...]) -> "Leaf | Tree | None":
    """What stands at a path of a shape; None when nothing can."""
    node: Leaf | Tree | None = tree
    for part in parts:
        if node is None or isinstance(node, Leaf):
            return None
        node = node.get(str(part))
    return node


def quoted(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def object_sql(tree: Tree) -> str:
    """SQL that writes one row as a JSON object."""
    return f"coalesce({members_sql(tree)}, '{{}}')"


def leaf_sql(leaf: Leaf) -> str:
    """SQL that writes one value as JSON; NULL when it is missing."""
    column = leaf.column
    if leaf.type == "text":
        return f"('\"' || {column} || '\"')" if leaf.clean else f"to_json({column})::VARCHAR"
    if leaf.type == "float":
        # A whole number has no point on the wire, as Go writes it.
        whole = f"({column})::HUGEINT::VARCHAR"
        return (
            f"CASE WHEN {column} = trunc({column}) AND abs({column}) < 1e21 THEN {whole}"
            f" WHEN isfinite({column}) THEN ({column})::VARCHAR END"
        )
    return f"({column})::VARCHAR"


def members_sql(tree: Tree) -> str:
    """The same; NULL when the object would have no members."""
    import orjson

    members = [(orjson.dumps(name).decode() + ":", node) for name, node in tree.items()]
    present = [(name, node) for name, node in members if isinstance(node, Leaf) and _always(node)]
    if not present:
        parts = [f"{quoted(',' + name)} || {_value(node)}" for name, node in members]
        inside = ", ".join(parts or ["''"])
        return f"'{{' || substr(nullif(concat({inside}), ''), 2) || '}}'"
    # A member that is always there goes first: then every other one can bring its own comma.
    (first, leaf), *_rest = present
    parts = [quoted("{" + first), _value(leaf)]
    for name, node in members:
        if name == first:
            continue
        if isinstance(node, Leaf) and _always(node):
            parts += [quoted("," + name), _value(node)]
        else:
            parts.append(f"{quoted(',' + name)} || {_value(node)}")
    return f"concat({', '.join(parts)}, '}}')"


def _always(leaf: Leaf) -> bool:
    return leaf.shown or not leaf.nullable


def _value(node: "Leaf | Tree") -> str:
    if not isinstance(node, Leaf):
        return members_sql(node)
    return f"coalesce({leaf_sql(node)}, 'null')" if node.shown else leaf_sql(node)


def _renamed(tree: Tree, names: Mapping[str, str]) -> Tree:
    return {
        key: replace(node, column=names[node.column])
        if isinstance(node, Leaf)
        else _renamed(node, names)
        for key, node in tree.items()
    }


def _text_of(column: Any) -> memoryview:
    """The bytes of a text column, one value after the other."""
    import numpy as np

    _valid, offsets, text = column.buffers()
    width = np.int64 if str(column.type).startswith("large") else np.int32
    places = np.frombuffer(offsets, width)
    start, end = places[column.offset], places[column.offset + len(column)]
    return memoryview(text)[int(start) : int(end)]
