"""Fires against a second calculation: a scan of every minute, that knows nothing of the first."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.schedules.fires import fires_between
from workbench.schedules.model import WEEKDAYS, ActiveHours, Schedule

MINUTE = timedelta(minutes=1)
WINDOW = timedelta(days=4)
WEEKS = [
    ("America/New_York", datetime(2026, 3, 7)),
    ("America/New_York", datetime(2026, 10, 31)),
    ("Europe/London", datetime(2026, 3, 28)),
    ("Europe/London", datetime(2028, 2, 27)),
    ("Europe/London", datetime(2026, 10, 24)),
    ("Australia/Lord_Howe", datetime(2026, 4, 3)),
    ("Australia/Lord_Howe", datetime(2026, 10, 2)),
    ("Asia/Kathmandu", datetime(2026, 1, 30)),
    ("Pacific/Apia", datetime(2011, 12, 28)),
    ("America/St_Johns", datetime(2006, 10, 27)),
    ("America/Santiago", datetime(2025, 9, 6)),
    ("Africa/Casablanca", datetime(2026, 2, 13)),
]
"""Days on which clocks change by an hour, half an hour, at midnight, and by a whole day; the end
of a February with 29 days; and a zone three quarters of an hour off."""

places = st.sampled_from(WEEKS)
minutes = st.sampled_from([0, 1, 15, 30, 45, 59]) | st.integers(0, 59)
hours = st.integers(0, 3) | st.integers(0, 23)
windows = st.none() | st.tuples(hours, hours)


@cache
def clock(zone: str, start: datetime) -> list[tuple[datetime, datetime]]:
    """Each minute of a window, and what the clock on the wall then shows."""
    first, place = _start(zone, start), ZoneInfo(zone)
    moments = (first + step * MINUTE for step in range(int(WINDOW / MINUTE) + 1))
    return [(at, at.astimezone(place).replace(tzinfo=None)) for at in moments]


def scanned(zone: str, start: datetime, is_meant: Callable[[datetime], bool]) -> list[datetime]:
    """Every moment of the window at which a local time that is meant comes or was jumped over."""
    found: list[datetime] = []
    (_, latest), *later = clock(zone, start)
    for at, local in later:
        while latest < local:
            latest += MINUTE
            if is_meant(latest) and found[-1:] != [at]:
                found.append(at)
    return found


def shown(zone: str, start: datetime, is_meant: Callable[[datetime], bool]) -> list[datetime]:
    """Every moment of the window at which the clock on the wall shows a time that is meant."""
    return [at for at, local in clock(zone, start)[1:] if is_meant(local)]


def _start(zone: str, start: datetime) -> datetime:
    return start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def fired(schedule: Schedule, start: datetime) -> list[datetime]:
    after = _start(schedule.timezone, start)
    return [fire.at for fire in fires_between([schedule], after, after + WINDOW)]


def listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


@settings(max_examples=12, deadline=None)
@given(place=places, hour=hours, minute=minutes)
@example(("America/New_York", datetime(2026, 3, 7)), 2, 30)
@example(("America/New_York", datetime(2026, 10, 31)), 1, 30)
@example(("Pacific/Apia", datetime(2011, 12, 28)), 7, 0)
@example(("Australia/Lord_Howe", datetime(2026, 10, 2)), 2, 15)
def test_daily_fires_as_a_scan_of_each_minute_says(
    place: tuple[str, datetime], hour: int, minute: int
) -> None:
    zone, start = place
    schedule = Schedule(every="daily", hour=hour, minute=minute, timezone=zone)

    assert fired(schedule, start) == scanned(
        zone, start, lambda wall: (wall.hour, wall.minute) == (hour, minute)
    )


@settings(max_examples=8, deadline=None)
@given(place=places, on=st.sets(st.sampled_from(WEEKDAYS), min_size=1), hour=hours)
def test_weekly_fires_as_a_scan_of_each_minute_says(
    place: tuple[str, datetime], on: set[str], hour: int
) -> None:
    zone, start = place
    schedule = Schedule.model_validate(
        {"every": "weekly", "on": list(on), "hour": hour, "minute": 30, "timezone": zone}
    )

    assert fired(schedule, start) == scanned(
        zone,
        start,
        lambda wall: WEEKDAYS[wall.weekday()] in on and (wall.hour, wall.minute) == (hour, 30),
    )


@settings(max_examples=8, deadline=None)
@given(place=places, days=st.sets(st.integers(1, 28), max_size=12), hour=hours)
def test_monthly_fires_as_a_scan_of_each_minute_says(
    place: tuple[str, datetime], days: set[int], hour: int
) -> None:
    zone, start = place
    schedule = Schedule(every="monthly", on=(*days, "last"), hour=hour, timezone=zone)

    assert fired(schedule, start) == scanned(
        zone,
        start,
        lambda wall: (
            (wall.hour, wall.minute) == (hour, 0)
            and (wall.day in days or (wall + timedelta(days=1)).month != wall.month)
        ),
    )


@settings(max_examples=12, deadline=None)
@given(place=places, minute=minutes, window=windows)
@example(("Australia/Lord_Howe", datetime(2026, 4, 3)), 45, None)
@example(("Australia/Lord_Howe", datetime(2026, 10, 2)), 15, None)
@example(("America/New_York", datetime(2026, 10, 31)), 5, (22, 6))
def test_every_hour_fires_whenever_the_clock_shows_its_minute(
    place: tuple[str, datetime], minute: int, window: tuple[int, int] | None
) -> None:
    zone, start = place
    active = _active(window)
    schedule = Schedule(every="hourly", minute=minute, active_hours=active, timezone=zone)

    assert fired(schedule, start) == shown(
        zone, start, lambda wall: wall.minute == minute and _is_active(wall.hour, window)
    )


@settings(max_examples=8, deadline=None)
@given(place=places, minute=minutes, window=windows, interval=st.integers(2, 9))
def test_every_few_hours_fires_at_the_same_times_each_day(
    place: tuple[str, datetime], minute: int, window: tuple[int, int] | None, interval: int
) -> None:
    zone, start = place
    schedule = Schedule(
        every="hourly",
        minute=minute,
        active_hours=_active(window),
        interval=interval,
        timezone=zone,
    )
    first = window[0] if window else 0

    assert fired(schedule, start) == scanned(
        zone,
        start,
        lambda wall: (
            wall.minute == minute
            and _is_active(wall.hour, window)
            and (wall.hour - first) % 24 % interval == 0
        ),
    )


@settings(max_examples=12, deadline=None)
@given(
    place=places,
    at_minutes=st.sets(minutes, min_size=1, max_size=4),
    at_hours=st.none() | st.sets(hours, min_size=1, max_size=5),
    weekdays=st.none() | st.sets(st.integers(0, 6), min_size=1),
)
@example(("America/New_York", datetime(2026, 3, 7)), {0, 15, 30, 45}, {2, 3}, None)
@example(("America/New_York", datetime(2026, 10, 31)), {0, 15}, {1}, None)
@example(("America/Santiago", datetime(2025, 9, 6)), {0}, None, {0})
# The clocks go back from a minute past midnight into the day before, and Sunday starts twice.
@example(("America/St_Johns", datetime(2006, 10, 27)), {0}, None, {0})
@example(("America/St_Johns", datetime(2006, 10, 27)), {1, 30}, None, {0, 6})
@example(("Pacific/Apia", datetime(2011, 12, 28)), {15}, None, {5})
def test_cron_fires_as_a_scan_of_each_minute_says(
    place: tuple[str, datetime],
    at_minutes: set[int],
    at_hours: set[int] | None,
    weekdays: set[int] | None,
) -> None:
    zone, start = place
    fields = [listed(at_minutes), listed(at_hours) if at_hours else "*", "*", "*"]
    cron = " ".join([*fields, listed(weekdays) if weekdays else "*"])
    schedule = Schedule(every="cron", cron=cron, timezone=zone)

    def is_meant(wall: datetime) -> bool:
        return (
            wall.minute in at_minutes
            and (at_hours is None or wall.hour in at_hours)
            and (weekdays is None or wall.isoweekday() % 7 in weekdays)
        )

    second = shown if at_hours is None else scanned
    assert fired(schedule, start) == second(zone, start, is_meant)


starts = st.integers(-40, 3)
"""Days from the start of the window to the day a rhythm is counted from."""


@settings(max_examples=12, deadline=None)
@given(place=places, hour=hours, minute=minutes, interval=st.integers(1, 5), day=starts)
@example(("America/New_York", datetime(2026, 3, 7)), 2, 30, 2, -1)
@example(("Pacific/Apia", datetime(2011, 12, 28)), 7, 0, 2, 0)
@example(("Europe/London", datetime(2028, 2, 27)), 0, 0, 3, 2)
def test_every_few_days_fires_as_a_scan_that_counts_the_days_says(
    place: tuple[str, datetime], hour: int, minute: int, interval: int, day: int
) -> None:
    zone, start = place
    first = (start + timedelta(days=day)).date()
    schedule = Schedule(
        every="daily", hour=hour, minute=minute, timezone=zone, interval=interval, starts=first
    )
    days = {first + timedelta(days=n * interval) for n in range(60)}

    assert fired(schedule, start) == scanned(
        zone,
        start,
        lambda wall: wall.date() in days and (wall.hour, wall.minute) == (hour, minute),
    )


@settings(max_examples=12, deadline=None)
@given(
    place=places,
    on=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    interval=st.integers(1, 4),
    day=starts,
)
@example(("Europe/London", datetime(2026, 3, 28)), set(WEEKDAYS), 2, -6)
@example(("Europe/London", datetime(2026, 10, 24)), {"sun", "mon"}, 3, 1)
def test_every_few_weeks_fires_as_a_scan_that_counts_the_weeks_says(
    place: tuple[str, datetime], on: set[str], interval: int, day: int
) -> None:
    zone, start = place
    first = (start + timedelta(days=day)).date()
    schedule = Schedule.model_validate(
        {
            "every": "weekly",
            "on": list(on),
            "hour": 5,
            "timezone": zone,
            "interval": interval,
            "starts": first,
        }
    )
    # Weeks by their number since the first Monday there was, not by a difference of days.
    weeks = {(first.toordinal() - 1) // 7 + n * interval for n in range(60)}

    assert fired(schedule, start) == scanned(
        zone,
        start,
        lambda wall: (
            wall.date() >= first
            and (wall.toordinal() - 1) // 7 in weeks
            and WEEKDAYS[wall.weekday()] in on
            and (wall.hour, wall.minute) == (5, 0)
        ),
    )


@settings(max_examples=8, deadline=None)
@given(place=places, minute=minutes, interval=st.sampled_from([1, 3]), day=st.integers(-1, 3))
@example(("America/St_Johns", datetime(2006, 10, 27)), 0, 1, 2)
def test_every_hour_from_a_day_on_fires_when_a_scan_sees_that_day(
    place: tuple[str, datetime], minute: int, interval: int, day: int
) -> None:
    zone, start = place
    first = (start + timedelta(days=day)).date()
    schedule = Schedule(
        every="hourly", minute=minute, interval=interval, starts=first, timezone=zone
    )
    second = shown if interval == 1 else scanned

    assert fired(schedule, start) == second(
        zone,
        start,
        lambda wall: wall.date() >= first and wall.minute == minute and wall.hour % interval == 0,
    )


def _active(window: tuple[int, int] | None) -> ActiveHours | None:
    return window and ActiveHours.model_validate({"from": window[0], "to": window[1]})


def _is_active(hour: int, window: tuple[int, int] | None) -> bool:
    if window is None:
        return True
    first, last = window
    return first <= hour <= last if first <= last else hour >= first or hour <= last
