"""Bulk 2.0: jobs take their time, and their rows come back in another order (section 9)."""

import csv
import io
from typing import Any

import pytest

from tests.standin.salesforce.conftest import Talk, refused


def made(talk: Talk, operation: str, text: str, name: str = "CampaignMember") -> str:
    body = {"object": name, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
    job = talk.call("POST", "jobs/ingest", json=body).json()
    url = f"{talk.standin.url}/{job['contentUrl']}"
    assert talk.session.put(url, data=text.encode()).status_code == 201
    closed = talk.call("PATCH", f"jobs/ingest/{job['id']}", json={"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"
    return str(job["id"])


def finished(talk: Talk, path: str) -> dict[str, Any]:
    while (told := talk.get(path).json())["state"] not in ("JobComplete", "Failed"):
        assert told["state"] in ("UploadComplete", "InProgress")
    assert isinstance(told, dict)
    return told


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_job_inserts_and_says_of_each_row_what_became_of_it(talk: Talk) -> None:
    campaign, leads = talk.campaign("Win-back"), talk.outsiders("Win-back")[:3]
    lines = [f"{campaign},{lead},Attended" for lead in leads]
    job = made(talk, "insert", "\n".join(["CampaignId,LeadId,Status", *lines, lines[0], ""]))
    assert len(talk.members("Win-back")) == 15

    told = finished(talk, f"jobs/ingest/{job}")

    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (4, 1)
    good = table(talk.get(f"jobs/ingest/{job}/successfulResults/").text)
    bad = table(talk.get(f"jobs/ingest/{job}/failedResults/").text)
    assert [row["LeadId"] for row in good] == leads[::-1]
    assert all(row["sf__Created"] == "true" and row["sf__Id"] for row in good)
    assert bad[0]["sf__Error"] == "DUPLICATE_VALUE:Already a campaign member.:--"
    assert len(talk.members("Win-back")) == 18


def test_an_empty_cell_says_nothing_and_a_mark_clears(talk: Talk) -> None:
    lead = talk.one("SELECT Id, Title FROM Lead WHERE IsConverted = false LIMIT 1")
    job = made(talk, "update", f"Id,Title,Email\n{lead['Id']},,#N/A\n", "Lead")

    finished(talk, f"jobs/ingest/{job}")

    after = talk.one(f"SELECT Title, Email FROM Lead WHERE Id = '{lead['Id']}'")
    assert (after["Title"], after["Email"]) == (lead["Title"], None)


def test_a_job_is_not_complete_at_once(talk: Talk) -> None:
    talk.standin.switches(bulk_poll_states=3)
    job = made(talk, "update", "Id,Title\n", "Lead")

    states = [talk.get(f"jobs/ingest/{job}").json()["state"] for _ in range(4)]

    assert states == ["InProgress"] * 3 + ["JobComplete"]


def test_a_query_job_pages_its_rows(talk: Talk) -> None:
    body = {"operation": "query", "query": "SELECT Id, Lead.Email FROM CampaignMember ORDER BY Id"}
    job = talk.call("POST", "jobs/query", json=body).json()["id"]
    assert talk.get(f"jobs/query/{job}/results").status_code == 404
    finished(talk, f"jobs/query/{job}")

    rows, locator = [], ""
    while locator != "null":
        params = {"maxRecords": 200, **({"locator": locator} if locator else {})}
        page = talk.get(f"jobs/query/{job}/results", params=params)
        rows += table(page.text)
        assert int(page.headers["Sforce-NumberOfRecords"]) <= 200
        locator = page.headers["Sforce-Locator"]

    assert [row["Id"] for row in rows] == [
        row["Id"] for row in talk.rows("SELECT Id FROM CampaignMember ORDER BY Id")
    ]
    assert "Lead.Email" in rows[0]
    other = f"{talk.standin.url}/services/data/v65.0/jobs/query/{job}/results"
    assert talk.session.get(other).status_code == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "XYZZY", "operation": "insert"}, "INVALID_TYPE"),
        ({"object": "Lead", "operation": "dance"}, "INVALIDJOB"),
        ({"object": "CampaignMember", "operation": "upsert"}, "INVALID_FIELD"),
    ],
)
def test_an_impossible_job_is_refused(talk: Talk, body: dict[str, str], code: str) -> None:
    assert refused(talk.call("POST", "jobs/ingest", json=body)) == (400, code)


def test_an_aborted_job_wrote_nothing_and_takes_no_second_upload(talk: Talk) -> None:
    body = {"object": "Lead", "operation": "insert"}
    job = talk.call("POST", "jobs/ingest", json=body).json()
    path = f"jobs/ingest/{job['id']}"
    assert refused(talk.call("PATCH", path, json={"state": "UploadComplete"})) == (
        400,
        "INVALIDJOBSTATE",
    )
    text = b"LastName,Company\nNew,Firm\n"
    assert talk.call("PUT", f"{path}/batches", data=text).status_code == 201
    assert talk.call("PUT", f"{path}/batches", data=text).status_code == 400

    assert talk.call("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"

    assert talk.get(path).json()["state"] == "Aborted"
    assert talk.count("SELECT COUNT() FROM Lead WHERE LastName = 'New'") == 0
    assert talk.call("DELETE", path).status_code == 204
    assert talk.get(path).status_code == 404
