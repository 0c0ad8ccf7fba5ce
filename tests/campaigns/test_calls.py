"""What a sync costs, measured where Salesforce counts it (campaign-sync contract, section 9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.conftest import Desk, open_desk
from tests.conftest import NOW
from workbench.campaigns import board
from workbench.campaigns.run import refresh, set_auto_sync
from workbench.errors import QuotaError
from workbench.standin.salesforce.standin import SalesforceStandIn

CHANGED, WRITTEN = 2_000, 3_000


def prepared(desk: Desk) -> list[str]:
    """Every open campaign with auto-sync, after its initial sync."""
    desk.document(
        auto_sync_field="Auto_Sync__c", members={"whole_up_to": 0}, nightly={"reconcile": False}
    )
    refresh(desk.sync, desk.services)
    open_ones = [
        each.row.id
        for each in board.listed(desk.sync, desk.services)
        if each.row.auto_sync and each.closed is None
    ]
    for campaign in open_ones:
        desk.run(campaign, "initial")
        desk.org.act({"do": "move_clock", "minutes": 10})
    return open_ones


def changed_and_engaged(desk: Desk, campaigns: list[str]) -> None:
    """2,000 statuses change by hand, and 3,000 other members click."""
    rows = [
        (campaign, member, row)
        for campaign in campaigns
        for member, row in desk.theirs(campaign).items()
        if not row["has_responded"]
    ]
    rows.sort(key=lambda each: each[2]["status"] != "Sent")
    assert rows[CHANGED][2]["status"] == "Sent"
    assert len(rows) >= CHANGED + WRITTEN
    for _, member, _ in rows[:CHANGED]:
        desk.org.act({"do": "change_status", "member": member, "status": "Opened"})
    desk.org.act({"do": "move_clock", "minutes": 10})
    happened = desk.services.now()
    desk.engage(
        [
            {
                "campaign_id": campaign,
                "person_id": row["contact_id"] or row["lead_id"],
                "event": "clicked",
                "occurred_at": happened,
            }
            for campaign, _, row in rows[CHANGED : CHANGED + WRITTEN]
        ]
    )


def measured(desk: Desk, campaigns: list[str]) -> dict[str, int]:
    """Calls of the worked example, of a run with nothing changed, of a full reconcile."""
    changed_and_engaged(desk, campaigns)
    told = {}
    for name, reconcile in (("changed", False), ("quiet", False), ("whole", True)):
        desk.document(nightly={"reconcile": reconcile})
        before = desk.calls()
        result = desk.batch()
        told[name] = desk.calls() - before
        assert result.api_calls == told[name]
        assert set(result.campaigns) == set(campaigns)
        if name == "changed":
            assert result.inward["statuses"] == CHANGED
            assert result.outward["statuses"] == WRITTEN
        desk.org.act({"do": "move_clock", "hours": 1})
    assert all(desk.agree(campaign) for campaign in campaigns)
    return told


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory, _salesforce_home: Path) -> Iterator[Desk]:
    """An org of some ten thousand members in open campaigns."""
    with SalesforceStandIn(seed=7, size="medium", now=NOW) as org:
        org.switches(usage_jitter=10)
        yield from open_desk(org, tmp_path_factory.mktemp("medium"), _salesforce_home)


def test_the_worked_example_stays_within_its_nineteen_calls(medium: Desk) -> None:
    campaigns = prepared(medium)

    calls = measured(medium, campaigns)

    assert calls["changed"] <= 19
    assert calls["quiet"] <= 4
    assert calls["whole"] <= 19 + 50 * 10_400 // 100_000


@pytest.mark.soak
def test_fifty_campaigns_of_a_hundred_thousand_members(
    tmp_path: Path, _salesforce_home: Path
) -> None:
    with SalesforceStandIn(seed=7, size="large", now=NOW) as org:
        org.switches(daily_limit=1_000_000)
        for desk in open_desk(org, tmp_path, _salesforce_home):
            campaigns = prepared(desk)
            assert len(campaigns) == 50

            calls = measured(desk, campaigns)

            assert calls["changed"] <= 19
            assert calls["quiet"] <= 4
            assert calls["whole"] <= 69


def test_the_gauge_tells_the_orgs_calls_and_ours_apart(desk: Desk) -> None:
    campaign = desk.campaigns()["Win-back"]
    desk.org.act({"do": "use_calls", "calls": 500})

    result = desk.run(campaign, "initial")

    told = board.budget(desk.sync, desk.services)
    assert told.used_ours == result.api_calls
    assert told.limit == 15_000
    assert told.used_org is not None
    assert told.used_org >= 490 + result.api_calls
    assert told.allocation == 3_000


def test_batches_pause_when_our_share_is_used_up_and_go_on_below_the_mark(desk: Desk) -> None:
    campaign = desk.campaigns()["Win-back"]
    desk.run(campaign, "initial")
    set_auto_sync(desk.sync, campaign, desk.services, on=True)
    history, now = desk.opened.state.campaign_history, desk.services.now()
    history.spent("acme-sf", calls=2_900, at=now, kind="tests")

    with pytest.raises(QuotaError, match="nearly used up: 2 9"):
        desk.batch()
    assert board.budget(desk.sync, desk.services).gate == "paused"
    assert desk.run(campaign).status == "done"  # a person's own sync goes on

    desk.org.act({"do": "move_clock", "hours": 25})
    assert desk.batch().campaigns == (campaign,)
    assert board.budget(desk.sync, desk.services).gate == "open"


def test_the_orgs_limit_reached_in_the_middle_loses_nothing(desk: Desk) -> None:
    campaign = desk.campaigns()["Spring Webinar"]
    desk.run(campaign, "initial")
    member = next(each for each, row in desk.theirs(campaign).items() if row["status"] == "Sent")
    desk.act("change_status", member=member, status="Clicked")
    desk.org.switches(daily_limit=desk.calls() + 1, usage_jitter=0)

    with pytest.raises(QuotaError, match="last 24 hours are used up"):
        desk.run(campaign)
    assert desk.ours(campaign)[member]["status"] == "Sent"
    last = desk.opened.state.campaign_history.syncs("acme-campaigns", campaign)[0]
    assert (last.status, last.error) == ("failed", str(last.error))

    desk.org.switches(daily_limit=15_000)
    desk.run(campaign)
    assert desk.agree(campaign)
