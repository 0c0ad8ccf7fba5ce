"""Reading and writing through the client, over HTTP, against every switch of the stand-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import NOW
from tests.salesforce.conftest import Make, campaign, leads, members, rows
from workbench.errors import (
    AccessError,
    CancelledError,
    InputError,
    MissingError,
    OutageError,
    OverrunError,
    QuotaError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.salesforce.client import SalesforceClient
from workbench.salesforce.model import Answered, Usage
from workbench.standin import SalesforceStandIn

EVERYONE = "SELECT Id, LeadId, Lead.Email FROM CampaignMember ORDER BY Id"


def flat(answers: Any) -> list[Answered]:
    return [one for few in answers for one in few]


def joined(client: SalesforceClient, name: str, count: int) -> list[dict[str, str]]:
    """Rows of new members for a new campaign."""
    (made,) = flat(client.insert("Campaign", [{"Name": name}]))
    return [{"CampaignId": made.id, "LeadId": lead} for lead in leads(client, count)]


def attended(client: SalesforceClient, name: str = "Trade Show Berlin") -> list[dict[str, str]]:
    """Rows that set every member of a campaign to one status."""
    return [{"Id": row["Id"], "Status": "Attended"} for row in members(client, name)]


# Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_rows", [0, 1, 100, 545])
def test_all_pages_come_whatever_their_size(
    client: SalesforceClient, salesforce: SalesforceStandIn, page_rows: int
) -> None:
    count = "SELECT Id FROM Campaign" if page_rows == 1 else EVERYONE
    salesforce.switches(page_rows=page_rows)

    ids = [row["Id"] for row in rows(client, count)]

    assert (len(ids), len(set(ids))) == ((9, 9) if page_rows == 1 else (545, 545))


def test_parents_are_nested_or_none(client: SalesforceClient) -> None:
    found = rows(client, EVERYONE)

    assert all((row["Lead"] is None) == (row["LeadId"] is None) for row in found)
    assert any(row["Lead"] and "@" in (row["Lead"]["Email"] or "") for row in found)


@pytest.mark.parametrize("position", ["on", "off"])
def test_query_all_shows_deleted_rows_and_members_perhaps(
    client: SalesforceClient, salesforce: SalesforceStandIn, position: str
) -> None:
    salesforce.switches(deleted_members_in_queryall=position)
    gone = members(client, "Banner Test")[0]["Id"]
    salesforce.act({"do": "delete_member", "member": gone})

    pages = client.query_all("SELECT Id FROM CampaignMember WHERE IsDeleted = true")

    assert [row["Id"] for page in pages for row in page] == ([gone] if position == "on" else [])
    # The way that always works:
    said = client.deleted("CampaignMember", NOW - timedelta(hours=1), NOW)
    assert said.ids == [gone]


def test_replication_says_how_far_it_is_complete(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(covered_lag_s=300)
    member = members(client, "Win-back")[0]["Id"]
    salesforce.act({"do": "move_clock", "minutes": -20})
    salesforce.act({"do": "change_status", "member": member, "status": "Attended"})
    salesforce.act({"do": "move_clock", "minutes": 20})

    changed = client.updated("CampaignMember", NOW - timedelta(hours=1), NOW)
    deleted = client.deleted("CampaignMember", NOW - timedelta(hours=1), NOW)

    assert changed.ids == [member]
    assert changed.covered == deleted.covered == NOW - timedelta(minutes=5)
    assert deleted.earliest == NOW - timedelta(days=15)


@pytest.mark.parametrize("code", ["INVALID_REPLICATION_DATE", "UNKNOWN_EXCEPTION"])
def test_outside_its_window_replication_is_refused(
    client: SalesforceClient, salesforce: SalesforceStandIn, code: str
) -> None:
    salesforce.switches(replication_window_code=code)

    with pytest.raises(RejectedError, match=code):
        client.deleted("CampaignMember", NOW - timedelta(days=16), NOW)
    with pytest.raises(InputError, match="time zones"):
        client.deleted("CampaignMember", datetime(2026, 3, 1), NOW)


def test_a_describe_is_asked_once_and_then_only_whether_it_changed(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    first = client.describe("Lead")
    assert client.describe("Lead") is first
    assert client.describe("Lead", fresh=True) is first
    asked = salesforce.stats()
    assert asked["requests"]["GET sobjects/Lead/describe"] == 2
    assert asked["statuses"]["304"] == 1

    salesforce.act({"do": "move_clock", "minutes": 1})
    salesforce.switches(hidden_fields=["Lead.Email"])

    names = {field["name"] for field in client.describe("Lead", fresh=True)["fields"]}
    assert "Email" not in names


def test_invisible_campaigns_are_said_in_a_sentence(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(campaign_objects="hidden")

    with pytest.raises(AccessError, match="shows this user no campaigns") as refused:
        rows(client, EVERYONE)
    assert "Marketing User" in refused.value.hint
    with pytest.raises(MissingError):
        client.describe("CampaignMember")
    with pytest.raises(AccessError, match="shows this user no campaigns"):
        client.require_campaigns()
    assert client.test().sees_campaigns is False


def test_limits_may_be_forbidden_then_the_header_tells(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(usage_jitter=0, daily_limit=20_000)
    salesforce.act({"do": "use_calls", "calls": 41})
    assert client.limits()["DailyApiRequests"] == (20_000, 20_000 - 42)

    salesforce.switches(limits_forbidden="on")
    usage = client.org_usage()

    assert usage is not None
    assert (usage.used, usage.limit) == (43, 20_000)
    with pytest.raises(AccessError, match="does not allow this"):
        client.limits()


def test_the_gauge_shows_the_most_that_was_said_in_a_minute(client: SalesforceClient) -> None:
    seen = []
    for _ in range(40):
        client.count("SELECT COUNT() FROM Campaign")
        assert client.usage is not None
        seen.append(client.usage.used)

    assert seen == sorted(seen)
    assert 30 <= seen[-1] <= 40
    assert client.api_calls == 40


def test_a_share_of_our_own_does_not_hide_the_orgs_use(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(usage_jitter=0, app_limit=250)
    salesforce.act({"do": "use_calls", "calls": 7})

    client.count("SELECT COUNT() FROM Campaign")

    assert client.usage == Usage(8, 15_000, "rehearsal", 1, 250)


def test_a_query_that_is_too_long_is_not_sent(client: SalesforceClient) -> None:
    with pytest.raises(InputError, match="too long"):
        rows(client, "SELECT Id FROM Lead WHERE Email = '" + "x" * 20_000 + "'")

    assert client.api_calls == 0


def test_a_query_that_makes_no_sense_says_salesforces_words(client: SalesforceClient) -> None:
    with pytest.raises(RejectedError, match="No such column 'Shoe'"):
        rows(client, "SELECT Shoe FROM Lead")


# Writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bulk_from", "calls"), [(2000, {"POST composite"}), (60, {"POST jobs/ingest"})]
)
def test_rows_are_written_by_composite_or_bulk_by_their_number(
    make: Make, salesforce: SalesforceStandIn, bulk_from: int, calls: set[str]
) -> None:
    client = make(bulk_from=bulk_from)
    names = ("Spring Webinar", "Trade Show Berlin")
    changed = [
        {"Id": row["Id"], "Status": "Responded"} for n in names for row in members(client, n)
    ]

    answers = flat(client.update("CampaignMember", changed))

    assert [one.id for one in answers] == [row["Id"] for row in changed]
    assert all(one.ok for one in answers)
    assert calls <= set(salesforce.stats()["requests"])
    row = members(client, "Spring Webinar", "Status, HasResponded")[0]
    assert (row["Status"], row["HasResponded"]) == ("Responded", True)


def test_two_hundred_rows_and_a_thousand_cost_one_call_each(client: SalesforceClient) -> None:
    there = [{"Id": row["Id"], "Status": "Sent"} for row in rows(client, EVERYONE)]
    before = client.api_calls

    flat(client.update("CampaignMember", there[:200]))
    assert client.api_calls == before + 1
    flat(client.update("CampaignMember", there))

    assert client.api_calls == before + 2


@pytest.mark.parametrize("bulk_from", [2000, 2])
def test_a_row_that_fails_says_why_and_stands_alone(make: Make, bulk_from: int) -> None:
    client = make(bulk_from=bulk_from)
    wanted = joined(client, "Fourth", 3)
    bad = [{"CampaignId": wanted[0]["CampaignId"]}, {**wanted[0]}]

    answers = flat(client.insert("CampaignMember", [*wanted, *bad]))

    # Two rows that say the same cannot be told apart; one of them was written.
    assert sorted(one.code or "" for one in answers) == [
        "",
        "",
        "",
        "DUPLICATE_VALUE",
        "REQUIRED_FIELD_MISSING",
    ]
    assert answers[3].code == "REQUIRED_FIELD_MISSING"
    assert answers[3].fields == ("LeadId", "ContactId")
    assert len({one.id for one in answers if one.ok}) == 3


@pytest.mark.parametrize("bulk_from", [2000, 2])
def test_deleting_what_is_gone_is_done(
    make: Make, salesforce: SalesforceStandIn, bulk_from: int
) -> None:
    client = make(bulk_from=bulk_from)
    ids = [row["Id"] for row in members(client, "Banner Test")]
    salesforce.act({"do": "delete_member", "member": ids[1]})

    answers = flat(client.delete("CampaignMember", ids))

    assert [one.ok for one in answers] == [True] * 5
    assert members(client, "Banner Test") == []


@pytest.mark.parametrize("bulk_from", [2000, 2])
def test_values_of_every_kind_arrive(make: Make, bulk_from: int) -> None:
    client = make(bulk_from=bulk_from)
    ids = [campaign(client, name) for name in ("Win-back", "Banner Test")]
    text = 'a, "b"\nÄ'
    values = {"Emails_Sent__c": 12.5, "Auto_Sync__c": True, "Description": text, "EndDate": None}

    answers = flat(client.update("Campaign", [{"Id": one, **values} for one in ids]))

    assert all(one.ok for one in answers), answers
    fields = "Emails_Sent__c, Auto_Sync__c, Description, EndDate"
    for row in rows(client, f"SELECT {fields} FROM Campaign WHERE Id = '{ids[0]}'"):
        del row["attributes"]
        assert row == values


@pytest.mark.parametrize("bulk_from", [2000, 2])
@pytest.mark.parametrize("every", [3, 7])
def test_locked_rows_are_tried_again_until_they_are_free(
    make: Make, salesforce: SalesforceStandIn, bulk_from: int, every: int
) -> None:
    client = make(bulk_from=bulk_from)
    changed = attended(client)[:40]
    salesforce.switches(lock_row_every_n=every)

    answers = flat(client.update("CampaignMember", changed))

    assert [one.id for one in answers] == [row["Id"] for row in changed]
    assert all(one.ok for one in answers)


def test_a_row_that_stays_locked_says_so(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    changed = attended(client)[:3]
    salesforce.switches(lock_row_every_n=1)

    answers = flat(client.update("CampaignMember", changed))

    assert [one.code for one in answers] == ["UNABLE_TO_LOCK_ROW"] * 3


def test_a_row_without_an_id_is_refused_before_anything_is_sent(client: SalesforceClient) -> None:
    with pytest.raises(RejectedError, match="names no record"):
        flat(client.update("Campaign", [{"Name": "x"}]))

    assert client.api_calls == 0


@pytest.mark.parametrize("count", [20, 150])
@pytest.mark.parametrize("fault", ["reset", "reset_before", "truncate"])
def test_members_whose_answer_was_lost_are_found_not_doubled(
    client: SalesforceClient, salesforce: SalesforceStandIn, fault: str, count: int
) -> None:
    wanted = joined(client, "Fourth", count)
    wanted += [
        {"CampaignId": wanted[0]["CampaignId"], "ContactId": row["Id"]}
        for row in rows(client, f"SELECT Id FROM Contact LIMIT {min(count, 60)}")
    ]
    salesforce.weather([{"fault": fault, "path": "composite", "times": 1}])

    answers = flat(client.insert("CampaignMember", wanted))

    assert all(one.ok for one in answers)
    there = members(client, "Fourth", "Id, LeadId, ContactId")
    assert len(there) == len(wanted)
    by_person = {row["LeadId"] or row["ContactId"]: row["Id"] for row in there}
    persons = [row.get("LeadId") or row.get("ContactId") for row in wanted]
    assert [one.id for one in answers] == [by_person[person] for person in persons]


@pytest.mark.parametrize("switches", [{}, {"lock_row_every_n": 4}, {"token_calls": 2}])
def test_members_are_created_once_however_often_answers_are_lost(
    client: SalesforceClient, salesforce: SalesforceStandIn, switches: dict[str, Any]
) -> None:
    wanted = joined(client, "Fourth", 120)
    salesforce.switches(**switches)
    salesforce.weather([{"fault": "reset", "every": 2}])

    answers = flat(client.insert("CampaignMember", wanted))

    salesforce.weather([])
    there = {row["LeadId"]: row["Id"] for row in members(client, "Fourth", "Id, LeadId")}
    assert {row["LeadId"]: one.id for row, one in zip(wanted, answers, strict=True)} == there
    assert all(one.ok for one in answers)


def test_a_lost_label_is_found_again(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    ids = [campaign(client, name) for name in ("Win-back", "Banner Test")]
    labels = [{"CampaignId": one, "Label": "Clicked"} for one in ids]
    salesforce.weather([{"fault": "reset", "path": "composite", "times": 1}])

    answers = flat(client.insert("CampaignMemberStatus", labels))

    asked = "SELECT Id FROM CampaignMemberStatus WHERE Label = 'Clicked' AND CampaignId = "
    assert [one.id for one in answers] == [
        row["Id"] for each in ids for row in rows(client, f"{asked}'{each}'")
    ]


def test_a_lost_insert_of_anything_else_is_not_repeated(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    salesforce.weather([{"fault": "reset", "path": "composite", "times": 1}])

    with pytest.raises(RemoteError):
        flat(client.insert("Campaign", [{"Name": "Once"}]))

    assert client.count("SELECT COUNT() FROM Campaign WHERE Name = 'Once'") == 1


@pytest.mark.parametrize("bulk_from", [2000, 2])
def test_a_disturbance_at_any_call_of_a_write_leaves_the_same_rows(
    make: Make, salesforce: SalesforceStandIn, bulk_from: int
) -> None:
    for fault in ("reset", "5xx", "truncate"):
        for after in range(9 if bulk_from == 2 else 1):
            salesforce.reset()
            client = make(bulk_from=bulk_from)
            changed = attended(client)[:6]
            salesforce.weather([{"fault": fault, "after": after, "times": 1}])

            answers = flat(client.update("CampaignMember", changed))

            assert [one.ok for one in answers] == [True] * 6, (fault, after)
            salesforce.weather([])
            there = {
                r["Id"]: r["Status"] for r in members(client, "Trade Show Berlin", "Id, Status")
            }
            assert {there[row["Id"]] for row in changed} == {"Attended"}


# Trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weather", "switches"),
    [
        ([{"fault": "5xx", "every": 2}], {}),
        ([{"fault": "reset", "every": 2}], {}),
        ([{"fault": "reset_before", "every": 2}], {}),
        ([{"fault": "truncate", "every": 2}], {}),
        ([{"fault": "malformed", "every": 2}], {}),
        ([{"fault": "wrong_length", "every": 2}], {}),
        ([{"fault": "429", "every": 2}], {}),
        ([], {"unavailable_every_n": 2}),
        ([], {"query_timeout_every_n": 2}),
        ([], {"refuse_every_n": 2, "limit_kind": "concurrent"}),
        ([], {"slow_response_ms": 5}),
        ([], {"token_calls": 1}),
    ],
)
def test_reads_go_on_through_trouble(
    client: SalesforceClient,
    salesforce: SalesforceStandIn,
    weather: list[dict[str, Any]],
    switches: dict[str, Any],
) -> None:
    clean = rows(client, EVERYONE)
    salesforce.weather(weather)
    salesforce.switches(page_rows=200, **switches)

    assert rows(client, EVERYONE) == clean


@pytest.mark.parametrize(
    ("switches", "kind"),
    [
        ({"daily_limit": 0}, QuotaError),
        ({"refuse_every_n": 1, "limit_kind": "daily"}, QuotaError),
        ({"refuse_every_n": 1, "limit_kind": "concurrent"}, ThrottledError),
        ({"query_timeout_every_n": 1}, OverrunError),
        ({"unavailable_every_n": 1}, OutageError),
    ],
)
def test_trouble_that_stays_is_never_taken_for_an_empty_answer(
    client: SalesforceClient,
    salesforce: SalesforceStandIn,
    switches: dict[str, Any],
    kind: type[RemoteError],
) -> None:
    salesforce.switches(**switches)

    with pytest.raises(kind):
        rows(client, EVERYONE)
    if kind is QuotaError:
        asked = salesforce.stats()["requests"]
        assert asked["GET query"] == 1


def test_a_limit_reached_between_two_calls_ends_the_write_there(
    client: SalesforceClient, salesforce: SalesforceStandIn
) -> None:
    wanted = joined(client, "Fourth", 140)
    salesforce.switches(daily_limit=client.api_calls)
    before = client.api_calls

    with pytest.raises(QuotaError):
        flat(client.insert("CampaignMember", wanted))

    assert client.api_calls == before + 1
    salesforce.switches(daily_limit=15_000)
    assert members(client, "Fourth") == []


def test_cancelling_a_bulk_job_aborts_it(make: Make, salesforce: SalesforceStandIn) -> None:
    asked = []

    def cancelled() -> bool:
        if "GET jobs/ingest/{id}" in salesforce.stats()["requests"]:
            asked.append(1)
        return len(asked) == 1

    salesforce.switches(bulk_poll_states=1000)
    changed = attended(make())[:5]

    with pytest.raises(CancelledError):
        flat(make(bulk_from=2, cancelled=cancelled).update("CampaignMember", changed))

    last = salesforce.stats()["last"][-1]
    assert (last["method"], last["body"]) == ("PATCH", {"state": "Aborted"})


def test_a_failed_bulk_job_says_why(make: Make, salesforce: SalesforceStandIn) -> None:
    client = make(bulk_from=2)

    with pytest.raises(RejectedError, match="XYZZY"):
        flat(client.insert("XYZZY", [{"Name": "a"}, {"Name": "b"}]))


@pytest.mark.parametrize("states", [0, 1, 6])
def test_a_job_takes_as_long_as_it_takes(
    make: Make, salesforce: SalesforceStandIn, states: int
) -> None:
    salesforce.switches(bulk_poll_states=states, page_rows=0)
    client = make(bulk_from=2)

    assert all(one.ok for one in flat(client.update("CampaignMember", attended(client)[:5])))
    pages = client.bulk_query("SELECT Id, Lead.Email FROM CampaignMember")
    found = [row for page in pages for row in page]
    assert (len(found), set(found[0])) == (545, {"Id", "Lead.Email"})


VALUES: list[dict[str, Any]] = [
    {"composite_cost": "per_subrequest"},
    {"bulk_counts": "off"},
    {"invalid_status": "error"},
    {"invalid_status": "accept"},
    {"create_both_ids": "error"},
    {"batch_duplicates": "both_fail"},
    {"parent_touches_member": "on"},
    {"entity_deleted_status": 400},
    {"member_upsert": "accept"},
    {"member_status_writable": "off"},
    {"member_status_max": 3},
    {"usage_jitter": 0},
]
"""Switch positions that other tests here do not stand at."""


@pytest.mark.parametrize("switches", VALUES, ids=lambda one: "=".join(map(str, *one.items())))
def test_what_is_written_stands_at_every_position(
    make: Make, salesforce: SalesforceStandIn, switches: dict[str, Any]
) -> None:
    salesforce.switches(**switches)
    client = make()
    wanted = joined(client, "Fourth", 30)

    answers = flat(client.insert("CampaignMember", wanted))
    changed = [{"Id": one.id, "Status": "Responded"} for one in answers]
    after = flat(client.update("CampaignMember", changed))

    assert all(one.ok for one in [*answers, *after])
    there = members(client, "Fourth", "Id, Status, HasResponded")
    assert {row["Id"] for row in there} == {one.id for one in answers}
    assert {(row["Status"], row["HasResponded"]) for row in there} == {("Responded", True)}


def test_our_count_of_calls_is_the_servers(make: Make, salesforce: SalesforceStandIn) -> None:
    client = make(bulk_from=50)
    client.versions()
    changed = attended(client)
    flat(client.update("CampaignMember", changed))
    flat(client.update("CampaignMember", changed[:10]))
    client.describe("Lead")
    client.deleted("Lead", datetime(2026, 3, 9, tzinfo=UTC), NOW)

    assert client.api_calls == salesforce.stats()["api_calls"]
