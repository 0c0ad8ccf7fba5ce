"""Metadata: the schema, fields made and deleted, values written and read back."""

import base64
from typing import Any

import pytest
from requests import Response

from tests.standin.conftest import NOW_MS, Talk

BOB = "v-101"
SCORE = {"name": "predict_score", "displayname": "Score", "type": "number"}


def make(talk: Talk, *fields: dict[str, Any]) -> Response:
    return talk.post("metadata/schema/visitor/custom", list(fields))


def custom(talk: Talk, identity: str) -> dict[str, Any]:
    """The custom values a visitor has, as aggregation gives them."""
    escaped = identity.replace("\\", "\\\\").replace('"', '\\"')
    (row,) = talk.rows(
        {"source": {"visitors": {"appId": 'expandAppIds("*")'}}},
        {"filter": f'visitorId == "{escaped}"'},
    )
    group = row["metadata"].get("custom", {})
    assert isinstance(group, dict)
    return group


def test_the_schema_describes_every_group(talk: Talk) -> None:
    schema = talk.get("metadata/schema/visitor").json()

    types = {field["Type"] for group in schema.values() for field in group.values()}
    assert {"auto", "agent", "custom", "pendo", "salesforce"} == set(schema)
    assert types == {"string", "integer", "float", "boolean", "time", "list"}
    assert {"Type", "DisplayName", "isDeleted", "isPerApp"} <= set(schema["auto"]["firstvisit"])
    assert "lastupdated" not in schema["auto"]


def test_an_unknown_kind_has_an_empty_schema(talk: Talk) -> None:
    answer = talk.get("metadata/schema/guide")

    assert (answer.status_code, answer.json()) == (200, {})


def test_a_field_is_made_written_read_back_and_deleted(talk: Talk) -> None:
    assert talk.write((BOB, {"predict_score": 0.5})).status_code == 400
    assert (make(talk, SCORE).status_code, make(talk, SCORE).content) == (200, b"")
    made = talk.get("metadata/schema/visitor").json()["custom"]["predict_score"]

    answer = talk.write((BOB, {"predict_score": 0.5}))

    assert made["DisplayName"] == "Score"
    assert answer.json() == {
        "total": 1,
        "updated": 1,
        "failed": 0,
        "missing": None,
        "errors": None,
        "kind": "visitor",
    }
    assert custom(talk, BOB)["predict_score"] == 0.5
    assert talk.value(BOB, "predict_score").json() == 0.5
    assert talk.call("DELETE", "metadata/schema/visitor/custom/predict_score").status_code == 200
    assert "predict_score" not in custom(talk, BOB)
    assert talk.get("metadata/schema/visitor").json()["custom"]["predict_score"]["isDeleted"]
    make(talk, SCORE)
    assert custom(talk, BOB)["predict_score"] == 0.5


@pytest.mark.parametrize(
    "field",
    [{"name": "1st", "type": "string"}, {"name": "x", "type": "list"}, {"type": "string"}, "x"],
)
def test_a_bad_field_is_refused(talk: Talk, field: Any) -> None:
    assert make(talk, field).status_code == 400


def test_a_bulk_write_counts_what_it_did(talk: Talk) -> None:
    answer = talk.write((BOB, {"tier": "gold"}), ("v-404", {"tier": "x"}), ("v-102", {"tier": 7}))

    told = answer.json()
    assert answer.status_code == 200
    assert (told["total"], told["updated"], told["failed"]) == (3, 1, 2)
    assert told["missing"] == ["v-404"]
    assert [set(error) for error in told["errors"]] == [{"id", "error"}]
    assert custom(talk, BOB)["tier"] == "gold"


def test_a_sparse_update_touches_only_the_fields_sent(talk: Talk) -> None:
    before = custom(talk, BOB)

    talk.write((BOB, {"score": 99}))

    assert custom(talk, BOB) == before | {"score": 99}


