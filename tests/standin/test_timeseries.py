"""The contract's own vectors (section 10), and the calendar around them."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.conftest import NOW_MS, days
from workbench.standin import zones
from workbench.standin.aggregation.timeseries import TimeSeriesError, span_of
from workbench.standin.expressions import Setting

NEW_YORK = ZoneInfo("America/New_York")
SETTING = Setting(NOW_MS, NEW_YORK)
ALWAYS = (0, 1 << 50)


def starts(spec: dict[str, Any], *, last_included: bool = True) -> list[int]:
    span = span_of(spec, SETTING, last_included=last_included)
    return span.starts(*ALWAYS, NEW_YORK)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (days("now()", -1), [1773028800000]),
        (days("now()", -3), [1772859600000, 1772946000000, 1773028800000]),
        (days("now()", 1), [1773115200000]),
        (days(1772994600000, 1), [1772946000000]),
        (
            {"period": "dayRange", "first": "date(2026, 3, 7)", "last": "date(2026, 3, 8)"},
            [1772859600000, 1772946000000],
        ),
        (
            {"period": "hourRange", "first": "1772953200000", "last": "1772953200000"},
            [1772953200000],
        ),
        (days('"1772953200000"', 1, "hourRange"), [1772953200000]),
    ],
)
def test_the_buckets_of_the_contracts_vectors(spec: dict[str, Any], expected: list[int]) -> None:
    assert starts(spec) == expected


def test_the_day_the_clocks_go_forward_has_23_hours() -> None:
    spec = {"period": "hourRange", "first": 1772946000000, "last": "1773028800000 - 1"}

    assert len(starts(spec)) == 23


def test_the_day_the_clocks_go_back_has_25_hours() -> None:
    first = zones.midnight_ms(date(2026, 11, 1), NEW_YORK)

    spec = {"period": "hourRange", "first": first, "last": first + 24 * zones.HOUR_MS}

    assert len(starts(spec)) == 25
    assert zones.step_ms("day", first, 1, NEW_YORK) - first == 25 * zones.HOUR_MS


def test_weeks_start_on_sunday_and_months_on_the_first() -> None:
    assert starts(days("now()", 1, "weekRange")) == [1772946000000]
    assert starts(days("now()", 1, "monthRange")) == [1772341200000]


def test_the_last_period_is_left_out_when_the_switch_says_so() -> None:
    spec = {"period": "dayRange", "first": "date(2026, 3, 7)", "last": "date(2026, 3, 8)"}

    assert starts(spec, last_included=False) == [1772859600000]


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {"period": "dayRange", "first": 1},
        {"period": "dayRange", "first": 1, "count": 1, "last": 2},
        {"period": "fortnightRange", "first": 1, "count": 1},
        days(1, 0),
        days(1, 10**9),
        days("now(", 1),
        days(None, 1),
        days("`monday`", 1),
        {"period": "dayRange", "first": 1, "count": 1.5},
    ],
)
def test_a_time_series_that_makes_no_sense_is_refused(spec: Any) -> None:
    with pytest.raises(TimeSeriesError):
        span_of(spec, SETTING, last_included=True)


@given(
    st.dates(date(1995, 1, 1), date(2035, 1, 1)),
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo"]),
    st.integers(0, 23 * 3600),
)
def test_a_moment_lies_in_the_day_it_is_floored_to(day: date, name: str, second: int) -> None:
    zone = ZoneInfo(name)
    moment = zones.midnight_ms(day, zone) + second * 1000

    start = zones.floor_ms("day", moment, zone)
    end = zones.step_ms("day", start, 1, zone)

    assert start <= moment < end
    assert zones.local(start, zone).date() + timedelta(days=1) == zones.local(end, zone).date()
