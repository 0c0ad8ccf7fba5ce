"""The four syncs against the rehearsal org: what the seed's text says, line by line."""

import pytest

from tests.campaigns.conftest import Desk
from workbench.errors import AccessError, HeldError, InputError

WEBINAR, DRIP, SHOW = "Spring Webinar", "Onboarding Drip", "Trade Show Berlin"


@pytest.fixture
def webinar(after: Desk) -> str:
    """A campaign with 200 members after its initial sync."""
    return after.campaigns()[WEBINAR]


def test_the_initial_sync_takes_over_the_campaign_and_its_members(desk: Desk) -> None:
    campaign = desk.campaigns()[WEBINAR]

    result = desk.run(campaign, "initial")

    assert result.inward["joined"] == 200
    assert desk.agree(campaign)
    row = desk.opened.state.campaigns.get(campaign)
    assert row is not None
    assert row.ours == {
        "name": WEBINAR,
        "type": "Webinar",
        "start_date": "2026-02-18",
        "end_date": "2026-03-30",
    }
    assert [each.name for each in desk.opened.state.campaigns.editions("acme-campaigns", campaign)]


def test_a_member_deleted_in_salesforce_is_deleted_here_at_the_next_sync(
    after: Desk, webinar: str
) -> None:
    first, *_ = after.ours(webinar)
    after.act("delete_member", member=first)

    result = after.run(webinar)

    assert result.inward["left"] == 1
    assert first not in after.ours(webinar)
    assert after.agree(webinar)


def test_an_address_changed_in_salesforce_changes_here_at_the_next_sync(
    after: Desk, webinar: str
) -> None:
    first, row = next(iter(after.ours(webinar).items()))
    after.act("change_address", person=row["person_id"], email="new@example.com")

    assert after.run(webinar).inward["updated"] == 1
    assert after.ours(webinar)[first]["email"] == "new@example.com"


def test_a_status_changed_by_hand_is_taken_over_at_the_next_sync(after: Desk, webinar: str) -> None:
    first = next(each for each, row in after.ours(webinar).items() if row["status"] == "Sent")
    after.act("change_status", member=first, status="Clicked")

    assert after.run(webinar).inward["statuses"] == 1
    assert after.ours(webinar)[first]["status"] == "Clicked"


def test_what_members_did_becomes_their_status_in_salesforce(after: Desk, webinar: str) -> None:
    people = [row for row in after.ours(webinar).values() if row["status"] == "Sent"][:3]
    now = after.services.now()
    after.engage(
        [
            {
                "campaign_id": webinar[:15],
                "person_id": row["person_id"][:15],
                "event": "clicked",
                "occurred_at": now,
            }
            for row in people
        ]
    )

    result = after.run(webinar)

    assert result.outward["statuses"] == 3
    assert [after.theirs(webinar)[row["member_id"]]["status"] for row in people] == [
        "Responded"
    ] * 3
    assert after.agree(webinar)
    assert after.run(webinar).outward["statuses"] == 0


def test_the_initial_sync_writes_nothing_back_and_the_next_one_does(desk: Desk) -> None:
    campaign = desk.campaigns()[WEBINAR]
    member, row = next(
        (each, row) for each, row in desk.theirs(campaign).items() if row["status"] == "Sent"
    )
    person = row["contact_id"] or row["lead_id"]
    happened = {"campaign_id": campaign, "person_id": person, "event": "completed"}
    desk.engage([{**happened, "occurred_at": desk.services.now()}])

    assert desk.run(campaign, "initial").outward["statuses"] == 0
    assert desk.theirs(campaign)[member]["status"] == "Sent"

    assert desk.run(campaign).outward["statuses"] == 1
    assert desk.theirs(campaign)[member]["status"] == "Responded"


def test_a_campaign_that_is_not_started_cannot_be_synchronized(desk: Desk) -> None:
    with pytest.raises(InputError, match="has not been started") as caught:
        desk.run(desk.campaigns()[WEBINAR])
    assert "--kind initial" in caught.value.hint


def test_an_unknown_campaign_is_named_with_the_nearest(desk: Desk) -> None:
    with pytest.raises(InputError, match="no campaign Spring Webiner; did you mean Spring Webinar"):
        desk.run("Spring Webiner")


def test_a_second_initial_sync_is_refused(after: Desk, webinar: str) -> None:
    with pytest.raises(InputError, match="had its initial sync already"):
        after.run(webinar, "initial")


def test_a_user_who_sees_no_campaigns_is_told_what_is_missing(desk: Desk) -> None:
    campaign = desk.campaigns()[WEBINAR]
    desk.org.switches(campaign_objects="hidden")

    with pytest.raises(AccessError, match="no campaigns") as caught:
        desk.run(campaign, "initial")

    assert "Marketing User" in caught.value.hint
    assert desk.opened.state.campaigns.all() == []


