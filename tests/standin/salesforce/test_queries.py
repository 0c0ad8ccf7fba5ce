"""SOQL: what the subset answers, how it pages, and how it says no (contract, section 3)."""

from typing import Any

import pytest

from tests.standin.conftest import Talk as PendoTalk
from tests.standin.salesforce.conftest import Talk, refused
from workbench.standin.pendo import PendoStandIn

EVERYONE = "SELECT Id FROM CampaignMember"


def test_parents_are_nested_and_null_where_there_is_none(talk: Talk) -> None:
    rows = talk.members("Spring Webinar", "Id, LeadId, Lead.Email, Contact.Account.Name")

    leads = [row for row in rows if row["LeadId"]]
    assert leads
    for row in leads:
        assert row["Lead"]["attributes"]["type"] == "Lead"
        assert row["Lead"]["attributes"]["url"].endswith(row["LeadId"])
    assert any(row["Lead"] is None and row["Contact"]["Account"]["Name"] for row in rows)


def test_a_parents_stamp_can_be_asked_beside_the_rows_own(talk: Talk) -> None:
    member = talk.members("Onboarding Drip", "Id, LeadId", "AND LeadId != null")[0]
    since = "2026-03-10T19:00:00Z"
    changed = (
        f"{EVERYONE} WHERE CampaignId IN ('{talk.campaign('Onboarding Drip')}') AND"
        f" (SystemModstamp >= {since} OR Lead.SystemModstamp >= {since}"
        f" OR Contact.SystemModstamp >= {since})"
    )
    assert talk.rows(changed) == []

    talk.standin.act({"do": "change_address", "person": member["LeadId"], "email": "n@example.org"})

    assert [row["Id"] for row in talk.rows(changed)] == [member["Id"]]
    own = f"{EVERYONE} WHERE SystemModstamp >= {since}"
    assert talk.rows(own) == []


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("Status = 'sent'", lambda row: row["Status"] == "Sent"),
        ("Status != 'Sent'", lambda row: row["Status"] != "Sent"),
        ("NOT (Status = 'Sent')", lambda row: row["Status"] != "Sent"),
        ("Status IN ('Sent', 'Opened')", lambda row: row["Status"] in ("Sent", "Opened")),
        ("Status NOT IN ('Sent')", lambda row: row["Status"] != "Sent"),
        ("Status LIKE 'no%'", lambda row: row["Status"] == "No Show"),
        ("LeadId = null", lambda row: row["LeadId"] is None),
        ("HasResponded = true", lambda row: row["HasResponded"]),
        (
            "Status = 'Sent' OR HasResponded = TRUE",
            lambda row: row["Status"] == "Sent" or row["HasResponded"],
        ),
        (
            "(Status = 'Sent' AND LeadId != null) OR Status = 'Opened'",
            lambda row: (row["Status"] == "Sent" and row["LeadId"]) or row["Status"] == "Opened",
        ),
        ("Lead.Email = null AND LeadId != null", lambda row: row["LeadId"] and not row["Email"]),
        (
            "FirstRespondedDate > 2026-03-01",
            lambda row: (row["FirstRespondedDate"] or "") > "2026-03-01",
        ),
        (
            "SystemModstamp < 2026-03-01T12:00:00+01:00",
            lambda row: row["SystemModstamp"] < "2026-03-01T11",
        ),
        (
            "SystemModstamp = LAST_N_DAYS:5",
            lambda row: row["SystemModstamp"] >= "2026-03-05",
        ),
    ],
)
def test_a_condition_keeps_exactly_the_rows_it_should(talk: Talk, where: str, same: Any) -> None:
    fields = (
        "Id, Status, LeadId, ContactId, HasResponded, FirstRespondedDate, SystemModstamp, Email"
    )
    every = talk.rows(f"SELECT {fields} FROM CampaignMember")
    # The mirror shows the contact's address where there is one; these rows have a lead only.
    if "Lead.Email" in where:
        every = [row for row in every if not row["ContactId"]]
        where += " AND ContactId = null"

    found = {row["Id"] for row in talk.rows(f"{EVERYONE} WHERE {where}")}

    assert found == {row["Id"] for row in every if same(row)}
    assert 0 < len(found) < len(every)


def test_a_15_character_id_finds_the_same_record(talk: Talk) -> None:
    campaign = talk.campaign("Win-back")

    assert (
        talk.count(f"SELECT COUNT() FROM CampaignMember WHERE CampaignId = '{campaign[:15]}'") == 15
    )
    other_case = campaign[:14] + campaign[14].swapcase()
    if other_case != campaign[:15]:
        assert talk.rows(f"SELECT Id FROM Campaign WHERE Id = '{other_case}'") == []


