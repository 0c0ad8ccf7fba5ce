"""Work out an expression on one row, as a function made once per request.

A missing field and null are the same thing here. Comparing with it is false, save ``!=`` and
``== null``; the switch ``null_compare`` makes it count as zero or empty instead (U32).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from workbench.standin.expressions import functions
from workbench.standin.expressions.parser import Binary, Call, Literal, Node, Path, Unary, parse

Row = Mapping[str, Any]
Evaluator = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an expression may depend on besides its row."""

    now_ms: int
    zone: ZoneInfo
    app_ids: tuple[int, ...] = ()
    null_is_zero: bool = False


def evaluate(text: str, setting: Setting, row: Row | None = None) -> Any:
    """The value of an expression.

    Raises:
        ParseError: the text is no expression.
    """
    return compiled(parse(text), setting)(row or {})


def truth(value: Any) -> bool:
    """Whether a value lets a row pass a filter."""
    return bool(value)


def value_at(row: Any, parts: tuple[str | int, ...]) -> Any:
    """What stands at a path; None when nothing does."""
    for part in parts:
        if isinstance(row, Mapping):
            row = row.get(str(part))
        elif isinstance(row, list) and isinstance(part, int) and part < len(row):
            row = row[part]
        else:
            return None
    return row


def compiled(node: Node, setting: Setting) -> Evaluator:
    """An expression as a function of a row."""
    if isinstance(node, Literal):
        return lambda _row: node.value
    if isinstance(node, Path):
        return lambda row: value_at(row, node.parts)
    if isinstance(node, Unary):
        return _unary(node, setting)
    if isinstance(node, Binary):
        return _binary(node, setting)
    return _call(node, setting)


def _unary(node: Unary, setting: Setting) -> Evaluator:
    inner = compiled(node.operand, setting)
    if node.operator == "!":
        return lambda row: not truth(inner(row))
    return lambda row: _negated(inner(row))


def _negated(value: Any) -> Any:
    return -value if functions.is_number(value) else None


def _binary(node: Binary, setting: Setting) -> Evaluator:
    left, right = compiled(node.left, setting), compiled(node.right, setting)
    if node.operator == "&&":
        return lambda row: truth(left(row)) and truth(right(row))
    if node.operator == "||":
        return lambda row: truth(left(row)) or truth(right(row))
    join = _COMPARISONS.get(node.operator) or _ARITHMETIC[node.operator]
    if setting.null_is_zero and node.operator in _COMPARISONS and not _names_null(node):
        return lambda row: join(*_zeroed(left(row), right(row)))
    return lambda row: join(left(row), right(row))


def _names_null(node: Binary) -> bool:
    return any(side == Literal(None) for side in (node.left, node.right))


def _zeroed(left: Any, right: Any) -> tuple[Any, Any]:
    """Null taken for the zero of the other side's type."""
    if left is None and right is not None:
        return _zero_of(right), right
    if right is None and left is not None:
        return left, _zero_of(left)
    return left, right


def _zero_of(other: Any) -> Any:
    if isinstance(other, bool):
        return False
    return "" if isinstance(other, str) else 0


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def equal(left: Any, right: Any) -> bool:
    """Whether two values are of one kind and the same."""
    return _kind(left) == _kind(right) and bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        kind = _kind(left)
        return kind == _kind(right) and kind in ("number", "str") and compare(left, right)

    return ordered


def _arithmetic(join: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def joined(left: Any, right: Any) -> Any:
        if not functions.is_number(left) or not functions.is_number(right):
            return None
        try:
            return join(left, right)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None

    return joined


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _add(left, right)


_add = _arithmetic(lambda a, b: a + b)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _plus,
    "-": _arithmetic(lambda a, b: a - b),
    "*": _arithmetic(lambda a, b: a * b),
    "/": _arithmetic(lambda a, b: a / b),
    "%": _arithmetic(math.fmod),
}


def _call(node: Call, setting: Setting) -> Evaluator:
    arguments = [compiled(argument, setting) for argument in node.arguments]
    if node.name == "if":
        condition, then, other = arguments
        return lambda row: then(row) if truth(condition(row)) else other(row)
    apply = functions.PLAIN.get(node.name) or _with_setting(node.name, setting)
    return lambda row: apply(*[argument(row) for argument in arguments])


def _with_setting(name: str, setting: Setting) -> Callable[..., Any]:
    zone = setting.zone
    made: dict[str, Callable[..., Any]] = {
        "now": lambda: setting.now_ms,
        "date": lambda *given: functions.date_of(given, zone),
        "startOfPeriod": lambda period, at: functions.start_of(period, at, zone),
        "dateAdd": lambda at, count, unit: functions.date_add(at, count, unit, zone),
        "dateDist": lambda a, b, unit: functions.date_dist(a, b, unit, zone),
        "formatTime": lambda layout, at: functions.format_time(layout, at, zone),
        "expandAppIds": lambda _which: list(setting.app_ids),
    }
    return made[name]
