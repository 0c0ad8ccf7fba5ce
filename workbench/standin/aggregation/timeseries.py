"""The ``timeSeries`` of a source: the buckets it asks for (pendo-api contract, section 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from workbench.standin import zones
from workbench.standin.expressions import ParseError, Setting, evaluate

RANGES: dict[str, zones.Period] = {
    "dayRange": "day",
    "hourRange": "hour",
    "weekRange": "week",
    "monthRange": "month",
}
ITERATIVE: dict[str, zones.Period] = {
    "daily": "day",
    "hourly": "hour",
    "weekly": "week",
    "monthly": "month",
}
MOST_PERIODS = 100_000
"""More periods than this (11 years of hours) is a mistake in the request."""


class TimeSeriesError(ValueError):
    """The time series makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets without gaps: ``[start_ms, end_ms)`` in whole periods."""

    period: zones.Period | None
    """None: all of it is one bucket without a name."""
    start_ms: int
    end_ms: int
    is_iterative: bool = False

    def starts(self, least_ms: int, until_ms: int, zone: ZoneInfo) -> list[int]:
        """The bucket starts that can hold anything in ``[least_ms, until_ms)``."""
        if self.period is None:
            return [self.start_ms]
        first = max(self.start_ms, zones.floor_ms(self.period, least_ms, zone))
        return zones.starts_between(self.period, first, min(self.end_ms, until_ms), zone)


def span_of(spec: Any, setting: Setting, *, last_included: bool) -> Span:
    """The buckets a time series asks for.

    Raises:
        TimeSeriesError: a part is missing, doubled, or no number.
    """
    if not isinstance(spec, Mapping):
        raise TimeSeriesError("timeSeries must be an object")
    name = spec.get("period")
    period = RANGES.get(str(name)) or ITERATIVE.get(str(name))
    if period is None:
        raise TimeSeriesError(f"unknown period {name}")
    if ("count" in spec) == ("last" in spec):
        raise TimeSeriesError("timeSeries takes exactly one of count and last")
    start = zones.floor_ms(period, _moment(spec.get("first"), setting), setting.zone)
    iterative = str(name) in ITERATIVE
    if "last" in spec:
        end = zones.floor_ms(period, _moment(spec["last"], setting), setting.zone)
        if last_included:
            end = zones.step_ms(period, end, 1, setting.zone)
        return Span(period, start, max(start, end), iterative)
    count = _count(spec["count"])
    try:
        other = zones.step_ms(period, start, count, setting.zone)
    except (OverflowError, ValueError) as error:
        raise TimeSeriesError("timeSeries leaves the calendar") from error
    return Span(period, min(start, other), max(start, other), iterative)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TimeSeriesError("count must be a whole number")
    if value == 0 or abs(value) > MOST_PERIODS:
        raise TimeSeriesError(f"count must not be {int(value)}")
    return int(value)


def _moment(value: Any, setting: Setting) -> float:
    if isinstance(value, str):
        try:
            value = evaluate(value, setting)
        except ParseError as error:
            raise TimeSeriesError(f"cannot parse time expression: {error}") from error
        if isinstance(value, str) and value.strip().isdigit():
            value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TimeSeriesError("first and last must be numbers or expressions")
    return value
