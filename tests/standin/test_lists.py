"""Reports, guides, pages and the other lists."""

import csv
import io

import pytest

from tests.standin.conftest import Talk


@pytest.mark.parametrize("path", ["page", "feature", "guide"])
def test_lists_honour_app_and_id(talk: Talk, path: str) -> None:
    default, every = talk.get(path).json(), talk.get(f"{path}?expand=*").json()
    second = next(thing for thing in every if thing["appId"] != -323232)

    assert {thing["appId"] for thing in default} == {-323232}
    assert len(every) > len(default)
    assert talk.get(f"{path}?appId={second['appId']}&unknown=1").json() == [
        thing for thing in every if thing["appId"] == second["appId"]
    ]
    wanted = f"{default[0]['id']},{second['id']}"
    assert [thing["id"] for thing in talk.get(f"{path}?id={wanted}").json()] == wanted.split(",")


def test_objects_carry_what_the_contract_lists(talk: Talk) -> None:
    page, feature = talk.get("page").json()[0], talk.get("feature").json()[0]
    common = {"id", "name", "appId", "kind", "createdAt", "createdByUser", "group", "color"}

    assert common | {"rules", "isAutoTagged"} <= set(page)
    assert common | {"pageId", "elementPathRules"} <= set(feature)
    assert {"trackTypeName"} <= set(talk.get("tracktype").json()[0])
    assert len(page["id"]) == 27
    assert not {"visitorCount", "viewedCount"} & set(page)


def test_reports_give_their_results_as_json_and_csv(talk: Talk) -> None:
    reports = talk.get("report").json()
    saved = [report for report in reports if report["type"] == "Saved Reports"]

    assert "schema" not in reports[0]
    for report in saved:
        names = [field["field"] for field in report["aggregation"]["fields"]]
        rows = talk.get(f"report/{report['id']}/results.json").json()
        lines = list(csv.reader(io.StringIO(talk.get(f"report/{report['id']}/results.csv").text)))
        assert rows
        assert list(rows[0]) == names == lines[0]
        assert len(lines) == len(rows) + 1


def test_a_guides_history_is_a_list_of_its_changes(talk: Talk) -> None:
    guide = next(g for g in talk.get("guide").json() if g["state"] == "public")

    history = talk.get(f"guide/{guide['id']}/history").json()

    assert [change["newState"] for change in history] == ["staged", "public"]
    assert set(history[0]) == {"ts", "type", "user", "oldState", "newState"}
    answer = talk.get("guide/nothing/history")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_guides_new_state_is_seen_in_list_and_history(talk: Talk) -> None:
    guide = next(g for g in talk.get("guide").json() if g["state"] == "public")

    assert talk.call("PUT", f"guide/{guide['id']}/state", json={"state": "disabled"}).ok

    assert talk.get(f"guide?id={guide['id']}").json()[0]["state"] == "disabled"
    assert talk.get(f"guide/{guide['id']}/history").json()[-1]["newState"] == "disabled"


def test_the_nps_guide_has_two_polls(talk: Talk) -> None:
    polls = next(g["polls"] for g in talk.get("guide").json() if g["name"] == "NPS survey")

    assert [poll["attributes"]["type"] for poll in polls] == ["NPSRating", "NPSReason"]


def test_a_segment_is_uploaded_changed_and_deleted(talk: Talk) -> None:
    identity = talk.post("segment/upload", {"name": "x", "visitors": ["v1"]}).json()["segmentId"]
    patch = [
        {"op": "add", "path": "/visitors", "value": ["v3"]},
        {"op": "remove", "path": "/visitors", "value": ["v1"]},
    ]

    told = talk.call("PATCH", f"segment/{identity}/visitor", json={"patch": patch}).json()

    assert [entry["status"] for entry in told["multistatus"]] == [200, 200]
    assert talk.get(f"segment/{identity}").json()["name"] == "x"
    assert talk.get(f"segment/{identity}/status").json() == {"status": "complete"}
    assert identity in {segment["id"] for segment in talk.get("segment").json()}
    assert talk.call("DELETE", f"segment/{identity}").ok
    assert talk.get(f"segment/{identity}").status_code == 404
    assert talk.post("segment/upload", {"name": "x", "visitors": []}).status_code == 400
