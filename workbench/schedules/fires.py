"""When schedules fire. Pure: the moment is a parameter, and every moment is aware UTC.

Daily, weekly, monthly and "every N hours" name times on a wall clock: one that the clocks jump
over fires at the first moment after the jump, one that they show twice fires the first time
(GAP-05). "Every hour" names no time of day: it fires in each real hour, whatever the clocks do.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from itertools import groupby, islice, pairwise, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from workbench.schedules.cron import day_from, every_real_hour, minutes_of, wall_times
from workbench.schedules.model import WEEKDAYS, Schedule
from workbench.schedules.wall import Clock, moment_of
from workbench.schedules.wording import clock_note, in_words

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HEADSTART = timedelta(hours=3)
"""How long before its midnight a day is looked for: clocks that go back there start it twice."""
GAPS_COUNTED = 60
"""Fires looked at one by one for the longest gap: two months of a daily, two days of an hourly."""
GAPS_DAYS = 35
"""Days looked at by their midnight only, for denser schedules that rest on some days."""


class Occurrence(NamedTuple):
    """One fire of one schedule."""

    at: datetime
    clock: Clock
    wall: datetime
    """The local time that was meant, naive."""


@dataclass(frozen=True, slots=True)
class Fire:
    """One moment at which a job is due, and the schedules that meet there (GAP-07)."""

    at: datetime
    schedules: tuple[str, ...] = ()
    """The schedules in words."""
    note: str | None = None
    """What the clocks did to the time that was meant, in words."""


def occurrences(schedule: Schedule, after: datetime) -> Iterator[Occurrence]:
    """Every fire of one schedule strictly after a moment, oldest first, no moment twice."""
    zone = ZoneInfo(schedule.timezone)
    after = _from_its_start(schedule, after, zone)
    if _follows_real_hours(schedule):
        yield from _real_hours(schedule, after, zone)
        return
    latest = after
    for wall in _wall_times(schedule, after.astimezone(zone).replace(tzinfo=None)):
        at, clock = moment_of(wall, zone)
        if at > latest:
            yield Occurrence(at, clock, wall)
            latest = at


def next_after(schedule: Schedule, moment: datetime) -> datetime | None:
    """The first fire strictly after a moment, in UTC; None if there is none in fifty years."""
    first = next(occurrences(schedule, moment), None)
    return first and first.at


def fires_between(schedules: Iterable[Schedule], after: datetime, until: datetime) -> list[Fire]:
    """Every fire in ``(after, until]``, oldest first; what fires together is one (GAP-07)."""
    return list(takewhile(lambda fire: fire.at <= until, fires(schedules, after)))


def next_fires(schedules: Iterable[Schedule], after: datetime, count: int) -> list[Fire]:
    """The first ``count`` fires after a moment; fewer where the schedules end."""
    return list(islice(fires(schedules, after), count))


def fires(schedules: Iterable[Schedule], after: datetime) -> Iterator[Fire]:
    """Every fire of several schedules after a moment, oldest first; as a rule without end."""
    each = (_named(schedule, after) for schedule in dict.fromkeys(schedules))
    in_order = merge(*each, key=lambda pair: pair[0].at)
    for at, met in groupby(in_order, key=lambda pair: pair[0].at):
        yield _fire(at, list(met))


def longest_gap(schedules: Sequence[Schedule], after: datetime) -> timedelta | None:
    """The longest time between two fires to expect; None where nothing fires twice.

    What denser schedules do within a day is looked at for the first days only; their days of
    rest are found for five weeks.
    """
    moments = [fire.at for fire in next_fires(schedules, after, GAPS_COUNTED)]
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    if not gaps:
        return None
    longest = max(gaps)
    midnight = moments[-1].replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < moments[0] + GAPS_DAYS * DAY:
        midnight += DAY
        if coming := next_fires(schedules, midnight, 1):
            longest = max(longest, coming[0].at - midnight)
    return longest


def _named(schedule: Schedule, after: datetime) -> Iterator[tuple[Occurrence, Schedule]]:
    return ((found, schedule) for found in occurrences(schedule, after))


def _fire(at: datetime, met: Sequence[tuple[Occurrence, Schedule]]) -> Fire:
    notes = dict.fromkeys(
        clock_note(found.clock, found.wall, at, schedule.timezone)
        for found, schedule in met
        if found.clock
    )
    words = dict.fromkeys(in_words(schedule) for _, schedule in met)
    return Fire(at, tuple(words), " ".join(notes) or None)


def _from_its_start(schedule: Schedule, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment to look from: some hours before the first day, where that is still to come."""
    if schedule.starts is None:
        return after
    return max(after, datetime.combine(schedule.starts, time(), zone).astimezone(UTC) - HEADSTART)


