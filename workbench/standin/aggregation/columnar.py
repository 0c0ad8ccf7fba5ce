"""Pipeline stages said in SQL. A stage that SQL cannot say is answered with `NotColumnarError`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workbench.standin.aggregation.frame import Frame, Leaf, Tree
from workbench.standin.aggregation.sql import (
    NUMERIC,
    NotColumnarError,
    Said,
    constant,
    identified_sql,
    said,
    truth,
)
from workbench.standin.expressions import Setting, parse
from workbench.standin.switches import Switches

Step = Callable[[Frame, Any, Setting, Switches], Frame]


def filtered(frame: Frame, text: Any, setting: Setting, _switches: Switches) -> Frame:
    """``filter``: a text expression."""
    if not isinstance(text, str):
        raise NotColumnarError
    frame = frame.whole()
    return frame.filtered(truth(said(parse(text), frame.tree, setting)))


def identified(frame: Frame, field: Any, setting: Setting, _switches: Switches) -> Frame:
    """``identified``: a field, with ``!`` before it for the anonymous ones."""
    name, frame = str(field), frame.whole()
    value = said(parse(name.removeprefix("!")), frame.tree, setting)
    if value.type != "text":
        raise NotColumnarError
    condition = identified_sql(value.sql)
    return frame.filtered(f"NOT {condition}" if name.startswith("!") else condition)


def ordered(frame: Frame, fields: Any, setting: Setting, switches: Switches) -> Frame:
    """``sort``: fields, each with ``-`` or ``+`` before it."""
    keys, frame = [], frame.whole()
    for field in fields if isinstance(fields, list) else [fields]:
        name = str(field)
        value = said(parse(name.lstrip("+-")), frame.tree, setting)
        if value.type == "json":
            raise NotColumnarError
        if value.type != "null":
            keys.append(value.sql + _direction(name.startswith("-"), switches))
    return frame.sorted(tuple(keys))


def _direction(descending: bool, switches: Switches) -> str:
    # Missing counts as the least value, so that a descending sort turns the whole order round.
    first = switches.is_at("sort_missing", "first") != descending
    return f" {'DESC' if descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"


def limited(frame: Frame, count: Any, _setting: Setting, _switches: Switches) -> Frame:
    """``limit``."""
    return frame.limited(count)


def skipped(frame: Frame, count: Any, _setting: Setting, _switches: Switches) -> Frame:
    """``skip``."""
    return frame.without_first(count)


def selected(frame: Frame, fields: Any, setting: Setting, _switches: Switches) -> Frame:
    """``select``: every named key is there, missing ones as null."""
    tree: dict[str, Any] = {}
    for name, text in fields.items():
        put(tree, name, replace(_leaf(said(parse(str(text)), frame.tree, setting)), shown=True))
    return frame.picked(tree)


def evaluated(frame: Frame, fields: Any, setting: Setting, _switches: Switches) -> Frame:
    """``eval``: more fields, worked out of those that were there before."""
    tree = copied(frame.tree)
    for name, text in fields.items():
        put(tree, name, _leaf(said(parse(str(text)), frame.tree, setting)))
    return frame.picked(tree)


def assigned(frame: Frame, fields: Any, _setting: Setting, _switches: Switches) -> Frame:
    """``set``: constants."""
    tree = copied(frame.tree)
    for name, value in fields.items():
        put(tree, name, _leaf(constant(value)))
    return frame.picked(tree)


def counted(frame: Frame, _argument: Any, _setting: Setting, _switches: Switches) -> Frame:
    """``count``: one row with the number of rows."""
    return frame.whole().reduced("count(*) AS c0", {"count": Leaf("c0", "int", nullable=False)})


def reduced(frame: Frame, fields: Any, setting: Setting, _switches: Switches) -> Frame:
    """``reduce``: one row of aggregates."""
    frame = frame.whole()
    select, tree = _aggregates(frame, fields, setting, 0)
    return frame.reduced(", ".join(select), tree)


def grouped(frame: Frame, spec: Any, setting: Setting, _switches: Switches) -> Frame:
    """``group``: one row per combination of the keys, ordered by them."""
    frame = frame.whole()
    tree: dict[str, Any] = {}
    select = []
    for place, key in enumerate(spec["group"]):
        value = said(parse(str(key)), frame.tree, setting)
        if value.type in ("json", "null"):
            raise NotColumnarError
        select.append(f"{value.sql} AS c{place}")
        put(tree, key, Leaf(f"c{place}", _leaf(value).type, shown=True))
    keys = ", ".join(str(place + 1) for place in range(len(select)))
    fields = spec.get("fields") or {}
    if isinstance(fields, list):
        fields = {name: value for part in fields for name, value in part.items()}
    more, made = _aggregates(frame, fields, setting, len(select))
    select += more
    tree |= made
    if not keys:
        raise NotColumnarError
    order = ", ".join(f"{place + 1} NULLS FIRST" for place in range(len(spec["group"])))
    return frame.reduced(", ".join(select), tree, f" GROUP BY {keys} ORDER BY {order}")


def _aggregates(
    frame: Frame, fields: Mapping[str, Any], setting: Setting, start: int
) -> tuple[list[str], dict[str, Any]]:
    select, tree = [], {}
    for place, (alias, spec) in enumerate(fields.items(), start):
        if not isinstance(spec, Mapping) or len(spec) != 1:
            raise NotColumnarError
        ((name, argument),) = spec.items()
        sql, leaf = _aggregate(frame.tree, name, argument, setting, f"c{place}")
        select.append(f"{sql} AS c{place}")
        tree[alias] = leaf
    return select, tree


def _aggregate(
    tree: Tree, name: str, argument: Any, setting: Setting, column: str
) -> tuple[str, Leaf]:
    if name == "count" and argument is None:
        return "count(*)", Leaf(column, "int", shown=True)
    if not isinstance(argument, str):
        raise NotColumnarError
    value = said(parse(argument), tree, setting)
    if name == "count" and value.type not in ("json", "null"):
        return f"count(DISTINCT {value.sql})", Leaf(column, "int", shown=True)
    if name not in _SQL_AGGREGATES or value.type not in NUMERIC:
        raise NotColumnarError
    kind = _leaf(value).type
    sql = _SQL_AGGREGATES[name].format(value.sql)
    if name in ("avg", "mean"):
        return sql, Leaf(column, "float", shown=True)
    return (f"{sql}::BIGINT" if kind == "int" else sql), Leaf(column, kind, shown=True)


_SQL_AGGREGATES = {
    "sum": "coalesce(sum({}), 0)",
    "min": "min({})",
    "max": "max({})",
    "avg": "avg({})",
    "mean": "avg({})",
}


def _leaf(value: Said) -> Leaf:
    if value.type == "null":
        return Leaf("NULL::VARCHAR", "text")
    return Leaf(value.sql, value.type)


def copied(tree: Tree) -> dict[str, Any]:
    """A shape that may be changed."""
    return {key: node if isinstance(node, Leaf) else copied(node) for key, node in tree.items()}


def put(tree: dict[str, Any], name: str, leaf: Leaf) -> None:
    """Put a leaf at a dotted name, with objects on the way there."""
    keys = name.split(".")
    for key in keys[:-1]:
        inner = tree.get(key)
        if isinstance(inner, Leaf) or inner is None:
            inner = {}
        tree[key] = inner
        tree = inner
    tree[keys[-1]] = leaf


STEPS: dict[str, Step] = {
    "filter": filtered,
    "identified": identified,
    "sort": ordered,
    "limit": limited,
    "skip": skipped,
    "select": selected,
    "eval": evaluated,
    "set": assigned,
    "count": counted,
    "reduce": reduced,
    "group": grouped,
    "cat": lambda frame, _argument, _setting, _switches: frame,
}
"""Stages that have an SQL form."""
