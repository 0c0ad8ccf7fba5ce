"""Which requests a pull makes: values in, values out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError, OverrunError
from workbench.pendo.model import PendoConnection
from workbench.pulls.model import Pull
from workbench.pulls.plan import Plan, Slice, halves, next_page, plan_pull, smaller_page
from workbench.pulls.window import HOUR

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
ACME = PendoConnection(name="acme", timezone="America/New_York")


def planned(connection: PendoConnection = ACME, **given: Any) -> Plan:
    base = {"name": "views", "connection": "acme", "lookback_days": 0}
    return plan_pull(Pull.model_validate({**base, **given}), connection, NOW)


def stages(plan: Plan, at: int = 0) -> list[dict[str, Any]]:
    request = plan.request(plan.slices[at])
    assert request is not None
    found: list[dict[str, Any]] = request["request"]["pipeline"]
    return found


def test_events_are_asked_for_day_by_day_from_local_midnight() -> None:
    plan = planned(source="page_events", duration={"days_back": 3})

    series = [stages(plan, at)[0]["source"]["timeSeries"] for at in range(3)]
    assert [each["first"] for each in series] == [1772859600000, 1772946000000, 1773028800000]
    assert {(each["period"], each["count"]) for each in series} == {("dayRange", 1)}


def test_every_body_asks_for_all_apps_unless_told_otherwise() -> None:
    every = planned(source="page_events", duration={"days_back": 1})
    default = planned(source="visitors", apps="default")
    chosen = planned(source="guides", apps=[-323232, 55])

    assert stages(every)[0]["source"]["pageEvents"] == {"appId": 'expandAppIds("*")'}
    assert stages(default)[0]["source"]["visitors"] is None
    assert stages(chosen)[0]["source"]["guides"] == {"appId": [-323232, 55]}


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ("visitors", "metadata.auto.lastvisit"),
        ("accounts", "metadata.auto.lastvisit"),
        ("features", "lastUpdatedAt"),
        ("guides", "lastUpdatedAt"),
        ("pages", "lastUpdatedAt"),
    ],
)
def test_the_window_is_laid_on_the_date_field_that_the_seed_names(source: str, field: str) -> None:
    plan = planned(source=source, duration={"date": "2026-03-08"})

    filters = [stage["filter"] for stage in stages(plan) if "filter" in stage]
    assert filters == [f"{field} >= 1772946000000 && {field} < 1773028800000"]


def test_a_relative_window_reaches_back_for_late_rows_and_a_fixed_one_does_not() -> None:
    relative = planned(source="page_events", duration={"days_back": 2}, lookback_days=3)
    fixed = planned(source="page_events", duration={"date": "2026-03-08"}, lookback_days=3)

    assert relative.slices[0].key == "2026-03-05"
    assert len(relative.slices) == 5
    assert [each.key for each in fixed.slices] == ["2026-03-08"]
    assert "lookback_days has no effect" in fixed.warnings[0]


def test_the_bare_custom_form_of_the_seed_is_put_into_the_envelope() -> None:
    bare = {
        "pipeline": [{"limit": 5}],
        "source": {"pageEvents": None},
        "timeSeries": {"count": 1, "first": 1493596800000, "period": "dayRange"},
    }
    plan = planned(source="custom", request=bare)

    assert plan.rewritten
    assert stages(plan)[0]["source"]["timeSeries"]["first"] == 1493596800000
    assert stages(plan)[1] == {"limit": 5}


def test_a_full_custom_request_is_sent_untouched() -> None:
    full = {
        "response": {"mimeType": "application/json"},
        "request": {"requestId": "mine", "pipeline": [{"source": {"visitors": None}}]},
    }
    plan = planned(source="custom", request=full)

    assert not plan.rewritten
    assert plan.request(plan.slices[0]) == full


def test_the_plan_is_another_when_what_is_asked_for_is_another() -> None:
    one = planned(source="page_events", duration={"days_back": 3})

    assert one.fingerprint == planned(source="page_events", duration={"days_back": 3}).fingerprint
    assert one.fingerprint != planned(source="page_events", duration={"days_back": 4}).fingerprint
    assert (
        one.fingerprint != planned(source="feature_events", duration={"days_back": 3}).fingerprint
    )


@given(hours=st.integers(1, 25))
def test_halving_covers_every_hour_once(hours: int) -> None:
    start = datetime(2026, 3, 8, 5, tzinfo=UTC)
    pieces = [Slice("2026-03-08", date(2026, 3, 8), start, hours, whole_day=True)]
    while any(each.hours > 1 for each in pieces):
        pieces = [part for each in pieces for part in (halves(each) if each.hours > 1 else (each,))]

    assert [each.first for each in pieces] == [start + step * HOUR for step in range(hours)]
    assert len({each.key for each in pieces}) == hours
    assert [each.key for each in pieces] == sorted(each.key for each in pieces)


def test_an_hour_and_a_single_id_cannot_be_asked_for_in_parts() -> None:
    hour = Slice("2026-03-08", first=NOW, hours=1)

    with pytest.raises(OverrunError, match="hour from 2026-03-10 19:30 UTC"):
        halves(hour)
    with pytest.raises(OverrunError):
        smaller_page(Slice("page-000001", page=1, limit=1))


def test_pages_go_on_after_the_last_id_with_quotes_and_backslashes_escaped() -> None:
    plan = planned(source="visitors", page_size=2)
    second = next_page(plan.slices[0], 'a"b\\c')
    request = plan.request(second)

    assert request is not None
    assert {"filter": 'visitorId > "a\\"b\\\\c"'} in request["request"]["pipeline"]
    assert second.key > plan.slices[0].key


def test_an_impossible_guide_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InputError):
        planned(report="guide_history", guide="https://app.pendo.io/")


def test_today_in_the_window_is_said_to_grow() -> None:
    plan = planned(source="page_events", duration={"days_back": 1}, include_today=True)

    assert any("2026-03-10 is not over" in each for each in plan.warnings)
    assert plan.window is not None
    assert plan.window.ends_at - plan.window.starts_at == timedelta(days=2)
