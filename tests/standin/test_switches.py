"""Each uncertain behaviour of the contract's section 11 has a switch, and each switch an effect."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.standin.conftest import EVERY_APP, NOW_MS, Talk, days, events
from workbench.standin import TRACK_SECRET
from workbench.standin.switches import CHOICES, NUMBERS, SwitchError

Look = Callable[[Talk], Any]
BOB = "v-101"
CONST = {"source": {"const": [{"a": 1, "k": "x"}, {"a": None, "k": "y"}]}}
NOBODY = [{"source": {"visitors": None}}, {"filter": 'visitorId == "nobody"'}]
YESTERDAY = days("now()", -1)


def status(*stages: Any) -> Look:
    return lambda talk: talk.aggregation(*stages).status_code


def rows(*stages: Any) -> Look:
    return lambda talk: talk.rows(*stages)


def keyed(key: str, path: str = "token/verify") -> Look:
    return lambda talk: Talk(talk.pendo, key).get(path).status_code


def as_reader(method: str, path: str, body: Any) -> Look:
    def look(talk: Talk) -> int:
        reader = Talk(talk.pendo, talk.pendo.read_key)
        return reader.call(method, path, json=body).status_code

    return look


def bulk(*records: tuple[str, dict[str, Any]], group: str = "custom", query: str = "") -> Look:
    """What a bulk write answers: its status, or its counters."""

    def look(talk: Talk) -> Any:
        answer = talk.write(*records, group=group, query=query)
        if answer.status_code != 200:
            return answer.status_code
        return (answer.json()["updated"], answer.json()["failed"])

    return look


def written(values: dict[str, Any], field: str, group: str = "custom") -> Look:
    """What can be read after a bulk write."""

    def look(talk: Talk) -> Any:
        talk.write((BOB, values), group=group)
        answer = talk.value(BOB, field, group)
        return answer.json() if answer.content else None

    return look


def first_report(kind: str, tail: str) -> Look:
    def look(talk: Talk) -> Any:
        report = next(r for r in talk.get("report").json() if r["type"] == kind)
        answer = talk.get(f"report/{report['id']}/{tail}")
        return answer.text.split("\n")[0] if answer.ok else answer.status_code

    return look


def guide_id(talk: Talk) -> str:
    return str(talk.get("guide").json()[0]["id"])


def history(talk: Talk) -> Any:
    answer = talk.get(f"guide/{guide_id(talk)}/history").json()
    return type(answer).__name__, bool(answer)


def overrun(talk: Talk) -> Any:
    talk.pendo.switches(max_rows=3)
    try:
        return talk.aggregation({"source": {"visitors": None}}).status_code
    except requests.exceptions.ChunkedEncodingError as error:
        return "reset" if "reset" in str(error).lower() else "cut"


def throttled(talk: Talk) -> Any:
    talk.pendo.switches(fault_429_every_n=1)
    answer = talk.get("page")
    return answer.status_code, answer.text


def retry_after(talk: Talk) -> Any:
    talk.pendo.switches(fault_429_every_n=1)
    return talk.get("page").headers.get("Retry-After")


def error_body(talk: Talk) -> Any:
    return talk.post("aggregation", {}).text


def create_field(talk: Talk) -> requests.Response:
    field = {"name": "New_Field", "displayname": "New", "type": "string"}
    return talk.post("metadata/schema/visitor/custom", [field])


def created_name(talk: Talk) -> list[str]:
    before = set(talk.get("metadata/schema/visitor").json()["custom"])
    create_field(talk)
    return sorted(set(talk.get("metadata/schema/visitor").json()["custom"]) - before)


def created_twice(talk: Talk) -> int:
    create_field(talk)
    return create_field(talk).status_code


def deleted(talk: Talk) -> bytes:
    return talk.call("DELETE", "metadata/schema/visitor/custom/tier").content


def visitor_groups(talk: Talk) -> set[str]:
    people = talk.rows({"source": {"visitors": EVERY_APP}})
    return {group for row in people for group in row["metadata"] if group.startswith("auto_")}


def overwritten(talk: Talk) -> Any:
    was = talk.value(BOB, "title", "agent").json()
    talk.write((BOB, {"title": "Written"}), group="agent")
    talk.pendo.act({"do": "move_clock", "hours": 1})
    return talk.value(BOB, "title", "agent").json() == was


def stamp(talk: Talk) -> bool:
    talk.write((BOB, {"tier": "gold"}))
    answer = talk.value(BOB, "lastupdated", "auto").json()
    return bool(answer == NOW_MS)


def timed_out(talk: Talk) -> Any:
    talk.pendo.switches(bulk_max_run_s=0.001)
    answer = talk.write((BOB, {"tier": "first"}), ("v-102", {"tier": "second"}))
    return answer.status_code, talk.value(BOB, "tier").json() == "first"


def tracked(talk: Talk) -> Any:
    body = {"type": "track", "event": "Registered", "visitorId": BOB, "timestamp": NOW_MS - 1000}
    headers = {"x-pendo-integration-key": TRACK_SECRET}
    return requests.post(f"{talk.pendo.url}/data/track", json=body, headers=headers).content


def exported(talk: Talk) -> int:
    segment = talk.get("segment").json()[0]["id"]
    return talk.post(f"segment/{segment}/visitors", {}).status_code


def schema_types(talk: Talk) -> bool:
    schema = talk.get("metadata/schema/visitor").json()
    return "hologram" in {f["Type"] for group in schema.values() for f in group.values()}


def seeded(test: Callable[[dict[str, Any]], bool]) -> Look:
    def look(talk: Talk) -> bool:
        people = talk.rows({"source": {"visitors": EVERY_APP | {"blacklist": "ignore"}}})
        return any(map(test, people))

    return look


def equal_stamps(talk: Talk) -> bool:
    people = talk.rows({"source": {"visitors": EVERY_APP}})
    stamps = [row["metadata"].get("auto", {}).get("lastupdated") for row in people]
    counts = [stamps.count(one) for one in set(stamps) - {None, NOW_MS}]
    return max(counts) > 10


def auto(row: dict[str, Any]) -> dict[str, Any]:
    found = row["metadata"].get("auto", {})
    assert isinstance(found, dict)
    return found


def guide_states(talk: Talk) -> set[str]:
    return {guide["state"] for guide in talk.get("guide?state=draft").json()}


LATE = {"visitors": {"timeSeries": YESTERDAY}}
OLD = {"visitors": {"startTime": NOW_MS - 86_400_000, "endTime": NOW_MS}}

EFFECTS: list[tuple[str, Any, Look, Any, Any]] = [
    ("wrong_region_status", 400, keyed("rehearsal-key.eu"), 403, 400),
    ("bad_key_status", 401, keyed("rehearsal-unknown-key"), 403, 401),
    (
        "aggregation_requires_write",
        "on",
        as_reader("POST", "aggregation", {"request": {"pipeline": [CONST]}}),
        200,
        403,
    ),
    ("readonly_write_status", 400, as_reader("POST", "segment/upload", {}), 403, 400),
    (
        "rate_limit_status",
        403,
        throttled,
        (429, '{"error":"too many requests"}'),
        (403, '{"error":"rateLimitExceeded"}'),
    ),
    ("retry_after_s", 9, retry_after, None, "9"),
    (
        "error_body",
        "message",
        error_body,
        '{"error":"no request with a pipeline"}',
        '{"message":"no request with a pipeline"}',
    ),
    (
        "error_body",
        "text",
        error_body,
        '{"error":"no request with a pipeline"}',
        "no request with a pipeline",
    ),
    ("error_body", "empty", error_body, '{"error":"no request with a pipeline"}', ""),
    *[("overrun", value, overrun, 408, value) for value in (504, 502, "reset")],
    ("overrun", "cut_body", overrun, 408, "cut"),
    (
        "report_unknown_status",
        400,
        lambda talk: talk.get("report/x/results.json").status_code,
        404,
        400,
    ),
    ("report_kind_status", 404, first_report("Funnels", "results.json"), 400, 404),
    (
        "report_fields",
        "absent",
        lambda talk: "fields" in talk.get("report").json()[0]["aggregation"],
        True,
        False,
    ),
    ("csv", "off", lambda talk: talk.aggregation(CONST, mimeType="text/csv").status_code, 200, 422),
    (
        "jsonl",
        "on",
        lambda talk: talk.aggregation(CONST, mimeType="application/jsonl").status_code,
        422,
        200,
    ),
    (
        "loose_envelope",
        "on",
        lambda talk: talk.post("aggregation", {"request": [CONST]}).status_code,
        422,
        200,
    ),
    (
        "loose_envelope",
        "on",
        lambda talk: (
            talk.post(
                "aggregation",
                {
                    "pipeline": [{"limit": 1}],
                    "source": {"pageEvents": None},
                    "timeSeries": YESTERDAY,
                },
            ).status_code
        ),
        422,
        200,
    ),
    (
        "empty_results",
        "null",
        lambda talk: talk.aggregation(*NOBODY).json(),
        {"results": []},
        {"results": None},
    ),
    ("empty_results", "absent", lambda talk: talk.aggregation(*NOBODY).json(), {"results": []}, {}),
    (
        "extra_top_keys",
        "on",
        lambda talk: "startTime" in talk.aggregation(CONST).json(),
        False,
        True,
    ),
    (
        "iterative_periods",
        "emit",
        status(events("pageEvents", days("now()", -2, "daily"))),
        422,
        200,
    ),
    (
        "last_included",
        "off",
        lambda talk: (
            len(
                talk.rows(
                    events("pageEvents", {"period": "dayRange", "first": NOW_MS, "last": NOW_MS})
                )
            )
            > 0
        ),
        True,
        False,
    ),
    ("timeseries_required", "on", status({"source": {"pageEvents": None}}), 200, 422),
    ("nested_timeseries", "reject", status({"source": LATE}), 200, 422),
    (
        "nested_timeseries",
        "apply",
        lambda talk: len(talk.rows({"source": LATE})) > 200,
        True,
        False,
    ),
    ("visitors_window", "ignore", lambda talk: len(talk.rows({"source": OLD})) > 200, False, True),
    (
        "event_class",
        "ignore",
        rows(
            events("events", YESTERDAY, eventClass=["nothing"]),
            {"limit": 1},
            {"select": {"x": "1"}},
        ),
        [],
        [{"x": 1}],
    ),
    (
        "email_events",
        "guide_like",
        lambda talk: len(talk.rows(events("emailEvents", days("now()", -7)))) > 0,
        False,
        True,
    ),
    ("unknown_stage_status", 400, status({"source": {"nonsense": None}}), 422, 400),
    ("unknown_stage_status", 400, status(CONST, {"nonsense": None}), 422, 400),
    (
        "per_app_key",
        "auto__id",
        visitor_groups,
        {"auto__323232", "auto_5629499534213120"},
        {"auto__323232", "auto__5629499534213120"},
    ),
    (
        "poll_event_type",
        "ui:web:pollResponse",
        lambda talk: {row["type"] for row in talk.rows(events("pollEvents", days("now()", -14)))},
        {"pollResponse"},
        {"ui:web:pollResponse"},
    ),
    (
        "single_host_field",
        "serverName",
        lambda talk: "serverName" in talk.rows(events("singleEvents", YESTERDAY), {"limit": 1})[0],
        False,
        True,
    ),
    (
        "object_filter",
        "accept",
        status(CONST, {"filter": {"field": "a", "operator": "==", "value": 1}}),
        400,
        200,
    ),
    ("set_operator", "reject", status(CONST, {"set": {"z": 1}}), 200, 422),
    ("skip_operator", "off", status(CONST, {"skip": 1}), 200, 422),
    (
        "join_mode",
        "inner",
        lambda talk: len(
            talk.rows(
                CONST,
                {"fork": [[{"cat": None}], [{"limit": 1}]]},
                {"join": {"fields": ["k"], "width": 2}},
            )
        ),
        2,
        1,
    ),
    (
        "null_compare",
        "zero",
        rows(CONST, {"filter": "a < 1"}, {"select": {"k": "k"}}),
        [],
        [{"k": "y"}],
    ),
    ("guide_state_param", "filter", lambda talk: guide_states(talk) == {"draft"}, False, True),
    ("guide_history", "wrapped", history, ("list", True), ("dict", True)),
    ("guide_history", "empty", history, ("list", True), ("list", False)),
    (
        "guide_write_body",
        "object",
        lambda talk: talk.post(f"guide/{guide_id(talk)}/reset", {}).content,
        b"",
        b"{}",
    ),
    ("segment_export", "on", exported, 404, 200),
    (
        "parent_account",
        "on",
        lambda talk: bool(talk.get("metadata/schema/parentAccount").json()),
        False,
        True,
    ),
    ("odd_schema_type", "on", schema_types, False, True),
    ("field_create_body", "object", lambda talk: bool(create_field(talk).content), False, True),
    ("field_delete_body", "object", lambda talk: bool(deleted(talk)), False, True),
    (
        "value_unknown",
        "null",
        lambda talk: (talk.value("nobody", "tier").status_code, talk.value("nobody", "tier").text),
        (404, ""),
        (200, "null"),
    ),
    (
        "bulk_empty_lists",
        "absent",
        lambda talk: "missing" in talk.write((BOB, {})).json(),
        True,
        False,
    ),
    ("bulk_empty_lists", "array", lambda talk: talk.write((BOB, {})).json()["missing"], None, []),
    *[
        (
            "bulk_error_item",
            style,
            lambda talk: talk.write((BOB, {"tier": 1})).json()["errors"][0],
            {"id": BOB, "error": "tier takes a string value"},
            item,
        )
        for style, item in (
            ("message", {"id": BOB, "message": "tier takes a string value"}),
            ("id_only", {"id": BOB}),
            ("string", f"{BOB}: tier takes a string value"),
        )
    ],
    ("bulk_408_applied", "part", timed_out, (408, False), (408, True)),
    ("create_scope", "agent", bulk(("new", {"tier": "x"}), query="?create=true"), (1, 0), (0, 1)),
    ("undefined_custom", "per_record", bulk((BOB, {"gone": "x"})), 400, (0, 1)),
    ("undefined_custom", "ignore", bulk((BOB, {"gone": "x"})), 400, (1, 0)),
    ("undefined_custom", "create", written({"gone": "x"}, "gone"), None, "x"),
    ("undefined_agent", 400, written({"fresh": "x"}, "fresh", "agent"), "x", None),
    ("type_mismatch", 400, bulk((BOB, {"tier": 1})), (0, 1), 400),
    ("type_mismatch", "coerce", written({"tier": 1}, "tier"), "gold", "1"),
    (
        "null_write",
        "ignore",
        lambda talk: written({"tier": None}, "tier")(talk) is None,
        True,
        False,
    ),
    ("null_write", "error", bulk((BOB, {"tier": None})), (1, 0), (0, 1)),
    (
        "bulk_duplicates",
        "first",
        lambda talk: (
            talk.write((BOB, {"score": 1}), (BOB, {"score": 2})),
            talk.value(BOB, "score").json(),
        )[1],
        2,
        1,
    ),
    ("bulk_duplicates", "error", bulk((BOB, {"score": 1}), (BOB, {"score": 2})), (2, 0), (1, 1)),
    ("agent_overwrite", "on", overwritten, False, True),
    ("readonly_group_status", 403, bulk((BOB, {"industry": "x"}), group="salesforce"), 400, 403),
    ("name_normalise", "lower_strip", created_name, ["new_field"], ["newfield"]),
    ("name_normalise", "lower", bulk((BOB, {"TIER": "x"})), 400, (1, 0)),
    ("write_bumps_lastupdated", "off", stamp, True, False),
    (
        "bulk_delete",
        "on",
        lambda talk: talk.post("bulkdelete/visitor", {"visitors": [BOB]}).status_code,
        404,
        200,
    ),
    ("track_body", "ok", tracked, b"", b'{"ok":true}'),
    (
        "long_string",
        "truncate",
        lambda talk: len(written({"tier": "x" * 2000}, "tier")(talk)),
        2000,
        1500,
    ),
    ("long_string", "per_record", bulk((BOB, {"tier": "x" * 2000})), (1, 0), (0, 1)),
    (
        "report_csv_header",
        "title",
        first_report("Saved Reports", "results.csv"),
        "visitorId,numEvents,numMinutes",
        "Visitor,Number of Events,Time on Site",
    ),
    (
        "sort_missing",
        "last",
        rows(CONST, {"sort": ["a"]}, {"select": {"k": "k"}}),
        [{"k": "y"}, {"k": "x"}],
        [{"k": "x"}, {"k": "y"}],
    ),
    ("field_duplicate", 400, created_twice, 200, 400),
    ("time_forms", "ms", bulk((BOB, {"renewal": "2026-01-31T00:00:00Z"})), (1, 0), (0, 1)),
    ("time_forms", "rfc3339", bulk((BOB, {"renewal": 1769817600000})), (1, 0), (0, 1)),
    ("bulk_max_records", 1, bulk((BOB, {}), ("v-102", {})), (2, 0), 400),
    ("bulk_max_bytes", 20, bulk((BOB, {})), (1, 0), 413),
    ("bulk_max_run_s", 0.0001, bulk((BOB, {})), (1, 0), 408),
    ("write_visible_after_s", 60, written({"tier": "gold!"}, "tier"), "gold!", "gold"),
    (
        "fault_429_every_n",
        2,
        lambda talk: [talk.get("page").status_code for _turn in "1234"].count(429),
        0,
        2,
    ),
    (
        "rate_limit_per_min",
        2,
        lambda talk: [talk.get("page").status_code for _turn in "1234"],
        [200] * 4,
        [200, 200, 429, 429],
    ),
    ("max_rows", 10, status({"source": {"visitors": None}}), 200, 408),
    ("max_output_bytes", 1000, status({"source": {"visitors": None}}), 200, 408),
    ("max_run_s", 0.001, status({"source": {"visitors": None}}), 200, 408),
    (
        "time_zone",
        "UTC",
        lambda talk: talk.rows(events("pageEvents", YESTERDAY), {"limit": 1})[0]["day"],
        1773028800000,
        1773014400000,
    ),
    (
        "seed_missing_lastupdated",
        "off",
        seeded(lambda row: bool(auto(row)) and "lastupdated" not in auto(row)),
        True,
        False,
    ),
    ("seed_dnp_without_auto", "off", seeded(lambda row: not auto(row)), True, False),
    ("seed_equal_timestamps", "off", equal_stamps, True, False),
    ("seed_quoted_ids", "off", seeded(lambda row: '"' in row["visitorId"]), True, False),
    (
        "seed_empty_account",
        "off",
        seeded(
            lambda row: (
                auto(row).get("accountid") == "" and not row["visitorId"].startswith("_PENDO")
            )
        ),
        True,
        False,
    ),
]


@pytest.mark.parametrize(
    ("name", "value", "look", "default", "changed"),
    EFFECTS,
    ids=[f"{name}-{value}" for name, value, *_rest in EFFECTS],
)
def test_a_switch_changes_what_it_says(
    talk: Talk, name: str, value: Any, look: Look, default: Any, changed: Any
) -> None:
    assert look(talk) == default
    talk.pendo.reset()
    talk.pendo.switches(**{name: value})

    assert look(talk) == changed


def test_a_reset_mid_body_is_seen_by_the_client(talk: Talk) -> None:
    talk.pendo.switches(reset_mid_body="on")

    with pytest.raises(requests.RequestException):
        talk.get("page")


def test_a_slow_answer_takes_as_long_as_the_switch_says(talk: Talk) -> None:
    talk.pendo.switches(slow_response_ms=120)
    begun = time.monotonic()
    talk.get("token/verify")

    assert time.monotonic() - begun >= 0.12


def test_a_written_value_becomes_visible_after_its_delay(talk: Talk) -> None:
    talk.pendo.switches(write_visible_after_s=0.05)
    talk.write((BOB, {"tier": "later"}))
    time.sleep(0.06)

    assert talk.value(BOB, "tier").json() == "later"


def test_periods_come_one_by_one_when_the_switch_lets_them(talk: Talk) -> None:
    talk.pendo.switches(iterative_periods="emit")

    periods = talk.rows(events("pageEvents", days("now()", -2, "daily")), {"count": None})

    assert [p["startTime"] for p in periods] == [1772946000000, 1773028800000]
    assert all(p["rows"][0]["count"] > 0 for p in periods)


def test_every_switch_is_looked_at() -> None:
    looked_at = {name for name, *_rest in EFFECTS}
    # Late rows are tested with the events, the other two above.
    elsewhere = {"late_events_h", "reset_mid_body", "slow_response_ms"}

    assert looked_at | elsewhere == {*CHOICES, *NUMBERS, "time_zone"}
    for name, value, *_rest in EFFECTS:
        assert name not in CHOICES or str(value) in map(str, CHOICES[name][1:])


@pytest.mark.parametrize("value", [name for name in CHOICES if len(CHOICES[name]) > 1])
def test_every_value_of_the_table_is_taken(talk: Talk, value: str) -> None:
    for choice in CHOICES[value]:
        talk.pendo.switches(**{value: choice})
        assert talk.pendo.switches()[value] == choice


@pytest.mark.parametrize(
    "wanted", [{"nonsense": 1}, {"csv": "maybe"}, {"max_rows": -1}, {"time_zone": "Mars/Olympus"}]
)
def test_a_switch_that_does_not_exist_is_refused_in_words(
    talk: Talk, wanted: dict[str, Any]
) -> None:
    with pytest.raises(SwitchError):
        talk.pendo.switches(**wanted)
    answer = requests.post(f"{talk.pendo.url}/_standin/switches", json=wanted)

    assert answer.status_code == 400
    assert len(answer.json()["error"].split()) > 3
