"""Schedules that cannot be: refused on save, with the sentence and the nearest that can."""

import pytest

from workbench.documents.faults import DocumentsError
from workbench.documents.yaml_text import Text
from workbench.schedules.cron import fault_of
from workbench.schedules.model import Period, Schedule
from workbench.services import Services

PULL = "kind: pull\nname: guides\nconnection: acme\nsource: guides\nschedules: [{%s}]\n"


def refusals(services: Services, schedule: str) -> list[str]:
    with pytest.raises(DocumentsError) as caught:
        services.documents.apply([Text("f.yaml", PULL % schedule)], "ann", environment={})
    assert services.documents.names("pull") == []
    return [fault.text for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (
            "every: daily, hour: 24",
            "hour: there is no hour 24: hours go from 0 to 23, midnight is 0",
        ),
        ("every: daily, hour: 30", "hour: there is no hour 30: hours go from 0 to 23, nearest: 23"),
        (
            "every: daily, hour: 1, minute: 60",
            "minute: there is no minute 60: minutes go from 0 to 59, nearest: 59",
        ),
        ("every: daily", "a daily schedule needs an hour from 0 to 23"),
        (
            "every: monthly, on: [31], hour: 3",
            "on: day 31 is not in every month: monthly takes days 1 to 28, or last; nearest: last",
        ),
        (
            "every: monthly, on: [0], hour: 3",
            "on: day 0 does not exist: monthly takes days 1 to 28, or last; nearest: 1",
        ),
        (
            "every: monthly, on: [mon], hour: 3",
            "on: 'mon' is not a day of the month: monthly takes days 1 to 28, or last",
        ),
        (
            "every: weekly, on: [Monday], hour: 3",
            "on: 'Monday' is not a weekday: weekly takes mon, tue, wed, thu, fri, sat, sun; "
            "did you mean mon?",
        ),
        ("every: weekly, hour: 3", "a weekly schedule needs its days in `on`"),
        (
            "every: daily, hour: 3, timezone: America/New York",
            "timezone: unknown time zone America/New York; did you mean America/New_York?",
        ),
        (
            "every: daily, hour: 3, timezone: berlin",
            "timezone: unknown time zone berlin; did you mean Europe/Berlin?",
        ),
        (
            "every: daily, hour: 3, timezone: CEST",
            "timezone: unknown time zone CEST; did you mean Europe/Berlin?",
        ),
        (
            "every: daily, hour: 3, timezone: qqqq",
            "timezone: unknown time zone qqqq; zones are named like Europe/London, "
            "and UTC is the default",
        ),
        (
            "every: cron, cron: '0 3 31 2 *'",
            "cron: '0 3 31 2 *' is no schedule: no month it names has day 31; nearest: 0 3 L 2 *",
        ),
        ("every: cron", "a cron schedule needs `cron`, and only a cron schedule has one"),
        ("every: daily, hour: 3, on: [mon]", "`on` belongs to weekly and monthly, not to daily"),
        (
            "every: hourly, hour: 3",
            "`hour` belongs to daily, weekly and monthly, not to hourly",
        ),
        ("every: dayly, hour: 3", "every: 'dayly' is not one of"),
        (
            "every: hourly, active_hours: {from: 8, to: 24}",
            "active_hours.to: there is no hour 24: hours go from 0 to 23, midnight is 0",
        ),
        (
            "every: daily, hour: 3, interval: 2",
            "every 2 days needs the day it is counted from: `starts: 2026-03-02`",
        ),
        (
            "every: weekly, on: [mon], hour: 3, interval: 60, starts: 2026-03-02",
            "`interval` 60 is too long for weekly: 1 to 52 weeks, nearest: 52",
        ),
        (
            "every: hourly, interval: 24",
            "`interval` 24 is too long for hourly: 1 to 23 hours, nearest: 23",
        ),
        ("every: daily, hour: 3, interval: 0, starts: 2026-03-02", "interval: must be at least 1"),
        (
            "every: daily, hour: 3, starts: 0226-03-02",
            "`starts` cannot be 0226-03-02: nearest: 2000-01-01",
        ),
        (
            "every: daily, hour: 3, starts: 2026-02-30",
            "starts: must be a date such as 2026-03-01",
        ),
        (
            "every: monthly, on: [1], hour: 3, interval: 2",
            "`interval` belongs to hourly, daily and weekly, not to monthly",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_nearest_that_can(
    services: Services, schedule: str, sentence: str
) -> None:
    assert [text.removeprefix("schedules.0.") for text in refusals(services, schedule)] != []
    first = refusals(services, schedule)[0]

    assert first.removeprefix("schedules.0.").removeprefix("schedules.0: ").startswith(sentence)


@pytest.mark.parametrize(
    ("expression", "nearest"),
    [
        ("0 24 * * *", "0 0 * * *"),
        ("75 7 * * *", "59 7 * * *"),
        ("0 7 * * 8", "0 7 * * 7"),
        ("0 7 * * 5-1", "0 7 * * 5-7,0-1"),
        ("0 7 * *", "0 7 * * *"),
        ("30 0 7 * * 1", "0 7 * * 1"),
        ("@daily", "0 0 * * *"),
        ("*/0 * * * *", "*/1 * * * *"),
        ("0 0 30,31 2 *", "0 0 L 2 *"),
    ],
)
def test_the_nearest_cron_is_one_that_is_accepted(expression: str, nearest: str) -> None:
    assert fault_of(expression).endswith(f"; nearest: {nearest}")
    assert fault_of(nearest) == ""


@pytest.mark.parametrize("expression", ["", "x", "a b c d e", "* * * * mon-", "/ * * * *"])
def test_what_is_no_cron_at_all_is_answered_with_an_example(expression: str) -> None:
    assert fault_of(expression).endswith("; every day at 07:00 is 0 7 * * *")


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        ("{days: 91}", "stale_after.days: must be at most 90"),
        ("{hours: 0}", "stale_after.hours: must be at least 1"),
        ("{day: 2}", "unknown key stale_after.day; did you mean days?"),
        ("{days: 2, hours: 3}", "give one of: `hours`, `days`, `weeks` or `months`"),
        ("{}", "give one of: `hours`, `days`, `weeks` or `months`"),
        ("nver", "stale_after: "),
    ],
)
def test_a_period_that_cannot_be_is_refused(services: Services, period: str, sentence: str) -> None:
    text = PULL.replace("schedules: [{%s}]", "stale_after: " + period)

    with pytest.raises(DocumentsError) as caught:
        services.documents.apply([Text("f.yaml", text)], "ann", environment={})

    assert sentence in str(caught.value)
    assert services.documents.names("pull") == []


def test_an_interval_with_its_start_and_a_period_are_exported_as_they_can_be_applied(
    services: Services,
) -> None:
    given = "every: weekly, on: [mon], hour: 3, interval: 2, starts: 2026-03-02"
    text = PULL % given + "stale_after: {weeks: 2}\n"
    services.documents.apply([Text("f.yaml", text)], "ann", environment={})

    exported = services.documents.export("pull", "guides")
    again = services.documents.apply([Text("f.yaml", exported)], "ann", environment={})

    assert [outcome.outcome for outcome in again] == ["unchanged"]
    assert "2026-03-02" in exported
    kept = services.documents.pull("guides")
    assert (kept.schedules[0].interval, kept.stale_after) == (2, Period(weeks=2))


def test_a_rare_day_is_not_an_impossible_one() -> None:
    assert Schedule(every="cron", cron="0 3 29 2 *").cron == "0 3 29 2 *"
    assert fault_of("0 0 * 2 MON#5") == ""
