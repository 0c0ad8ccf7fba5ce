"""Statistics and rates as the contract defines them (campaign-sync contract, section 6)."""

from collections.abc import Sequence

import pytest

from tests.campaigns.tables import CAMPAIGN, OTHER, event, planned, theirs
from workbench.campaigns.statistics import CampaignFigures, Figures, figures


def counted(
    events: Sequence[tuple[str, str, str | None]], *, members: int = 4, base: str = "delivered"
) -> Figures:
    """Figures of one campaign whose members did this: member, event, edition."""
    plan = planned(
        [theirs(f"m{n}") for n in range(members)],
        events=[event(who, what, edition=edition) for who, what, edition in events],
    )
    return figures(plan.states, plan.matched, click_base=base)  # type: ignore[arg-type]


def test_without_anything_sent_every_rate_is_a_dash() -> None:
    found = counted([]).campaigns[CAMPAIGN]

    assert (found.total, found.active, found.sent) == (4, 4, 0)
    assert set(found.rates.values()) == {None}


def test_an_editions_rates_are_of_active_members_and_of_delivered_mails() -> None:
    everybody = ["m0", "m1", "m2", "m3"]
    events = [(who, "sent", "One") for who in everybody]
    events += [("m3", "soft_bounced", "One"), ("m0", "opened", "One"), ("m0", "clicked", "One")]
    events += [("m1", "opened", "One"), ("m0", "sent", "Two")]

    one, two = counted(events).editions[CAMPAIGN]

    assert (one.edition, one.sent, one.delivered, one.opened, one.clicked) == ("One", 4, 3, 2, 1)
    # The soft bounce makes m3 inactive, so three members are active.
    assert one.active == 3
    assert one.rates == {"sent_rate": 1.333333, "open_rate": 0.666667, "click_rate": 0.333333}
    assert two.rates == {"sent_rate": 0.333333, "open_rate": 0.0, "click_rate": 0.0}


def test_a_click_rate_may_be_of_those_who_opened() -> None:
    events = [("m0", "sent", "One"), ("m1", "sent", "One"), ("m0", "opened", "One")]
    events += [("m0", "clicked", "One")]

    of_delivered = counted(events).editions[CAMPAIGN][0]
    of_opened = counted(events, base="opened").editions[CAMPAIGN][0]

    assert (of_delivered.rates["click_rate"], of_opened.rates["click_rate"]) == (0.5, 1.0)


def test_a_campaigns_rates_count_each_member_once_and_delivered_counts_mails() -> None:
    events = [("m0", "sent", "One"), ("m0", "sent", "Two"), ("m1", "sent", "One")]
    events += [("m1", "hard_bounced", "One"), ("m0", "opened", "One"), ("m0", "opened", "Two")]
    unnamed: list[tuple[str, str, str | None]] = [("m2", "opted_out", None)]

    found = counted([*events, ("m0", "completed", "Two"), *unnamed]).campaigns[CAMPAIGN]

    assert (found.sent, found.delivered, found.delivered_members, found.opened) == (2, 2, 1, 1)
    assert found.rates["completion_to_open_rate"] == 1.0
    assert found.rates["click_to_open_rate"] == 0.0
    assert found.rates["bounce_rate"] == 0.5
    assert found.rates["opt_out_rate"] == 1.0
    assert (found.active, found.inactive) == (2, 2)


def test_a_converted_lead_counts_once_in_the_total() -> None:
    plan = planned([theirs("ann", contact_id="003ann"), theirs("bob")])

    found = figures(plan.states, plan.matched).campaigns[CAMPAIGN]

    assert (found.total, found.leads, found.contacts, found.converted) == (2, 2, 1, 1)


def test_global_test_members_count_for_nothing() -> None:
    plan = planned(
        [theirs("ann"), theirs("test:00Q1", is_test=True)],
        events=[event("test:00Q1", "sent", edition="One")],
    )

    found = figures(plan.states, plan.matched)

    assert found.campaigns[CAMPAIGN] == CampaignFigures(total=1, active=1, leads=1)
    assert found.editions == {}


def test_reasons_of_inactive_members_are_counted() -> None:
    plan = planned([theirs("ann", email=None), theirs("bob", email="x")])

    assert figures(plan.states, plan.matched).reasons == {
        CAMPAIGN: {"Invalid address": 1, "No address": 1}
    }


def test_engagement_of_strangers_is_listed_and_never_dropped_silently() -> None:
    plan = planned(
        [theirs("ann")],
        events=[
            event("ann", "opened"),
            event("eve", "opened", times=3),
            event("eve", "opted_out", campaign_id=OTHER),
        ],
    )

    assert plan.unmatched.to_pylist() == [
        {
            "campaign_id": CAMPAIGN,
            "person_id": "00Qeve",
            "email": None,
            "event": "opened",
            "times": 3,
        }
    ]
    assert [str(each) for each in plan.warnings] == [
        "3 engagement events of 1 person who are not members of the campaign"
    ]


@pytest.mark.parametrize("shared", ["both@example.com", "BOTH@example.com"])
def test_engagement_by_a_shared_address_belongs_to_the_member_that_is_mailed(shared: str) -> None:
    plan = planned(
        [theirs("ann", email="both@example.com"), theirs("bob", email="both@example.com")],
        events=[event("", "opened", person_id=None, email=shared)],
    )

    assert plan.matched.column("member_id").to_pylist() == ["ann"]
