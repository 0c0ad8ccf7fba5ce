"""Pipelines over HTTP: the envelope, every operator, every source."""

from typing import Any

import pytest

from tests.standin.conftest import EVERY_APP, NOW_MS, Talk, days, events

VISITORS = {"source": {"visitors": EVERY_APP}}
ACCOUNTS = {"source": {"accounts": EVERY_APP}}
ROWS = {
    "source": {
        "const": [
            {"k": "a", "n": 1, "tags": ["x", "y"], "in": {"deep": 1}},
            {"k": "b", "n": 2, "tags": []},
            {"k": "a", "n": 3, "ua": "Mozilla/5.0 (X11; Linux) Firefox/122.0"},
            {"k": None, "n": None},
        ]
    }
}


@pytest.mark.parametrize(
    "body",
    [
        {"count": "*"},
        {"pipeline": [ACCOUNTS]},
        {"request": [ACCOUNTS]},
        {"request": {"pipeline": {"source": {"accounts": None}}}},
        {"request": {"pipeline": [{"limit": 1}], "source": {"accounts": None}}},
        {"request": {"pipeline": [ACCOUNTS], "timeSeries": days("now()", -1)}},
        {"request": {"pipeline": []}},
        {"request": {"pipeline": [{"filter": "true"}]}},
        {"request": {"pipeline": [ACCOUNTS, {"limit": 1, "skip": 1}]}},
        [],
    ],
)
def test_a_body_outside_the_envelope_is_422_json_without_a_message(talk: Talk, body: Any) -> None:
    answer = talk.post("aggregation", body)

    assert answer.status_code == 422
    assert "message" not in answer.json()


def test_unknown_extra_keys_are_ignored(talk: Talk) -> None:
    request = {"name": "", "requestId": "r", "sort": ["x"], "pipeline": [ACCOUNTS, {"limit": 1}]}

    answer = talk.post("aggregation", {"response": {}, "request": request, "channelId": ""})

    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()["results"]) == 1


@pytest.mark.parametrize(
    "text", ['visitorId in ["a"]', "visitorId ==", 'visitorId == "a', "nope(visitorId)", 7]
)
def test_a_filter_that_does_not_parse_is_400_in_plain_text(talk: Talk, text: Any) -> None:
    answer = talk.aggregation(VISITORS, {"filter": text})

    assert (answer.status_code, answer.text) == (400, "Cannot parse filter expression")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "stage",
    [
        {"limit": -1},
        {"limit": "5"},
        {"select": "k"},
        {"group": {"group": ["k"], "fields": {"x": {"nope": "n"}}}},
        {"reduce": {"x": 5}},
        {"bulkExpand": {"v": {"dog": "k"}}},
        {"segment": {"id": "nope"}},
        {"nonsense": None},
        {"join": {}},
    ],
)
def test_a_stage_that_makes_no_sense_is_422(talk: Talk, stage: dict[str, Any]) -> None:
    assert talk.aggregation(ROWS, stage).status_code == 422


