"""Writing: the rules of members, rows that fail alone, composites (contract, sections 5 and 8)."""

from typing import Any

import pytest

from tests.standin.salesforce.conftest import VERSION, Talk, refused


def test_the_same_person_twice_is_refused(talk: Talk) -> None:
    campaign, lead = talk.campaign("Win-back"), talk.outsiders("Win-back")[0]
    assert talk.create("CampaignMember", CampaignId=campaign, LeadId=lead).status_code == 201

    again = talk.create("CampaignMember", CampaignId=campaign[:15], LeadId=lead[:15])

    assert refused(again) == (400, "DUPLICATE_VALUE")
    assert again.json()[0]["message"] == "Already a campaign member."


def test_a_created_record_says_where_it_is(talk: Talk) -> None:
    answer = talk.create("Campaign", Name="New")

    said = answer.json()
    assert (said["success"], said["errors"]) == (True, [])
    path = f"/services/data/{VERSION}/sobjects/Campaign/{said['id']}"
    assert answer.headers["Location"] == path
    labels = talk.rows(
        "SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatus"
        f" WHERE CampaignId = '{said['id']}' ORDER BY SortOrder"
    )
    assert [(r["Label"], r["IsDefault"], r["HasResponded"]) for r in labels] == [
        ("Sent", True, False),
        ("Responded", False, True),
    ]
    new = talk.one(f"SELECT Type, Status, IsActive FROM Campaign WHERE Id = '{said['id']}'")
    assert (new["Type"], new["Status"], new["IsActive"]) == ("Conference", "Planned", False)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"CampaignId": "CAMPAIGN"}, "REQUIRED_FIELD_MISSING"),
        ({"CampaignId": "CAMPAIGN", "LeadId": "nobody"}, "MALFORMED_ID"),
        ({"CampaignId": "CAMPAIGN", "LeadId": "00QAx0000099999"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"CampaignId": "CAMPAIGN", "LeadId": "LEAD", "Shoe": 1}, "INVALID_FIELD"),
        (
            {"CampaignId": "CAMPAIGN", "LeadId": "LEAD", "Email": "a@b.co"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ({"CampaignId": "CAMPAIGN", "LeadId": "LEAD", "Status": "x" * 41}, "STRING_TOO_LONG"),
    ],
)
def test_a_member_that_makes_no_sense_is_refused(
    talk: Talk, values: dict[str, Any], code: str
) -> None:
    known = {"CAMPAIGN": talk.campaign("Win-back"), "LEAD": talk.outsiders("Win-back")[0]}

    answer = talk.create("CampaignMember", **{k: known.get(v, v) for k, v in values.items()})

    assert refused(answer) == (400, code)


def test_status_sets_the_response_and_its_first_date_once(talk: Talk) -> None:
    campaign, lead = talk.campaign("Win-back"), talk.outsiders("Win-back")[0]
    member = talk.create("CampaignMember", CampaignId=campaign, LeadId=lead).json()["id"]
    asked = (
        "SELECT Status, HasResponded, FirstRespondedDate, SystemModstamp FROM CampaignMember"
        f" WHERE Id = '{member}'"
    )
    first = talk.one(asked)
    assert (first["Status"], first["HasResponded"]) == ("Invited", False)

    talk.call("PATCH", f"sobjects/CampaignMember/{member}", json={"Status": "attended"})
    answered = talk.one(asked)
    talk.standin.act({"do": "move_clock", "days": 3})
    talk.login()
    talk.call("PATCH", f"sobjects/CampaignMember/{member}", json={"Status": "Registered"})
    later = talk.one(asked)

    assert (answered["Status"], answered["HasResponded"]) == ("Attended", True)
    assert answered["FirstRespondedDate"] == later["FirstRespondedDate"] == "2026-03-10"
    assert (answered["SystemModstamp"], later["SystemModstamp"]) == (
        "2026-03-10T19:30:00.000+0000",
        "2026-03-13T19:30:00.000+0000",
    )