def _follows_real_hours(schedule: Schedule) -> bool:
    if schedule.cron is not None:
        return every_real_hour(schedule.cron)
    return schedule.every == "hourly" and schedule.interval == 1


def _wall_times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Local times of the schedule, naive, from about ``after`` on, ascending."""
    if schedule.cron is not None:
        yield from wall_times(schedule.cron, after)
        return
    times = [time(hour, schedule.minute) for hour in schedule.hours]
    for day in _days(schedule, max(after.date(), schedule.starts or after.date())):
        for clock in times:
            yield datetime.combine(day, clock)


def _days(schedule: Schedule, day: date) -> Iterator[date]:
    weekdays = {WEEKDAYS.index(name) for name in schedule.on if name in WEEKDAYS}
    while True:
        if schedule.every == "weekly":
            is_on = day.weekday() in weekdays and _is_its_week(schedule, day)
        elif schedule.every == "monthly":
            is_on = day.day in schedule.on or ("last" in schedule.on and (day + DAY).day == 1)
        elif schedule.every == "daily" and schedule.starts is not None:
            is_on = (day - schedule.starts).days % schedule.interval == 0
        else:
            is_on = True
        if is_on:
            yield day
        day += DAY


def _is_its_week(schedule: Schedule, day: date) -> bool:
    """Whether a week is one of every so many, counted from the one in which the schedule starts."""
    if schedule.starts is None:
        return True
    weeks = (_monday(day) - _monday(schedule.starts)).days // 7
    return weeks % schedule.interval == 0


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


def _real_hours(schedule: Schedule, after: datetime, zone: ZoneInfo) -> Iterator[Occurrence]:
    moments = _minutes_of_hours(schedule, after, zone)
    if schedule.cron is not None:
        moments = _minutes_of_days(schedule.cron, after, zone)
    for at in moments:
        if schedule.starts is None or at.astimezone(zone).date() >= schedule.starts:
            yield Occurrence(at, "", at)


def _minutes_of_days(expression: str, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Each moment after ``after`` at which the local clock shows a minute and a day of a cron.

    Counted here in real minutes: the library, given a zone whose clocks go back across midnight
    (St John's until 2011), goes round in that hour for ever.
    """
    minutes = minutes_of(expression)
    at = after.astimezone(UTC).replace(second=0, microsecond=0)
    while True:
        at = _next_minute(at, minutes, zone)
        day = at.astimezone(zone).date()
        meant = day_from(expression, day)
        if meant == day:
            yield at
        elif meant.year < date.max.year:
            at = max(at, datetime.combine(meant, time(), zone).astimezone(UTC) - HEADSTART)
        else:
            return


def _minutes_of_hours(schedule: Schedule, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Each moment after ``after`` at which the local clock shows the minute, in an active hour."""
    hours = frozenset(schedule.hours)
    at = after.astimezone(UTC).replace(second=0, microsecond=0)
    while True:
        at = _next_minute(at, (schedule.minute,), zone)
        if at.astimezone(zone).hour in hours:
            yield at


def _next_minute(at: datetime, minutes: Sequence[int], zone: ZoneInfo) -> datetime:
    """The first moment after ``at`` at which the local clock shows one of the minutes."""
    local = at.astimezone(zone)
    ahead = at + (min((minute - local.minute - 1) % 60 for minute in minutes) + 1) * MINUTE
    if ahead.astimezone(zone).utcoffset() == local.utcoffset():
        return ahead
    # The clocks change on the way, in some zones by half an hour: look at each minute.
    at += MINUTE
    while at.astimezone(zone).minute not in minutes:
        at += MINUTE
    return at
