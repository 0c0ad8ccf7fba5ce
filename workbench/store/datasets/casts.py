"""SQL that reads a file's columns as a dataset's columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.store.datasets.drift import place_all
from workbench.store.datasets.shapes import Group, Leaf, ListOf, MapOf, Shape, settled, sql_type
from workbench.store.duck import quoted


def projection(
    have: Mapping[str, Shape],
    want: Mapping[str, Shape],
    *,
    spelled: Sequence[str] | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """The select list that turns rows of ``have`` into rows of ``want``, in its order.

    Args:
        spelled: The file's own columns as DuckDB names them, where that differs.
        given: SQL for the columns of ``have`` that do not come from the file.
    """
    given = given or {}
    own = [name for name in have if name not in given]
    spelling = dict(zip(own, spelled or own, strict=True))
    places = place_all(dict(want), have.items())
    sources = {
        place: expression(given.get(name) or quoted(spelling[name]), shape, want[place])
        for (name, shape), place in zip(have.items(), places, strict=True)
    }
    selected = (
        f"{sources.get(name) or nothing(shape)} AS {quoted(name)}" for name, shape in want.items()
    )
    return ", ".join(selected)


def nothing(shape: Shape) -> str:
    """A null of a type."""
    return f"CAST(NULL AS {sql_type(shape)})"


def expression(value: str, have: Shape, want: Shape, depth: int = 0) -> str:
    """SQL that turns ``value`` of one type into another that ``drift.merge`` says can hold it."""
    match have, want:
        case Leaf(empty=True), _:
            return nothing(want)
        case Leaf(kind="hollow"), Group():
            hull = f"struct_pack({quoted(want.fields[0][0])} := NULL)"
            value = f"({value} ->> '$')" if have.via == "json" else value
            return f"CASE WHEN {value} IS NOT NULL THEN CAST({hull} AS {sql_type(want)}) END"
        case Leaf(), Leaf():
            return _leaf(value, have, want)
        case _ if identical(have, want):
            return value
        case Group(), Group():
            return _group(value, have, want, depth)
        case ListOf(), ListOf():
            item = f"item_{depth}"
            inner = expression(item, have.item, want.item, depth + 1)
            return f"list_transform({value}, lambda {item}: {inner})"
        case _:
            return f"CAST({value} AS {sql_type(want)})"


def _leaf(value: str, have: Leaf, want: Leaf) -> str:
    if have.via == "json":
        # ->> takes the quotes off a JSON string; objects and lists stay JSON text.
        value = f"({value} ->> '$')"
        return value if want.kind == "text" else f"CAST({value} AS {sql_type(want)})"
    if have.via == "" and settled(have) == settled(want):
        return value
    return f"CAST({value} AS {sql_type(want)})"


def _group(value: str, have: Group, want: Group, depth: int) -> str:
    wanted = dict(want.fields)
    places = place_all(dict(wanted), have.fields)
    filled = {
        place: expression(f"struct_extract_at({value}, {index})", shape, wanted[place], depth)
        for index, ((_, shape), place) in enumerate(zip(have.fields, places, strict=True), 1)
    }
    packed = ", ".join(
        f"{quoted(name)} := {filled.get(name) or nothing(shape)}" for name, shape in want.fields
    )
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END"


def identical(have: Shape, want: Shape) -> bool:
    """Whether values need no conversion at all: same kinds, same fields in the same order.

    Rows are compared by hashes of whole values, and a group's hash depends on its fields' order.
    """
    match have, want:
        case Group(), Group():
            return [name for name, _ in have.fields] == [name for name, _ in want.fields] and all(
                identical(mine, theirs)
                for (_, mine), (_, theirs) in zip(have.fields, want.fields, strict=True)
            )
        case ListOf(), ListOf():
            return identical(have.item, want.item)
        case MapOf(), MapOf():
            return have.via == "" and identical(have.value, want.value)
        case _:
            return unchanged(have, want)


def unchanged(have: Shape, want: Shape) -> bool:
    """Whether a file's values may be read as they are: same kinds, fields at most fewer."""
    match have, want:
        case Leaf(), Leaf():
            return have.via == "" and settled(have) == settled(want)
        case Group(), Group():
            fields = dict(want.fields)
            names = [name for name, _ in have.fields]
            return place_all(dict(fields), have.fields) == names and all(
                unchanged(shape, fields[name]) for name, shape in have.fields
            )
        case ListOf(), ListOf():
            return unchanged(have.item, want.item)
        case MapOf(), MapOf():
            return have.via == "" and unchanged(have.value, want.value)
        case _:
            return False


def taken_as_is(have: Mapping[str, Shape], want: Mapping[str, Shape]) -> bool:
    """Whether a file may become part of the dataset without being written again."""
    places = place_all(dict(want), have.items())
    return places == list(have) and all(
        unchanged(shape, want[name]) for name, shape in have.items()
    )
