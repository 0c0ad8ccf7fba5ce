"""Conditions on dates as ranges of whole days, and those as SQL. Pure; today is given."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workbench import sql
from workbench.automations.filters import Condition, Scalar, Unit
from workbench.errors import InputError

DayRange = tuple[date | None, date | None]
"""First and last day, both included; None is without end."""

MONTHS = {"months": 1, "quarters": 3, "years": 12}
ONE_DAY = timedelta(days=1)


def span(condition: Condition, today: date) -> DayRange:
    """The days a date condition means.

    ``in_the_next 90 days`` is today and the 90 days after it, ``in_the_last`` its mirror,
    ``more_than_ago 90 days`` everything before that.

    Raises:
        InputError: a value is not a date, or a range ends before it starts.
    """
    if condition.unit is not None:
        count = condition.value
        assert isinstance(count, int)
        if condition.op == "in_the_next":
            return today, shifted(today, count, condition.unit)
        first = shifted(today, -count, condition.unit)
        return (first, today) if condition.op == "in_the_last" else (None, first - ONE_DAY)
    days = [_day(condition, value) for value in condition.value_list]
    if condition.op == "between":
        if days[1] < days[0]:
            raise InputError(f"{condition.field}: the range {days[0]} to {days[1]} is backwards")
        return days[0], days[1]
    ranges: dict[str, DayRange] = {
        "on": (days[0], days[0]),
        "before": (None, days[0] - ONE_DAY),
        "after": (days[0] + ONE_DAY, None),
        "on_or_before": (None, days[0]),
        "on_or_after": (days[0], None),
    }
    return ranges[condition.op]


def _day(condition: Condition, value: Scalar) -> date:
    try:
        if not isinstance(value, str):
            raise ValueError
        day = date.fromisoformat(value[:10]) if len(value) > 10 else date.fromisoformat(value)
        if not date.min < day < date(9999, 12, 30):
            raise ValueError
    except ValueError:
        raise InputError(
            f"{condition.field} is a date, and {str(value)[:60]!r} is not",
            hint="Write the day as 2026-03-01.",
        ) from None
    return day


def shifted(day: date, count: int, unit: Unit) -> date:
    """A day moved by whole units; the 31st becomes a shorter month's last day.

    >>> shifted(date(2026, 1, 31), 1, "months")
    datetime.date(2026, 2, 28)
    """
    if unit not in MONTHS:
        return day + count * (7 if unit == "weeks" else 1) * ONE_DAY
    month = day.year * 12 + day.month - 1 + count * MONTHS[unit]
    year, month = divmod(month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def in_range(column: str, column_type: str, days: DayRange, zone: str) -> str:
    """SQL: whether a date, or a moment's day in ``zone``, lies in the range."""
    first, last = days
    if column_type == "DATE":
        lower = f"{column} >= DATE '{first}'" if first else ""
        upper = f"{column} <= DATE '{last}'" if last else ""
    else:
        # Comparing instants spares taking every moment into the zone.
        lower = f"{column} >= {_start(first, column_type, zone)}" if first else ""
        upper = f"{column} < {_start(last + ONE_DAY, column_type, zone)}" if last else ""
    return " AND ".join(test for test in (lower, upper) if test)


def _start(day: date, column_type: str, zone: str) -> str:
    instant = datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    text = instant.replace(tzinfo=None).isoformat(sep=" ")
    if column_type == "TIMESTAMP WITH TIME ZONE":
        return f"TIMESTAMPTZ {sql.literal(text + '+00')}"
    return f"TIMESTAMP {sql.literal(text)}"