@pytest.mark.parametrize(
    ("position", "outcome"), [("default", "Invited"), ("accept", "Wow"), ("error", None)]
)
def test_a_status_that_is_no_label_of_the_campaign(
    talk: Talk, position: str, outcome: str | None
) -> None:
    talk.standin.switches(invalid_status=position)
    member = talk.members("Win-back")[0]["Id"]

    answer = talk.call("PATCH", f"sobjects/CampaignMember/{member}", json={"Status": "Wow"})

    if outcome is None:
        assert refused(answer) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    else:
        assert (answer.status_code, answer.content) == (204, b"")
        row = talk.one(f"SELECT Status FROM CampaignMember WHERE Id = '{member}'")
        assert row["Status"] == outcome


@pytest.mark.parametrize("position", ["contact_only", "error"])
def test_a_lead_and_a_contact_at_once(talk: Talk, position: str) -> None:
    talk.standin.switches(create_both_ids=position)
    both = {
        "CampaignId": talk.campaign("Win-back"),
        "LeadId": talk.outsiders("Win-back")[0],
        "ContactId": talk.outsiders("Win-back", "Contact")[0],
    }

    answer = talk.create("CampaignMember", **both)

    if position == "error":
        assert answer.status_code == 400
    else:
        made = answer.json()["id"]
        row = talk.one(f"SELECT LeadId, ContactId FROM CampaignMember WHERE Id = '{made}'")
        assert (row["LeadId"], row["ContactId"]) == (None, both["ContactId"])


def test_conversion_leaves_the_row_and_both_ids(talk: Talk) -> None:
    member = talk.members("Spring Webinar", "Id, LeadId", "AND ContactId = null")[0]

    done = talk.standin.act({"do": "convert_lead", "lead": member["LeadId"]})["contact"]

    fields = "Id, LeadId, ContactId, Email, Type"
    row = talk.one(f"SELECT {fields} FROM CampaignMember WHERE Id = '{member['Id']}'")
    assert (row["LeadId"], row["ContactId"], row["Type"]) == (member["LeadId"], done, "Contact")
    change = talk.call(
        "PATCH", f"sobjects/Lead/{member['LeadId']}", json={"Email": "x@example.org"}
    )
    assert refused(change) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    join = talk.create(
        "CampaignMember", CampaignId=talk.campaign("Banner Test"), LeadId=member["LeadId"]
    )
    assert join.json()[0]["message"] == "cannot reference converted lead"
    assert talk.call("DELETE", f"sobjects/CampaignMember/{member['Id']}").status_code == 204


def test_a_merge_moves_memberships_unless_they_double(talk: Talk) -> None:
    rows = talk.members("Spring Webinar", "Id, LeadId", "AND ContactId = null")
    keep, drop = rows[0], rows[1]
    elsewhere = talk.create(
        "CampaignMember", CampaignId=talk.campaign("Telemarketing Pilot"), LeadId=drop["LeadId"]
    ).json()["id"]

    talk.standin.act({"do": "merge_leads", "keep": keep["LeadId"], "drop": drop["LeadId"]})

    moved = talk.one(f"SELECT LeadId FROM CampaignMember WHERE Id = '{elsewhere}'")
    assert moved["LeadId"] == keep["LeadId"]
    assert talk.rows(f"SELECT Id FROM CampaignMember WHERE Id = '{drop['Id']}'") == []
    asked = f"SELECT MasterRecordId FROM Lead WHERE Id = '{drop['LeadId']}'"
    assert talk.rows(asked, "queryAll")[0]["MasterRecordId"] == keep["LeadId"]


def test_deleting_a_campaign_takes_its_members_and_statuses_along(talk: Talk) -> None:
    campaign = talk.campaign("Banner Test")

    assert talk.call("DELETE", f"sobjects/Campaign/{campaign}").status_code == 204

    for child in ("CampaignMember", "CampaignMemberStatus"):
        assert talk.count(f"SELECT COUNT() FROM {child} WHERE CampaignId = '{campaign}'") == 0
    assert refused(talk.get(f"sobjects/Campaign/{campaign}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("status", [404, 400])
def test_a_write_to_what_was_deleted(talk: Talk, status: int) -> None:
    talk.standin.switches(entity_deleted_status=status)
    member = talk.members("Win-back")[0]["Id"]
    talk.standin.act({"do": "delete_member", "member": member})

    answer = talk.call("PATCH", f"sobjects/CampaignMember/{member}", json={"Status": "Attended"})

    assert refused(answer) == (status, "ENTITY_IS_DELETED")


def test_rows_of_a_collection_fail_alone_and_without_an_id(talk: Talk) -> None:
    campaign, leads = talk.campaign("Win-back"), talk.outsiders("Win-back")
    good = {"CampaignId": campaign, "LeadId": leads[0]}

    rows = talk.insert(good, good, {"CampaignId": campaign})

    assert rows[0]["success"] and rows[0]["id"].startswith("00v")
    assert rows[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "DUPLICATE_VALUE",
                "message": "Already a campaign member.",
                "fields": [],
            }
        ],
    }
    assert rows[2]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


