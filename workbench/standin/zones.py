"""Days, weeks and months of a subscription's own zone, as epoch milliseconds. Pure.

A day there is 23, 24 or 25 hours long; nothing here adds 86,400,000.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["hour", "day", "week", "month"]

HOUR_MS = 3_600_000
FIRST_MS = -62_135_000_000_000
LAST_MS = 253_402_000_000_000
"""The span a Python date can hold (years 1 to 9999); times beyond are brought to its ends."""


def local(moment_ms: float, zone: ZoneInfo) -> datetime:
    """The wall clock at a moment."""
    held = min(max(moment_ms, FIRST_MS + 100 * HOUR_MS), LAST_MS - 100 * HOUR_MS)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=held)).astimezone(zone)


def to_ms(moment: datetime) -> int:
    """An aware moment as epoch milliseconds."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """The first moment of a local day."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=zone))


def floor_ms(period: Period, moment_ms: float, zone: ZoneInfo) -> int:
    """The start of the period that holds a moment. Weeks start on Sunday."""
    clock = local(moment_ms, zone)
    if period == "hour":
        offset_ms = int((clock.utcoffset() or timedelta()).total_seconds() * 1000)
        return int((moment_ms + offset_ms) // HOUR_MS) * HOUR_MS - offset_ms
    day = clock.date()
    if period == "week":
        day -= timedelta(days=(day.weekday() + 1) % 7)
    if period == "month":
        day = day.replace(day=1)
    return midnight_ms(day, zone)


def step_ms(period: Period, start_ms: int, count: int, zone: ZoneInfo) -> int:
    """The start of the period ``count`` after the one that starts at ``start_ms``."""
    if period == "hour":
        return start_ms + count * HOUR_MS
    day = local(start_ms, zone).date()
    if period == "month":
        return midnight_ms(add_months(day, count), zone)
    return midnight_ms(day + timedelta(days=count * (7 if period == "week" else 1)), zone)


def add_months(day: date, count: int) -> date:
    """The same day of another month, or that month's last."""
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def starts_between(period: Period, first_ms: int, until_ms: int, zone: ZoneInfo) -> list[int]:
    """The starts of all periods in ``[first_ms, until_ms)``; ``first_ms`` is itself a start."""
    starts = []
    start = first_ms
    while start < until_ms:
        starts.append(start)
        start = step_ms(period, start, 1, zone)
    return starts
