"""What the functions of the language do, one Python function each."""

import zlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workbench.standin import zones
from workbench.standin.expressions.gotime import go_format

ANONYMOUS = "_PENDO_T_"
"""How the id of a visitor begins who never said who they are."""
PERIODS: dict[str, zones.Period] = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
}
_MS = {"minutes": 60_000, "seconds": 1000, "hours": zones.HOUR_MS}


def is_identified(value: object) -> bool:
    """Whether an id is somebody's own."""
    return bool(value) and not str(value).startswith(ANONYMOUS)


def as_text(value: Any) -> str | None:
    """A value as text, whole numbers without a point."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def contains(text: Any, part: Any) -> bool:
    """Whether a text holds a part, or a list an element."""
    if isinstance(text, list):
        return part in text
    return isinstance(text, str) and isinstance(part, str) and part in text


def starts_with(text: Any, part: Any) -> bool:
    """Whether a text begins with another."""
    return isinstance(text, str) and isinstance(part, str) and text.startswith(part)


def length(value: Any) -> int:
    """How long a text, list or object is; 0 for everything else."""
    return len(value) if isinstance(value, str | list | dict) else 0


def split(text: Any, separator: Any) -> list[str]:
    """The pieces of a text."""
    if not isinstance(text, str):
        return []
    return text.split(separator) if isinstance(separator, str) and separator else list(text)


def lower(text: Any) -> str | None:
    """A text in lower case."""
    return text.lower() if isinstance(text, str) else None


def is_empty(value: Any) -> bool:
    """Whether there is nothing: null, or a text, list or object without content."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def is_number(value: Any) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def checksum(value: Any) -> int:
    """An unsigned 32-bit number that depends on a value's text."""
    return zlib.crc32((as_text(value) or "").encode())


def sub_type(value: Any) -> str | None:
    """The last part of an event type such as ``ui:web:click``."""
    return value.rsplit(":", 1)[-1] if isinstance(value, str) else None


def date_of(arguments: Sequence[Any], zone: ZoneInfo) -> int | None:
    """``date("2024-01-15")`` or ``date(y, m[, d, h, m, s])`` as milliseconds."""
    try:
        if len(arguments) == 1 and isinstance(arguments[0], str):
            moment = datetime.fromisoformat(arguments[0])
            return zones.to_ms(moment if moment.tzinfo else moment.replace(tzinfo=zone))
        parts = [int(argument) for argument in arguments]
        year, month, day, hour, minute, second = parts + [1, 1, 1, 0, 0, 0][len(parts) :]
        return zones.to_ms(datetime(year, month, day, hour, minute, second, tzinfo=zone))
    except (ValueError, TypeError, OverflowError):
        return None


def start_of(period: Any, moment_ms: Any, zone: ZoneInfo) -> int | None:
    """The start of the period that holds a moment."""
    if period not in PERIODS or not is_number(moment_ms):
        return None
    return zones.floor_ms(PERIODS[period], moment_ms, zone)


def date_add(moment_ms: Any, count: Any, unit: Any, zone: ZoneInfo) -> int | None:
    """A moment so many units later; days and longer keep the time on the wall."""
    if not is_number(moment_ms) or not is_number(count):
        return None
    if unit in _MS:
        return int(moment_ms + count * _MS[unit])
    clock, steps = zones.local(moment_ms, zone), int(count)
    try:
        if unit in ("days", "weeks"):
            day = clock.date() + timedelta(days=steps * (7 if unit == "weeks" else 1))
        elif unit in ("months", "years"):
            day = zones.add_months(clock.date(), steps * (12 if unit == "years" else 1))
        else:
            return None
    except (OverflowError, ValueError):
        return None
    return zones.to_ms(datetime.combine(day, clock.time(), tzinfo=zone))


def date_dist(first_ms: Any, second_ms: Any, unit: Any, zone: ZoneInfo) -> float | None:
    """How many whole units lie between two moments; days and longer by the calendar."""
    if not is_number(first_ms) or not is_number(second_ms):
        return None
    if unit in _MS:
        return int((second_ms - first_ms) // _MS[unit])
    first, second = zones.local(first_ms, zone).date(), zones.local(second_ms, zone).date()
    if unit in ("days", "weeks"):
        return (second - first).days // (7 if unit == "weeks" else 1)
    if unit in ("months", "years"):
        months = (second.year - first.year) * 12 + second.month - first.month
        return months // (12 if unit == "years" else 1)
    return None


def format_time(layout: Any, moment_ms: Any, zone: ZoneInfo) -> str | None:
    """A moment in a Go layout, on the subscription's wall clock."""
    if not isinstance(layout, str) or not is_number(moment_ms):
        return None
    return go_format(layout, zones.local(moment_ms, zone))


PLAIN: dict[str, Callable[..., Any]] = {
    "contains": contains,
    "startsWith": starts_with,
    "len": length,
    "split": split,
    "toLowerCase": lower,
    "toString": as_text,
    "isNull": lambda value: value is None,
    "isNil": lambda value: value is None,
    "isEmpty": is_empty,
    "isBoolean": lambda value: isinstance(value, bool),
    "isNumber": is_number,
    "isString": lambda value: isinstance(value, str),
    "isList": lambda value: isinstance(value, list),
    "identified": is_identified,
    "hash": checksum,
    "list": lambda *values: list(values),
    "eventSubType": sub_type,
}
"""Functions that need to know nothing but their arguments."""
