"""Calls are counted, and faults come as asked (contract, sections 2, 10, 11 and 15)."""

import socket
from itertools import pairwise
from typing import Any

import pytest
import requests

from tests.standin.conftest import NOW
from tests.standin.salesforce.conftest import Talk, refused
from workbench.standin.control import ActError
from workbench.standin.salesforce.ids import PREFIXES, full
from workbench.standin.salesforce.standin import SalesforceStandIn
from workbench.standin.switchboard import SwitchError

LIMITS = "limits"


def usage(answer: requests.Response) -> int:
    text = answer.headers["Sforce-Limit-Info"]
    return int(text.removeprefix("api-usage=").partition("/")[0])


def test_every_answer_says_how_many_calls_were_used(talk: Talk) -> None:
    used = [usage(talk.get(LIMITS)), usage(talk.query("SELECT Nothing FROM Lead"))]

    assert used == [1, 2]
    left = talk.get(LIMITS).json()["DailyApiRequests"]
    assert left == {"Max": 15_000, "Remaining": 14_997}
    assert talk.standin.stats()["api_calls"] == 3


def test_the_header_can_go_backwards(talk: Talk) -> None:
    talk.standin.switches(usage_jitter=10)
    talk.standin.act({"do": "use_calls", "calls": 100})

    used = [usage(talk.get(LIMITS)) for _ in range(40)]

    steps = [after - before for before, after in pairwise(used)]
    assert min(steps) < 0 < max(steps)
    assert all(100 + n - 10 <= shown <= 100 + n for n, shown in enumerate(used, start=1))


def test_the_limit_is_of_any_24_hours(talk: Talk) -> None:
    talk.standin.switches(daily_limit=5)
    talk.standin.act({"do": "use_calls", "calls": 4})
    assert talk.get(LIMITS).status_code == 200

    assert refused(talk.get(LIMITS)) == (403, "REQUEST_LIMIT_EXCEEDED")
    talk.standin.act({"do": "move_clock", "hours": 24})
    talk.login()

    assert talk.get(LIMITS).status_code == 200


def test_a_composite_may_cost_its_parts(talk: Talk) -> None:
    talk.standin.switches(composite_cost="per_subrequest")
    part = {"method": "GET", "url": "/services/data/v66.0/limits"}
    parts = [{**part, "referenceId": f"r{n}"} for n in range(4)]

    talk.call("POST", "composite", json={"compositeRequest": parts})

    assert talk.standin.stats()["api_calls"] == 4


def test_bulk_calls_may_be_free(talk: Talk) -> None:
    talk.get("jobs/ingest")
    talk.standin.switches(bulk_counts="off")
    talk.get("jobs/ingest")

    assert talk.standin.stats()["api_calls"] == 1


def test_faults_that_come_every_so_often(talk: Talk) -> None:
    talk.standin.switches(unavailable_every_n=3)
    assert [talk.get(LIMITS).status_code for _ in range(6)] == [200, 200, 503] * 2
    talk.standin.switches(unavailable_every_n=0, query_timeout_every_n=2)
    asked = [talk.query("SELECT Id FROM Campaign") for _ in range(2)]
    assert asked[0].status_code == 200
    assert refused(asked[1]) == (400, "QUERY_TIMEOUT")
    talk.standin.switches(query_timeout_every_n=0, refuse_every_n=1, limit_kind="concurrent")
    assert "ConcurrentRequests" in talk.get(LIMITS).json()[0]["message"]


def test_limits_may_be_forbidden_and_the_header_still_comes(talk: Talk) -> None:
    talk.standin.switches(limits_forbidden="on")

    answer = talk.get(LIMITS)

    assert answer.status_code == 403
    assert usage(answer) == 1


def test_weather_breaks_an_answer_after_the_write_was_done(talk: Talk) -> None:
    talk.standin.weather([{"fault": "reset", "method": "POST", "times": 1}])

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        talk.create("Campaign", Name="Half heard")

    assert talk.count("SELECT COUNT() FROM Campaign WHERE Name = 'Half heard'") == 1
    talk.standin.weather([{"fault": "5xx", "times": 1}])
    assert refused(talk.create("Campaign", Name="Unheard")) == (503, "SERVER_UNAVAILABLE")
    assert talk.count("SELECT COUNT() FROM Campaign WHERE Name = 'Unheard'") == 0