def test_both_of_a_double_fail_when_the_org_is_like_that(talk: Talk) -> None:
    talk.standin.switches(batch_duplicates="both_fail")
    good = {"CampaignId": talk.campaign("Win-back"), "LeadId": talk.outsiders("Win-back")[0]}

    assert [row["success"] for row in talk.insert(good, good)] == [False, False]


def test_all_or_none_takes_everything_back(talk: Talk) -> None:
    campaign, leads = talk.campaign("Win-back"), talk.outsiders("Win-back")
    rows = talk.insert(
        {"CampaignId": campaign, "LeadId": leads[0]}, {"CampaignId": campaign}, allOrNone=True
    )

    codes = [row["errors"][0]["statusCode"] for row in rows]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert len(talk.members("Win-back")) == 15


def test_a_collection_has_at_most_200_records_of_ten_turns(talk: Talk) -> None:
    member = {"CampaignId": "x"}
    many = talk.insert(*[member] * 201)
    assert many[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    mixed = [
        {"attributes": {"type": name}} for _ in range(6) for name in ("Campaign", "CampaignMember")
    ]
    answer = talk.call("POST", "composite/sobjects", json={"records": mixed})
    assert refused(answer) == (400, "LIMIT_EXCEEDED")


def test_updates_and_deletes_of_several(talk: Talk) -> None:
    members = [row["Id"] for row in talk.members("Win-back")][:3]
    typed = [
        {"attributes": {"type": "CampaignMember"}, "id": i, "Status": "Attended"} for i in members
    ]

    rows = talk.call("PATCH", "composite/sobjects", json={"records": typed}).json()
    gone = talk.call("DELETE", "composite/sobjects", params={"ids": ",".join(members[:2])}).json()

    assert [row["id"] for row in rows] == members
    assert [row["success"] for row in gone] == [True, True]
    left = talk.rows("SELECT Id FROM CampaignMember WHERE Status = 'Attended'")
    assert members[2] in {row["Id"] for row in left}
    assert not {*members[:2]} & {row["Id"] for row in left}


def test_a_composite_writes_a_thousand_rows_in_one_call(talk: Talk) -> None:
    campaign = talk.create("Campaign", Name="Big").json()["id"]
    leads = talk.outsiders("Big")[:10]
    parts = [
        {
            "method": "POST",
            "url": f"/services/data/{VERSION}/composite/sobjects",
            "referenceId": f"part{start}",
            "body": {
                "allOrNone": False,
                "records": [
                    {"attributes": {"type": "CampaignMember"}, "CampaignId": campaign, "LeadId": i}
                    for i in leads[start : start + 2]
                ],
            },
        }
        for start in range(0, 10, 2)
    ]
    before = talk.standin.stats()["api_calls"]

    said = talk.call("POST", "composite", json={"compositeRequest": parts}).json()

    assert [one["referenceId"] for one in said["compositeResponse"]] == [
        part["referenceId"] for part in parts
    ]
    assert all(row["success"] for one in said["compositeResponse"] for row in one["body"])
    assert talk.standin.stats()["api_calls"] == before + 1
    more = talk.call("POST", "composite", json={"compositeRequest": [*parts, parts[0]]})
    assert refused(more) == (400, "LIMIT_EXCEEDED")


def test_the_outer_all_or_none_wins(talk: Talk) -> None:
    path = f"/services/data/{VERSION}/sobjects/Campaign"
    parts = [
        {"method": "POST", "url": path, "referenceId": "a", "body": {"Name": "Kept?"}},
        {"method": "POST", "url": path, "referenceId": "b", "body": {}},
    ]

    said = talk.call(
        "POST", "composite", json={"allOrNone": True, "compositeRequest": parts}
    ).json()

    codes = [one["body"][0]["errorCode"] for one in said["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert talk.count("SELECT COUNT() FROM Campaign WHERE Name = 'Kept?'") == 0


@pytest.mark.parametrize(("position", "code"), [("reject", "INVALID_FIELD"), ("accept", None)])
def test_upsert_of_members_by_switch(talk: Talk, position: str, code: str | None) -> None:
    talk.standin.switches(member_upsert=position)
    record = {"CampaignId": talk.campaign("Win-back"), "LeadId": talk.outsiders("Win-back")[0]}
    body = {"records": [{"attributes": {"type": "CampaignMember"}, **record}]}

    answer = talk.call("PATCH", "composite/sobjects/CampaignMember/Id", json=body)

    if code:
        assert refused(answer) == (400, code)
    else:
        assert answer.json()[0]["created"] is True


def test_statuses_are_written_only_where_the_org_lets_them(talk: Talk) -> None:
    campaign = talk.campaign("Banner Test")
    made = talk.create("CampaignMemberStatus", CampaignId=campaign, Label="Opened")
    assert made.status_code == 201
    double = talk.create("CampaignMemberStatus", CampaignId=campaign, Label="opened")
    assert refused(double) == (400, "DUPLICATE_VALUE")
    talk.standin.switches(member_status_max=3)
    third = talk.create("CampaignMemberStatus", CampaignId=campaign, Label="Clicked")
    assert refused(third) == (400, "LIMIT_EXCEEDED")
    default = talk.one(
        f"SELECT Id FROM CampaignMemberStatus WHERE CampaignId = '{campaign}' AND IsDefault = true"
    )
    kept = talk.call("DELETE", f"sobjects/CampaignMemberStatus/{default['Id']}")
    assert refused(kept) == (400, "DELETE_FAILED")
    talk.standin.switches(member_status_writable="off")
    assert talk.create("CampaignMemberStatus", CampaignId=campaign, Label="x").status_code == 400
    assert talk.get("sobjects/CampaignMemberStatus/describe").json()["createable"] is False


def test_a_persons_change_touches_the_member_only_by_switch(talk: Talk) -> None:
    rows = talk.members("Win-back", "Id, ContactId, SystemModstamp", "AND ContactId != null")
    asked = f"SELECT SystemModstamp FROM CampaignMember WHERE Id = '{rows[0]['Id']}'"
    act = {"do": "change_name", "person": rows[0]["ContactId"], "first": "Zoe", "last": "New"}

    talk.standin.act(act)
    assert talk.one(asked)["SystemModstamp"] == rows[0]["SystemModstamp"]
    talk.standin.switches(parent_touches_member="on")
    talk.standin.act(act)

    assert talk.one(asked)["SystemModstamp"] == "2026-03-10T19:30:00.000+0000"
    name = talk.one(f"SELECT Name FROM CampaignMember WHERE Id = '{rows[0]['Id']}'")
    assert name["Name"] == "Zoe New"


@pytest.mark.parametrize("address", ["badone", "a@b", "a b@c.co"])
def test_an_impossible_address_is_refused(talk: Talk, address: str) -> None:
    answer = talk.create("Lead", LastName="X", Company="Y", Email=address)

    assert refused(answer) == (400, "INVALID_EMAIL_ADDRESS")
    assert answer.json()[0]["fields"] == ["Email"]


def test_every_nth_row_is_locked_by_somebody(talk: Talk) -> None:
    talk.standin.switches(lock_row_every_n=3)
    members = [row["Id"] for row in talk.members("Win-back")][:6]
    typed = [
        {"attributes": {"type": "CampaignMember"}, "id": i, "Status": "Attended"} for i in members
    ]

    rows = talk.call("PATCH", "composite/sobjects", json={"records": typed}).json()

    codes = [row["errors"][0]["statusCode"] if row["errors"] else "" for row in rows]
    assert codes == ["", "", "UNABLE_TO_LOCK_ROW"] * 2