def test_counting_gives_no_rows(talk: Talk) -> None:
    page = talk.query("SELECT COUNT() FROM Campaign").json()

    assert page == {"totalSize": 9, "done": True, "records": []}


def test_counting_a_field_gives_one_aggregate(talk: Talk) -> None:
    page = talk.query("SELECT count(Id) FROM Campaign").json()

    assert page["totalSize"] == 1
    assert page["records"] == [{"attributes": {"type": "AggregateResult"}, "expr0": 9}]


def test_groups_count_their_rows(talk: Talk) -> None:
    grouped = talk.rows("SELECT CampaignId, COUNT(Id) many FROM CampaignMember GROUP BY CampaignId")

    assert {row["many"] for row in grouped} == {200, 120, 40, 80, 25, 60, 5, 15}


def test_offset_comes_before_limit_and_ends_at_2000(talk: Talk) -> None:
    names = [row["Name"] for row in talk.rows("SELECT Name FROM Campaign ORDER BY Name DESC")]
    cut = talk.rows("SELECT Name FROM Campaign ORDER BY Name DESC LIMIT 3 OFFSET 2")

    assert names == sorted(names, reverse=True)
    assert [row["Name"] for row in cut] == names[2:5]
    too_far = talk.query("SELECT Name FROM Campaign LIMIT 3 OFFSET 2001")
    assert refused(too_far) == (400, "NUMBER_OUTSIDE_VALID_RANGE")


def test_nothing_comes_first_unless_told(talk: Talk) -> None:
    ends = [row["EndDate"] for row in talk.rows("SELECT EndDate FROM Campaign ORDER BY EndDate")]
    last = talk.rows("SELECT EndDate FROM Campaign ORDER BY EndDate DESC NULLS LAST")

    assert ends[:3] == [None, None, None]
    assert [row["EndDate"] for row in last] == ends[::-1]


def test_quotes_and_backslashes_are_escaped(talk: Talk) -> None:
    talk.create("Campaign", Name="O'Brien \\ Sons")

    assert talk.count(r"SELECT COUNT() FROM Campaign WHERE Name = 'O\'Brien \\ Sons'") == 1


def test_a_semi_join_finds_parents_of_rows(talk: Talk) -> None:
    inside = "SELECT LeadId FROM CampaignMember WHERE Campaign.Name = 'Banner Test'"
    leads = talk.count(f"SELECT COUNT() FROM Lead WHERE Id IN ({inside})")

    campaign = talk.one("SELECT NumberOfLeads FROM Campaign WHERE Name = 'Banner Test'")
    assert leads == campaign["NumberOfLeads"] > 0


def test_pages_follow_each_other_without_gap_or_double(talk: Talk) -> None:
    talk.standin.switches(page_rows=7)
    first = talk.query(f"{EVERYONE} ORDER BY SystemModstamp, Id").json()

    assert (len(first["records"]), first["totalSize"], first["done"]) == (7, 545, False)
    assert first["nextRecordsUrl"].endswith("-7")
    ids = [row["Id"] for row in talk.rows(f"{EVERYONE} ORDER BY SystemModstamp, Id")]
    assert (len(ids), len(set(ids))) == (545, 545)
    assert refused(talk.get("query/01gAx0000000099IAA-2000")) == (400, "INVALID_QUERY_LOCATOR")


def test_the_batch_size_is_asked_for_in_a_header(talk: Talk) -> None:
    page = talk.query(EVERYONE, headers={"Sforce-Query-Options": "batchSize=250"}).json()

    assert (len(page["records"]), page["done"]) == (250, False)


def test_only_query_all_shows_what_was_deleted(talk: Talk) -> None:
    member = talk.members("Banner Test")[0]["Id"]
    talk.standin.act({"do": "delete_member", "member": member})
    asked = f"SELECT Id, IsDeleted FROM CampaignMember WHERE Id = '{member}'"

    assert talk.rows(asked) == []
    assert talk.rows(asked, "queryAll")[0]["IsDeleted"] is True
    talk.standin.switches(deleted_members_in_queryall="off")
    assert talk.rows(asked, "queryAll") == []


