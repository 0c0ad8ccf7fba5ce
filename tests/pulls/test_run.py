"""Pulls end to end: the stand-in over HTTP on one side, a dataset with versions on the other."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from workbench.errors import (
    AccessError,
    BrokenAnswerError,
    HeldError,
    InputError,
    MissingError,
    OutageError,
    RemoteError,
    SettingsError,
)
from workbench.pendo.model import PendoConnection
from workbench.pulls.model import Pull
from workbench.pulls.preview import preview
from workbench.pulls.run import PullResult, run
from workbench.pulls.sources import SOURCES
from workbench.services import Services
from workbench.standin import PendoStandIn

Row = dict[str, Any]
Pulled = Callable[..., tuple[PullResult, list[Row]]]
Ask = Callable[[list[Row]], list[Row]]
MakePull = Callable[..., Pull]

WEEK: dict[str, Any] = {"days_back": 7}
ALL_APPS = 'expandAppIds("*")'
MARCH_3_MS = 1772514000000


def ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def event_key(row: Row) -> tuple[Any, ...]:
    keys = ("visitorId", "accountId", "appId", "pageId", "remoteIp", "userAgent", "server")
    parameters = {key: each for key, each in (row.get("parameters") or {}).items() if each}
    return (*(row.get(key) for key in keys), sorted(parameters.items()))


def direct_days(ask: Ask, days: int, source: str = "pageEvents") -> list[Row]:
    """What a script would get, from 3 March on."""
    series = {"period": "dayRange", "first": MARCH_3_MS, "count": days}
    return ask([{"source": {source: {"appId": ALL_APPS}, "timeSeries": series}}])


def test_a_week_of_page_events_is_exactly_what_pendo_holds(pulled: Pulled, ask: Ask) -> None:
    result, rows = pulled(source="page_events", duration=WEEK)
    sent = direct_days(ask, 7)

    assert result.rows == len(rows) == len(sent) > 500
    found = sorted(
        (row["day"], event_key(row), row["numEvents"], ms(row["firstTime"])) for row in rows
    )
    held = sorted(
        (
            datetime.fromtimestamp(row["day"] / 1000, UTC).date(),
            event_key(row),
            row["numEvents"],
            row["firstTime"],
        )
        for row in sent
    )
    assert found == held
    assert {row["day"] for row in rows} == {date(2026, 3, day) for day in range(3, 10)}


def test_a_log_says_what_was_asked_for_and_what_came_of_it(
    pulled: Pulled, services: Services
) -> None:
    result, _rows = pulled(source="accounts")

    told = [line.text for line in services.state.runs.log_lines(result.run)]
    assert told[0] == "Asking Pendo for all there is"
    assert told[-1] == f"Version 0 of {result.dataset} has {result.rows} rows of this run"


@pytest.mark.parametrize("source", [name for name in SOURCES if name != "custom"])
def test_every_source_can_be_pulled(source: str, pulled: Pulled) -> None:
    asked: dict[str, Any] = {"source": source}
    if SOURCES[source].is_events:
        asked["duration"] = WEEK

    result, rows = pulled(**asked)

    assert result.status == "done"
    assert result.rows == len(rows) > 0


@pytest.mark.parametrize(("source", "kind"), [("visitors", "visitorId"), ("accounts", "accountId")])
def test_ids_with_quotes_and_backslashes_page_correctly(
    source: str, kind: str, pulled: Pulled, ask: Ask
) -> None:
    _, rows = pulled(source=source, page_size=7)
    held = ask([{"source": {source: {"appId": ALL_APPS}}}, {"identified": kind}])

    assert sorted(row[kind] for row in rows) == sorted(row[kind] for row in held)
    assert any('"' in row[kind] for row in rows)
    assert any("\\" in row[kind] for row in rows)


def test_anonymous_visitors_come_only_when_asked_for(pulled: Pulled) -> None:
    _, identified = pulled(source="visitors")
    _, everyone = pulled(source="visitors", anonymous=True, name="everyone")

    assert not any(row["visitorId"].startswith("_PENDO_T_") for row in identified)
    assert any(row["visitorId"].startswith("_PENDO_T_") for row in everyone)


def test_the_window_of_visitors_is_laid_on_their_last_visit(pulled: Pulled) -> None:
    _, rows = pulled(source="visitors", duration={"from": "2026-03-05", "to": "2026-03-06"})

    visits = [row["metadata"]["auto"]["lastvisit"] for row in rows]
    assert visits
    assert min(visits) >= datetime(2026, 3, 5, 5, tzinfo=UTC)
    assert max(visits) < datetime(2026, 3, 7, 5, tzinfo=UTC)


def test_metadata_times_are_times_and_groups_stay_nested(pulled: Pulled) -> None:
    _, rows = pulled(source="accounts")

    groups = rows[0]["metadata"]
    assert isinstance(groups["auto"]["firstvisit"], datetime)
    assert {"auto", "agent", "custom"} <= set(groups)


def test_a_day_that_is_too_much_at_once_is_fetched_in_hours_and_looks_the_same(
    pulled: Pulled, pendo: PendoStandIn
) -> None:
    _, whole = pulled(source="page_events", duration=WEEK, name="whole")
    pendo.switches(max_rows=60)
    _, halved = pulled(source="page_events", duration=WEEK, name="halved")

    assert len(halved) == len(whole)
    key = lambda row: (row["day"], event_key(row))  # noqa: E731
    columns = ("numEvents", "numMinutes", "firstTime", "lastTime")
    assert [[*map(row.get, columns)] for row in sorted(halved, key=key)] == [
        [*map(row.get, columns)] for row in sorted(whole, key=key)
    ]


@pytest.mark.parametrize("overrun", [408, 504, 502, "cut_body", "reset"])
def test_every_way_in_which_pendo_may_say_too_much_halves_the_slice(
    overrun: int | str, pulled: Pulled, pendo: PendoStandIn, ask: Ask
) -> None:
    sent = len(direct_days(ask, 1))
    pendo.switches(max_rows=max(40, sent // 3), overrun=overrun)

    result, rows = pulled(source="page_events", duration={"date": "2026-03-03"})

    assert len(rows) == sent
    assert result.requests > 2


def test_pages_of_ids_that_are_too_much_at_once_are_asked_for_smaller(
    pulled: Pulled, pendo: PendoStandIn
) -> None:
    _, whole = pulled(source="visitors", name="whole")
    pendo.switches(max_rows=50)
    _, halved = pulled(source="visitors", name="halved", page_size=200)

    assert len(halved) == len(whole)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "429", "every": 3},
        {"fault": "429", "retry_after_s": 0.01, "times": 4},
        {"fault": "5xx", "times": 3},
        {"fault": "reset", "times": 3},
        {"fault": "reset_before", "times": 3},
        {"fault": "truncate", "times": 2},
        {"fault": "wrong_length", "times": 2},
        {"fault": "408", "times": 1},
        {"fault": "slow_first_byte", "ms": 50, "times": 3},
        {"fault": "drip", "ms": 1, "bytes": 20000, "times": 2},
    ],
    ids=lambda fault: fault["fault"],
)
def test_bad_weather_changes_nothing_about_the_rows(
    fault: dict[str, Any], pulled: Pulled, pendo: PendoStandIn
) -> None:
    _, fair = pulled(source="page_events", duration=WEEK, name="fair")
    pendo.weather([{**fault, "path": "aggregation"}])
    _, foul = pulled(source="page_events", duration=WEEK, name="foul")

    key = lambda row: (row["day"], event_key(row), row["numEvents"])  # noqa: E731
    assert sorted(map(key, foul)) == sorted(map(key, fair))


@pytest.mark.parametrize("fault", ["truncate", "malformed", "wrong_length"])
def test_a_broken_answer_never_becomes_data(
    fault: str, services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="guides")
    run(made, services)
    before = services.datasets.summary("views")
    pendo.weather([{"fault": fault}])

    with pytest.raises(RemoteError) as refused:
        run(made, services)

    assert isinstance(refused.value, BrokenAnswerError | OutageError) or refused.value.again
    assert services.datasets.summary("views") == before
    assert services.state.runs.latest()[0].status == "failed"


def test_late_rows_are_picked_up_by_reading_the_last_days_again(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="page_events", duration={"days_back": 2}, lookback_days=2)
    run(made, services)
    before = services.datasets.summary("views").rows
    visitor = services.datasets.head("views", 1).to_pylist()[0]["visitorId"]
    late = datetime(2026, 3, 6, 17, tzinfo=UTC)
    pendo.act(
        {
            "do": "add_events",
            "events": [
                {
                    "kind": "page",
                    "at": late.isoformat(),
                    "visitorId": visitor,
                    "remoteIp": "9.9.9.9",
                }
            ],
        }
    )

    run(made, services)

    assert services.datasets.summary("views").rows == before + 1


def test_a_partition_pull_run_twice_holds_every_row_once(pulled: Pulled) -> None:
    first, rows = pulled(source="page_events", duration=WEEK)
    second, again = pulled(source="page_events", duration=WEEK)

    assert len(again) == len(rows)
    assert second.version == first.version + 1


def test_every_version_says_which_run_made_it(services: Services, pulled: Pulled) -> None:
    result, _ = pulled(source="guides")

    [version] = services.datasets.versions("views")
    assert (version.run, version.version) == (result.run, result.version)
    recorded = services.state.runs.get(result.run)
    assert (recorded.status, recorded.rows, recorded.job) == ("done", result.rows, "pull/views")
    assert recorded.requests == result.requests > 0


def test_the_contents_of_a_report_come_under_its_own_titles(
    pulled: Pulled, services: Services
) -> None:
    with services.pendo("acme") as client:
        reports = client.reports()
    report = next(each for each in reports if each["aggregation"]["fields"])
    titles = [each["title"] for each in report["aggregation"]["fields"]]

    _, plain = pulled(report="report_contents", report_id=report["id"])
    _, titled = pulled(
        report="report_contents", report_id=report["id"], use_report_schema=True, name="titled"
    )

    assert len(plain) == len(titled) > 0
    assert set(titled[0]) & set(titles)
    assert not set(plain[0]) & (
        set(titles) - {each["field"] for each in report["aggregation"]["fields"]}
    )


def test_public_reports_and_a_guides_history_can_be_pulled(
    pulled: Pulled, services: Services
) -> None:
    with services.pendo("acme") as client:
        guide = client.guides()[0]["id"]

    _, reports = pulled(report="public_reports", name="reports")
    _, by_id = pulled(report="guide_history", guide=guide, name="by-id")
    _, by_url = pulled(
        report="guide_history", guide=f"https://app.pendo.io/guides/{guide}", name="by-url"
    )

    assert reports[0]["name"]
    assert by_id == by_url
    assert by_id


@pytest.mark.parametrize("shape", ["array", "wrapped"])
def test_a_guides_history_is_kept_whatever_its_shape(
    shape: str, pulled: Pulled, services: Services, pendo: PendoStandIn
) -> None:
    with services.pendo("acme") as client:
        guide = client.guides()[0]["id"]
    pendo.switches(guide_history=shape)

    _, rows = pulled(report="guide_history", guide=guide)

    assert {"ts", "type"} <= set(rows[0])


def test_the_seeds_bare_custom_request_works(pulled: Pulled) -> None:
    bare = {
        "pipeline": [{"limit": 5}],
        "source": {"pageEvents": None},
        "timeSeries": {"count": 1, "first": MARCH_3_MS, "period": "dayRange"},
    }

    result, rows = pulled(source="custom", request=bare)

    assert result.rows == len(rows) == 5


def test_chosen_apps_are_the_only_ones_that_come(pulled: Pulled) -> None:
    _, every = pulled(source="page_events", duration=WEEK, name="every")
    _, default = pulled(source="page_events", duration=WEEK, name="default", apps="default")

    apps = {row["appId"] for row in every}
    other = next(iter(apps - {-323232}))
    _, chosen = pulled(source="page_events", duration=WEEK, name="chosen", apps=[other])
    assert {row["appId"] for row in default} == {-323232}
    assert {row["appId"] for row in chosen} == {other}
    assert len(every) == len(default) + len(chosen)


def test_hours_can_be_asked_for_instead_of_days(pulled: Pulled) -> None:
    _, by_day = pulled(source="page_events", duration=WEEK, name="days")
    _, by_hour = pulled(source="page_events", duration=WEEK, name="hours", period="hour")

    assert sum(row["numEvents"] for row in by_hour) == sum(row["numEvents"] for row in by_day)
    assert len(by_hour) > len(by_day)
    assert all(isinstance(row["hour"], datetime) for row in by_hour)


def test_a_wrong_time_zone_is_told_instead_of_filing_rows_under_wrong_days(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    services.documents.save(
        PendoConnection(name="acme", url=pendo.url, timezone="UTC", calls_per_minute=6000), "tests"
    )

    with pytest.raises(InputError, match="days do not start when this connection says") as refused:
        run(pull(source="page_events", duration=WEEK), services)

    assert "time zone" in refused.value.hint
    assert not services.datasets.exists("views")


def test_no_rows_never_empty_a_dataset_unless_a_person_says_so(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="guides")
    result = run(made, services)
    pendo.weather([{"fault": "null_results"}])

    with pytest.raises(HeldError, match="keeps its"):
        run(made, services)
    assert services.datasets.summary("views").rows == result.rows
    assert services.state.runs.latest()[0].status == "held"

    run(made, services, release=True)
    assert services.datasets.summary("views").rows == 0
    assert services.datasets.summary("views", result.version).rows == result.rows


@pytest.mark.parametrize("empty", ["array", "null", "absent"])
def test_a_day_without_rows_keeps_what_was_there_and_says_so(
    empty: str, services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="page_events", duration={"days_back": 3})
    first = run(made, services)
    pendo.switches(empty_results=empty)
    pendo.weather([{"fault": "null_results", "times": 1, "after": 1}])

    second = run(made, services)

    assert services.datasets.summary("views").rows == first.rows
    assert any("what was there is kept" in each for each in second.warnings)


def test_a_refused_key_an_unknown_report_and_an_unknown_guide_are_told_apart(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    with pytest.raises(MissingError, match="report"):
        run(pull(report="report_contents", report_id="nowhere"), services)
    with pytest.raises(MissingError, match="guide"):
        run(pull(report="guide_history", guide="nowhere"), services)

    services.documents.save(
        PendoConnection(name="keyless", url=pendo.url, timezone="America/New_York"), "tests"
    )
    with pytest.raises(SettingsError, match="has no key"):
        run(pull(source="guides", connection="keyless"), services)

    services.state.secrets.set("connection/keyless/key", "wrong")
    with pytest.raises(AccessError):
        run(pull(source="guides", connection="keyless"), services)


def test_a_read_only_key_is_enough_to_pull_unless_pendo_says_otherwise(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    services.state.secrets.set("connection/acme/key", pendo.read_key)

    assert run(pull(source="guides"), services).status == "done"

    pendo.switches(aggregation_requires_write="on")
    with pytest.raises(AccessError) as refused:
        run(pull(source="pages", name="pages"), services)
    assert "write" in f"{refused.value} {refused.value.hint}".lower()


def test_a_preview_changes_nothing_and_the_run_does_what_it_said(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="page_events", duration=WEEK)
    run(pull(source="page_events", duration={"from": "2026-03-01", "to": "2026-03-04"}), services)
    before = services.datasets.summary("views")

    shown = preview(made, services, rows=20)

    assert services.datasets.summary("views") == before
    assert shown.exact
    assert (shown.first_day, shown.last_day) == (date(2026, 3, 3), date(2026, 3, 9))
    assert shown.request is not None
    assert len(shown.rows) == 20
    assert shown.effect is not None
    assert shown.effect.rows_before == before.rows
    asked = pendo.stats()["requests"]

    result = run(made, services)

    assert services.datasets.summary("views").rows == shown.effect.rows_after
    assert result.rows == shown.row_estimate
    # What the preview fetched is not asked for a second time.
    assert pendo.stats()["requests"] == asked


def test_a_preview_of_very_much_shows_a_sample_and_says_so(
    services: Services, pull: MakePull
) -> None:
    shown = preview(pull(source="page_events", duration=WEEK), services, rows=5, exact=False)

    assert not shown.exact
    assert len(shown.rows) == 5
    assert any("sample" in each for each in shown.warnings)
    assert shown.requests == 7


def test_what_was_fetched_for_a_preview_is_not_used_when_it_is_stale(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    made = pull(source="guides")
    preview(made, services)
    later = services.settings.now
    assert later is not None
    old = Services(
        services.settings.model_copy(update={"now": later + timedelta(hours=13)}),
        services.state,
        services.datasets,
        services.documents,
        services.patience,
    )
    asked = pendo.stats()["requests"]

    run(made, old)

    assert pendo.stats()["requests"] != asked