def test_a_compressed_answer_is_the_same(talk: Talk) -> None:
    plain = talk.query("SELECT Id FROM Lead")
    packed = talk.query("SELECT Id FROM Lead", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_ids_are_valid_and_of_their_object(talk: Talk) -> None:
    assert full("001D000000IqhSL") == "001D000000IqhSLIAZ"
    for name in ("Campaign", "CampaignMember", "Lead", "Contact", "User"):
        ids = [row["Id"] for row in talk.rows(f"SELECT Id FROM {name}")]
        assert all(one.startswith(PREFIXES[name]) and full(one[:15]) == one for one in ids)
        assert len(set(ids)) == len(ids) > 0


def test_stats_count_by_endpoint_without_ids(talk: Talk) -> None:
    talk.standin.switches(page_rows=200)
    talk.rows("SELECT Id FROM CampaignMember")
    talk.get(f"sobjects/Campaign/{talk.campaign('Win-back')}")

    requests_made = talk.standin.stats()["requests"]

    assert requests_made["GET query"] == 2
    assert requests_made["GET query/{locator}"] == 2
    assert requests_made["GET sobjects/Campaign/{id}"] == 1


def test_it_listens_on_this_machine_only(org: SalesforceStandIn) -> None:
    assert org.url.startswith("http://127.0.0.1:")
    port = int(org.url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError):
        # The whole network 127/8 is this machine; only one address of it answers.
        other.connect(("127.0.0.2", port))


def test_the_door_moves_switches_and_lets_people_act(talk: Talk) -> None:
    def door(name: str, body: Any) -> requests.Response:
        return requests.post(f"{talk.standin.url}/_standin/{name}", json=body)

    assert door("switches", {"hidden_fields": ["Lead.Email"]}).status_code == 200
    assert door("switches", {"hidden_fields": "Lead.Email"}).status_code == 400
    assert door("switches", {"custom_fields": ["Lead.Nonsense"]}).status_code == 400
    act = {"do": "add_campaign", "Name": "By hand"}
    assert door("act", act).json()["result"]["id"].startswith("701")
    assert door("act", {"do": "close_campaign"}).json()["error"] == "close_campaign needs campaign"
    assert door("reset", None).status_code == 200
    assert talk.standin.switches()["hidden_fields"] == []


@pytest.mark.parametrize(
    "act",
    [
        {"do": "dance"},
        {},
        {"do": "delete_member", "member": "00vAx0000099999"},
        {"do": "convert_lead", "lead": "00QAx0000099999"},
        {"do": "add_campaign"},
        {"do": "move_clock", "to": "noon"},
        {"do": "set_field", "id": "701Ax0000099999", "field": "Name", "value": "x"},
        {"do": "trust_key", "pem": "no key"},
    ],
)
def test_what_nobody_can_do_is_refused(org: SalesforceStandIn, act: dict[str, Any]) -> None:
    with pytest.raises(ActError):
        org.act(act)


def test_a_campaign_is_closed_and_changed_by_people(talk: Talk) -> None:
    campaign = talk.campaign("Spring Webinar")
    talk.standin.act({"do": "close_campaign", "campaign": campaign[:15], "end": "2026-03-09"})
    talk.standin.act({"do": "change_campaign", "campaign": campaign, "Name": "Late Webinar"})
    talk.standin.act({"do": "set_field", "id": campaign, "field": "Auto_Sync__c", "value": False})

    fields = "Name, Status, IsActive, EndDate, Auto_Sync__c"
    row = talk.one(f"SELECT {fields} FROM Campaign WHERE Id = '{campaign}'")

    del row["attributes"]
    assert row == {
        "Name": "Late Webinar",
        "Status": "Completed",
        "IsActive": False,
        "EndDate": "2026-03-09",
        "Auto_Sync__c": False,
    }


def test_the_same_seed_makes_the_same_org_and_a_reset_brings_it_back(talk: Talk) -> None:
    fields = "Id, CampaignId, Status, Email, Name, SystemModstamp"
    asked = f"SELECT {fields} FROM CampaignMember ORDER BY Id"
    start = talk.rows(asked)
    talk.standin.act({"do": "delete", "id": talk.campaign("Spring Webinar")})
    assert talk.rows(asked) != start

    talk.standin.reset()
    again = Talk(talk.standin).rows(asked)
    with SalesforceStandIn(now=NOW) as twin, SalesforceStandIn(now=NOW, seed=8) as other:
        assert Talk(twin).rows(asked) == start == again
        assert Talk(other).rows(asked) != start


def test_an_impossible_size_or_field_is_refused() -> None:
    with pytest.raises(ValueError, match="A size is"):
        SalesforceStandIn(size="huge")
    with pytest.raises(SwitchError, match="is no custom field"):
        SalesforceStandIn(custom_fields=["Shoe.Size__c number"])
