"""Events: hours agree with days, late rows come, the same seed gives the same rows."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.standin.conftest import NOW, NOW_MS, Talk, days, events
from workbench.standin.pendo import PendoStandIn

DAY = 1773028800000
"""9 March 2026, New York."""
SUMMED = ("numEvents", "numMinutes")
BOUNDS = ("firstTime", "lastTime")
BUCKETS = ("day", "hour", "week", "month", "quarter")


def at(hour: int, minute: int, second: int = 0) -> int:
    return DAY + (hour * 3600 + minute * 60 + second) * 1000


def together(rows: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    """Rows of the same key put together, whatever bucket they came in."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        key = {k: v for k, v in row.items() if k not in (*SUMMED, *BOUNDS, *BUCKETS)}
        found[repr(sorted(key.items(), key=str))].append(row)
    return {
        key: (
            sum(row["numEvents"] for row in members),
            sum(row["numMinutes"] for row in members),
            min(row["firstTime"] for row in members),
            max(row["lastTime"] for row in members),
        )
        for key, members in found.items()
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    back=st.integers(0, 13),
    source=st.sampled_from(["pageEvents", "featureEvents", "trackEvents", "events"]),
    zone=st.sampled_from(["America/New_York", "UTC", "Europe/Berlin", "Australia/Sydney"]),
)
def test_a_day_in_hours_put_together_again_is_the_day(
    talk: Talk, back: int, source: str, zone: str
) -> None:
    talk.pendo.switches(time_zone=zone)
    first = f'dateAdd(startOfPeriod("daily", now()), -{back}, "days")'
    end = f'dateAdd(startOfPeriod("daily", now()), {1 - back}, "days") - 1'

    whole = talk.rows(events(source, days(first, 1)))
    hours = talk.rows(events(source, {"period": "hourRange", "first": first, "last": end}))

    assert together(whole) == together(hours)
    assert len(together(whole)) == len(whole)
    assert {row["hour"] for row in hours} == {
        row["hour"] for row in hours if row["hour"] <= row["firstTime"] < row["hour"] + 3_600_000
    }


def test_days_put_together_are_the_week(talk: Talk) -> None:
    week = talk.rows(events("pageEvents", days(DAY, 1, "weekRange")))
    daily = talk.rows(events("pageEvents", days("startOfPeriod(`weekly`, now())", 7)))

    assert {row["week"] for row in week} == {1772946000000}
    assert together(week) == together(daily)


def test_raw_events_agree_with_the_bucket_rows(talk: Talk) -> None:
    single = talk.rows(events("singleEvents", days(DAY, 1)))
    rows = talk.rows(events("events", days(DAY, 1)))

    assert len(single) == sum(row["numEvents"] for row in rows)
    assert len({row["eventId"] for row in single}) > 0


def test_the_contracts_golden_example(talk: Talk) -> None:
    feature = talk.get("feature").json()[4]["id"]
    clicks = [at(10, 0, 5), at(10, 0, 50), at(10, 7)]
    home = {"visitorId": "v-1", "accountId": "acct-1", "kind": "feature", "thing": feature}
    made = [home | {"at": moment, "remoteIp": "203.0.113.9"} for moment in clicks]
    made.append(home | {"at": at(11, 0), "remoteIp": "203.0.113.10"})
    talk.pendo.act({"do": "add_events", "events": made})

    source = events("featureEvents", days(DAY, 1), featureId=feature)
    rows = talk.rows(source, {"filter": 'visitorId == "v-1"'}, {"sort": ["firstTime"]})
    grouped = talk.rows(
        source,
        {"filter": 'visitorId == "v-1"'},
        {
            "group": {
                "group": ["visitorId"],
                "fields": {"n": {"sum": "numEvents"}, "ips": {"count": "remoteIp"}},
            }
        },
    )

    assert [(row["numEvents"], row["numMinutes"]) for row in rows] == [(3, 2), (1, 1)]
    assert {row["day"] for row in rows} == {DAY}
    assert (rows[0]["firstTime"], rows[0]["lastTime"]) == (clicks[0], clicks[-1])
    assert rows[0]["accountId"] == "acct-1"
    assert grouped == [{"visitorId": "v-1", "n": 4, "ips": 2}]


