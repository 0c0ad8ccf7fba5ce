"""The client against the stand-in: every endpoint, every switch, every weather."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workbench.errors import (
    AccessError,
    MissingError,
    OutageError,
    OverrunError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.pendo.client import PendoClient
from workbench.pendo.model import Apps, NewField, Value
from workbench.pendo.queries import (
    catalogue_pipeline,
    count_of,
    envelope,
    event_pipeline,
    metadata_window,
    page_pipeline,
    rewrite_custom,
)
from workbench.standin import PENDO_READ_KEY, PendoStandIn
from workbench.standin.switches import CHOICES
from workbench.transport import Patience

QUICK = Patience(
    first_wait_s=0.001, throttled_wait_s=0.001, read_timeout_s=20, longest_retry_after_s=5
)
MIDNIGHT = datetime(2026, 3, 9, tzinfo=ZoneInfo("America/New_York"))
DAY = envelope(event_pipeline("pageEvents", MIDNIGHT, 1))
CLICK = {"v": {"tier": "gold"}}


@pytest.fixture
def client(pendo: PendoStandIn) -> Iterator[PendoClient]:
    opened = PendoClient(pendo.url, pendo.key, patience=QUICK)
    yield opened
    opened.close()


@pytest.fixture
def reader(pendo: PendoStandIn) -> Iterator[PendoClient]:
    opened = PendoClient(pendo.url, PENDO_READ_KEY, patience=QUICK)
    yield opened
    opened.close()


def spooled(spool: Callable[[Path], object], path: Path) -> Any:
    spool(path)
    return json.loads(path.read_bytes())


def ids(client: PendoClient, limit: int = 3) -> list[str]:
    """The first ids; with no limit to speak of, the odd ones among them."""
    rows = client.aggregate(
        envelope([*page_pipeline("visitors", limit=limit), {"select": {"id": "visitorId"}}])
    )
    return [str(row["id"]) for row in rows]


def tour(client: PendoClient, folder: Path) -> None:
    """Everything the client can do, and what must hold however Pendo is.

    The values of uncertain switches may change what is in an answer, never that it is read.
    """
    assert client.verify_token().valid
    counted = client.aggregate(envelope(count_of(DAY["request"]["pipeline"])))
    events = spooled(lambda path: client.spool_aggregation(DAY, path), folder / "events")
    assert [{"count": len(events)}] == counted
    assert all(row["day"] == 1773028800000 for row in events)

    none = envelope(page_pipeline("visitors", filters=['visitorId == "nobody-knows"']))
    assert client.aggregate(none) == []
    assert spooled(lambda path: client.spool_aggregation(none, path), folder / "none") == []

    reports = client.reports()
    assert spooled(client.spool_reports, folder / "reports") == reports
    saved = next(report for report in reports if report["type"] == "Saved Reports")
    rows = spooled(lambda path: client.spool_report_results(saved["id"], path), folder / "r")
    assert isinstance(rows, list)

    for listed in (client.guides, client.pages, client.features, client.track_types):
        everything = listed()
        assert len(everything) >= len(listed(apps="default")) > 0
        assert listed(ids=[everything[-1]["id"]]) == everything[-1:]
    segments = client.segments()
    assert spooled(client.spool_segments, folder / "segments") == segments
    assert client.segment(segments[0]["id"])["name"] == segments[0]["name"]
    guide = client.guides()[0]["id"]
    spooled(lambda path: client.spool_guide_history(guide, path), folder / "history")

    client.create_fields("visitor", "custom", [NewField("predict_tour", "string")])
    schema = client.metadata_schema("visitor")
    field = next(name for name in schema["custom"] if name.startswith("predict"))
    someone = ids(client)[0]
    receipt = client.set_metadata("visitor", {someone: {field: "a"}, "nobody-knows": {field: "b"}})
    assert (receipt.total, receipt.updated, receipt.failed) == (2, 1, 1)
    assert (receipt.missing, receipt.errors) == (("nobody-knows",), ())
    assert client.value("visitor", "custom", someone, field) == "a"
    client.set_value("visitor", "custom", someone, field, "c")
    visitor = client.visitor(someone)
    assert visitor is not None
    assert visitor["metadata"]["custom"][field] == "c"
    assert client.value("visitor", "custom", "nobody-knows", field) is None
    assert client.visitor("nobody-knows") is None


WORLDS = {
    f"value {place} of every switch": {
        name: values[place % len(values)]
        for name, values in CHOICES.items()
        # Nothing comes whole with this one; the weather tests have it.
        if name != "reset_mid_body"
    }
    for place in range(max(map(len, CHOICES.values())))
}
"""Every value of every switch occurs in one of them; many at once is also harder than one."""


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_client_works_whatever_pendo_turns_out_to_do(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path, world: dict[str, Any]
) -> None:
    pendo.switches(**world)

    tour(client, tmp_path)


ALONE = [
    (name, value)
    for name in """error_body report_fields empty_results guide_history odd_schema_type
        bulk_empty_lists name_normalise field_duplicate undefined_custom""".split()
    for value in CHOICES[name][1:]
]


@pytest.mark.parametrize(("switch", "value"), ALONE)
def test_the_client_works_with_each_switch_it_meets_moved_alone(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path, switch: str, value: object
) -> None:
    pendo.switches(**{switch: value})

    tour(client, tmp_path)


def test_the_tour_in_rain(client: PendoClient, pendo: PendoStandIn, tmp_path: Path) -> None:
    pendo.weather(
        [
            {"fault": "429", "every": 7},
            {"fault": "5xx", "every": 11, "method": "GET"},
            {"fault": "reset", "every": 13, "method": "GET"},
        ]
    )

    tour(client, tmp_path)

    assert client.meter.snapshot().total.retries > 3


def test_the_meter_counts_what_the_stand_in_sent(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    before = pendo.stats()
    pendo.weather([{"fault": "5xx", "times": 2, "path": "/report"}])
    tour(client, tmp_path)

    used, after = client.meter.snapshot().total, pendo.stats()
    assert (used.calls, used.retries) == (after["api_calls"] - before["api_calls"], 2)
    assert used.bytes == after["bytes"] - before["bytes"]


# Keys and what they may do (U01 to U04)


@pytest.mark.parametrize("status", [403, 401])
@pytest.mark.parametrize("key", ["a-wrong-key", "a-key-of-elsewhere.eu"])
def test_a_wrong_key_is_said_to_be_one_and_not_tried_again(
    pendo: PendoStandIn, tmp_path: Path, key: str, status: int
) -> None:
    for region in (403, 400):
        pendo.switches(bad_key_status=status, wrong_region_status=region)
        asks: list[Callable[[PendoClient], object]] = [
            lambda c: c.verify_token(),
            lambda c: c.aggregate(DAY),
            lambda c: c.spool_report_results("R", tmp_path / "x"),
            lambda c: c.guides(),
            lambda c: c.visitor("v"),
            lambda c: c.set_metadata("visitor", CLICK),
            lambda c: c.create_fields("visitor", "custom", []),
        ]
        for ask in asks:
            client = PendoClient(pendo.url, key, patience=QUICK)
            with pytest.raises(AccessError, match="not known") as caught:
                ask(client)
            assert ("try https://app.eu.pendo.io" in caught.value.hint) == key.endswith(".eu")
            assert key not in caught.value.hint + str(caught.value) + caught.value.details
            assert client.meter.snapshot().total.retries == 0
            client.close()


@pytest.mark.parametrize("status", [403, 400])
def test_a_read_key_reads_and_is_told_what_it_needs_to_write(
    reader: PendoClient, pendo: PendoStandIn, status: int
) -> None:
    pendo.switches(readonly_write_status=status)
    assert not reader.verify_token().write_access
    assert reader.aggregate(envelope(count_of(DAY["request"]["pipeline"])))

    for write in (
        lambda: reader.set_metadata("visitor", CLICK),
        lambda: reader.set_value("visitor", "custom", "v", "tier", "gold"),
        lambda: reader.create_fields("visitor", "custom", [NewField("x", "string")]),
    ):
        with pytest.raises(AccessError, match="may only read") as caught:
            write()
        assert "Allow Write Access" in caught.value.hint


def test_where_aggregations_need_a_key_that_writes_that_is_said(
    reader: PendoClient, client: PendoClient, pendo: PendoStandIn
) -> None:
    pendo.switches(aggregation_requires_write="on")

    with pytest.raises(AccessError, match="may only read") as caught:
        reader.aggregate(DAY)
    assert "Allow Write Access" in caught.value.hint
    assert client.aggregate(DAY)


# Slowing down (U05, U06)


@pytest.mark.parametrize("status", [429, 403])
@pytest.mark.parametrize("retry_after_s", [0, 0.01])
def test_slow_down_is_obeyed_and_then_it_goes_on(
    client: PendoClient, pendo: PendoStandIn, status: int, retry_after_s: float
) -> None:
    pendo.switches(rate_limit_status=status, retry_after_s=retry_after_s, fault_429_every_n=2)

    for _ in range(4):
        assert client.verify_token().valid
    assert client.meter.snapshot().total.retries >= 3


def test_slow_down_for_ever_is_an_error_of_its_own(
    client: PendoClient, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "429"}])

    with pytest.raises(ThrottledError):
        client.reports()


# Refusals in words (U07, U09, U10, U24)


@pytest.mark.parametrize("style", CHOICES["error_body"])
def test_refusals_are_understood_with_any_body(
    client: PendoClient, pendo: PendoStandIn, style: str
) -> None:
    pendo.switches(error_body=style)
    client.verify_token()
    bad: list[Any] = [
        {"pipeline": [{"source": {"visitors": None}}]},
        envelope([{"source": {"nonsense": None}}]),
        envelope([{"source": {"visitors": None}}, {"filter": "((("}]),
    ]
    for request in bad:
        with pytest.raises(RejectedError) as caught:
            client.aggregate(request)
        assert caught.value.hint
        assert len(str(caught.value)) > len("Pendo rejected the request: ")
    assert client.meter.snapshot().total.retries == 0


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("style", CHOICES["error_body"])
def test_an_unknown_report_is_told_from_one_without_an_export(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path, status: int, style: str
) -> None:
    pendo.switches(report_unknown_status=status, report_kind_status=status, error_body=style)
    paths = next(r["id"] for r in client.reports() if r["type"] != "Saved Reports")

    with pytest.raises(MissingError, match="no such report"):
        client.spool_report_results("Nowhere", tmp_path / "x")
    with pytest.raises(MissingError, match="this report type has no export"):
        client.spool_report_results(paths, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_guide_or_segment_is_missing(client: PendoClient, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no guide Nowhere"):
        client.spool_guide_history("Nowhere", tmp_path / "x")
    with pytest.raises(MissingError, match="no segment Nowhere"):
        client.segment("Nowhere")


# Too much at once (U08) and bad weather


@pytest.mark.parametrize("overrun", CHOICES["overrun"])
def test_any_way_of_giving_up_means_ask_for_less(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path, overrun: object
) -> None:
    saved = next(r["id"] for r in client.reports() if r["type"] == "Saved Reports")
    pendo.switches(overrun=overrun, max_rows=2)

    for ask in (
        lambda: client.spool_aggregation(DAY, tmp_path / "x"),
        lambda: client.aggregate(DAY),
        lambda: client.spool_report_results(saved, tmp_path / "x"),
    ):
        with pytest.raises(OverrunError):
            ask()
    assert list(tmp_path.iterdir()) == []
    assert client.aggregate(envelope(count_of(DAY["request"]["pipeline"])))


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "429"},
        {"fault": "429", "retry_after_s": 0.01},
        {"fault": "5xx"},
        {"fault": "5xx", "status": 500},
        {"fault": "5xx", "status": 502},
        {"fault": "5xx", "status": 504},
        {"fault": "408"},
        {"fault": "reset"},
        {"fault": "reset", "at_byte": 3},
        {"fault": "reset_before"},
        {"fault": "truncate"},
        {"fault": "truncate", "at_byte": 14},
        {"fault": "wrong_length"},
        {"fault": "slow_first_byte", "ms": 2000},
        {"fault": "drip", "ms": 1500, "bytes": 1000},
    ],
    ids=str,
)
def test_one_bad_answer_is_asked_for_again_and_the_rows_are_the_same(
    pendo: PendoStandIn, tmp_path: Path, fault: dict[str, Any]
) -> None:
    patience = Patience(first_wait_s=0.001, throttled_wait_s=0.001, read_timeout_s=1.0)
    client = PendoClient(pendo.url, pendo.key, patience=patience)
    fair = client.aggregate(DAY)
    pendo.weather([{**fault, "times": 1}])

    assert spooled(lambda path: client.spool_aggregation(DAY, path), tmp_path / "x") == fair
    assert client.meter.snapshot().total.retries == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    client.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"fault": "5xx", "status": 500}, OutageError),
        ({"fault": "5xx", "status": 503}, OverrunError),
        ({"fault": "408"}, OverrunError),
        ({"fault": "reset"}, OverrunError),
        ({"fault": "reset_before"}, OverrunError),
        ({"fault": "truncate"}, OverrunError),
        ({"fault": "wrong_length"}, OverrunError),
    ],
    ids=str,
)
def test_weather_that_stays_bad_is_an_error_and_leaves_no_file(
    client: PendoClient,
    pendo: PendoStandIn,
    tmp_path: Path,
    fault: dict[str, Any],
    kind: type[RemoteError],
) -> None:
    pendo.weather([fault])

    with pytest.raises(RemoteError) as caught:
        client.spool_aggregation(DAY, tmp_path / "x")
    assert type(caught.value) is kind
    assert list(tmp_path.iterdir()) == []


def test_a_slow_drip_that_goes_on_is_waited_for(client: PendoClient, pendo: PendoStandIn) -> None:
    fair = client.aggregate(envelope(count_of(DAY["request"]["pipeline"])))
    pendo.weather([{"fault": "drip", "ms": 5, "bytes": 3}])

    assert client.aggregate(envelope(count_of(DAY["request"]["pipeline"]))) == fair


def test_null_results_are_no_rows(client: PendoClient, pendo: PendoStandIn, tmp_path: Path) -> None:
    pendo.weather([{"fault": "null_results"}])

    assert client.aggregate(DAY) == []
    assert spooled(lambda path: client.spool_aggregation(DAY, path), tmp_path / "x") == []


# Queries mean what they say


@pytest.mark.parametrize("apps", ["all", "default"])
def test_pages_by_id_give_everybody_once_also_with_odd_ids(client: PendoClient, apps: Apps) -> None:
    for identified in (True, False):
        whole = client.aggregate(
            envelope(page_pipeline("visitors", apps, identified=identified, limit=10**6))
        )
        everybody = [row["visitorId"] for row in whole]
        found: list[str] = []
        while True:
            after = found[-1] if found else None
            page = client.aggregate(
                envelope(
                    page_pipeline("visitors", apps, identified=identified, after=after, limit=37)
                )
            )
            found += [row["visitorId"] for row in page]
            if len(page) < 37:
                break
        assert found == everybody
        assert len(set(found)) == len(found)
        assert any(set('"\\') & set(visitor) for visitor in found)


def test_days_split_into_hours_hold_the_same_events(client: PendoClient) -> None:
    def events(pipeline: list[dict[str, Any]]) -> int:
        total = {"reduce": {"n": {"sum": "numEvents"}}}
        return int(client.aggregate(envelope([*pipeline, total]))[0]["n"])

    for day, hours in ((7, 24), (8, 23), (9, 24)):
        first = datetime(2026, 3, day, tzinfo=ZoneInfo("America/New_York"))
        by_day = events(event_pipeline("pageEvents", first, 1))
        assert by_day == events(event_pipeline("pageEvents", first, hours, "hourRange")) > 0


def test_a_window_cuts_a_catalogue_exactly(client: PendoClient) -> None:
    everything = client.aggregate(envelope(catalogue_pipeline("pages")))
    times = sorted(page["lastUpdatedAt"] for page in everything)
    start = datetime.fromtimestamp(times[2] / 1000, UTC)
    end = datetime.fromtimestamp(times[5] / 1000, UTC)

    inside = client.aggregate(envelope(catalogue_pipeline("pages", updated=(start, end))))

    wanted = [page["id"] for page in everything if times[2] <= page["lastUpdatedAt"] < times[5]]
    assert sorted(page["id"] for page in inside) == sorted(wanted)
    assert len(client.aggregate(envelope(catalogue_pipeline("pages", "default")))) < len(everything)


@pytest.mark.parametrize("null_compare", ["false", "zero"])
def test_a_window_never_matches_a_missing_time(
    client: PendoClient, pendo: PendoStandIn, null_compare: str
) -> None:
    pendo.switches(null_compare=null_compare)
    ever = metadata_window(
        "metadata.auto.lastvisit",
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2100, 1, 1, tzinfo=UTC),
    )

    rows = client.aggregate(envelope(page_pipeline("visitors", filters=[ever], limit=10**6)))

    assert rows
    assert all(row["metadata"]["auto"]["lastvisit"] for row in rows)


def test_a_rewritten_request_is_accepted_and_gives_what_the_bare_one_meant(
    client: PendoClient,
) -> None:
    bare = {
        "pipeline": [{"limit": 3}],
        "timeSeries": {"period": "dayRange", "first": "now()", "count": -1},
        "source": {"pageEvents": None},
    }
    client.verify_token()
    with pytest.raises(RejectedError):
        client.aggregate(bare)

    request, rewritten = rewrite_custom(bare)

    assert rewritten
    assert len(client.aggregate(request)) == 3


# Metadata (U38 to U63, as far as the client is concerned)


def test_every_odd_id_is_found_written_and_read_back(client: PendoClient) -> None:
    odd = [visitor for visitor in ids(client, 10**6) if not visitor.replace("-", "").isalnum()]
    assert len(odd) >= 5

    for visitor in odd:
        found = client.visitor(visitor)
        assert found is not None
        assert found["id"] == visitor
        client.set_value("visitor", "custom", visitor, "tier", visitor[:9])
        assert client.value("visitor", "custom", visitor, "tier") == visitor[:9]
    receipt = client.set_metadata("visitor", {visitor: {"tier": "z"} for visitor in odd})
    assert receipt.updated == len(odd)


@pytest.mark.parametrize("item", CHOICES["bulk_error_item"])
@pytest.mark.parametrize("empty", CHOICES["bulk_empty_lists"])
def test_a_receipt_names_who_was_refused(
    client: PendoClient, pendo: PendoStandIn, item: str, empty: str
) -> None:
    pendo.switches(bulk_error_item=item, bulk_empty_lists=empty)
    first, second, third = ids(client)[:3]

    values: dict[str, dict[str, Value]] = {
        first: {"score": 1},
        second: {"score": "not a number"},
        third: {"score": 2},
    }
    receipt = client.set_metadata("visitor", values)

    assert (receipt.total, receipt.updated, receipt.failed) == (3, 2, 1)
    assert receipt.missing == ()
    assert [record for record, _ in receipt.errors] == [second]
    assert receipt.errors[0][1]


@pytest.mark.parametrize("cap", [{"bulk_max_bytes": 20}, {"bulk_max_run_s": 0.000001}])
def test_a_batch_over_pendos_cap_asks_for_less(
    client: PendoClient, pendo: PendoStandIn, cap: dict[str, Any]
) -> None:
    pendo.switches(**cap)
    with pytest.raises(OverrunError):
        client.set_metadata("visitor", {ids(client)[0]: {"tier": "gold"}})


def test_undefined_fields_and_read_only_groups_are_refused_in_words(
    client: PendoClient, pendo: PendoStandIn
) -> None:
    for status in (400, 403):
        pendo.switches(readonly_group_status=status)
        with pytest.raises((RejectedError, AccessError)):
            client.set_value("visitor", "salesforce", ids(client)[0], "industry", "x")
    with pytest.raises(RejectedError):
        client.set_metadata("visitor", {ids(client)[0]: {"nofield": 1}})


@pytest.mark.parametrize("style", CHOICES["name_normalise"])
@pytest.mark.parametrize("duplicate", CHOICES["field_duplicate"])
def test_making_a_field_twice_is_harmless(
    client: PendoClient, pendo: PendoStandIn, style: str, duplicate: object
) -> None:
    pendo.switches(name_normalise=style, field_duplicate=duplicate)
    name = f"Of_{style}_{duplicate}"

    for _ in range(2):
        client.create_fields("account", "custom", [NewField(name, "number", "New")])

    spellings = {name.lower(), name.lower().replace("_", "")}
    made = spellings & set(client.metadata_schema("account")["custom"])
    assert len(made) == 1


def test_a_kind_pendo_does_not_have_has_no_fields(client: PendoClient) -> None:
    assert client.metadata_schema("parentAccount") == {}  # type: ignore[arg-type]


def test_created_records_are_there_afterwards(client: PendoClient) -> None:
    receipt = client.set_metadata("visitor", {"brand-new": {"tier": "gold"}}, create=True)

    assert receipt.updated == 1
    assert client.value("visitor", "custom", "brand-new", "tier") == "gold"
