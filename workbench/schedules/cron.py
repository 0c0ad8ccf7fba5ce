"""Cron expressions of five fields: their times, and what is wrong with one, in words. Pure.

Days of month and week follow Debian's cron: both must match when either starts with a star,
else one is enough.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from cronsim import CronSim, CronSimError

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 7),
)
"""Name, least and greatest number of each field; weekday 0 and 7 are both Sunday."""
ANCHOR = datetime(2000, 1, 1)
"""Where the search for a first fire starts; any moment would do, a leap year finds 29 February."""
ANY = "*"


def fault_of(expression: str) -> str:
    """Why an expression is no schedule and what is nearest to it, or "".

    >>> fault_of("30 7 * * mon-fri")
    ''
    >>> fault_of("0 24 * * *")
    "'0 24 * * *' is no schedule: hour 24 is not in 0 to 23; nearest: 0 0 * * *"
    """
    if _fires(expression):
        return ""
    written = f"'{expression[:60]}' is no schedule"
    parts = expression.split()
    if len(parts) != len(FIELDS):
        return f"{written}: {_wrong_count(parts)}"
    for number, (field, part) in enumerate(zip(FIELDS, parts, strict=True)):
        if not _parses(number, part):
            fixed = [*parts[:number], _mended(field, part), *parts[number + 1 :]]
            return f"{written}: {_field_fault(field, part)}{_nearest(' '.join(fixed))}"
    fixed = [*parts[:2], "L", *parts[3:]]
    return f"{written}: no month it names has day {parts[2]}{_nearest(' '.join(fixed))}"


def every_real_hour(expression: str) -> bool:
    """Whether it fires in each hour, so that a changed clock neither skips nor doubles one."""
    return CronSim(expression, ANCHOR).hours == set(range(24))


def wall_times(expression: str, after: datetime) -> Iterator[datetime]:
    """Every time on a wall clock at which it fires, after ``after``; both naive, whole minutes."""
    return CronSim(expression, after.replace(tzinfo=None))


def minutes_of(expression: str) -> tuple[int, ...]:
    """The minutes of an hour that an expression names, ascending."""
    return tuple(sorted(CronSim(expression, ANCHOR).minutes))


@lru_cache(maxsize=4096)
def day_from(expression: str, day: date) -> date:
    """The first day from ``day`` on that an expression means, whatever its minutes and hours.

    >>> day_from("0 * * * mon", date(2026, 3, 10))
    datetime.date(2026, 3, 16)
    """
    days = " ".join(expression.split()[2:])
    before = datetime.combine(day, time()) - timedelta(minutes=1)
    return next(CronSim(f"0 0 {days}", before), datetime.max).date()


def in_words(expression: str) -> str:
    """A valid expression as a sentence, such as "At 02:30 on Monday"."""
    return CronSim(expression, ANCHOR).explain()


def _fires(expression: str) -> bool:
    try:
        return len(expression.split()) == len(FIELDS) and next(CronSim(expression, ANCHOR)) > ANCHOR
    except (CronSimError, StopIteration, AssertionError):
        return False


def _parses(number: int, part: str) -> bool:
    fields = [ANY] * len(FIELDS)
    fields[number] = part
    try:
        CronSim(" ".join(fields), ANCHOR)
    except (CronSimError, AssertionError):
        return False
    return True


def _wrong_count(parts: list[str]) -> str:
    named = "minute, hour, day of month, month, weekday"
    if len(parts) == 1 and parts[0].lower() in NICKNAMES:
        return f"it needs five fields ({named}); nearest: {NICKNAMES[parts[0].lower()]}"
    with_seconds, short = len(parts) == len(FIELDS) + 1, len(parts) == len(FIELDS) - 1
    close = parts[1:] if with_seconds else [*parts, ANY] if short else []
    return f"it has {len(parts)} fields and needs five ({named}){_nearest(' '.join(close))}"


def _nearest(expression: str) -> str:
    return f"; nearest: {expression}" if _fires(expression) else "; every day at 07:00 is 0 7 * * *"


def _field_fault(field: tuple[str, int, int], part: str) -> str:
    name, least, greatest = field
    for number in map(int, re.findall(r"\d{1,9}", part.partition("/")[0])):
        if not least <= number <= greatest:
            return f"{name} {number} is not in {least} to {greatest}"
    return f"{name} {part[:30]!r} cannot be read"


def _mended(field: tuple[str, int, int], part: str) -> str:
    """The field with its numbers brought into range and backward ranges cut in two."""
    name, least, greatest = field
    terms = []
    for term in part.split(","):
        span, slash, step = term.partition("/")
        first, dash, last = (_within(name, least, greatest, text) for text in span.partition("-"))
        step = str(max(int(step), 1)) if step.isdigit() else "1"
        if first.isdigit() and last.isdigit() and int(first) > int(last):
            terms += [f"{first}-{greatest}", f"{least}-{last}"]
        else:
            terms.append(first + dash + last + (slash + step if slash else ""))
    return ",".join(terms)


def _within(name: str, least: int, greatest: int, text: str) -> str:
    if not text.isdigit():
        return text
    if name == "hour" and int(text) == greatest + 1:
        return "0"  # written for midnight
    return str(min(max(int(text), least), greatest))
