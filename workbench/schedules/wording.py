"""Schedules in plain words. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from workbench.schedules import cron
from workbench.schedules.model import WEEKDAYS, Schedule
from workbench.schedules.wall import Clock
from workbench.words import listed

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@lru_cache(maxsize=8192)
def in_words(schedule: Schedule) -> str:
    """When a schedule fires, as one says it.

    >>> in_words(Schedule(every="weekly", on=("mon", "thu"), hour=7))
    'Every Monday and Thursday at 07:00 (UTC)'
    >>> in_words(Schedule(every="monthly", on=(1, "last"), hour=3, timezone="Europe/London"))
    'On the 1st and the last day of the month at 03:00 (Europe/London)'
    >>> in_words(Schedule(every="daily", interval=3, hour=7, starts=date(2026, 3, 1)))
    'Every 3 days at 07:00, from 1 March 2026 on (UTC)'
    """
    return f"{_rhythm(schedule)}{_start(schedule.starts)} ({schedule.timezone})"


def clock_note(clock: Clock, wall: datetime, at: datetime, timezone: str) -> str:
    """What the clocks did to a local time that was meant, and when it fires instead."""
    local = at.astimezone(ZoneInfo(timezone))
    day = f"{wall.day} {wall:%B %Y}"
    if clock == "doubled":
        return f"{wall:%H:%M} comes twice on {day} in {timezone}: it runs the first time."
    instead = f"{local:%H:%M}" if local.date() == wall.date() else f"{local:%H:%M} of the next day"
    return f"{wall:%H:%M} does not exist on {day} in {timezone}: it runs at {instead}."


def _rhythm(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return cron.in_words(schedule.cron)
    if schedule.every == "hourly":
        return _hourly(schedule)
    clock = f"{schedule.hour:02d}:{schedule.minute:02d}"
    if schedule.every == "monthly":
        return f"On {_month_days(schedule.on)} of the month at {clock}"
    if schedule.interval == 1:
        return f"Every {_weekdays(schedule.on)} at {clock}"
    if schedule.every == "daily":
        return f"Every {schedule.interval} days at {clock}"
    days = _weekdays(schedule.on)
    each = {"day": "every day", "weekday": "weekdays"}.get(days, days)
    return f"Every {schedule.interval} weeks on {each} at {clock}"


def _start(starts: date | None) -> str:
    return f", from {starts.day} {starts:%B %Y} on" if starts else ""


def _hourly(schedule: Schedule) -> str:
    hours, minute = schedule.hours, f"{schedule.minute:02d}"
    each = "hour" if schedule.interval == 1 else f"{schedule.interval} hours"
    if schedule.active_hours is None:
        return f"Every {each} at :{minute}"
    window = schedule.active_hours
    # The last run may come before the last active hour when the interval does not divide it.
    span = (window.last - window.first) % 24
    last = (window.first + span - span % schedule.interval) % 24
    if len(hours) == 1:
        return f"Every day at {last:02d}:{minute}"
    return f"Every {each} from {window.first:02d}:{minute}, last run at {last:02d}:{minute}"


def _weekdays(on: Sequence[object]) -> str:
    days = [number for number, name in enumerate(WEEKDAYS) if name in on]
    if not days or len(days) == len(WEEKDAYS):
        return "day"
    if days == [0, 1, 2, 3, 4]:
        return "weekday"
    return listed([DAY_NAMES[day] for day in days])


def _month_days(on: Sequence[object]) -> str:
    days = [f"the {_ordinal(day)}" for day in sorted({day for day in on if isinstance(day, int)})]
    return listed(days + ["the last day"] * ("last" in on))


def _ordinal(number: int) -> str:
    suffixes = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number in (11, 12, 13) else suffixes.get(number % 10, 'th')}"
