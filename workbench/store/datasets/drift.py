"""Bring the columns of incoming files and of a dataset together, losing nothing. Pure.

A new column is added. A column that does not come stays. A column whose type changed keeps its
values under its own name, and the new values go to ``<name>__<type>``; so do fields inside a
group. Names that differ only in case, which SQL cannot tell apart, get ``__2``, ``__3`` …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count

from workbench.store.datasets.model import Drift
from workbench.store.datasets.shapes import (
    DECIMAL_DIGITS,
    WHOLE_DIGITS,
    Group,
    Leaf,
    ListOf,
    MapOf,
    Shape,
    kind_of,
    settled,
    words,
)

Columns = dict[str, Shape]


def unite(table: Mapping[str, Shape], files: Iterable[Mapping[str, Shape]]) -> Columns:
    """The columns that hold everything the dataset and the files hold, oldest first."""
    columns = dict(table)
    for file in files:
        place_all(columns, file.items())
    return {name: settled(shape) for name, shape in columns.items()}


def place_all(columns: Columns, incoming: Iterable[tuple[str, Shape]]) -> list[str]:
    """Find each incoming column its place, growing ``columns``; the places, in incoming order.

    Columns that fit under their own name are seated first, so that a real ``score__text`` is
    never pushed aside by a ``score`` that came as text.
    """
    waiting = list(incoming)
    places: dict[int, str] = {}
    ordered = sorted(range(len(waiting)), key=lambda i: not _fits(columns, *waiting[i]))
    for index in ordered:
        name, shape = waiting[index]
        target, merged = _seat(columns, name, shape, set(places.values()))
        columns[target] = merged
        places[index] = target
    return [places[index] for index in range(len(waiting))]


def _fits(columns: Columns, name: str, shape: Shape) -> bool:
    return name in columns and _seat(columns, name, shape, set())[0] == name


def _seat(columns: Columns, name: str, shape: Shape, occupied: set[str]) -> tuple[str, Shape]:
    """Where a column goes and what the column there becomes."""
    if name in occupied or (name not in columns and _lower(name) in map(_lower, columns)):
        return _seat(columns, _next_name(columns, name, occupied), shape, occupied)
    if name not in columns:
        return name, told_apart(shape)
    apart = f"{name}__{kind_of(shape)}"
    merged = merge(columns[name], shape)
    # Once a type was kept apart it stays apart, even where this time's values would fit.
    if merged is None or (apart in columns and not _alike(columns[name], shape)):
        return _seat(columns, apart, shape, occupied)
    return name, merged


def told_apart(shape: Shape) -> Shape:
    """A new type whose fields, however deep, all differ in more than letter case."""
    match shape:
        case Group():
            fields: Columns = {}
            place_all(fields, shape.fields)
            return Group(tuple(fields.items()))
        case ListOf():
            return ListOf(told_apart(shape.item))
        case MapOf():
            return MapOf(told_apart(shape.value), shape.via)
        case _:
            return shape


def _next_name(columns: Columns, name: str, occupied: set[str]) -> str:
    taken = {_lower(column) for column in columns}
    for number in count(2):
        candidate = f"{name}__{number}"
        if candidate in occupied:
            continue
        if candidate in columns or _lower(candidate) not in taken:
            return candidate
    raise AssertionError("count is endless")


def _lower(name: str) -> str:
    return name.lower()


def _alike(one: Shape, other: Shape) -> bool:
    if isinstance(other, Leaf) and other.empty:
        return True
    return kind_of(one) == kind_of(other)


def merge(standing: Shape, incoming: Shape) -> Shape | None:
    """The type that holds both exactly; None if there is none.

    >>> merge(Leaf("whole"), Leaf("number"))
    Leaf(kind='number', precision=0, scale=0, via='', empty=False, wide=False)
    >>> merge(Leaf("whole"), Leaf("text"))
    """
    if isinstance(incoming, Leaf) and incoming.empty:
        return standing
    if isinstance(standing, Leaf) and standing.empty:
        return told_apart(incoming)
    match standing, incoming:
        case Leaf(), Leaf():
            return _merge_leaves(standing, incoming)
        case Group(), Group():
            fields = dict(standing.fields)
            place_all(fields, incoming.fields)
            return Group(tuple(fields.items()))
        case ListOf(), ListOf():
            item = merge(standing.item, incoming.item)
            return None if item is None else ListOf(item)
        case MapOf(), MapOf():
            value = merge(standing.value, incoming.value)
            return None if value is None else MapOf(value)
        case (Leaf(kind="hollow"), Group()) | (Group(), Leaf(kind="hollow")):
            return told_apart(incoming) if isinstance(incoming, Group) else standing
        case _:
            return None


def _merge_leaves(standing: Leaf, incoming: Leaf) -> Leaf | None:
    kinds = {standing.kind, incoming.kind}
    wide = standing.wide or incoming.wide
    if kinds == {"whole", "number"}:
        return None if wide else Leaf("number")
    if kinds <= {"whole", "decimal"} and "decimal" in kinds:
        return _merge_decimals(standing, incoming)
    if kinds == {"hollow", "text"}:
        return Leaf("text")
    return replace(standing, wide=wide) if len(kinds) == 1 else None


def _merge_decimals(one: Leaf, other: Leaf) -> Leaf | None:
    scale = max(one.scale, other.scale)
    before = max(
        WHOLE_DIGITS if leaf.kind == "whole" else leaf.precision - leaf.scale
        for leaf in (one, other)
    )
    return Leaf("decimal", before + scale, scale) if before + scale <= DECIMAL_DIGITS else None


def grown(old: Shape, new: Shape) -> bool:
    """Whether ``new`` only has more fields than ``old``: files written as ``old`` stay valid."""
    match old, new:
        case Group(), Group():
            later = dict(new.fields)
            return all(name in later and grown(field, later[name]) for name, field in old.fields)
        case ListOf(), ListOf():
            return grown(old.item, new.item)
        case MapOf(), MapOf():
            return settled(old) == settled(new)
        case _:
            return settled(old) == settled(new)


def drifts(
    table: Mapping[str, Shape], files: Iterable[Mapping[str, Shape]], united: Columns
) -> tuple[Drift, ...]:
    """What to tell a person about how the incoming columns differ from those that stand."""
    if not table:
        return ()
    found: dict[str, Drift] = {}
    came: set[str] = set()
    for file in files:
        places = place_all(dict(united), file.items())
        came.update(places, file)
        for (name, shape), place in zip(file.items(), places, strict=True):
            for drift in _between(table.get(name), shape, name, place, table):
                found.setdefault(drift.kept_as or drift.column, drift)
    missing = [
        Drift("missing", name, was=words(shape))
        for name, shape in table.items()
        # What was kept apart once is no news when this time's values have the first type.
        if name not in came and name.rpartition("__")[0] not in came
    ]
    return (*found.values(), *missing)


def _between(
    was: Shape | None, shape: Shape, name: str, place: str, table: Mapping[str, Shape]
) -> Iterable[Drift]:
    """Differences of one column, and of the fields inside it."""
    if place not in table:
        if place == name:
            yield Drift("added", name, became=words(settled(shape)))
        else:
            before = words(was) if was is not None else "another column in other letter case"
            yield Drift("kept apart", name, before, words(settled(shape)), place)
    elif isinstance(was, Group) and isinstance(shape, Group) and place == name:
        yield from _inside(was, shape, name)


def _inside(was: Group, shape: Group, name: str) -> Iterable[Drift]:
    standing = dict(was.fields)
    grown_fields = dict(standing)
    places = place_all(grown_fields, shape.fields)
    for (field, inner), place in zip(shape.fields, places, strict=True):
        for drift in _between(standing.get(field), inner, field, place, standing):
            path = f"{name}.{drift.column}"
            kept = f"{name}.{drift.kept_as}" if drift.kept_as else ""
            yield replace(drift, column=path, kept_as=kept)
