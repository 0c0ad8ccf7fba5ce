"""Statistics and rates of a campaign and its editions (campaign-sync contract, section 6). Pure.

A rate whose denominator is zero is None, shown as "–": never 0 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from workbench import in_memory

if TYPE_CHECKING:
    import duckdb

ClickBase = Literal["delivered", "opened"]
BOUNCES = "('soft_bounced', 'hard_bounced')"
RATE_DIGITS = 6
"""Digits kept of a rate: enough for a percentage, and no noise that would look like a change."""


def rate(part: int, whole: int) -> float | None:
    """A share from 0 to 1; None where there is nothing to be a share of.

    >>> rate(1, 4), rate(0, 0)
    (0.25, None)
    """
    return round(part / whole, RATE_DIGITS) if whole else None


@dataclass(frozen=True, slots=True)
class EditionFigures:
    """One edition in numbers; each counts members once."""

    edition: str | None
    sent: int = 0
    delivered: int = 0
    """Sent to and not bounced."""
    opened: int = 0
    clicked: int = 0
    completed: int = 0
    bounced: int = 0
    opted_out: int = 0
    complained: int = 0
    active: int = 0
    """Active members of the campaign."""
    click_base: ClickBase = "delivered"

    @property
    def rates(self) -> dict[str, float | None]:
        """Sent of active members, opened and clicked of delivered (or clicked of opened)."""
        base = self.delivered if self.click_base == "delivered" else self.opened
        return {
            "sent_rate": rate(self.sent, self.active),
            "open_rate": rate(self.opened, self.delivered),
            "click_rate": rate(self.clicked, base),
        }

    def as_json(self) -> dict[str, Any]:
        """Numbers and rates by name."""
        return asdict(self) | self.rates


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """One campaign in numbers: members once each, ``delivered`` in mails."""

    total: int = 0
    """Leads and contacts, less those converted, whose row counts as both."""
    active: int = 0
    inactive: int = 0
    leads: int = 0
    contacts: int = 0
    converted: int = 0
    sent: int = 0
    delivered: int = 0
    """Mails sent and not bounced, over all editions."""
    delivered_members: int = 0
    opened: int = 0
    clicked: int = 0
    completed: int = 0
    bounced: int = 0
    opted_out: int = 0
    complained: int = 0
    click_base: ClickBase = "delivered"

    @property
    def rates(self) -> dict[str, float | None]:
        """Every rate of the campaign, None where its denominator is zero."""
        base = self.delivered_members if self.click_base == "delivered" else self.opened
        return {
            "open_rate": rate(self.opened, self.delivered_members),
            "click_rate": rate(self.clicked, base),
            "click_to_open_rate": rate(self.clicked, self.opened),
            "completion_to_open_rate": rate(self.completed, self.opened),
            "opt_out_rate": rate(self.opted_out, self.delivered_members),
            "complaint_rate": rate(self.complained, self.delivered_members),
            "bounce_rate": rate(self.bounced, self.sent),
        }

    def as_json(self) -> dict[str, Any]:
        """Numbers and rates by name."""
        return asdict(self) | self.rates


@dataclass(frozen=True, slots=True)
class Figures:
    """All campaigns of a run in numbers."""

    campaigns: Mapping[str, CampaignFigures]
    editions: Mapping[str, tuple[EditionFigures, ...]]
    """By campaign; an edition without a name is what happened without one."""
    reasons: Mapping[str, Mapping[str, int]]
    """Inactive members by campaign and reason."""


def figures(states: pa.Table, matched: pa.Table, *, click_base: ClickBase = "delivered") -> Figures:
    """Count what a reconcile found.

    Args:
        states: Every member: campaign_id, member_id, state, reason, lead_id, contact_id,
            is_converted, is_test. Global test members count for nothing.
        matched: Engagement by member, as the plan matched it.
    """
    with in_memory.connect({"every": states, "happened": matched}, threads=2) as connection:
        connection.execute(
            "CREATE TABLE states AS SELECT * FROM every WHERE NOT starts_with(member_id, 'test:');"
            "CREATE TABLE matched AS SELECT * FROM happened "
            "WHERE NOT starts_with(member_id, 'test:')"
        )
        return Figures(
            _campaigns(connection, click_base),
            _editions(connection, click_base),
            _reasons(connection),
        )


def _campaigns(
    connection: duckdb.DuckDBPyConnection, click_base: ClickBase
) -> dict[str, CampaignFigures]:
    rows = connection.execute(f"""
        WITH members AS (
            SELECT campaign_id,
                   count(lead_id) + count(contact_id)
                       - count(*) FILTER (lead_id IS NOT NULL AND contact_id IS NOT NULL) AS total,
                   count(*) FILTER (state = 'Active') AS active,
                   count(*) FILTER (state <> 'Active') AS inactive,
                   count(lead_id) AS leads, count(contact_id) AS contacts,
                   count(*) FILTER (lead_id IS NOT NULL AND contact_id IS NOT NULL) AS converted
            FROM states GROUP BY campaign_id
        ), each AS ({_per_member("campaign_id, member_id")}
        ), mails AS (
            SELECT campaign_id,
                   greatest(0, coalesce(sum(times) FILTER (event = 'sent'), 0)
                       - coalesce(sum(times) FILTER (event IN {BOUNCES}), 0)) AS kept,
                   coalesce(sum(times) FILTER (event = 'delivered'), 0) AS told
            FROM matched GROUP BY campaign_id
        ), acts AS ({_acts("campaign_id")})
        SELECT m.*, coalesce(a.sent, 0),
               coalesce(CASE WHEN k.kept > 0 THEN k.kept ELSE k.told END, 0),
               coalesce(a.delivered, 0), coalesce(a.opened, 0), coalesce(a.clicked, 0),
               coalesce(a.completed, 0), coalesce(a.bounced, 0), coalesce(a.opted_out, 0),
               coalesce(a.complained, 0)
        FROM members m LEFT JOIN acts a USING (campaign_id) LEFT JOIN mails k USING (campaign_id)
    """).fetchall()
    return {
        campaign: CampaignFigures(
            **dict(zip(CAMPAIGN_NUMBERS, map(int, numbers), strict=True)), click_base=click_base
        )
        for campaign, *numbers in rows
    }


def _editions(
    connection: duckdb.DuckDBPyConnection, click_base: ClickBase
) -> dict[str, tuple[EditionFigures, ...]]:
    rows = connection.execute(f"""
        WITH each AS ({_per_member("campaign_id, edition, member_id")}
        ), acts AS ({_acts("campaign_id, edition")}
        ), members AS (
            SELECT campaign_id, count(*) FILTER (state = 'Active') AS active
            FROM states GROUP BY campaign_id
        )
        SELECT campaign_id, edition, sent, delivered, opened, clicked, completed, bounced,
               opted_out, complained, active
        FROM acts JOIN members USING (campaign_id) ORDER BY campaign_id, edition
    """).fetchall()
    found: dict[str, tuple[EditionFigures, ...]] = {}
    for campaign, edition, *numbers in rows:
        told = dict(zip(EDITION_NUMBERS, map(int, numbers), strict=True))
        one = EditionFigures(edition, **told, click_base=click_base)
        found[campaign] = (*found.get(campaign, ()), one)
    return found


def _per_member(key: str) -> str:
    """What happened to each member at all."""
    events = ("sent", "delivered", "opened", "clicked", "completed", "opted_out", "complained")
    told = ", ".join(f"bool_or(event = '{event}') AS {event}" for event in events)
    return f"""
        SELECT {key}, {told}, bool_or(event IN {BOUNCES}) AS bounced FROM matched GROUP BY {key}
    """


def _acts(key: str) -> str:
    """Members by what happened to them; who was told delivered, or sent to without a bounce."""
    names = ("opened", "clicked", "completed", "bounced", "opted_out", "complained")
    told = ", ".join(f"count(*) FILTER ({name}) AS {name}" for name in names)
    return f"""
        SELECT {key}, count(*) FILTER (sent OR delivered OR bounced) AS sent,
               count(*) FILTER ((sent OR delivered) AND NOT bounced) AS delivered, {told}
        FROM each GROUP BY {key}
    """


def _reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    rows = connection.execute(
        "SELECT campaign_id, reason, count(*) FROM states WHERE reason IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for campaign, reason, count in rows:
        found.setdefault(campaign, {})[reason] = count
    return found


CAMPAIGN_NUMBERS = tuple(each.name for each in fields(CampaignFigures) if each.name != "click_base")
EDITION_NUMBERS = tuple(
    each.name for each in fields(EditionFigures) if each.name not in ("edition", "click_base")
)
"""The numbers in the order in which they are counted."""
