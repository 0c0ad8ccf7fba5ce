"""Two runs never have one campaign in hand; jobs carry out what waits (Q31)."""

import threading
import time

import pytest

from tests.campaigns.conftest import Desk
from workbench import jobs
from workbench.campaigns.run import set_auto_sync
from workbench.errors import InputError, QuotaError
from workbench.store.state.runs import BusyError


def started(desk: Desk) -> str:
    """The campaign that had its initial sync."""
    return desk.campaigns()["Spring Webinar"]


def in_background(desk: Desk, campaign: str, until: str = "reading members") -> threading.Thread:
    """A manual sync, started and under way: its members are long in coming."""
    desk.org.weather(
        [{"fault": "slow_first_byte", "ms": 2500, "path": "query", "after": 1, "times": 1}]
    )
    thread = threading.Thread(target=desk.run, args=(campaign,))
    thread.start()
    while not any(run.stage == until for run in desk.opened.state.runs.latest(status="running")):
        time.sleep(0.02)
    return thread


def test_a_second_sync_waits_for_the_first(after: Desk) -> None:
    thread = in_background(after, started(after))

    result = after.run(started(after))
    thread.join()

    first, second = sorted(
        (run for run in after.opened.state.runs.latest("campaign/acme-campaigns", limit=2)),
        key=lambda run: run.id,
    )
    assert (first.status, second.status, result.run) == ("done", "done", second.id)


def test_a_batch_waits_for_the_campaign_that_a_person_syncs(after: Desk) -> None:
    set_auto_sync(after.sync, started(after), after.services, on=True)
    thread = in_background(after, started(after))

    result = after.batch()
    thread.join()

    assert result.campaigns == (started(after),)
    row = after.opened.state.campaigns.get(started(after))
    assert row is not None
    assert row.claimed_by is None


def test_a_document_may_say_to_skip_instead_of_waiting(after: Desk) -> None:
    set_auto_sync(after.sync, started(after), after.services, on=True)
    after.document(run={"overlap": "skip"})
    thread = in_background(after, started(after))

    with pytest.raises(BusyError, match="already running as run"):
        after.run(started(after))
    batch = after.batch()
    thread.join()

    assert batch.campaigns == ()
    assert "is syncing it" in batch.skipped[started(after)]


def test_equal_waiting_syncs_are_one(after: Desk) -> None:
    runs = after.opened.state.runs
    options = {"campaign": started(after), "kind": "manual", "release": False}
    runs.queue("campaign/acme-campaigns", options=options)

    with pytest.raises(InputError, match="waiting already"):
        after.run(started(after))


def test_a_campaign_left_claimed_by_a_run_that_is_gone_is_taken(after: Desk) -> None:
    after.opened.state.campaigns.change("acme-campaigns", started(after), claimed_by=1)

    assert after.run(started(after)).status == "done"


def test_waiting_runs_are_carried_out_as_jobs(after: Desk) -> None:
    runs, services = after.opened.state.runs, after.services
    options = {"campaign": started(after), "kind": "manual"}
    one = runs.queue("campaign/acme-campaigns", options=options)
    night = runs.queue("campaign_nightly/acme-campaigns", "schedule")

    jobs.carry_out(services, one)
    jobs.carry_out(services, night)

    assert [runs.get(each).status for each in (one, night)] == ["done", "done"]
    assert runs.get(one).result["campaigns"] == [started(after)]  # type: ignore[index]


def test_the_hourly_job_does_nothing_while_it_is_off(after: Desk) -> None:
    night = after.opened.state.runs.queue("campaign_hourly/acme-campaigns", "schedule")

    with pytest.raises(InputError, match="hourly sync is off"):
        jobs.carry_out(after.services, night)


def test_the_hourly_batch_takes_open_campaigns_with_auto_sync(after: Desk) -> None:
    after.document(hourly={"enabled": True})
    set_auto_sync(after.sync, started(after), after.services, on=True)

    assert after.batch("hourly").campaigns == (started(after),)


def test_a_batch_may_leave_deletes_to_another(after: Desk) -> None:
    after.document(nightly={"data": ["members", "status"]})
    set_auto_sync(after.sync, started(after), after.services, on=True)
    member = next(iter(after.ours(started(after))))
    after.act("delete_member", member=member)

    assert after.batch().inward["left"] == 0
    assert after.run(started(after)).inward["left"] == 1


def test_the_hourly_batch_stops_before_it_costs_more_than_it_may(after: Desk) -> None:
    after.document(hourly={"enabled": True, "max_calls": 3})
    set_auto_sync(after.sync, started(after), after.services, on=True)
    row = next(each for each in after.ours(started(after)).values() if each["status"] == "Sent")
    happened = {"campaign_id": started(after), "person_id": row["person_id"], "event": "clicked"}
    after.engage([{**happened, "occurred_at": after.services.now()}])

    with pytest.raises(QuotaError, match=r"hourly\.max_calls is 3"):
        after.batch("hourly")
    assert after.theirs(started(after))[row["member_id"]]["status"] == "Sent"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hourly": {"directions": "out"}}, "cannot be carried out safely"),
        ({"nightly": {"data": ["status"]}}, "`data` needs members"),
        ({"nightly": {"time_utc": "25:00"}}, "hours and minutes"),
        ({"nightly": {"time_utc": "02:00", "hour_utc": 3}}, "give the time once"),
        ({"hourly": {"campaigns": "list"}}, "needs `list`"),
        ({"statistics": {"opend": "X__c"}}, "no statistic 'opend'; did you mean opened"),
        ({"statistics": {"opened": "X__c", "clicked": "x__C"}}, "two statistics go to one field"),
        ({"campaigns": {"702000000000001": {}}}, "is not a campaign id"),
        ({"auto_sync_field": "no field"}, "not the API name of a field"),
    ],
)
def test_settings_that_cannot_be_meant_are_sentences(
    after: Desk, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        after.document(**changes)
