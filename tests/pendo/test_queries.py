"""What is sent to Pendo, as values."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.pendo.queries import (
    catalogue_pipeline,
    count_of,
    custom_request,
    envelope,
    epoch_ms,
    event_pipeline,
    guide_id,
    metadata_window,
    page_pipeline,
    quote,
    rewrite_custom,
)

NEW_YORK = ZoneInfo("America/New_York")
DAY_MS = 1773028800000  # Midnight of 9 March 2026 in New York.
SOURCE: dict[str, Any] = {"source": {"visitors": None}}
SERIES = {"period": "dayRange", "first": DAY_MS, "count": 1}


@given(st.text(st.characters() | st.sampled_from('"\\')))
def test_a_quoted_text_reads_back_as_itself(text: str) -> None:
    quoted = quote(text)
    inside = quoted[1:-1]
    read, escaped = "", False
    for character in inside:
        assert escaped or character != '"'
        escaped = not escaped and character == "\\"
        read += "" if escaped else character

    assert (quoted[0], quoted[-1], escaped, read) == ('"', '"', False, text)


def test_days_are_asked_for_from_a_local_midnight() -> None:
    stages = event_pipeline("pageEvents", datetime(2026, 3, 9, tzinfo=NEW_YORK), 1)

    assert stages == [
        {"source": {"pageEvents": {"appId": 'expandAppIds("*")'}, "timeSeries": SERIES}}
    ]


def test_apps_are_all_the_default_or_those_chosen() -> None:
    at = datetime(2026, 3, 9, 7, tzinfo=UTC)

    def parameters(apps: Any, params: Any = None) -> Any:
        stages = event_pipeline("featureEvents", at, 2, "hourRange", apps, params)
        return stages[0]["source"]["featureEvents"]

    assert parameters("all") == {"appId": 'expandAppIds("*")'}
    assert parameters("default") is None
    assert parameters((-323232, 55), {"featureId": "F1"}) == {
        "appId": [-323232, 55],
        "featureId": "F1",
    }


@pytest.mark.parametrize(
    ("period", "count"), [("dayRange", 31), ("dayRange", 0), ("hourRange", 722)]
)
def test_more_than_thirty_days_of_events_are_never_asked_for(period: Any, count: int) -> None:
    with pytest.raises(ValueError, match="30 days"):
        event_pipeline("events", datetime(2026, 3, 1, tzinfo=UTC), count, period)


def test_times_without_a_zone_are_refused() -> None:
    naive = datetime(2026, 3, 9)
    with pytest.raises(ValueError, match="zone"):
        epoch_ms(naive)
    with pytest.raises(ValueError, match="zone"):
        event_pipeline("events", naive, 1)


@given(
    st.datetimes(timezones=st.just(UTC)), st.timedeltas(timedelta(hours=-14), timedelta(hours=14))
)
def test_milliseconds_are_exact_and_of_no_zone(moment: datetime, offset: timedelta) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    ms = epoch_ms(whole)

    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) == whole
    if datetime(2, 1, 1, tzinfo=UTC) < whole < datetime(9998, 1, 1, tzinfo=UTC):
        assert epoch_ms(whole.astimezone(timezone(offset))) == ms


def test_a_page_filters_and_sorts_before_its_limit() -> None:
    stages = page_pipeline("visitors", after='a"b\\', limit=7, filters=["metadata.x >= 1"])

    assert stages == [
        {"source": {"visitors": {"appId": 'expandAppIds("*")'}}},
        {"identified": "visitorId"},
        {"filter": 'visitorId > "a\\"b\\\\"'},
        {"filter": "metadata.x >= 1"},
        {"sort": ["visitorId"]},
        {"limit": 7},
    ]


def test_the_first_page_may_hold_anonymous_accounts() -> None:
    stages = page_pipeline("accounts", "default", identified=False, limit=7)

    assert stages == [{"source": {"accounts": None}}, {"sort": ["accountId"]}, {"limit": 7}]


def test_a_window_holds_its_start_and_not_its_end() -> None:
    start, end = datetime(2026, 3, 9, tzinfo=NEW_YORK), datetime(2026, 3, 10, tzinfo=NEW_YORK)

    assert metadata_window("lastUpdatedAt", start, end) == (
        "lastUpdatedAt >= 1773028800000 && lastUpdatedAt < 1773115200000"
    )
    assert metadata_window("f", datetime(1969, 1, 1, tzinfo=UTC), end).startswith("f >= 1 ")
    assert catalogue_pipeline("pages", "default", (start, end))[1] == {
        "filter": metadata_window("lastUpdatedAt", start, end)
    }
    assert len(catalogue_pipeline("guides")) == 1


def test_counting_leaves_the_pipeline_as_it_was() -> None:
    stages = [SOURCE]

    assert count_of(stages) == [SOURCE, {"count": None}]
    assert stages == [SOURCE]


def test_a_full_request_is_left_as_it_is() -> None:
    full = {"channelId": "", **envelope([SOURCE, {"limit": 3}], name="mine")}

    assert rewrite_custom(full) == (full, False)


@pytest.mark.parametrize(
    "bare",
    [
        {"pipeline": [{"limit": 3}], "source": {"pageEvents": None}, "timeSeries": SERIES},
        {"timeSeries": SERIES, "source": {"pageEvents": None}, "pipeline": [{"limit": 3}]},
        {"source": {"pageEvents": None, "timeSeries": SERIES}, "pipeline": [{"limit": 3}]},
        {"pipeline": [{"source": {"pageEvents": None}}, {"limit": 3}], "timeSeries": SERIES},
        {"pipeline": [{"source": {"pageEvents": None, "timeSeries": SERIES}}, {"limit": 3}]},
    ],
    ids=["seed", "any order", "series inside", "source inside", "all inside"],
)
def test_every_bare_spelling_becomes_the_same_envelope(bare: dict[str, Any]) -> None:
    before = json.dumps(bare)
    request, rewritten = rewrite_custom(bare)

    assert rewritten
    assert request == envelope(
        [{"source": {"pageEvents": None, "timeSeries": SERIES}}, {"limit": 3}]
    )
    assert json.dumps(bare) == before


def test_a_bare_request_may_do_without_a_time_series_and_keep_its_name() -> None:
    bare = {"source": {"visitors": None}, "pipeline": [], "name": "x", "requestId": "r"}

    request, rewritten = rewrite_custom(bare)

    assert rewritten
    assert request["request"] == {"name": "x", "requestId": "r", "pipeline": [SOURCE]}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ([], "not a JSON object"),
        ("text", "not a JSON object"),
        (None, "not a JSON object"),
        ({}, "no pipeline"),
        ({"source": {"visitors": None}}, "no pipeline"),
        ({"request": []}, '"request" is not an object'),
        ({"request": {}}, "no pipeline"),
        ({"request": {"pipeline": []}}, "does not start with a source"),
        ({"request": {"pipeline": [{"limit": 1}]}}, "does not start with a source"),
        ({"pipeline": {"limit": 1}, "source": {"visitors": None}}, "not a list"),
        ({"pipeline": "[]", "source": {"visitors": None}}, "not a list"),
        ({"pipeline": ["limit"], "source": {"visitors": None}}, "Step 1"),
        ({"pipeline": [{"limit": 1}, {"a": 1, "b": 2}], "source": {"visitors": None}}, "Step 2"),
        ({"pipeline": [], "source": "visitors"}, '"source" is not an object'),
        ({"pipeline": [], "source": {}}, "names none"),
        ({"pipeline": [], "source": {"visitors": None, "accounts": None}}, "visitors, accounts"),
        ({"pipeline": [SOURCE], "source": {"visitors": None}}, "another one in it"),
        ({"pipeline": [{"limit": 1}]}, "does not start with a source"),
        ({"pipeline": []}, "does not start with a source"),
        ({"pipeline": [{"spawn": [[SOURCE]]}], "timeSeries": SERIES}, "without a source"),
        (
            {
                "pipeline": [],
                "source": {"events": None, "timeSeries": SERIES},
                "timeSeries": SERIES,
            },
            "two time series",
        ),
        ({"pipeline": [], "source": {"events": None}, "timeSeries": []}, "not an object"),
        ({"pipelne": [], "source": {"events": None}}, "did you mean pipeline"),
        ({"pipeline": [], "source": {"events": datetime(2026, 1, 1, tzinfo=UTC)}}, "JSON"),
        ({"pipeline": [{"limit": float("nan")}], "source": {"events": None}}, "JSON"),
    ],
)
def test_any_other_request_is_explained(request_: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        rewrite_custom(request_)
    assert caught.value.hint


def test_a_typed_request_is_read_or_its_fault_is_placed() -> None:
    assert custom_request('{"pipeline": []}') == {"pipeline": []}
    with pytest.raises(InputError, match="line 2, column 3"):
        custom_request('{"pipeline":\n  oops}')
    with pytest.raises(InputError, match="object"):
        custom_request("[]")


@pytest.mark.parametrize(
    "text",
    [
        "abcd_xyz1234",
        " abcd_xyz1234\n",
        "https://app.pendo.io/guides/abcd_xyz1234",
        "https://app.eu.pendo.io/guides/abcd_xyz1234/",
        "app.pendo.io/guides/abcd_xyz1234?tab=steps&x=/y",
        "https://app.pendo.io/s/999/guides/abcd_xyz1234/settings#top/x",
    ],
)
def test_a_guide_is_found_by_its_id_or_its_address(text: str) -> None:
    assert guide_id(text) == "abcd_xyz1234"


@pytest.mark.parametrize(
    "text",
    ["", "https://app.pendo.io", "https://app.pendo.io/guides/", "a b", "..", "https://x/ä"],
)
def test_what_holds_no_guide_id_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        guide_id(text)