def test_a_custom_field_that_does_not_exist_is_said_before_anything_is_done(desk: Desk) -> None:
    desk.document(auto_sync_field="Auto_Sinc__c")

    with pytest.raises(InputError, match="no field Auto_Sinc__c") as caught:
        desk.run(desk.campaigns()[WEBINAR], "initial")

    assert "did you mean Auto_Sync__c" in str(caught.value)
    assert desk.ours(desk.campaigns()[WEBINAR]) == {}


def test_a_mapping_to_a_label_that_does_not_exist_holds_the_row_and_says_so(
    after: Desk, webinar: str
) -> None:
    after.document(status_map={"clicked": "Klicked"})
    row = next(iter(after.ours(webinar).values()))
    happened = {"campaign_id": webinar, "person_id": row["person_id"], "event": "clicked"}
    after.engage([{**happened, "occurred_at": after.services.now()}])

    result = after.run(webinar)

    assert (result.held, result.outward["statuses"]) == (1, 0)
    assert result.warnings[-1].endswith("has no status label Klicked: 1 status held") or any(
        "has no status label Klicked" in each for each in result.warnings
    )


def test_a_hidden_field_is_left_out_with_a_warning(desk: Desk) -> None:
    desk.org.switches(hidden_fields=["Lead.HasOptedOutOfEmail"])
    campaign = desk.campaigns()[WEBINAR]

    result = desk.run(campaign, "initial")

    assert any("Lead.HasOptedOutOfEmail is hidden" in each for each in result.warnings)
    assert len(desk.ours(campaign)) == 200


def test_a_field_hidden_later_fails_once_and_is_left_out_from_then_on(
    after: Desk, webinar: str
) -> None:
    after.org.switches(hidden_fields=["Lead.HasOptedOutOfEmail"])

    result = after.run(webinar)

    assert any("Lead.HasOptedOutOfEmail is hidden" in each for each in result.warnings)


def test_a_sheet_that_is_no_longer_true_is_not_carried_out(after: Desk, webinar: str) -> None:
    from workbench.campaigns.run import preview

    seen = preview(after.sync, webinar, after.services).plan.fingerprint
    first, *_ = after.ours(webinar)
    after.act("delete_member", member=first)

    with pytest.raises(HeldError, match="no longer what was seen"):
        after.run(webinar, fingerprint=seen)
    assert first in after.ours(webinar)


def test_too_many_deletes_wait_for_a_person_also_in_the_nightly_run(
    after: Desk, webinar: str
) -> None:
    from workbench.campaigns.run import set_auto_sync

    set_auto_sync(after.sync, webinar, after.services, on=True)
    gone = list(after.ours(webinar))[:11]
    for member in gone:
        after.act("delete_member", member=member)

    held = after.batch()
    assert (held.inward["left"], held.held) == (0, 11)
    assert len(after.ours(webinar)) == 200

    assert after.run(webinar, release=True).inward["left"] == 11
    assert after.agree(webinar)


def test_the_nightly_run_skips_closed_campaigns_and_says_so(desk: Desk) -> None:
    from workbench.campaigns import board
    from workbench.campaigns.run import set_auto_sync

    show = desk.campaigns()[SHOW]
    desk.run(show, "initial")
    set_auto_sync(desk.sync, show, desk.services, on=True)

    result = desk.batch()

    assert result.campaigns == ()
    assert result.skipped == {show: "closed campaign skipped: its status is Completed"}
    first = board.listed(desk.sync, desk.services)[0]
    assert (first.row.id, first.needs_attention) == (show, True)
    wasted = board.budget(desk.sync, desk.services).wasted
    assert [each.campaign_id for each in wasted] == [show]


def test_a_converted_lead_is_the_same_member_and_now_a_contact(after: Desk, webinar: str) -> None:
    member, row = next(
        (each, row) for each, row in after.ours(webinar).items() if not row["contact_id"]
    )
    contact = after.act("convert_lead", lead=row["lead_id"])["contact"]

    result = after.run(webinar)

    assert after.ours(webinar)[member]["person_id"] == contact
    assert after.ours(webinar)[member]["is_converted"]
    assert any("1 lead became" in each or "became contacts" in each for each in result.warnings)
    assert after.agree(webinar)


def test_merged_leads_end_as_one_member(after: Desk, webinar: str) -> None:
    leads = [row for row in after.ours(webinar).values() if not row["contact_id"]][:2]
    after.act("merge_leads", keep=leads[0]["lead_id"], drop=leads[1]["lead_id"])

    assert after.run(webinar).inward["left"] == 1
    assert after.agree(webinar)


def test_each_sync_tells_the_owner_with_its_warnings(after: Desk, webinar: str) -> None:
    after.run(webinar)

    events = [each.event for each in after.opened.state.campaign_history.notices()]
    assert events == ["manual sync completed", "new campaign synced in"]
    assert any(
        "address" in text
        for text in after.opened.state.campaign_history.notices()[0].warnings or []
    )


