"""What New Edition makes, by how a campaign sends (campaign-sync contract, section 4)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from tests.campaigns.conftest import Desk
from workbench.campaigns.editions import date_faults, new_editions, sends_of
from workbench.campaigns.model import CampaignSync
from workbench.campaigns.run import new_edition

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SYNC = CampaignSync(name="acme", connection="sf")


@dataclass
class Edition:
    name: str
    start_date: date | None = None
    end_date: date | None = None


def made(sends: str, there: list[Edition] | None = None, sync: CampaignSync = SYNC) -> list[str]:
    """The names of the editions that a press makes."""
    start, end = date(2026, 3, 1), date(2026, 4, 1)
    rows = new_editions(sync, sends, there or [], start=start, end=end, now=NOW)  # type: ignore[arg-type]
    return [row["name"] for row in rows]


def test_the_first_press_makes_editions_by_type() -> None:
    five = ["Initial", "Not Opened", "Not Clicked", "Not Complete", "Complete"]

    assert made("scheduled") == ["Edition 1"]
    assert made("adaptive") == five
    assert made("drip") == ["Edition 1"]
    more = CampaignSync.model_validate(
        {"name": "acme", "connection": "sf", "drip": {"default_editions": 3}}
    )
    assert made("drip", sync=more) == ["Edition 1", "Edition 2", "Edition 3"]


def test_a_later_press_adds_one() -> None:
    assert made("adaptive", [Edition(str(n)) for n in range(5)]) == ["Edition 6"]


def test_a_scheduled_edition_starts_after_the_last_one_has_ended() -> None:
    there = [Edition("Edition 1", date(2026, 3, 1), date(2026, 3, 9))]

    rows = new_editions(SYNC, "scheduled", there, start=None, end=None, now=NOW)

    assert rows[0]["start_date"] == date(2026, 3, 10)


def test_overlapping_dates_are_said() -> None:
    one = Edition("One", date(2026, 3, 1), date(2026, 3, 9))
    two = Edition("Two", date(2026, 3, 9), date(2026, 3, 10))
    back = Edition("Back", date(2026, 5, 2), date(2026, 5, 1))

    assert date_faults([one, two, back]) == [
        "Back ends before it starts",
        "Two starts on 2026-03-09, before One has ended (2026-03-09)",
    ]


@pytest.mark.parametrize(
    ("kind", "sends"), [("Webinar", "scheduled"), ("Adaptive", "adaptive"), (None, "scheduled")]
)
def test_how_a_campaign_sends_follows_its_type(kind: str | None, sends: str) -> None:
    assert sends_of(SYNC, "701000000000001AAA", kind) == sends


def test_new_edition_is_the_initial_sync_once_and_then_adds_editions(desk: Desk) -> None:
    campaign = desk.campaigns()["Win-back"]
    desk.document(campaigns={campaign: {"sends": "adaptive"}})

    first = new_edition(desk.sync, campaign, desk.services)
    again = new_edition(desk.sync, campaign, desk.services)

    assert first is not None
    assert first.inward["joined"] == 15
    assert again is None
    editions = desk.opened.state.campaigns.editions("acme-campaigns", campaign)
    assert [each.number for each in editions] == [1, 2, 3, 4, 5, 6]
    assert editions[1].audience == "Sent, not opened"
