"""Weather and kills at every request of a sync: in the end it is as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.conftest import Desk, open_desk
from workbench.errors import RemoteError
from workbench.standin.salesforce.standin import SalesforceStandIn

ROOT = Path(__file__).parents[2]
Prepared = Callable[[], Desk]
Standing = tuple[Any, ...]


@pytest.fixture(scope="module")
def prepared(
    _org: SalesforceStandIn, tmp_path_factory: pytest.TempPathFactory, begun: Path
) -> Iterator[Prepared]:
    """Makes the same situation again and again: a campaign with changes on both sides."""
    made: list[Iterator[Desk]] = []

    def prepare() -> Desk:
        _org.reset()
        made.append(open_desk(_org, tmp_path_factory.mktemp("again"), begun))
        desk = next(made[-1])
        _clicked(desk)
        rows = sorted(desk.theirs(campaign_of(desk)).items())
        for member, _ in rows[:3]:
            desk.act("delete_member", member=member)
        for member, row in rows[3:6]:
            person = row["contact_id"] or row["lead_id"]
            if not (row["contact_id"] and row["lead_id"]):
                desk.act("change_address", person=person, email=f"{member}@example.com")
        for member, _ in rows[6:12]:
            desk.act("change_status", member=member, status="Clicked")
        desk.act("move_clock", hours=3)
        return desk

    yield prepare
    for opening in made:
        next(opening, None)


@pytest.fixture(scope="module")
def expected(prepared: Prepared) -> tuple[Standing, int]:
    """What both sides come to undisturbed, and how many requests one sync makes."""
    desk = prepared()
    before = sum(desk.org.stats()["requests"].values())
    result = desk.run(campaign_of(desk))
    requests = sum(desk.org.stats()["requests"].values()) - before
    assert (result.inward["left"], result.outward["statistics"]) == (3, 1), result
    assert result.outward["statuses"] > 10
    assert requests >= 7
    finish(desk)
    assert desk.agree(campaign_of(desk))
    return standing(desk), requests


def _clicked(desk: Desk) -> None:
    """Thirty members click, two hours after their campaign was taken over."""
    desk.document(
        members={"whole_up_to": 0},
        statistics={"clicked": "Emails_Clicked__c"},
        deletes={"hold_above_pct": 50},
    )
    rows = desk.theirs(campaign_of(desk))
    desk.engage(
        [
            {
                "campaign_id": campaign_of(desk),
                "person_id": rows[member]["contact_id"] or rows[member]["lead_id"],
                "event": "clicked",
                "occurred_at": desk.services.now() + timedelta(hours=2),
            }
            for member in sorted(rows)[10:40]
        ]
    )


def campaign_of(desk: Desk) -> str:
    """The campaign with labels for everything."""
    return desk.campaigns()["Spring Webinar"]


def standing(desk: Desk) -> Standing:
    """Both sides, to compare; when a run was is no part of it."""
    campaign = campaign_of(desk)
    fields = desk.org.org.row("Campaign", campaign) or {}
    ours = {
        member: {key: value for key, value in row.items() if key != "modified_at"}
        for member, row in desk.ours(campaign).items()
    }
    return desk.theirs(campaign), ours, fields["Emails_Clicked__c"]


def finish(desk: Desk) -> None:
    """Sync once more, in fair weather."""
    desk.org.weather([])
    desk.org.act({"do": "move_clock", "minutes": 10})
    desk.run(campaign_of(desk))


def test_a_sync_that_dies_at_any_request_ends_as_if_it_had_not(
    prepared: Prepared, expected: tuple[Standing, int]
) -> None:
    end, requests = expected
    for died_at in range(0, requests, 2):
        desk = prepared()
        desk.org.weather([{"fault": "reset_before", "after": died_at}])
        with pytest.raises(RemoteError):
            desk.run(campaign_of(desk))
        finish(desk)

        assert standing(desk) == end, f"died at request {died_at} of {requests}"


FAULTS = ("5xx", "reset", "reset_before", "truncate", "malformed", "wrong_length")


@pytest.mark.parametrize("fault", FAULTS[:2])
def test_passing_weather_changes_nothing(
    prepared: Prepared, expected: tuple[Standing, int], fault: str
) -> None:
    desk = prepared()
    desk.org.weather([{"fault": fault, "after": 2, "every": 3}])

    desk.run(campaign_of(desk))
    finish(desk)

    assert standing(desk) == expected[0]


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request_ends_as_if_it_had_not(
    prepared: Prepared, expected: tuple[Standing, int], fault: str
) -> None:
    end, requests = expected
    for at in range(requests):
        for forever in (True, False):
            desk = prepared()
            desk.org.weather([{"fault": fault, "after": at, **({} if forever else {"times": 1})}])
            try:
                desk.run(campaign_of(desk))
            except RemoteError:
                assert forever
            finish(desk)
            assert standing(desk) == end, f"{fault} at request {at} of {requests}"


@pytest.mark.parametrize(
    "switches",
    [
        {"lock_row_every_n": 4},
        {"unavailable_every_n": 3},
        {"page_rows": 7},
        {"delete_log_days": 0},
        {"query_timeout_every_n": 3},
        pytest.param({"composite_cost": "per_subrequest"}, marks=pytest.mark.soak),
        pytest.param({"parent_touches_member": "on"}, marks=pytest.mark.soak),
        pytest.param({"covered_lag_s": 300}, marks=pytest.mark.soak),
        pytest.param({"replication_window_code": "UNKNOWN_EXCEPTION"}, marks=pytest.mark.soak),
        pytest.param({"token_calls": 3}, marks=pytest.mark.soak),
    ],
    ids=str,
)
def test_whatever_the_org_is_like_both_sides_end_the_same(
    prepared: Prepared, switches: dict[str, Any]
) -> None:
    desk = prepared()
    desk.org.switches(**switches)

    desk.run(campaign_of(desk))
    finish(desk)

    assert desk.agree(campaign_of(desk))
    assert desk.theirs(campaign_of(desk)).keys() == desk.ours(campaign_of(desk)).keys()


def test_rows_that_commit_late_with_an_older_stamp_are_not_passed_over(desk: Desk) -> None:
    desk.document(members={"whole_up_to": 0, "clock_margin_s": 0})
    campaign = campaign_of(desk)
    desk.run(campaign, "initial")
    rows = sorted(desk.ours(campaign).items())
    desk.act("move_clock", hours=1)
    desk.org.switches(late_commit_s=8)
    late, row = rows[0]
    desk.org.act({"do": "change_address", "person": row["person_id"], "email": "l@example.com"})
    desk.org.switches(late_commit_s=0)
    desk.org.act({"do": "move_clock", "seconds": 5})
    desk.org.act({"do": "change_status", "member": rows[1][0], "status": "Clicked", "then_s": 1})

    desk.run(campaign)
    assert desk.ours(campaign)[late]["email"] == row["email"]  # not committed yet

    desk.org.act({"do": "move_clock", "seconds": 5})
    desk.run(campaign)
    assert desk.ours(campaign)[late]["email"] == "l@example.com"


def test_equal_stamps_across_a_page_lose_nobody(org: SalesforceStandIn, desk: Desk) -> None:
    org.switches(seed_equal_stamps="on", page_rows=13)
    campaign = campaign_of(desk)

    assert desk.run(campaign, "initial").inward["joined"] == 200
    assert desk.agree(campaign)


def killed_after(desk: Desk, requests: int) -> int:
    """Sync in a process of its own, killed -9 after so many requests; gives its exit code."""
    environment = {
        **os.environ,
        "WORKBENCH_HOME": str(desk.opened.settings.home),
        "WORKBENCH_NOW": desk.services.now().isoformat(),
        "PYTHONPATH": str(ROOT),
    }
    before = sum(desk.org.stats()["requests"].values())
    words = ["campaign", "sync", campaign_of(desk)]
    child = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while child.poll() is None:
        if sum(desk.org.stats()["requests"].values()) - before >= requests:
            child.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    return child.wait()


def kills(prepared: Prepared, end: Standing, moments: range) -> None:
    """Kill at each of these moments, and compare."""
    for requests in moments:
        desk = prepared()
        desk.org.switches(slow_response_ms=40)
        killed_after(desk, requests)
        desk.org.switches(slow_response_ms=0)
        desk.opened.state.runs.close_interrupted()
        finish(desk)
        assert standing(desk) == end, f"killed after request {requests}"


def test_a_sync_killed_in_the_middle_ends_as_if_it_had_not(
    prepared: Prepared, expected: tuple[Standing, int]
) -> None:
    kills(prepared, expected[0], range(6, 7))


@pytest.mark.soak
def test_a_sync_killed_at_every_request_ends_as_if_it_had_not(
    prepared: Prepared, expected: tuple[Standing, int]
) -> None:
    kills(prepared, expected[0], range(1, 14))
