"""Days of the subscription's zone, as the contract's test vectors have them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.pulls.model import Duration
from workbench.pulls.window import Window, day_start, hours_of, resolve, today_in

NEW_YORK = "America/New_York"
NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
ZONES = ("America/New_York", "UTC", "Australia/Lord_Howe", "Asia/Tokyo", "America/Sao_Paulo")


def resolved(**form: object) -> tuple[date, date]:
    duration = Duration.model_validate(form)
    window = resolve(duration, today=today_in(NEW_YORK, NOW), zone=NEW_YORK)
    return window.first, window.last


def test_days_start_at_the_zones_midnight_on_both_sides_of_a_clock_change() -> None:
    starts = [day_start(date(2026, 3, day), NEW_YORK) for day in (7, 8, 9)]

    assert [round(each.timestamp() * 1000) for each in starts] == [
        1772859600000,
        1772946000000,
        1773028800000,
    ]
    assert [hours_of(date(2026, 3, day), NEW_YORK) for day in (7, 8, 9)] == [24, 23, 24]
    assert hours_of(date(2026, 11, 1), NEW_YORK) == 25


@given(
    day=st.dates(date(2010, 1, 1), date(2035, 12, 31)),
    zone=st.sampled_from(ZONES),
)
def test_days_follow_one_another_without_gap_or_overlap(day: date, zone: str) -> None:
    window = Window(day, day, zone)

    assert window.ends_at == day_start(day + timedelta(days=1), zone)
    assert today_in(zone, window.starts_at) == day
    assert today_in(zone, window.ends_at - timedelta(milliseconds=1)) == day


def test_days_back_is_the_last_complete_days_before_today() -> None:
    assert resolved(days_back=1) == (date(2026, 3, 9), date(2026, 3, 9))
    assert resolved(days_back=7) == (date(2026, 3, 3), date(2026, 3, 9))


def test_today_is_the_subscriptions_day_not_that_of_utc() -> None:
    late_evening = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)

    assert today_in(NEW_YORK, late_evening) == date(2026, 3, 10)


def test_a_range_from_ten_to_five_days_back_is_six_days() -> None:
    first, last = resolved(**{"from": {"days_back": 10}, "to": {"days_back": 5}})

    assert (first, last) == (date(2026, 2, 28), date(2026, 3, 5))


def test_the_ends_of_a_range_mix_freely() -> None:
    fixed_start = resolved(**{"from": "2026-03-01", "to": {"days_back": 1}})
    fixed_end = resolved(**{"from": {"days_back": 3}, "to": "2026-03-09"})

    assert fixed_start == (date(2026, 3, 1), date(2026, 3, 9))
    assert fixed_end == (date(2026, 3, 7), date(2026, 3, 9))


def test_a_date_is_that_day() -> None:
    assert resolved(date="2026-03-08") == (date(2026, 3, 8), date(2026, 3, 8))


def test_a_range_that_reaches_into_the_future_ends_today() -> None:
    assert resolved(**{"from": "2026-03-09", "to": "2026-03-20"})[1] == date(2026, 3, 10)


@pytest.mark.parametrize(
    "form",
    [
        {"from": "2026-03-09", "to": {"days_back": 5}},
        {"date": "2026-03-11"},
        {"from": "2027-01-01", "to": "2027-01-02"},
    ],
    ids=["mixed ends the wrong way round", "a day to come", "a range to come"],
)
def test_an_impossible_window_is_refused_in_words(form: dict[str, object]) -> None:
    with pytest.raises(InputError) as refused:
        resolved(**form)

    assert "2026" in str(refused.value) or "2027" in str(refused.value)
    assert refused.value.hint


def test_today_is_counted_on_request() -> None:
    duration = Duration(days_back=2)
    window = resolve(duration, today=date(2026, 3, 10), zone=NEW_YORK, include_today=True)

    assert (window.first, window.last) == (date(2026, 3, 8), date(2026, 3, 10))