@pytest.mark.parametrize(
    "stage",
    [
        {"source": {"nonsense": None}},
        {"source": {"pageEvents": None, "timeSeries": {"period": "dayRange"}}},
        {"source": {"visitors": None, "accounts": None}},
        {"source": {"visitors": 5}},
        {"source": None},
    ],
)
def test_a_source_that_makes_no_sense_is_422(talk: Talk, stage: dict[str, Any]) -> None:
    assert talk.aggregation(stage).status_code == 422


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([{"filter": "n >= 2"}, {"select": {"n": "n"}}], [{"n": 2}, {"n": 3}]),
        (
            [{"sort": ["-n"]}, {"select": {"n": "n"}}],
            [{"n": 3}, {"n": 2}, {"n": 1}, {"n": None}],
        ),
        (
            [{"sort": ["k", "-n"]}, {"select": {"n": "n"}}],
            [{"n": None}, {"n": 3}, {"n": 1}, {"n": 2}],
        ),
        ([{"limit": 1}, {"select": {"k": "k", "gone": "gone"}}], [{"k": "a", "gone": None}]),
        ([{"skip": 3}, {"select": {"k": "k"}}], [{"k": None}]),
        ([{"count": None}], [{"count": 4}]),
        ([{"cat": None}, {"count": None}], [{"count": 4}]),
        (
            [{"eval": {"out.twice": "n * 2"}}, {"select": {"out": "out"}}, {"limit": 1}],
            [{"out": {"twice": 2}}],
        ),
        ([{"set": {"c": "x"}}, {"select": {"c": "c"}}, {"limit": 1}], [{"c": "x"}]),
        (
            [
                {
                    "group": {
                        "group": ["k"],
                        "fields": {
                            "rows": {"count": None},
                            "sum": {"sum": "n"},
                            "all": {"list": "n"},
                        },
                    }
                }
            ],
            [
                {"k": None, "rows": 1, "sum": 0, "all": []},
                {"k": "a", "rows": 2, "sum": 4, "all": [1, 3]},
                {"k": "b", "rows": 1, "sum": 2, "all": [2]},
            ],
        ),
        (
            [
                {
                    "reduce": {
                        "least": {"min": "n"},
                        "most": {"max": "n"},
                        "mean": {"avg": "n"},
                        "kinds": {"count": "k"},
                        "pairs": {"count": ["k", "n"]},
                        "first": {"first": "k"},
                        "middle": {"median": "n"},
                        "big": {"countIf": "n > 1"},
                        "spread": {"var": "n"},
                    }
                }
            ],
            [
                {
                    "least": 1,
                    "most": 3,
                    "mean": 2,
                    "kinds": 2,
                    "pairs": 3,
                    "first": "a",
                    "middle": 2,
                    "big": 2,
                    "spread": pytest.approx(2 / 3),
                }
            ],
        ),
        (
            [{"unwind": {"field": "tags", "index": "i"}}, {"select": {"t": "tags", "i": "i"}}],
            [{"t": "x", "i": 0}, {"t": "y", "i": 1}],
        ),
        ([{"unwind": {"field": "tags", "keepEmpty": True}}, {"count": None}], [{"count": 5}]),
        (
            [{"fork": [[{"filter": "n == 1"}], [{"count": None}]]}, {"select": {"c": "count"}}],
            [{"c": None}, {"c": 4}],
        ),
        (
            [
                {"switch": {"say": {"n": [{"value": "one", "==": 1}, {"value": "more", ">": 1}]}}},
                {"select": {"say": "say"}},
            ],
            [{"say": "one"}, {"say": "more"}, {"say": "more"}, {"say": None}],
        ),
        (
            [{"useragent": {"u": "ua"}}, {"filter": "n == 3"}, {"select": {"u": "u"}}],
            [{"u": {"name": "Firefox", "version": "122.0", "os": "Linux"}}],
        ),
        (
            [
                {"eval": {"text": '"[1, 2]"'}},
                {"unmarshal": "text"},
                {"limit": 1},
                {"select": {"t": "text[1]"}},
            ],
            [{"t": 2}],
        ),
    ],
)
def test_each_operator_does_what_the_contract_says(
    talk: Talk, stages: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert talk.rows(ROWS, *stages) == expected


def test_spawn_and_join_put_two_questions_into_one_row(talk: Talk) -> None:
    def counted(source: str, alias: str) -> list[dict[str, Any]]:
        fields = {alias: {"sum": "numEvents"}}
        group = {"group": {"group": ["visitorId"], "fields": fields}}
        return [events(source, days("now()", -7)), group]

    rows = talk.rows(
        {"spawn": [counted("pageEvents", "views"), counted("featureEvents", "clicks")]},
        {"join": {"fields": ["visitorId"], "width": 2}},
    )

    assert len({row["visitorId"] for row in rows}) == len(rows)
    assert any("views" in row and "clicks" in row for row in rows)
    assert any("views" in row and "clicks" not in row for row in rows)


def test_merge_looks_things_up_in_another_pipeline(talk: Talk) -> None:
    rows = talk.rows(
        {"source": {"const": [{"accountId": "acme"}, {"accountId": "nobody"}]}},
        {
            "merge": {
                "fields": ["accountId"],
                "mappings": {"name": "metadata.agent.name"},
                "pipeline": [ACCOUNTS],
            }
        },
    )

    assert rows[0]["name"]
    assert rows[1] == {"accountId": "nobody", "name": None}


def test_expansions_attach_metadata_and_pages(talk: Talk) -> None:
    rows = talk.rows(
        events("pageEvents", days("now()", -2)),
        {"identified": "visitorId"},
        {"bulkExpand": {"visitor": {"visitor": "visitorId"}}},
        {"expand": {"page": {"page": "pageId"}}},
        {"select": {"seen": "visitor.auto.lastvisit", "name": "page.name"}},
        {"limit": 5},
    )

    assert all(isinstance(row["seen"], int) and row["name"] for row in rows)


def test_the_segment_operator_keeps_its_members(talk: Talk) -> None:
    segment = talk.post("segment/upload", {"name": "two", "visitors": ["v-101", "v-102"]}).json()

    rows = talk.rows(VISITORS, {"segment": {"id": segment["segmentId"]}})

    assert sorted(row["visitorId"] for row in rows) == ["v-101", "v-102"]


def test_only_the_default_app_unless_told(talk: Talk) -> None:
    two_days = days("now()", -2)

    def apps(app: Any) -> set[int]:
        params = {} if app is None else {"appId": app}
        rows = talk.rows({"source": {"pageEvents": params, "timeSeries": two_days}})
        return {row["appId"] for row in rows}

    second = next(iter(apps('expandAppIds("*")') - {-323232}))
    assert apps(None) == {-323232}
    assert apps("expandAppIds(`*`)") == {-323232, second}
    assert apps(second) == apps([str(second)]) == {second}
    assert apps([404]) == set()


def test_visitors_come_with_all_their_metadata(talk: Talk) -> None:
    rows = talk.rows(VISITORS, {"identified": "visitorId"})
    fields = {
        (group, name)
        for row in rows
        for group in row["metadata"]
        for name in row["metadata"][group]
    }

    assert {"auto", "auto__323232", "agent", "custom", "pendo", "salesforce"} <= {
        g for g, _n in fields
    }
    assert len(fields) >= 35
    kinds = {type(row["metadata"].get("custom", {}).get("healthscore")) for row in rows}
    assert float in kinds
    assert all("predict" not in name for _group, name in fields)


def test_awkward_people_are_there_from_the_start(talk: Talk) -> None:
    rows = talk.rows({"source": {"visitors": EVERY_APP | {"blacklist": "ignore"}}})
    ids = {row["visitorId"] for row in rows}
    stamps = [row["metadata"].get("auto", {}).get("lastupdated") for row in rows]

    assert {'O"Neil', "back\\slash", "a/b/c", "00042", "42", "Case-A", "case-a"} <= ids
    assert any(identity.startswith("_PENDO_T_") for identity in ids)
    assert any(not identity.isascii() for identity in ids)
    assert None in stamps
    assert max(stamps.count(stamp) for stamp in set(stamps) - {None}) >= 20
    assert any(row["metadata"].get("auto", {}).get("accountid") == "" for row in rows)
    assert any("auto" not in row["metadata"] for row in rows)


def test_excluded_people_are_left_out_unless_asked_for(talk: Talk) -> None:
    def ids(**params: Any) -> set[str]:
        rows = talk.rows({"source": {"visitors": EVERY_APP | params}})
        return {row["visitorId"] for row in rows}

    only = ids(blacklist="only")
    assert only
    assert only == {
        r["visitorId"] for r in talk.rows({"source": {"doNotProcessVisitors": EVERY_APP}})
    }
    assert ids() == ids(blacklist="apply") == ids(blacklist="ignore") - only
    seen = {row["visitorId"] for row in talk.rows(events("events", days("now()", -14)))}
    assert not seen & only


def test_every_visitor_is_found_once_by_paging_over_the_escaped_id(talk: Talk) -> None:
    every = [row["visitorId"] for row in talk.rows(VISITORS)]
    found: list[str] = []
    last = ""
    while True:
        escaped = last.replace("\\", "\\\\").replace('"', '\\"')
        page = talk.rows(
            VISITORS, {"sort": ["visitorId"]}, {"filter": f'visitorId > "{escaped}"'}, {"limit": 23}
        )
        found += [row["visitorId"] for row in page]
        if len(page) < 23:
            break
        last = found[-1]

    assert found == sorted(every, key=str.encode)
    assert len(set(found)) == len(every)


def test_a_thousand_ids_fit_into_one_filter(talk: Talk) -> None:
    text = " || ".join(f'visitorId == "v-{number}"' for number in range(3000))

    found = talk.rows(VISITORS, {"filter": text})

    assert len(found) > 200
    assert found == talk.rows(
        VISITORS,
        {"eval": {"x": "split(visitorId, `,`)"}},
        {"filter": text},
        {"eval": {"x": "null"}},
    )


def test_a_number_out_of_range_is_422(talk: Talk) -> None:
    product = " * ".join(["metadata.auto.lastvisit"] * 3)

    assert talk.aggregation(VISITORS, {"filter": f"{product} > 1"}).status_code == 422


@pytest.mark.parametrize("who", ["visitorId", "!visitorId"])
def test_identified_keeps_one_side(talk: Talk, who: str) -> None:
    rows = talk.rows(VISITORS, {"identified": who})

    anonymous = {row["visitorId"].startswith("_PENDO_T_") for row in rows}
    assert anonymous == {who.startswith("!")}


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("pages", {"id", "name", "rules", "group", "createdByUser"}),
        ("features", {"id", "pageId", "elementPathRules"}),
        ("trackTypes", {"id", "trackTypeName"}),
        ("guides", {"id", "state", "steps", "polls"}),
        ("groups", {"id", "name"}),
        ("apps", {"id", "name", "platform"}),
        ("guidesSeenEver", {"visitorId", "guideId", "firstSeenAt", "seenCount", "lastState"}),
        ("pollsSeenEver", {"visitorId", "guideId", "pollId", "response", "time"}),
    ],
)
def test_each_plain_source_gives_its_fields(talk: Talk, source: str, fields: set[str]) -> None:
    rows = talk.rows({"source": {source: EVERY_APP}})

    assert rows
    assert fields <= set(rows[0])


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("events", {"pageId", "day", "numEvents", "numMinutes", "firstTime", "lastTime"}),
        ("pageEvents", {"pageId", "day", "server", "remoteIp", "userAgent", "visitorId"}),
        ("featureEvents", {"featureId", "day"}),
        ("trackEvents", {"trackTypeId", "properties"}),
        ("guideEvents", {"guideId", "guideStepId", "guideTimestamp", "serverName", "type"}),
        ("pollEvents", {"pollId", "pollType", "pollResponse", "browserTime"}),
        ("singleEvents", {"browserTime", "url", "eventId", "server", "latitude"}),
        ("rawEvents", {"browserTime", "type", "userAgent"}),
        ("guidesSeen", {"lastSeenAt"}),
        ("pollsSeen", {"pollResponse"}),
        ("timespan", {"activeDays", "firstTime", "lastTime"}),
    ],
)
def test_each_event_source_gives_its_fields(talk: Talk, source: str, fields: set[str]) -> None:
    rows = talk.rows(events(source, days("now()", -14)))

    assert rows
    assert fields <= set(rows[0])
    assert ("day" in rows[0]) == ("numEvents" in rows[0])


