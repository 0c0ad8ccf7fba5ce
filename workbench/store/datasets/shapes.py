"""The types columns can have in a dataset, and how types read from files become them. Pure.

Every kind of file is brought to these few: text, whole (64 bit), number (double), decimal,
yes_no, date, time (UTC, microseconds), bytes, and groups, lists and maps of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

LeafKind = Literal[
    "text", "whole", "number", "decimal", "yes_no", "date", "time", "bytes", "json", "hollow"
]
"""``json`` is not yet looked into; ``hollow`` is JSON or text that is ``{}`` wherever it is set."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A type without parts."""

    kind: LeafKind
    precision: int = 0
    scale: int = 0
    via: Literal["", "cast", "json"] = ""
    """How a file's values become this kind; empty: they are of it already."""
    empty: bool = False
    """Known to hold no value in any row: agrees with every type."""
    wide: bool = False
    """Known to hold whole numbers that a double cannot."""


@dataclass(frozen=True, slots=True)
class Group:
    """A struct."""

    fields: tuple[tuple[str, Shape], ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from text."""

    value: Shape
    via: Literal["", "cast"] = ""


Shape = Leaf | Group | ListOf | MapOf
Step = str | None
"""A field's name on a path into a column; None steps into the items of a list."""

SQL_TYPES = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "yes_no": "BOOLEAN",
    "date": "DATE",
    "time": "TIMESTAMP WITH TIME ZONE",
    "bytes": "BLOB",
    "hollow": "VARCHAR",
    "json": "JSON",
}
WORDS = {
    "whole": "whole number",
    "decimal": "number",
    "yes_no": "yes/no",
    "time": "time (UTC)",
    "hollow": "text",
    "json": "text",
}
"""Kinds whose name is not how a person would say it."""
WHOLE_DIGITS = 19
"""Digits of the largest 64-bit whole number."""
DECIMAL_DIGITS = 38
"""The most digits Delta, Arrow and DuckDB keep exactly."""


def columns_of(schema: pa.Schema) -> dict[str, Shape]:
    """The columns of a file or table by exact name; a name that repeats keeps its last type."""
    return {field.name: shape_of(field.type) for field in schema}


def shape_of(dtype: pa.DataType) -> Shape:
    """What a file's Arrow type becomes here; what has no place here becomes text."""
    import pyarrow.types as is_

    if is_.is_struct(dtype):
        return Group(tuple((f.name, shape_of(f.type)) for f in dtype.fields))
    if is_.is_list(dtype) or is_.is_large_list(dtype) or is_.is_fixed_size_list(dtype):
        return ListOf(shape_of(dtype.value_type))
    if is_.is_map(dtype):
        plain = is_.is_string(dtype.key_type)
        return MapOf(shape_of(dtype.item_type), via="" if plain else "cast")
    if is_.is_dictionary(dtype):
        return shape_of(dtype.value_type)
    return _leaf_of(dtype)


def _leaf_of(dtype: pa.DataType) -> Leaf:
    import pyarrow as pa
    import pyarrow.types as is_

    exact = {
        pa.string(): "text",
        pa.large_string(): "text",
        pa.int64(): "whole",
        pa.float64(): "number",
        pa.bool_(): "yes_no",
        pa.date32(): "date",
        pa.timestamp("us", "UTC"): "time",
        pa.binary(): "bytes",
        pa.large_binary(): "bytes",
    }
    if kind := exact.get(dtype):
        return Leaf(kind)  # type: ignore[arg-type]
    if getattr(dtype, "extension_name", "") == "arrow.json":
        return Leaf("json", via="json")
    if is_.is_null(dtype):
        return Leaf("text", via="cast", empty=True)
    if is_.is_decimal128(dtype):
        return Leaf("decimal", dtype.precision, dtype.scale)
    if is_.is_uint64(dtype):
        return Leaf("decimal", WHOLE_DIGITS + 1, 0, via="cast")
    return _leaf_by_cast(dtype)


def _leaf_by_cast(dtype: pa.DataType) -> Leaf:
    import pyarrow.types as is_

    if is_.is_integer(dtype) or is_.is_duration(dtype):
        return Leaf("whole", via="cast")
    if is_.is_floating(dtype):
        return Leaf("number", via="cast")
    if is_.is_date(dtype):
        return Leaf("date", via="cast")
    if is_.is_timestamp(dtype):
        return Leaf("time", via="cast")
    if is_.is_fixed_size_binary(dtype) and not hasattr(dtype, "extension_name"):
        return Leaf("bytes", via="cast")
    return Leaf("text", via="cast")


