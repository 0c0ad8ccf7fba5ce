"""Look into columns whose type alone does not settle where they belong. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.store.datasets.shapes import (
    Group,
    Leaf,
    ListOf,
    Shape,
    Step,
    kind_of,
    nodes,
    with_leaves,
)
from workbench.store.duck import quoted

if TYPE_CHECKING:
    import duckdb

Path = tuple[Step, ...]
LARGEST_EXACT = 2**53
"""Whole numbers beyond this lose digits as a double."""
JSON_WHOLE = "('BIGINT', 'UBIGINT')"
JSON_NUMBER = "('BIGINT', 'UBIGINT', 'DOUBLE')"


def disputed(sides: Sequence[Mapping[str, Shape]]) -> set[Path]:
    """The paths at which the sides disagree about the type, or say only "JSON"."""
    kinds: dict[Path, set[str]] = {}
    for columns in sides:
        for path, shape in nodes(dict(columns)):
            kinds.setdefault(path, set()).add(_coarse(shape))
    return {path for path, found in kinds.items() if len(found) > 1 or "json" in found}


def _coarse(shape: Shape) -> str:
    if isinstance(shape, Leaf):
        return shape.kind
    return "group" if isinstance(shape, Group) else kind_of(shape).split("_", maxsplit=1)[0]


def looked_into(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    columns: Mapping[str, Shape],
    paths: set[Path],
) -> dict[str, Shape]:
    """``columns`` with what the rows of ``source`` (SQL) say about the leaves at ``paths``."""
    asked = {
        path: shape
        for path, shape in nodes(dict(columns))
        if path in paths and isinstance(shape, Leaf) and not shape.empty
    }
    if not asked:
        return dict(columns)
    questions = [
        f"coalesce(bool_or({_any(path, columns, question)}), false)"
        for path, leaf in asked.items()
        for question in _questions(leaf)
    ]
    [answers] = connection.execute(f"SELECT {', '.join(questions)} FROM {source}").fetchall()
    heard = iter(answers)
    known = {}
    for path, leaf in asked.items():
        known[path] = _judged(leaf, [next(heard) for _ in _questions(leaf)])
    return with_leaves(dict(columns), known)


def _questions(leaf: Leaf) -> list[Callable[[str], str]]:
    """Conditions on a value; each answer says whether any row meets it."""
    present: Callable[[str], str] = lambda v: f"{v} IS NOT NULL"  # noqa: E731
    if leaf.kind == "json":
        return [
            lambda v: f"({v} ->> '$') IS NOT NULL",
            lambda v: f"({v} ->> '$') <> '{{}}'",
            lambda v: (
                f"({v} ->> '$') IS NOT NULL AND (json_type({v}) NOT IN {JSON_WHOLE} "
                f"OR TRY_CAST({v} ->> '$' AS BIGINT) IS NULL)"
            ),
            lambda v: f"({v} ->> '$') IS NOT NULL AND json_type({v}) NOT IN {JSON_NUMBER}",
            lambda v: f"({v} ->> '$') IS NOT NULL AND json_type({v}) <> 'BOOLEAN'",
        ]
    if leaf.kind == "text":
        return [present, lambda v: f"{v} <> '{{}}'"]
    if leaf.kind == "whole":
        return [present, lambda v: f"{v} NOT BETWEEN -{LARGEST_EXACT} AND {LARGEST_EXACT}"]
    return [present]


def _judged(leaf: Leaf, answers: list[bool]) -> Leaf:
    if not answers[0]:
        # JSON without a value is no JSON: it must agree with whatever comes later.
        return replace(leaf, kind="text" if leaf.kind == "json" else leaf.kind, empty=True)
    if leaf.kind == "whole":
        return replace(leaf, wide=answers[1])
    if leaf.kind in ("text", "json") and not answers[1]:
        return replace(leaf, kind="hollow")
    if leaf.kind == "json":
        _, _, not_whole, not_number, not_yes_no = answers
        if not not_yes_no:
            return replace(leaf, kind="yes_no")
        if not not_whole:
            return replace(leaf, kind="whole")
        return replace(leaf, kind="text" if not_number else "number")
    return leaf


def _any(path: Path, columns: Mapping[str, Shape], question: Callable[[str], str]) -> str:
    """SQL that is true for a row in which any value at ``path`` meets the question."""
    first = path[0]
    assert first is not None
    return _any_inside(quoted(first), columns[first], path[1:], question, 0)


def _any_inside(
    value: str, shape: Shape, rest: Path, question: Callable[[str], str], depth: int
) -> str:
    if not rest:
        return question(value)
    if isinstance(shape, Group):
        index = [name for name, _ in shape.fields].index(rest[0] or "")
        inner = f"struct_extract_at({value}, {index + 1})"
        return _any_inside(inner, shape.fields[index][1], rest[1:], question, depth)
    item = f"item_{depth}"
    assert isinstance(shape, ListOf), "a path enters groups and lists only"
    condition = _any_inside(item, shape.item, rest[1:], question, depth + 1)
    return f"len(list_filter({value}, lambda {item}: {condition})) > 0"