def test_every_change_is_kept_before_and_after(after: Desk, webinar: str) -> None:
    first, row = next(iter(after.ours(webinar).items()))
    after.act("change_address", person=row["person_id"], email="new@example.com")
    result = after.run(webinar)

    changes = after.opened.state.campaign_history.changes(result.run).to_pylist()
    told = [(each["member_id"], each["field"], each["before"], each["after"]) for each in changes]
    assert (first, "email", row["email"], "new@example.com") in told


def test_statistics_go_to_the_fields_that_may_be_written(after: Desk, webinar: str) -> None:
    after.document(statistics={"sent": "Emails_Sent__c", "opened": "NumberOfResponses"})
    people = list(after.ours(webinar).values())[:4]
    now = after.services.now()
    after.engage(
        [
            {
                "campaign_id": webinar,
                "person_id": row["person_id"],
                "event": what,
                "occurred_at": now,
                "edition": "Edition 1",
            }
            for row, what in zip(people, ("sent", "sent", "sent", "opened"), strict=True)
        ]
    )

    result = after.run(webinar)

    assert result.outward["statistics"] == 1
    assert after.org.org.row("Campaign", webinar)["Emails_Sent__c"] == 3  # type: ignore[index]
    assert any("NumberOfResponses may not be written" in each for each in result.warnings)
    assert after.run(webinar).outward["statistics"] == 0


def test_global_test_members_join_at_the_first_sync(desk: Desk) -> None:
    campaign = desk.campaigns()[WEBINAR]
    inside = next(iter(desk.theirs(campaign).values()))
    person = inside["contact_id"] or inside["lead_id"]
    outside = desk.org.act(
        {
            "do": "add_person",
            "object": "Lead",
            "LastName": "Tester",
            "Company": "Ours",
            "Email": "tester@example.com",
            "Test_Member__c": True,
        }
    )["id"]
    desk.org.act({"do": "set_field", "id": person, "field": "Test_Member__c", "value": True})
    desk.document(test_members={"field": "Test_Member__c"})

    desk.run(campaign, "initial")

    tests = [row for row in desk.ours(campaign).values() if row["is_test"]]
    assert {row["person_id"] for row in tests} == {person, outside}
    assert desk.run(campaign).inward["left"] == 0


def test_a_row_that_a_person_excludes_stays_as_it_is_until_it_is_let_in(
    after: Desk, webinar: str
) -> None:
    first, row = next(iter(after.ours(webinar).items()))
    store, now = after.opened.state.campaign_members, after.services.now()
    store.decide("acme-campaigns", webinar, [first], "exclude", who="ann", at=now)
    after.act("change_address", person=row["person_id"], email="new@example.com")

    assert after.run(webinar).held == 1
    assert after.ours(webinar)[first]["email"] == row["email"]

    store.decide("acme-campaigns", webinar, [first], None, who="ann", at=now)
    after.run(webinar)
    assert after.ours(webinar)[first]["email"] == "new@example.com"


def test_the_auto_sync_box_may_live_in_salesforce(desk: Desk) -> None:
    from workbench.campaigns.run import set_auto_sync

    desk.document(auto_sync_field="Auto_Sync__c")
    campaign = desk.campaigns()[SHOW]
    before = desk.org.org.row("Campaign", campaign)["Auto_Sync__c"]  # type: ignore[index]

    set_auto_sync(desk.sync, campaign, desk.services, on=not before)

    assert desk.org.org.row("Campaign", campaign)["Auto_Sync__c"] == int(not before)  # type: ignore[index]
    row = desk.opened.state.campaigns.get(campaign)
    assert row is not None
    assert row.auto_sync is not bool(before)


def test_a_global_opt_out_ticks_the_box_in_salesforce_only_where_that_is_wanted(
    after: Desk, webinar: str
) -> None:
    row = next(each for each in after.ours(webinar).values() if each["state"] == "Active")
    happened = {"campaign_id": webinar, "person_id": row["person_id"], "event": "opted_out"}
    after.engage([{**happened, "occurred_at": after.services.now()}])
    name = "Contact" if row["contact_id"] else "Lead"

    after.run(webinar)
    assert not after.org.org.row(name, row["person_id"])["HasOptedOutOfEmail"]  # type: ignore[index]

    after.document(optout={"write_person": True})
    result = after.run(webinar)
    assert after.org.org.row(name, row["person_id"])["HasOptedOutOfEmail"]  # type: ignore[index]
    assert after.ours(webinar)[row["member_id"]]["reason"] == "Opt Out Direct"
    changes = after.opened.state.campaign_history.changes(result.run).to_pylist()
    assert [(each["what"], each["state"]) for each in changes] == [("opt-out", "done")]

    again = after.run(webinar)
    assert after.opened.state.campaign_history.changes(again.run).num_rows == 0
    assert after.ours(webinar)[row["member_id"]]["reason"] == "Opt Out Direct"
