"""Settings of a campaign sync that decide what it does: each has its effect, on and off."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from tests.alerts.servers import Hook, serving
from tests.campaigns.conftest import Desk
from tests.campaigns.tables import kept, ours, planned, theirs, told
from workbench.alerts.delivery import deliver_due
from workbench.campaigns import board
from workbench.campaigns.budget import BULK_FROM
from workbench.campaigns.run import preview, set_auto_sync
from workbench.settings import AlertSettings

WEBINAR = "Spring Webinar"


@pytest.fixture
def webinar(after: Desk) -> str:
    """A campaign with 200 members after its initial sync."""
    return after.campaigns()[WEBINAR]


def merged(desk: Desk, campaign: str, kind: str = "lead") -> tuple[str, str]:
    """Two people of a campaign become one: the member that stays, the one whose row is gone."""
    other = {"lead": "contact", "contact": "lead"}[kind]
    keep, drop = [row for row in desk.ours(campaign).values() if not row[f"{other}_id"]][:2]
    desk.act(f"merge_{kind}s", keep=keep[f"{kind}_id"], drop=drop[f"{kind}_id"])
    return keep["member_id"], drop["member_id"]


@pytest.mark.parametrize(("kind", "whole_up_to"), [("lead", 0), ("lead", 6000), ("contact", 6000)])
def test_a_merged_away_member_stays_with_a_warning_until_merges_are_followed(
    after: Desk, webinar: str, kind: str, whole_up_to: int
) -> None:
    after.document(merge={"follow": False}, members={"whole_up_to": whole_up_to})
    stays, gone = merged(after, webinar, kind)

    for _ in range(2):  # it is said every time, not only by the run that saw it happen
        expected = preview(after.sync, webinar, after.services).calls
        result = after.run(webinar)
        assert result.api_calls <= expected
        assert (result.inward["left"], result.held, result.failed) == (0, 1, 0)
        assert any("1 member merged in Salesforce" in each for each in result.warnings)
        assert {stays, gone} <= after.ours(webinar).keys()
        after.act("move_clock", hours=1)

    after.document(merge={"follow": True})
    assert after.run(webinar).inward["left"] == 1
    assert gone not in after.ours(webinar)
    assert after.agree(webinar)


def test_a_member_that_is_only_deleted_leaves_whatever_is_said_of_merges(
    after: Desk, webinar: str
) -> None:
    after.document(merge={"follow": False})
    gone, *_ = after.ours(webinar)
    after.act("delete_member", member=gone)

    assert after.run(webinar).inward["left"] == 1


def test_where_salesforce_does_not_say_who_was_merged_they_leave_and_it_is_said(
    after: Desk, webinar: str
) -> None:
    after.document(merge={"follow": False})
    merged(after, webinar)
    after.org.switches(hidden_fields=["Lead.MasterRecordId"])

    result = after.run(webinar)

    assert result.inward["left"] == 1
    assert any("MasterRecordId is hidden" in each for each in result.warnings)


def test_nothing_goes_to_salesforce_about_a_member_whose_row_is_gone(
    after: Desk, webinar: str
) -> None:
    after.document(merge={"follow": False})
    _, gone = merged(after, webinar)
    after.run(webinar)
    store, now = after.opened.state.campaign_members, after.services.now()
    store.want("acme-campaigns", [gone], "Responded", why="clicked", at=now)

    result = after.run(webinar)

    assert (result.outward["statuses"], result.failed) == (0, 0)


def test_a_merged_away_member_that_a_person_holds_is_still_known_as_one_afterwards() -> None:
    merged = [ours("ann", merged_into="00Qbob")]

    held = planned([], merged, decisions={"ann": "hold"}, follow_merges=False)
    let_go = planned([], merged, follow_merges=False)
    followed = planned([], merged)

    assert kept(held).get("ann", merged[0])["merged_into"] == "00Qbob"
    assert told(let_go) == [("in", "left", "ann", "ann@example.com", None, "held")]
    assert followed.leave["member_id"].to_pylist() == ["ann"]


def test_a_row_that_went_over_to_another_person_stays_who_it_was_unless_merges_are_followed() -> (
    None
):
    seen = [theirs("ann", lead_id="00Qbob", email="bob@example.com")]
    standing = [ours("ann")]

    followed = planned(seen, standing)
    left = planned(seen, standing, follow_merges=False)

    assert kept(followed)["ann"]["email"] == "bob@example.com"
    assert "ann" not in kept(left)
    assert told(left) == [("in", "person", "ann", "00Qann", "00Qbob", "held")]
    assert [each.code for each in left.warnings] == ["merged person"]


def test_a_conversion_is_no_merge() -> None:
    seen = [theirs("ann", contact_id="003ann")]

    plan = planned(seen, [ours("ann")], follow_merges=False)

    assert kept(plan)["ann"]["person_id"] == "003ann"


def test_calls_of_bulk_jobs_count_or_do_not_in_the_run_the_gauge_and_the_estimate(
    after: Desk, webinar: str
) -> None:
    after.org.switches(
        bulk_counts="off",
        custom_fields=["CampaignMember.Mail_State__c text"],
        daily_limit=1_000_000,
    )
    campaign = after.act("add_campaign", Name="Large", Status="In Progress", IsActive=True)["id"]
    for number in range(BULK_FROM):
        lead = {"LastName": f"L{number}", "Email": f"l{number}@example.com", "IsConverted": 0}
        member = {"CampaignId": campaign, "LeadId": after.org.org.insert("Lead", lead)}
        after.org.org.insert("CampaignMember", {**member, "Status": "Sent", "HasResponded": 0})
    after.run(campaign, "initial")
    after.document(api={"count_bulk": False}, pam={"fields": {"member.state": "Mail_State__c"}})
    estimated = preview(after.sync, campaign, after.services).calls
    used, before = board.budget(after.sync, after.services).used_ours, after.calls()

    result = after.run(campaign)

    assert result.member_fields == BULK_FROM
    assert result.api_calls == after.calls() - before <= estimated
    assert board.budget(after.sync, after.services).used_ours == used + result.api_calls
    counted = preview(after.document(api={"count_bulk": True}), campaign, after.services)
    assert counted.calls <= estimated, "nothing is to be written any more"


def engaged(desk: Desk, campaign: str) -> list[dict[str, Any]]:
    """Three members act; two of their leads belong to somebody else."""
    people = [row for row in desk.ours(campaign).values() if not row["contact_id"]][:3]
    ((mei,),) = desk.org.org.rows("SELECT Id FROM User WHERE FirstName = 'Mei'")
    for row in people[:2]:
        desk.act("set_field", id=row["lead_id"], field="OwnerId", value=mei)
    events = zip(people, ("clicked", "opened", "opened"), strict=True)
    happened = {"campaign_id": campaign, "occurred_at": desk.services.now()}
    desk.engage([{**happened, "person_id": row["person_id"], "event": what}
                 for row, what in events])  # fmt: skip
    return people


ACTIVE = (
    "3 members of 2 owners were active: Mei Sato 2 (1 clicked, 1 opened), "
    "Integration User 1 (1 opened)"
)


def test_the_owners_of_active_members_are_told_of_once_for_each_run(
    after: Desk, webinar: str
) -> None:
    after.document(notify={"member_activity": True}, members={"whole_up_to": 0})
    engaged(after, webinar)

    after.run(webinar)

    notices = after.opened.state.campaign_history.notices()
    assert [each.event for each in notices[:2]] == ["member activity", "manual sync completed"]
    assert notices[0].text == f"{WEBINAR}: {ACTIVE}"
    [alert] = after.opened.state.alerts.latest()
    assert (alert.state, alert.text) == ("member activity", f"acme-campaigns: {ACTIVE}")
    after.run(webinar)
    assert len(after.opened.state.alerts.latest()) == 1, "what is known is no news"


def test_nobody_is_told_of_members_unless_that_is_wanted(after: Desk, webinar: str) -> None:
    engaged(after, webinar)

    after.run(webinar)

    events = {each.event for each in after.opened.state.campaign_history.notices()}
    assert "member activity" not in events
    assert after.opened.state.alerts.latest() == []


def test_what_owners_are_told_goes_where_alerts_go_if_that_is_wanted(
    after: Desk, webinar: str
) -> None:
    with posted(after) as hook:
        after.run(webinar)
        deliver_due(after.services, after.services.now())
        assert hook.got == []

        after.document(notify={"sync_completed": True})
        first, *_ = after.ours(webinar)
        after.act("delete_member", member=first)
        after.run(webinar)
        deliver_due(after.services, after.services.now())

    [(_, told)] = hook.got
    assert told["state"] == "sync completed"
    assert told["text"].startswith(
        f"acme-campaigns: manual sync completed; {WEBINAR}: 0 joined, 1 left, 0 changed"
    )


def test_a_muted_job_tells_nothing_elsewhere(after: Desk, webinar: str) -> None:
    after.document(notify={"sync_completed": True})
    job, now = "campaign/acme-campaigns", after.services.now()
    after.opened.state.jobs.switch(job, True, now)
    after.opened.state.jobs.mute(job, now.replace(year=now.year + 1))

    after.run(webinar)

    assert after.opened.state.alerts.latest() == []
    assert after.opened.state.campaign_history.notices()[0].event == "manual sync completed"


@contextmanager
def posted(desk: Desk) -> Iterator[Hook]:
    """A web server that alerts are posted to."""
    with serving(Hook()) as server:
        alerts = AlertSettings(webhook_url=SecretStr(server.url))
        settings = desk.opened.settings.model_copy(update={"alerts": alerts})
        desk.opened = dataclasses.replace(desk.opened, settings=settings)
        yield server


def test_auto_sync_follows_the_box_that_is_named_among_the_products_fields(desk: Desk) -> None:
    desk.document(pam={"fields": {"auto_sync": "Auto_Sync__c"}})
    campaign = desk.campaigns()[WEBINAR]
    before = (desk.org.org.row("Campaign", campaign) or {})["Auto_Sync__c"]

    set_auto_sync(desk.sync, campaign, desk.services, on=not before)

    assert (desk.org.org.row("Campaign", campaign) or {})["Auto_Sync__c"] == int(not before)
