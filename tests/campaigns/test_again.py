"""Writes that Salesforce refused: grouped by their code, and tried again alone."""

import pytest

from tests.campaigns.conftest import Desk
from workbench.campaigns.again import failed_of, refused
from workbench.campaigns.run import preview
from workbench.errors import InputError

WEBINAR = "Spring Webinar"
LONG = "Opened, and read for longer than a label of a member may be"
"""The campaign has this label; a member's status takes only 40 characters."""


def refusing(desk: Desk) -> tuple[str, int, list[str], list[str]]:
    """A sync whose writes fail: the campaign, the run, who clicked, who opened."""
    campaign = desk.campaigns()[WEBINAR]
    desk.document(
        status_map={"clicked": "Responded", "opened": LONG},
        statistics={"clicked": "Emails_Clicked__c"},
        members={"whole_up_to": 0},
    )
    desk.act("add_status", campaign=campaign, label=LONG)
    people = [row for row in desk.ours(campaign).values() if row["status"] == "Sent"][:5]
    now = desk.services.now()
    events = zip(people, ("clicked", "clicked", "clicked", "opened", "opened"), strict=True)
    desk.engage(
        [
            {
                "campaign_id": campaign,
                "person_id": row["person_id"],
                "event": what,
                "occurred_at": now,
            }
            for row, what in events
        ]
    )
    desk.org.switches(lock_row_every_n=1)
    result = desk.run(campaign)
    desk.org.switches(lock_row_every_n=0)
    assert result.status == "done with errors"
    members = [row["member_id"] for row in people]
    return campaign, result.run, members[:3], members[3:]


def test_refused_rows_are_told_by_their_code_the_most_frequent_first(after: Desk) -> None:
    campaign, run, clicked, opened = refusing(after)

    groups = refused(after.services, campaign, run)

    assert [(each.code, each.rows.num_rows) for each in groups] == [
        ("UNABLE_TO_LOCK_ROW", 4),
        ("STRING_TOO_LONG", 2),
    ]
    assert "data value too large" in groups[1].example
    assert set(groups[1].rows["member_id"].to_pylist()) == set(opened)
    assert set(groups[0].rows["member_id"].to_pylist()) == {*clicked, ""}


def test_only_those_that_are_picked_are_written_and_nothing_else_moves(after: Desk) -> None:
    campaign, _, (first, second, _), _ = refusing(after)
    bystander = list(after.ours(campaign))[-1]
    after.act("change_status", member=bystander, status="Opened")
    cursor = after.opened.state.campaigns.get(campaign)
    assert cursor is not None

    seen = preview(after.sync, campaign, after.services, only=[first])
    assert seen.plan.sheet["member_id"].to_pylist() == [first]
    before = after.calls()
    result = after.run(campaign, only=[first], fingerprint=seen.fingerprint)

    assert (result.outward["statuses"], result.outward["statistics"], result.failed) == (1, 0, 0)
    assert result.api_calls == after.calls() - before <= seen.calls
    theirs = after.theirs(campaign)
    assert (theirs[first]["status"], theirs[second]["status"]) == ("Responded", "Sent")
    assert after.ours(campaign)[first]["status"] == "Responded"
    row = after.opened.state.campaigns.get(campaign)
    assert row is not None
    assert (row.cursor_at, row.manual_at) == (cursor.cursor_at, cursor.manual_at)
    notice = after.opened.state.campaign_history.notices()[0]
    assert notice.event == "failed writes tried again"

    whole = after.run(campaign)
    assert whole.inward["statuses"] == 1, "what happened meanwhile is not passed over"
    assert whole.outward["statuses"] == 2
    assert after.ours(campaign)[bystander]["status"] == "Opened"


def test_statistics_that_were_refused_are_tried_again_without_the_members(after: Desk) -> None:
    campaign, _, (first, *_), _ = refusing(after)

    result = after.run(campaign, only=[""])

    assert (result.outward["statuses"], result.outward["statistics"]) == (0, 1)
    assert (after.org.org.row("Campaign", campaign) or {})["Emails_Clicked__c"] == 3
    assert after.theirs(campaign)[first]["status"] == "Sent"


def test_what_is_tried_again_can_be_said_by_run_and_code(after: Desk) -> None:
    campaign, run, clicked, opened = refusing(after)
    sync, services = after.sync, after.services

    every = failed_of(sync, campaign, run, services)
    long = failed_of(sync, campaign, run, services, codes=["STRING_TOO_LONG"])

    assert every == sorted(["", *clicked, *opened])
    assert long == sorted(opened)
    with pytest.raises(InputError, match=r"no failed write .* with the code NO_SUCH") as caught:
        failed_of(sync, campaign, run, services, codes=["NO_SUCH"])
    assert "UNABLE_TO_LOCK_ROW, STRING_TOO_LONG" in caught.value.hint


def test_a_member_that_was_deleted_meanwhile_fails_again_and_leaves_at_the_next_sync(
    after: Desk,
) -> None:
    campaign, _, (first, *_), _ = refusing(after)
    after.act("delete_member", member=first)

    result = after.run(campaign, only=[first])

    assert (result.failed, result.outward["statuses"]) == (1, 0)
    assert first in after.ours(campaign)
    assert after.run(campaign).inward["left"] == 1


def test_a_row_that_waited_is_taken_over_as_it_is_now_and_waits_no_more(after: Desk) -> None:
    campaign, _, (first, *_), _ = refusing(after)
    store, now = after.opened.state.campaign_members, after.services.now()
    person = after.ours(campaign)[first]["person_id"]
    store.decide("acme-campaigns", campaign, [first], "hold", who="ann", at=now)
    after.act("change_address", person=person, email="old@example.com")
    after.run(campaign)
    assert [row["member_id"] for row in store.backlog("acme-campaigns", [campaign])] == [first]
    after.act("change_address", person=person, email="new@example.com")
    store.decide("acme-campaigns", campaign, [first], None, who="ann", at=now)

    after.run(campaign, only=[first])

    assert after.ours(campaign)[first]["email"] == "new@example.com"
    assert store.backlog("acme-campaigns", [campaign]) == []
