"""When jobs fire: the moments themselves, what fires together, and how it is said."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from workbench.schedules.fires import fires_between, longest_gap, next_after, next_fires
from workbench.schedules.missed import Owed, owed
from workbench.schedules.model import CatchUp, Schedule
from workbench.schedules.wording import in_words

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def schedule(**given: Any) -> Schedule:
    return Schedule.model_validate(given)


def nightly(zone: str, hour: int = 2, minute: int = 30) -> Schedule:
    return schedule(every="daily", hour=hour, minute=minute, timezone=zone)


def cron(expression: str, zone: str = "UTC") -> Schedule:
    return schedule(every="cron", cron=expression, timezone=zone)


def first(of: Schedule, *after: int) -> str:
    at = next_after(of, datetime(*after, tzinfo=UTC))  # type: ignore[arg-type, misc]
    return at.strftime("%Y-%m-%d %H:%M") if at else ""


def test_the_next_fire_is_strictly_after_the_moment() -> None:
    assert first(nightly("UTC"), 2026, 1, 1, 2, 29) == "2026-01-01 02:30"
    assert first(nightly("UTC"), 2026, 1, 1, 2, 30) == "2026-01-02 02:30"


def test_a_time_the_clocks_jump_over_fires_once_at_the_next_minute_and_says_so() -> None:
    night = nightly("America/New_York")

    found = next_fires([night], datetime(2026, 3, 7, 8, tzinfo=UTC), 2)

    assert [f"{fire.at:%d %H:%M}" for fire in found] == ["08 07:00", "09 06:30"]
    assert found[0].note == (
        "02:30 does not exist on 8 March 2026 in America/New_York: it runs at 03:00."
    )
    assert found[1].note is None


def test_a_time_that_comes_twice_fires_the_first_time_and_says_so() -> None:
    night = nightly("America/New_York", 1)

    found = next_fires([night], datetime(2026, 11, 1, 0, tzinfo=UTC), 2)

    assert [f"{fire.at:%d %H:%M}" for fire in found] == ["01 05:30", "02 06:30"]
    assert found[0].note == (
        "01:30 comes twice on 1 November 2026 in America/New_York: it runs the first time."
    )


def test_a_day_the_calendar_left_out_fires_when_the_next_one_starts() -> None:
    found = next_fires([nightly("Pacific/Apia", 7, 0)], datetime(2011, 12, 30, tzinfo=UTC), 2)

    assert [f"{fire.at:%d %H:%M}" for fire in found] == ["30 10:00", "30 17:00"]
    assert found[0].note and "runs at 00:00 of the next day" in found[0].note


def test_every_hour_neither_rests_nor_doubles_when_the_clocks_change() -> None:
    hourly = schedule(every="hourly", minute=5, timezone="America/New_York")

    for day in (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        moments = [fire.at for fire in next_fires([hourly], day, 24)]
        assert {later - sooner for sooner, later in pairwise(moments)} == {HOUR}


def test_the_last_day_is_each_months_own() -> None:
    last = schedule(every="monthly", on=["last"], hour=3)

    assert first(last, 2026, 2, 1) == "2026-02-28 03:00"
    assert first(last, 2028, 2, 1) == "2028-02-29 03:00"
    assert first(last, 2026, 4, 1) == "2026-04-30 03:00"


def test_every_other_week_is_counted_from_the_monday_before_its_start() -> None:
    """Thursday the 5th is the first, for Monday the 2nd is before the start; then a fortnight."""
    given = {"every": "weekly", "on": ["mon", "thu"], "hour": 7, "interval": 2}
    found = next_fires([schedule(**given, starts="2026-03-04")], NOON - 30 * 24 * HOUR, 4)

    assert [f"{fire.at:%d %b}" for fire in found] == ["05 Mar", "16 Mar", "19 Mar", "30 Mar"]


def test_every_few_days_goes_on_over_the_end_of_a_month_and_a_year() -> None:
    every_ten = schedule(every="daily", hour=7, interval=10, starts="2027-12-20")

    found = next_fires([every_ten], NOON, 4)

    assert [f"{fire.at:%d %b %y}" for fire in found] == [
        "20 Dec 27",
        "30 Dec 27",
        "09 Jan 28",
        "19 Jan 28",
    ]


def test_cron_waits_for_the_day_it_names() -> None:
    assert first(cron("0 3 31 * *"), 2026, 4, 1) == "2026-05-31 03:00"
    assert first(cron("0 3 29 2 *"), 2026, 3, 1) == "2028-02-29 03:00"
    assert first(cron("0 3 * * 1#2"), 2026, 3, 1) == "2026-03-09 03:00"


def test_cron_of_certain_hours_follows_the_clock_on_the_wall() -> None:
    """The library alone would leave a quarter-hourly job of a lost hour out, and double it."""
    quarters = cron("*/15 1-2 * * *", "America/New_York")

    spring = fires_between([quarters], datetime(2026, 3, 8, 5, tzinfo=UTC), NOON + 2 * 24 * HOUR)
    autumn = datetime(2026, 11, 1, 4, tzinfo=UTC)

    assert f"{spring[4].at:%d %H:%M}" == "08 07:00"
    assert len(fires_between([quarters], autumn, autumn + 12 * HOUR)) == 8


def test_schedules_that_meet_are_one_fire_that_names_both() -> None:
    daily = schedule(every="daily", hour=7)
    mondays = schedule(every="weekly", on=["mon"], hour=8, timezone="Europe/Paris")

    found = next_fires([daily, mondays, daily], datetime(2026, 3, 8, 7, 30, tzinfo=UTC), 2)

    assert found[0].schedules == (
        "Every day at 07:00 (UTC)",
        "Every Monday at 08:00 (Europe/Paris)",
    )
    assert found[1].schedules == ("Every day at 07:00 (UTC)",)


def test_a_span_holds_its_end_and_not_its_start() -> None:
    daily = schedule(every="daily", hour=12)

    assert [fire.at for fire in fires_between([daily], NOON, NOON + 24 * HOUR)] == [
        NOON + 24 * HOUR
    ]
    assert fires_between([], NOON, NOON + 24 * HOUR) == []


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ([{"every": "daily", "hour": 7}], 1.0),
        ([{"every": "daily", "hour": 7}, {"every": "daily", "hour": 19}], 0.5),
        ([{"every": "weekly", "on": ["mon", "thu"], "hour": 7}], 4.0),
        ([{"every": "monthly", "on": [1], "hour": 7}], 31.0),
        ([{"every": "hourly", "active_hours": {"from": 8, "to": 18}}], 14 / 24),
        ([{"every": "cron", "cron": "*/5 * * * 1-5"}], 2.0),
        ([{"every": "daily", "hour": 7, "interval": 3, "starts": "2026-03-01"}], 3.0),
    ],
)
def test_the_longest_gap_is_how_often_a_job_is_expected(
    given: list[dict[str, Any]], days: float
) -> None:
    gap = longest_gap([schedule(**each) for each in given], NOON)

    # A dense schedule is measured from midnight, five minutes after its last fire.
    assert gap is not None
    assert abs(gap / timedelta(days=1) - days) < 0.01


def test_nothing_is_expected_of_a_job_without_schedules() -> None:
    assert longest_gap([], NOON) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"every": "daily", "hour": 7}, "Every day at 07:00 (UTC)"),
        (
            {"every": "weekly", "on": ["thu", "mon"], "hour": 7, "minute": 5},
            "Every Monday and Thursday at 07:05 (UTC)",
        ),
        (
            {"every": "weekly", "on": ["mon", "tue", "wed", "thu", "fri"], "hour": 7},
            "Every weekday at 07:00 (UTC)",
        ),
        (
            {"every": "monthly", "on": [22, 1, "last"], "hour": 3, "timezone": "Europe/London"},
            "On the 1st, the 22nd and the last day of the month at 03:00 (Europe/London)",
        ),
        ({"every": "monthly", "on": [13], "hour": 3}, "On the 13th of the month at 03:00 (UTC)"),
        ({"every": "hourly", "minute": 5}, "Every hour at :05 (UTC)"),
        (
            {"every": "hourly", "interval": 4, "active_hours": {"from": 8, "to": 18}},
            "Every 4 hours from 08:00, last run at 16:00 (UTC)",
        ),
        ({"every": "cron", "cron": "30 2 * * 1"}, "At 02:30 on Monday (UTC)"),
        (
            {"every": "daily", "hour": 7, "interval": 3, "starts": "2026-03-01"},
            "Every 3 days at 07:00, from 1 March 2026 on (UTC)",
        ),
        (
            {"every": "daily", "hour": 7, "starts": "2026-03-01"},
            "Every day at 07:00, from 1 March 2026 on (UTC)",
        ),
        (
            {
                "every": "weekly",
                "on": ["mon", "thu"],
                "hour": 7,
                "interval": 2,
                "starts": "2026-03-04",
            },
            "Every 2 weeks on Monday and Thursday at 07:00, from 4 March 2026 on (UTC)",
        ),
    ],
)
def test_a_schedule_is_said_as_one_says_it(given: dict[str, Any], words: str) -> None:
    assert in_words(schedule(**given)) == words


def owed_of_an_hourly(catch_up: CatchUp) -> Owed:
    """Three hours slept through: two slots missed, one ten minutes old."""
    hourly = schedule(every="hourly", minute=50)
    return owed(fires_between([hourly], NOON - 3 * HOUR, NOON), NOON, catch_up)


def test_a_slot_of_the_last_quarter_hour_is_due_and_an_older_one_is_missed() -> None:
    found = owed_of_an_hourly("ask")

    assert [f"{fire.at:%H:%M}" for fire in found.due] == ["11:50"]
    assert [f"{fire.at:%H:%M}" for fire in found.listed] == ["09:50", "10:50"]
    assert (found.caught_up, found.skipped) == ((), ())


def test_a_slot_exactly_a_quarter_hour_old_is_still_due() -> None:
    slot = fires_between([schedule(every="daily", hour=12)], NOON - HOUR, NOON)

    assert owed(slot, NOON + HOUR / 4, "ask").due == tuple(slot)
    assert owed(slot, NOON + HOUR / 4 + timedelta(seconds=1), "ask").listed == tuple(slot)
    assert owed(slot, NOON - HOUR, "ask") == Owed()


@pytest.mark.parametrize(
    ("catch_up", "runs", "skipped"),
    [("once", [2], 0), ("each", [1, 1], 0), ("skip", [], 2)],
)
def test_missed_slots_follow_the_documents_rule(
    catch_up: CatchUp, runs: list[int], skipped: int
) -> None:
    found = owed_of_an_hourly(catch_up)

    assert [len(group) for group in found.caught_up] == runs
    assert len(found.skipped) == skipped
    assert (len(found.due), len(found.listed)) == (1, 0)