def kind_of(shape: Shape) -> str:
    """The name of a shape's kind, as the suffix of a column kept apart.

    >>> kind_of(ListOf(Leaf("text")))
    'list_text'
    """
    if isinstance(shape, Leaf):
        return "text" if shape.kind in ("json", "hollow") else shape.kind
    if isinstance(shape, ListOf):
        return f"list_{kind_of(shape.item)}"
    return "group" if isinstance(shape, Group) else f"map_{kind_of(shape.value)}"


def words(shape: Shape) -> str:
    """A type as a person would say it.

    >>> words(Group((("id", Leaf("whole")), ("tags", ListOf(Leaf("text"))))))
    'group {id, tags}'
    """
    if isinstance(shape, Leaf):
        return WORDS.get(shape.kind, shape.kind)
    if isinstance(shape, ListOf):
        return f"list of {words(shape.item)}"
    if isinstance(shape, MapOf):
        return f"map of {words(shape.value)}"
    return f"group {{{', '.join(name for name, _ in shape.fields)}}}"


def sql_type(shape: Shape) -> str:
    """The DuckDB type.

    >>> sql_type(Group((("a b", ListOf(Leaf("decimal", 10, 2))),)))
    'STRUCT("a b" DECIMAL(10,2)[])'
    """
    if isinstance(shape, Leaf):
        if shape.kind == "decimal":
            return f"DECIMAL({shape.precision},{shape.scale})"
        return SQL_TYPES[shape.kind]
    if isinstance(shape, ListOf):
        return f"{sql_type(shape.item)}[]"
    if isinstance(shape, MapOf):
        return f"MAP(VARCHAR, {sql_type(shape.value)})"
    fields = ", ".join(
        '"' + name.replace('"', '""') + f'" {sql_type(field)}' for name, field in shape.fields
    )
    return f"STRUCT({fields})"


def arrow_type(shape: Shape) -> pa.DataType:
    """The Arrow type a dataset's column has."""
    import pyarrow as pa

    if isinstance(shape, ListOf):
        return pa.list_(pa.field("element", arrow_type(shape.item)))
    if isinstance(shape, MapOf):
        return pa.map_(pa.string(), arrow_type(shape.value))
    if isinstance(shape, Group):
        return pa.struct([pa.field(name, arrow_type(field)) for name, field in shape.fields])
    if shape.kind == "decimal":
        return pa.decimal128(shape.precision, shape.scale)
    return {
        "whole": pa.int64(),
        "number": pa.float64(),
        "yes_no": pa.bool_(),
        "date": pa.date32(),
        "time": pa.timestamp("us", "UTC"),
        "bytes": pa.binary(),
    }.get(shape.kind, pa.string())


def arrow_schema(columns: dict[str, Shape]) -> pa.Schema:
    """The Arrow schema of a dataset with these columns."""
    import pyarrow as pa

    return pa.schema([pa.field(name, arrow_type(shape)) for name, shape in columns.items()])


def settled(shape: Shape) -> Shape:
    """A shape as a dataset keeps it: without what is known of one file only."""
    if isinstance(shape, ListOf):
        return ListOf(settled(shape.item))
    if isinstance(shape, MapOf):
        return MapOf(settled(shape.value))
    if isinstance(shape, Group):
        return Group(tuple((name, settled(field)) for name, field in shape.fields))
    if shape.kind in ("json", "hollow"):
        return Leaf("text")
    return Leaf(shape.kind, shape.precision, shape.scale)


def nodes(columns: dict[str, Shape]) -> Iterator[tuple[tuple[Step, ...], Shape]]:
    """Every type in the columns, outermost first, with the path to it; maps are not entered."""
    for name, shape in columns.items():
        yield from _nodes((name,), shape)


def _nodes(path: tuple[Step, ...], shape: Shape) -> Iterator[tuple[tuple[Step, ...], Shape]]:
    yield path, shape
    if isinstance(shape, ListOf):
        yield from _nodes((*path, None), shape.item)
    if isinstance(shape, Group):
        for name, field in shape.fields:
            yield from _nodes((*path, name), field)


def with_leaves(columns: dict[str, Shape], known: dict[tuple[Step, ...], Leaf]) -> dict[str, Shape]:
    """The columns with the leaves at some paths replaced by what was found out about them."""
    return {name: _with_leaves((name,), shape, known) for name, shape in columns.items()}


def _with_leaves(
    path: tuple[Step, ...], shape: Shape, known: dict[tuple[Step, ...], Leaf]
) -> Shape:
    if isinstance(shape, Leaf):
        return known.get(path, shape)
    if isinstance(shape, ListOf):
        return replace(shape, item=_with_leaves((*path, None), shape.item, known))
    if isinstance(shape, MapOf):
        return shape
    fields = ((name, _with_leaves((*path, name), field, known)) for name, field in shape.fields)
    return Group(tuple(fields))