def test_every_type_is_written_and_read_back(talk: Talk) -> None:
    values = {
        "tier": 'gøld ☃ "x" \\',
        "score": 12,
        "healthscore": 12.25,
        "betatester": True,
        "renewal": "2026-01-31T00:00:00Z",
    }

    assert talk.write((BOB, values)).json()["updated"] == 1

    assert custom(talk, BOB) | {"interests": 0} == custom(talk, BOB) | values | {
        "renewal": 1769817600000,
        "interests": 0,
    }


@pytest.mark.parametrize(
    "identity", ['O"Neil', "back\\slash", "a/b/c", "00042", "山田太郎", "per%cent", "case-a"]
)
def test_awkward_ids_are_written_and_read_one_by_one(talk: Talk, identity: str) -> None:
    coded = base64.b64encode(identity.encode()).decode().replace("/", "_").replace("+", "-")
    header = {"x-pendo-base64-encoded-params": "true"}
    path = f"metadata/visitor/custom/value/{coded}/tier"

    assert talk.call("PUT", path, json="platinum", headers=header).status_code == 200

    assert talk.get(path, headers=header).json() == "platinum"
    assert custom(talk, identity)["tier"] == "platinum"
    assert talk.get(f"visitor/{coded}", headers=header).json()["id"] == identity


def test_ids_are_told_apart_by_case(talk: Talk) -> None:
    talk.write(("Case-A", {"score": 1}), ("case-a", {"score": 2}))

    assert (custom(talk, "Case-A")["score"], custom(talk, "case-a")["score"]) == (1, 2)


def test_unknown_ids_are_created_only_on_request(talk: Talk) -> None:
    assert talk.write(("new", {"tier": "gold"})).json()["missing"] == ["new"]

    assert talk.write(("new", {"tier": "gold"}), query="?create=true").json()["updated"] == 1

    assert custom(talk, "new") == {"tier": "gold"}


@pytest.mark.parametrize(
    "body", [{}, [1], [{"visitorId": BOB}], [{"values": {}}], [{"visitorId": BOB, "values": 3}]]
)
def test_a_malformed_bulk_body_is_refused_whole(talk: Talk, body: Any) -> None:
    assert talk.post("metadata/visitor/custom/value", body).status_code == 400


def test_only_flags_of_the_pendo_group_can_be_written(talk: Talk) -> None:
    path = "metadata/visitor/pendo/value"

    assert talk.call("PUT", f"{path}/{BOB}/donotprocess", json=True).status_code == 200
    assert talk.call("PUT", f"{path}/{BOB}/designerenabled", json=True).status_code == 400
    ids = {row["visitorId"] for row in talk.rows({"source": {"visitors": None}})}
    assert BOB not in ids


def test_accounts_are_written_like_visitors(talk: Talk) -> None:
    body = [{"accountId": "acme", "values": {"planlevel": "pro"}}]

    assert talk.post("metadata/account/custom/value", body).json()["kind"] == "account"
    assert talk.get("account/acme").json()["metadata"]["custom"]["planlevel"] == "pro"


def test_a_write_moves_lastupdated(talk: Talk) -> None:
    talk.write((BOB, {"tier": "gold"}))

    assert talk.get(f"visitor/{BOB}").json()["metadata"]["auto"]["lastupdated"] == NOW_MS


def test_a_visitor_has_a_history_of_a_day(talk: Talk) -> None:
    day = {"period": "dayRange", "first": "now()", "count": -1}
    row = talk.rows({"source": {"events": None, "timeSeries": day}}, {"limit": 1})[0]
    path = f"visitor/{row['visitorId'].replace('/', '%2F')}/history"

    found = talk.get(f"{path}?starttime={row['day']}").json()

    assert len(found) >= row["numEvents"]
    assert {"type", "ts", "lastTs", "duration", "parsedUserAgent", "appId"} <= set(found[0])
    assert talk.get(f"{path}?starttime=yesterday").status_code == 422
