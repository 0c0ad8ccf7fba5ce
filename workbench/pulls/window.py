"""Which days a pull covers: days of the subscription's zone, 23 to 25 hours long. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workbench.errors import InputError
from workbench.pulls.model import DaysBack, Duration, End

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A run of whole days, both ends included, in the subscription's zone."""

    first: date
    last: date
    zone: str

    @property
    def days(self) -> list[date]:
        """Every day, oldest first."""
        span = (self.last - self.first).days
        return [self.first + timedelta(days=step) for step in range(span + 1)]

    @property
    def starts_at(self) -> datetime:
        """The first moment covered, in UTC."""
        return day_start(self.first, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment no longer covered, in UTC."""
        return day_start(self.last + timedelta(days=1), self.zone)

    def reaching_back(self, days: int) -> "Window":
        """This window with ``days`` more before its first."""
        return Window(self.first - timedelta(days=days), self.last, self.zone)

    def __str__(self) -> str:
        """Absolute dates with whose days they are.

        >>> str(Window(date(2026, 3, 1), date(2026, 3, 1), "America/New_York"))
        '2026-03-01 (1 day, America/New_York)'
        """
        count = len(self.days)
        if count == 1:
            return f"{self.first} (1 day, {self.zone})"
        return f"{self.first} to {self.last} ({count} days, {self.zone})"


def today_in(zone: str, now: datetime) -> date:
    """The day it is in ``zone`` at the moment ``now``."""
    return now.astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> datetime:
    """The first moment of ``day`` in ``zone``, in UTC.

    >>> day_start(date(2026, 3, 8), "America/New_York").isoformat()
    '2026-03-08T05:00:00+00:00'
    >>> day_start(date(2026, 3, 9), "America/New_York").isoformat()
    '2026-03-09T04:00:00+00:00'
    """
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours_of(day: date, zone: str) -> int:
    """How many hours ``day`` has in ``zone``: 23, 24 or 25.

    >>> hours_of(date(2026, 3, 8), "America/New_York")
    23
    """
    return round((day_start(day + timedelta(days=1), zone) - day_start(day, zone)) / HOUR)


def resolve(duration: Duration, *, today: date, zone: str, include_today: bool = False) -> Window:
    """The absolute days a duration means on ``today``.

    ``days_back: N`` is the last N complete days before today (GAP-23), and today as well with
    ``include_today``. A range includes both its ends (GAP-24).

    Raises:
        InputError: the window ends before it starts, or lies in the future.
    """
    if duration.date is not None:
        window = Window(duration.date, duration.date, zone)
    elif duration.days_back is not None:
        last = today if include_today else today - timedelta(days=1)
        window = Window(today - timedelta(days=duration.days_back), last, zone)
    else:
        assert duration.start is not None
        assert duration.end is not None
        window = Window(_day(duration.start, today), _day(duration.end, today), zone)
    if window.last < window.first:
        raise InputError(
            f"The window ends before it starts: {window.first} to {window.last}",
            hint="Make the start the earlier day; with days back, the start is the larger number.",
        )
    if window.first > today:
        raise InputError(
            f"The window starts in the future: {window.first}, and today is {today} in {zone}",
            hint="Choose a start up to today.",
        )
    return Window(window.first, min(window.last, today), zone)


def _day(end: End, today: date) -> date:
    return today - timedelta(days=end.days_back) if isinstance(end, DaysBack) else end