@pytest.mark.parametrize("source", ["recordingMetadata", "agenticEvents", "pes", "emailEvents"])
def test_sources_of_products_not_bought_are_empty(talk: Talk, source: str) -> None:
    assert talk.rows(events(source, days("now()", -7))) == []


def test_an_aggregation_asks_for_csv(talk: Talk) -> None:
    answer = talk.aggregation(
        ACCOUNTS,
        {"sort": ["accountId"]},
        {"select": {"who": "accountId", "plan": "metadata.custom.planlevel"}},
        {"limit": 2},
        mimeType="text/csv",
    )

    lines = answer.text.splitlines()
    assert (lines[0], len(lines)) == ("who,plan", 3)


def test_monthly_active_users_by_the_documented_body(talk: Talk) -> None:
    series = days("now() - 30 * 1000 * 60 *60 * 24", 30)

    rows = talk.rows(
        events("events", series),
        {"identified": "visitorId"},
        {"reduce": {"uniqueVisitors": {"count": "visitorId"}}},
    )

    assert 100 < rows[0]["uniqueVisitors"] <= 300


def test_the_documented_bounded_body_works(talk: Talk) -> None:
    first, last = NOW_MS - 86_400_000, NOW_MS - 3_600_000
    rows = talk.rows(
        events("pageEvents", {"period": "hourRange", "first": str(first), "last": str(last)}),
        {"filter": f"lastTime >= {first} && hour < {last} && lastTime <= {last}"},
        {"sort": ["lastTime", "pageId"]},
        {"limit": 50000},
    )

    assert rows
    assert [row["lastTime"] for row in rows] == sorted(row["lastTime"] for row in rows)
    assert all(first <= row["lastTime"] <= last for row in rows)
