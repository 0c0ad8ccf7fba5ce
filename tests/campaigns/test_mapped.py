"""Fields of Salesforce that take our statistics, facts of members, editions (Q16); points (Q22)."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.campaigns.conftest import Desk
from tests.campaigns.tables import event, kept, ours, planned, theirs
from workbench.campaigns.again import failed_of, refused
from workbench.campaigns.looked import Looked
from workbench.campaigns.pam import Pam
from workbench.campaigns.run import preview
from workbench.errors import HeldError, InputError
from workbench.standin.salesforce.switches import CUSTOM_FIELDS

WEBINAR = "Spring Webinar"
MEMBER_FIELDS = {
    "member.state": "Mail_State__c",
    "member.reason": "Mail_Reason__c",
    "member.last_action": "Mail_Action__c",
    "member.points": "Mail_Points__c",
}
EDITION_FIELDS = {
    "edition.object": "Email_Edition__c",
    "edition.campaign": "Campaign__c",
    "edition.external_id": "External_id__c",
    "edition.sent": "Sent__c",
    "edition.opened": "Opened__c",
    "edition.open_rate": "Open_Rate__c",
}
CUSTOM = (
    *CUSTOM_FIELDS,
    "CampaignMember.Mail_State__c text",
    "CampaignMember.Mail_Reason__c text",
    "CampaignMember.Mail_Action__c text",
    "CampaignMember.Mail_Points__c number",
)


@pytest.fixture
def mapped(after: Desk) -> Desk:
    """An org with fields for facts of members, after the initial sync of Spring Webinar."""
    after.org.switches(custom_fields=list(CUSTOM))
    return after


def mail(desk: Desk, *happenings: tuple[dict[str, Any], str, str | None]) -> None:
    """Make the engagement dataset: member, event, edition."""
    now = desk.services.now()
    desk.engage(
        [
            {
                "campaign_id": desk.campaigns()[WEBINAR],
                "person_id": row["person_id"],
                "event": what,
                "occurred_at": now,
                "edition": edition,
            }
            for row, what, edition in happenings
        ]
    )


def stands(desk: Desk, member: str) -> tuple[Any, ...]:
    """What stands in the fields of a member in Salesforce."""
    row = desk.org.org.row("CampaignMember", member) or {}
    return tuple(row[name] for name in MEMBER_FIELDS.values())


def looked_at(desk: Desk) -> Looked:
    """The sheet of a manual sync."""
    return preview(desk.sync, desk.campaigns()[WEBINAR], desk.services)


def test_facts_of_members_are_planned_shown_and_written_once(mapped: Desk) -> None:
    campaign = mapped.campaigns()[WEBINAR]
    ann, bob, *_ = [row for row in mapped.ours(campaign).values() if row["state"] == "Active"]
    mapped.document(pam={"fields": MEMBER_FIELDS}, scoring={"opened": 1, "clicked": 5})
    mail(mapped, (ann, "opened", "One"), (ann, "clicked", "One"), (bob, "opted_out", "One"))

    seen = looked_at(mapped)
    fields = [row for row in seen.plan.sheet.to_pylist() if row["what"] == "field"]
    told = {(row["member_id"], row["field"]): (row["before"], row["after"]) for row in fields}
    assert told[ann["member_id"], "Mail_Points__c"] == (None, "6")
    assert told[bob["member_id"], "Mail_Reason__c"] == (None, "Opt Out Direct")
    assert (bob["member_id"], "Mail_Points__c") not in told
    assert seen.plan.counts.fields_out == seen.plan.facts.num_rows == 200
    before = mapped.calls()

    result = mapped.run(campaign, fingerprint=seen.fingerprint)

    assert result.api_calls == mapped.calls() - before <= seen.calls
    assert (result.member_fields, result.failed) == (200, 0)
    assert stands(mapped, ann["member_id"]) == ("Active", None, "Clicked", 6)
    assert stands(mapped, bob["member_id"]) == ("Inactive", "Opt Out Direct", None, 0) or (
        stands(mapped, bob["member_id"]) == ("Inactive", "Opt Out Direct", None, None)
    )
    _, exported = mapped.opened.state.campaign_members.page(
        "acme-campaigns", campaign, search=ann["member_id"], limit=None
    )
    assert exported["points"].to_pylist() == [6]
    changes = mapped.opened.state.campaign_history.changes(result.run).to_pylist()
    written = [row for row in changes if row["what"] == "field"]
    assert {row["state"] for row in written} == {"done"}
    assert len(written) == len(fields)
    again = mapped.run(campaign)
    assert (again.member_fields, again.failed) == (0, 0)


def test_a_field_that_somebody_changed_over_there_is_set_again(mapped: Desk) -> None:
    campaign = mapped.campaigns()[WEBINAR]
    mapped.document(pam={"fields": {"member.state": "Mail_State__c"}}, members={"whole_up_to": 0})
    mapped.run(campaign)
    member = next(iter(mapped.ours(campaign)))
    mapped.act("set_field", id=member, field="Mail_State__c", value="Mine")

    assert mapped.run(campaign).member_fields == 1

    assert stands(mapped, member)[0] in ("Active", "Inactive")
    assert mapped.run(campaign).member_fields == 0


def test_fields_named_later_are_read_of_everybody_before_any_is_written(mapped: Desk) -> None:
    campaign = mapped.campaigns()[WEBINAR]
    mapped.document(members={"whole_up_to": 0})
    mapped.run(campaign)
    members = mapped.ours(campaign)
    for member, row in members.items():
        mapped.org.act(
            {"do": "set_field", "id": member, "field": "Mail_State__c", "value": row["state"]}
        )
    mapped.org.act({"do": "move_clock", "hours": 1})
    mapped.run(campaign)
    mapped.document(pam={"fields": {"member.state": "Mail_State__c"}})

    assert mapped.run(campaign).member_fields == 0


def test_the_initial_sync_writes_no_fields_of_members(desk: Desk) -> None:
    desk.org.switches(custom_fields=list(CUSTOM))
    desk.document(pam={"fields": MEMBER_FIELDS})
    campaign = desk.campaigns()[WEBINAR]

    assert desk.run(campaign, "initial").member_fields == 0
    assert desk.run(campaign).member_fields == 200


def test_editions_get_their_statistics_and_rates_where_their_object_is_named(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    one = after.act("add_edition", campaign=campaign, name="edition 1 ")["id"]
    two = after.act("add_edition", campaign=campaign, name="Second", External_id__c="E-2")["id"]
    after.document(pam={"fields": EDITION_FIELDS})
    people = list(after.ours(campaign).values())[:4]
    happened = [(row, "sent", "Edition 1") for row in people]
    happened += [(people[0], "opened", "Edition 1"), (people[0], "sent", "E-2")]
    mail(after, *happened, (people[1], "sent", "Third"))
    seen = looked_at(after)
    before = after.calls()

    result = after.run(campaign, fingerprint=seen.fingerprint)

    assert result.outward["editions"] == seen.statistics.editions == 6
    assert result.api_calls == after.calls() - before <= seen.calls
    row = after.org.org.row("Email_Edition__c", one) or {}
    assert (row["Sent__c"], row["Opened__c"], row["Open_Rate__c"]) == (4, 1, 25)
    assert (after.org.org.row("Email_Edition__c", two) or {})["Sent__c"] == 1
    assert any("Salesforce has no edition Third" in each for each in result.warnings)
    assert after.run(campaign).outward["editions"] == 0


def test_statistics_of_editions_that_were_refused_are_tried_again(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    edition = after.act("add_edition", campaign=campaign, name="Edition 1")["id"]
    after.document(pam={"fields": EDITION_FIELDS}, status_map={"sent": None})
    mail(after, (next(iter(after.ours(campaign).values())), "sent", "Edition 1"))
    after.org.switches(lock_row_every_n=1)
    result = after.run(campaign)
    assert (result.failed, result.outward["editions"]) == (1, 0)
    [group] = refused(after.services, campaign, result.run)
    assert set(group.rows["member_id"].to_pylist()) == {edition}
    after.org.switches(lock_row_every_n=0)

    again = failed_of(after.sync, campaign, result.run, after.services)

    assert again == [""]
    assert after.run(campaign, only=again).outward["editions"] == 3
    assert (after.org.org.row("Email_Edition__c", edition) or {})["Sent__c"] == 1


def test_a_sheet_whose_statistics_moved_since_is_not_carried_out(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    after.document(statistics={"opened": "Emails_Opened__c"})
    ann, bob, *_ = after.ours(campaign).values()
    mail(after, (ann, "opened", None))
    seen = looked_at(after)
    mail(after, (ann, "opened", None), (bob, "opened", None))

    with pytest.raises(HeldError, match="no longer what was seen"):
        after.run(campaign, fingerprint=seen.fingerprint)

    assert (after.org.org.row("Campaign", campaign) or {})["Emails_Opened__c"] is None
    assert looked_at(after).plan.fingerprint == seen.plan.fingerprint, "only statistics moved"


def test_two_editions_of_one_name_are_said_and_neither_is_written(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    for _ in range(2):
        after.act("add_edition", campaign=campaign, name="Edition 1")
    after.document(pam={"fields": EDITION_FIELDS})
    mail(after, (next(iter(after.ours(campaign).values())), "sent", "Edition 1"))

    result = after.run(campaign)

    assert result.outward["editions"] == 0
    assert any("more than one edition Edition 1" in each for each in result.warnings)


def test_statistics_of_campaigns_may_be_named_here_too(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    after.document(pam={"fields": {"sent": "Emails_Sent__c", "auto_sync": "Auto_Sync__c"}})
    mail(after, (next(iter(after.ours(campaign).values())), "sent", None))

    assert after.run(campaign).outward["statistics"] == 1

    assert (after.org.org.row("Campaign", campaign) or {})["Emails_Sent__c"] == 1
    row = after.opened.state.campaigns.get(campaign)
    assert row is not None
    assert row.auto_sync == bool((after.org.org.row("Campaign", campaign) or {})["Auto_Sync__c"])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sent": "Emails_Sant__c"}, "no field Emails_Sant__c .* did you mean Emails_Sent__c"),
        ({"sent": "NumberOfResponses"}, "Campaign.NumberOfResponses may not be written"),
        ({"sent": "Auto_Sync__c"}, "Campaign.Auto_Sync__c is a checkbox, not a number"),
        ({"member.points": "Points__c"}, "CampaignMember has no field Points__c"),
        ({"member.state": "Type"}, "CampaignMember.Type may not be written"),
        (
            {**EDITION_FIELDS, "edition.object": "Edition__c"},
            "shows this user no object Edition__c",
        ),
        ({**EDITION_FIELDS, "edition.sent": "Subject__c"}, "is a text, not a number"),
        ({**EDITION_FIELDS, "edition.campaign": "Name"}, "Email_Edition__c.Name is a text, not"),
    ],
)
def test_a_field_that_cannot_take_it_is_said_before_anything_is_done(
    after: Desk, fields: dict[str, str], sentence: str
) -> None:
    campaign = after.campaigns()[WEBINAR]
    after.document(pam={"fields": fields})
    standing = after.opened.state.campaigns.get(campaign)

    with pytest.raises(InputError, match=sentence):
        looked_at(after)
    with pytest.raises(InputError, match=sentence):
        after.run(campaign)

    assert after.opened.state.campaigns.get(campaign) == standing


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"member.point": "A__c"}, "knows no 'member.point'; did you mean member.points"),
        ({"member.state": "A__c", "member.reason": "a__C"}, "go to one field"),
        ({"edition.sent": "A__c"}, "also needs edition.object and edition.campaign"),
        ({"sent": "no field"}, "is not the API name of a field"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_when_it_is_saved(
    fields: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Pam(fields=fields)


def test_two_keys_that_say_where_one_thing_goes_are_refused(desk: Desk) -> None:
    for more, sentence in (
        ({"statistics": {"sent": "A__c"}}, "both say where sent goes"),
        ({"statistics": {"opened": "B__c"}}, "go to one field"),
        ({"auto_sync_field": "C__c"}, "both say where the checkbox is"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            desk.document(pam={"fields": {"sent": "B__c", "auto_sync": "C__c"}}, **more)


def test_what_is_not_mapped_is_off_with_a_notice(after: Desk) -> None:
    notices = " ".join(looked_at(after).notices)

    assert "No statistic of campaigns has a field in Salesforce" in notices
    assert "no field takes the state, reason, last action, points" in notices
    assert "No object of e-mail editions is named" in notices
    after.document(statistics={"sent": "Emails_Sent__c"}, pam={"fields": EDITION_FIELDS})
    assert [each[:10] for each in looked_at(after).notices] == ["Of members"]


def test_the_products_own_fields_are_read_where_they_are_and_never_written(after: Desk) -> None:
    campaign = after.campaigns()[WEBINAR]
    custom = [*CUSTOM_FIELDS, "Campaign.PAM__Active_Members__c number"]
    after.org.switches(custom_fields=custom)
    after.act("set_field", id=campaign, field="PAM__Active_Members__c", value=7)
    # What fields there are is asked again after a week.
    after.act("move_clock", days=8)
    after.document(pam={"fields": {"active": "PAM__Active_Members__c"}})

    assert after.run(campaign).outward["statistics"] == 0

    row = after.opened.state.campaigns.get(campaign)
    assert row is not None
    assert (row.counts or {})["PAM__Active_Members__c"] == 7


def test_an_action_gives_its_points_once_for_each_edition() -> None:
    events = [
        event("ann", "opened", edition="One", times=9),
        event("ann", "opened", edition="Two"),
        event("ann", "clicked", edition="Two"),
        event("bob", "sent", edition="One"),
    ]
    points = {"opened": 2, "clicked": 10}

    plan = planned([theirs("ann"), theirs("bob")], events=events, points=points)

    assert {each: row["points"] for each, row in kept(plan).items()} == {"ann": 14, "bob": 0}


def test_nobody_is_scored_until_points_are_set() -> None:
    plan = planned([theirs("ann")], events=[event("ann", "opened")])

    assert kept(plan)["ann"]["points"] is None


def test_points_that_are_taken_away_again_are_forgotten() -> None:
    plan = planned([], [ours("ann", points=9)], events=[event("ann", "opened")])

    assert kept(plan)["ann"]["points"] is None


def test_a_member_that_is_held_keeps_its_points_and_is_not_written() -> None:
    plan = planned(
        [theirs("ann", email="new@example.com")],
        [ours("ann", points=1)],
        events=[event("ann", "opened")],
        decisions={"ann": "hold"},
        points={"opened": 5},
        fields={"points": "Points__c"},
    )

    assert plan.facts.num_rows == 0
    assert "ann" not in kept(plan)


def test_a_fact_is_written_only_where_it_differs_from_what_stands() -> None:
    standing = [ours("ann", state_there="Active", points_there=0.0), ours("bob", points=2)]
    fields = {"state": "State__c", "points": "Points__c"}

    plan = planned(
        [], standing, events=[event("bob", "opened")], points={"opened": 2}, fields=fields
    )

    assert plan.facts.column("member_id").to_pylist() == ["bob"]
    told = [(row["field"], row["before"], row["after"]) for row in plan.sheet.to_pylist()]
    assert told == [("Points__c", None, "2"), ("State__c", None, "Active")]