def test_events_before_first_in_its_own_day_are_given_too(talk: Talk) -> None:
    rows = talk.rows(events("pageEvents", days(1772994600000, 1)))

    assert {row["day"] for row in rows} == {1772946000000}
    assert min(row["firstTime"] for row in rows) < 1772994600000


def test_nothing_happens_after_now_until_the_clock_moves(talk: Talk) -> None:
    today = events("pageEvents", days("now()", 1))
    before = talk.rows(today)
    talk.pendo.act({"do": "move_clock", "hours": 6})
    after = talk.rows({"source": {**today["source"], "timeSeries": days(NOW_MS, 1)}})

    assert max(row["lastTime"] for row in before) <= NOW_MS
    assert sum(row["numEvents"] for row in after) > sum(row["numEvents"] for row in before)


@pytest.mark.parametrize("how", ["switch", "weather"])
def test_late_rows_of_recent_hours_appear_later(talk: Talk, how: str) -> None:
    def views() -> int:
        rows = talk.rows(events("pageEvents", days(NOW_MS, 1)))
        return sum(row["numEvents"] for row in rows)

    whole = views()
    if how == "switch":
        talk.pendo.switches(late_events_h=6)
    else:
        talk.pendo.weather([{"fault": "late_rows", "hours": 6, "share": 0.3}])
    early = views()
    talk.pendo.weather([])
    talk.pendo.switches(late_events_h=0)

    assert early < whole == views()


def test_an_event_added_by_hand_joins_its_visitors_row(talk: Talk) -> None:
    source = events("pageEvents", days(DAY, 1))
    (row,) = talk.rows(
        source, {"filter": "isNull(parameters)"}, {"sort": ["lastTime"]}, {"limit": 1}
    )
    event = {name: row[name] for name in ("visitorId", "accountId", "remoteIp", "userAgent")}
    moment = row["lastTime"] + 60_000
    talk.pendo.act(
        {"do": "add_events", "events": [event | {"thing": row["pageId"], "at": moment, "count": 2}]}
    )

    same = f'pageId == "{row["pageId"]}" && visitorId == `{row["visitorId"]}`'
    found = talk.rows(source, {"filter": f"{same} && lastTime == {moment}"})

    assert [one["numEvents"] for one in found] == [row["numEvents"] + 2]
    assert found[0]["userAgent"] == row["userAgent"]


def test_the_same_seed_gives_the_same_bytes() -> None:
    def told(seed: int) -> list[bytes]:
        with PendoStandIn(seed=seed, now=NOW) as pendo:
            talk = Talk(pendo)
            return [
                talk.aggregation({"source": {"visitors": None}}).content,
                talk.aggregation(events("pageEvents", days("now()", -5))).content,
                talk.aggregation(events("guideEvents", days("now()", -5))).content,
                talk.get("guide?expand=*").content,
                talk.get("report").content,
            ]

    first = told(7)
    assert first == told(7)
    assert all(one != other for one, other in zip(first, told(8), strict=True))


def test_a_longer_history_holds_the_same_rows_in_the_days_both_have(talk: Talk) -> None:
    with PendoStandIn(now=NOW, days=60) as longer:
        ask = events("pageEvents", days(DAY, 1))
        assert Talk(longer).rows(ask) == talk.rows(ask)
        assert Talk(longer).rows(events("pageEvents", days(DAY, -40)), {"limit": 1})


def test_a_subscription_in_utc_has_utc_days() -> None:
    with PendoStandIn(now=NOW, zone="UTC") as pendo:
        rows = Talk(pendo).rows(events("pageEvents", days("now()", -1)))

    midnight = int(datetime(2026, 3, 9, tzinfo=UTC).timestamp() * 1000)
    assert {row["day"] for row in rows} == {midnight}


def test_a_running_clock_serves_today() -> None:
    with PendoStandIn() as pendo:
        assert Talk(pendo).rows(events("pageEvents", days("now()", -3)))