@pytest.mark.parametrize(
    ("soql", "code", "said"),
    [
        ("SELECT Id FROM XYZZY", "INVALID_TYPE", "Row:1:Column:16\nsObject type 'XYZZY' is not"),
        ("SELECT Shoe FROM Lead", "INVALID_FIELD", "No such column 'Shoe' on entity 'Lead'"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "relationship 'Boss'"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM Lead LIMIT x", "MALFORMED_QUERY", "'x'"),
        ("Id FROM Lead", "MALFORMED_QUERY", "'Id'"),
        (
            "SELECT Id FROM Lead WHERE Id != null AND Email = null OR Email = 'a'",
            "MALFORMED_QUERY",
            "'OR'",
        ),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "dateTime"),
        ("SELECT Id FROM Campaign WHERE EndDate > 2026-01-01T00:00:00Z", "INVALID_FIELD", "date"),
        ("SELECT Id FROM Lead WHERE Email = 5", "INVALID_FIELD", "in quotes"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'x'", "INVALID_FIELD", "boolean"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Status, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "grouped"),
        ("SELECT Id FROM Lead WHERE OwnerId = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    talk: Talk, soql: str, code: str, said: str
) -> None:
    answer = talk.query(soql)

    assert refused(answer) == (400, code)
    assert said in answer.json()[0]["message"]


def test_a_hidden_field_is_gone_from_describe_and_from_soql(talk: Talk) -> None:
    talk.standin.switches(hidden_fields=["Lead.HasOptedOutOfEmail"])

    names = {field["name"] for field in talk.get("sobjects/Lead/describe").json()["fields"]}
    assert "HasOptedOutOfEmail" not in names
    asked = talk.query("SELECT HasOptedOutOfEmail FROM Lead")
    assert refused(asked) == (400, "INVALID_FIELD")
    through = talk.query("SELECT Lead.HasOptedOutOfEmail FROM CampaignMember")
    assert refused(through) == (400, "INVALID_FIELD")


def test_custom_fields_come_with_a_switch(talk: Talk) -> None:
    talk.standin.switches(custom_fields=["Campaign.Wave__c number"])

    assert talk.create("Campaign", Name="Fourth", Wave__c=4).status_code == 201
    assert talk.one("SELECT Wave__c FROM Campaign WHERE Wave__c > 3")["Wave__c"] == 4
    assert refused(talk.query("SELECT Auto_Sync__c FROM Campaign")) == (400, "INVALID_FIELD")


def test_without_the_marketing_feature_campaigns_are_invisible(talk: Talk) -> None:
    talk.standin.switches(campaign_objects="hidden")

    assert refused(talk.query("SELECT Id FROM Campaign")) == (400, "INVALID_TYPE")
    assert refused(talk.get("sobjects/CampaignMember/describe")) == (404, "NOT_FOUND")
    listed = {one["name"] for one in talk.get("sobjects").json()["sobjects"]}
    assert listed == {"Lead", "Contact", "Account", "User"}


def test_a_describe_says_what_may_be_written_and_is_not_sent_twice(talk: Talk) -> None:
    answer = talk.get("sobjects/CampaignMember/describe")

    said = answer.json()
    fields = {field["name"]: field for field in said["fields"]}
    assert (said["undeletable"], said["searchable"], said["mergeable"]) == (False, False, False)
    assert (said["keyPrefix"], fields["Status"]["updateable"]) == ("00v", True)
    assert (fields["LeadId"]["createable"], fields["LeadId"]["updateable"]) == (True, False)
    assert not fields["Email"]["createable"]
    assert fields["LeadId"]["referenceTo"] == ["Lead"]
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    again = talk.get("sobjects/CampaignMember/describe", headers=since)
    assert (again.status_code, again.content) == (304, b"")


def test_rollups_follow_the_members(talk: Talk) -> None:
    fields = "NumberOfLeads, NumberOfContacts, NumberOfConvertedLeads, NumberOfResponses"
    asked = f"SELECT {fields} FROM Campaign WHERE Name = 'Win-back'"
    before = talk.one(asked)
    lead = talk.outsiders("Win-back")[0]
    campaign = talk.campaign("Win-back")
    talk.create("CampaignMember", CampaignId=campaign, LeadId=lead, Status="Attended")
    joined = talk.one(asked)

    talk.standin.act({"do": "convert_lead", "lead": lead})
    converted = talk.one(asked)

    assert joined["NumberOfLeads"] == before["NumberOfLeads"] + 1
    assert joined["NumberOfResponses"] == before["NumberOfResponses"] + 1
    assert converted["NumberOfContacts"] == joined["NumberOfContacts"] + 1
    assert converted["NumberOfConvertedLeads"] == before["NumberOfConvertedLeads"] + 1


def test_members_share_addresses_with_visitors_of_the_pendo_stand_in(
    talk: Talk, pendo: PendoStandIn
) -> None:
    source = {"source": {"visitors": {"startTime": 0}}}
    visitors = {
        row["metadata"]["agent"].get("email")
        for row in PendoTalk(pendo).rows(source)
        if "agent" in row["metadata"]
    }
    rows = talk.members("Spring Webinar", "Email")
    addresses = [row["Email"] for row in rows if row["Email"]]

    share = len(visitors.intersection(addresses)) / len(addresses)
    assert 0.5 < share < 0.9
