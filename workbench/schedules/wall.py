"""From the time on a wall clock to the moment it means, also when the clocks change. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Clock = Literal["", "skipped", "doubled"]
"""What the clocks did to a local time: nothing, jumped over it, or showed it twice."""
SECOND = timedelta(seconds=1)


def moment_of(wall: datetime, zone: ZoneInfo) -> tuple[datetime, Clock]:
    """The moment, in UTC, at which a naive local time comes, and what the clocks did to it.

    A time that the clocks jump over is the first moment after the jump; one that they show
    twice is the first of the two (GAP-05).
    """
    local = wall.replace(tzinfo=zone, fold=0)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert before is not None and after is not None
    first = (wall - before).replace(tzinfo=UTC)
    if before == after:
        return first, ""
    if before > after:
        return first, "doubled"
    return _jump(first - (after - before), first, zone), "skipped"


def _jump(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The moment in (low, high] at which the zone's offset changes."""
    old = low.astimezone(zone).utcoffset()
    while high - low > SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high
