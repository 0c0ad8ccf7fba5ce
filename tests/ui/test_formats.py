"""Numbers, sizes, durations and times are written the same on every page."""

from datetime import UTC, date, datetime, timedelta

import pytest

from workbench.ui import formats

AT = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1 234 567"),
        (-323232, "-323 232"),
        (2.0, "2"),
        (1234.5678, "1 234.57"),
        (0.000123, "0.000123"),
        (float("nan"), "nan"),
        (None, "–"),
    ],
)
def test_numbers_have_thin_separators(value: float | None, text: str) -> None:
    assert formats.number(value).replace(formats.THIN, " ") == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (2048, "2 kB"), (1_500_000, "1.4 MB"), (1 << 30, "1 024 MB")],
)
def test_sizes_are_said_in_megabytes_from_one_on(size_bytes: int, text: str) -> None:
    assert formats.size(size_bytes).replace(formats.THIN, " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0 s"), (9.96, "10 s"), (59.6, "1 min"), (130, "2 min 10 s"), (7260, "2 h 1 min")],
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert formats.duration(seconds).replace(formats.THIN, " ") == text


def test_a_rate_of_nothing_is_a_dash() -> None:
    assert formats.share(0, 0) == formats.NOTHING


def test_times_are_the_viewers_and_the_others_are_a_hover_away() -> None:
    told = formats.moment(AT, "Asia/Tokyo", "America/New_York")

    assert told.text == "11 Mar 2026, 04:30 JST"
    assert told.hover == (
        "10 Mar 2026, 19:30 UTC (UTC) · 10 Mar 2026, 15:30 EDT (America/New_York)"
    )


def test_a_zone_without_letters_is_told_as_an_offset() -> None:
    assert formats.moment(AT, "America/Sao_Paulo").text.endswith("UTC-03")


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=26), "1 day ago"),
    ],
)
def test_freshness_is_said_roughly(passed: timedelta, text: str) -> None:
    assert formats.ago(AT - passed, AT) == text


def test_days_of_two_years_say_both() -> None:
    assert formats.days(date(2025, 12, 30), date(2026, 1, 2)) == "30 Dec 2025 to 2 Jan 2026"


def test_text_of_others_is_never_markup() -> None:
    assert formats.plain("<b> :red[x] [a](http://b) $1$") == (
        r"\<b\> \:red\[x\] \[a\](http\://b) \$1\$"
    )
