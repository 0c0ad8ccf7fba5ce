"""How numbers, sizes, durations and times are written on every page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

THIN = "\u202f"
"""A narrow space that does not break: between thousands, and between a number and its unit."""
NOTHING = "–"
"""What stands where there is no number to show."""
KB = 1024
DAY = timedelta(days=1)


def number(value: float | int | None, decimals: int = 2) -> str:
    """A number with thin thousands separators.

    >>> number(1234567) == f"1{THIN}234{THIN}567"
    True
    >>> number(None)
    '–'
    >>> number(2.50)
    '2.5'
    """
    if value is None:
        return NOTHING
    if isinstance(value, float) and not value.is_integer():
        if value != value or abs(value) == float("inf"):
            return str(value)
        digits = decimals if abs(value) >= 0.01 else 6
        text = f"{value:,.{digits}f}".rstrip("0").rstrip(".")
    else:
        text = f"{int(value):,}"
    return text.replace(",", THIN)


def counted(value: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(2, "row")
    ('1\u202frow', '2\u202frows')
    """
    return f"{number(value)}{THIN}{one if value == 1 else many or one + 's'}"


def size(size_bytes: int | None) -> str:
    """A size in the unit that reads best; MB from a megabyte on.

    >>> size(2_500_000) == f"2.4{THIN}MB"
    True
    """
    if size_bytes is None:
        return NOTHING
    if size_bytes < KB:
        return f"{size_bytes}{THIN}B"
    if size_bytes < KB * KB:
        return f"{number(round(size_bytes / KB))}{THIN}kB"
    megabytes = size_bytes / KB / KB
    return f"{number(round(megabytes, 1 if megabytes < 100 else 0), 1)}{THIN}MB"


def duration(seconds: float | None) -> str:
    """A span as a person says it.

    >>> duration(130).replace(THIN, " ")
    '2 min 10 s'
    >>> duration(0.42).replace(THIN, " ")
    '0.4 s'
    """
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{number(round(seconds, 1))}{THIN}s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left if not hours else 0, "s")]
    return " ".join(f"{count}{THIN}{unit}" for count, unit in parts if count)


def share(part: float, whole: float) -> str:
    """A rate; a zero denominator has none.

    >>> share(1, 0)
    '–'
    >>> share(34, 1000) == f"3.4{THIN}%"
    True
    """
    return f"{number(round(100 * part / whole, 1))}{THIN}%" if whole else NOTHING


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as shown, and what hovering over it says."""

    text: str
    hover: str


def moment(at: datetime | None, zone: str, subscription: str = "") -> Moment:
    """A moment in the viewer's zone; UTC and the subscription's zone on hover.

    >>> moment(datetime(2026, 3, 10, 19, 30, tzinfo=UTC), "Europe/Berlin").text
    '10 Mar 2026, 20:30 CET'
    """
    if at is None:
        return Moment(NOTHING, "")
    zones = [zone for zone in dict.fromkeys(("UTC", subscription)) if zone]
    hover = " · ".join(f"{_written(at, zone)} ({zone})" for zone in zones)
    return Moment(_written(at, zone), hover)


def _written(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    # Zones without letters of their own are told as an offset: "+03" reads as "UTC+03".
    name = f"UTC{name}" if name[:1] in "+-" else name
    return f"{local.day} {local:%b %Y, %H:%M} {name}"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, roughly.

    >>> ago(datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC))
    '2 days ago'
    """
    if at is None:
        return "never"
    seconds = max((now.astimezone(UTC) - at.astimezone(UTC)).total_seconds(), 0)
    if seconds < 60:
        return "just now"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def days(first: date, last: date) -> str:
    """A range of days, both ends included.

    >>> days(date(2026, 3, 1), date(2026, 3, 5))
    '1 to 5 Mar 2026'
    >>> days(date(2026, 2, 27), date(2026, 3, 5))
    '27 Feb to 5 Mar 2026'
    """
    if first == last:
        return f"{last.day} {last:%b %Y}"
    if first.year != last.year:
        return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    if first.month != last.month:
        return f"{first.day} {first:%b} to {last.day} {last:%b %Y}"
    return f"{first.day} to {last.day} {last:%b %Y}"


def plain(text: str) -> str:
    """Text that Markdown shows as it is.

    >>> plain("*a* [b] $c$ :red[d]")
    '\\\\*a\\\\* \\\\[b\\\\] \\\\$c\\\\$ \\\\:red\\\\[d\\\\]'
    """
    return re.sub(r"([\\`*_\[\]$:<>#~|])", r"\\\1", text)


def listed(words: Iterable[str], most: int = 5) -> str:
    """Words with commas, the last few left out where there are many.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    all_words = list(words)
    shown = ", ".join(all_words[:most])
    return f"{shown} and {len(all_words) - most} more" if len(all_words) > most else shown
