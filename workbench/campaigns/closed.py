"""Which campaigns are closed, started, due: from what Salesforce says of them. Pure."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from workbench.campaigns.model import CampaignSync


class Campaign(Protocol):
    """What there is to know of a campaign here."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str | None: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def end_date(self) -> date | None: ...
    @property
    def auto_sync(self) -> bool: ...


DELETED = "Deleted"
"""The status we give a campaign that Salesforce has no more."""


def why_closed(sync: CampaignSync, campaign: Campaign, today: date) -> str | None:
    """Why a campaign is closed, in words; None if it is open (Q08)."""
    rule = sync.closed_when
    if campaign.status == DELETED:
        return "it was deleted in Salesforce"
    if campaign.status in rule.status:
        return f"its status is {campaign.status}"
    if rule.ended and campaign.end_date is not None and campaign.end_date < today:
        return f"it ended on {campaign.end_date}"
    if rule.inactive and not campaign.is_active:
        return "it is not active"
    return None


def of_hourly(sync: CampaignSync, campaign: Campaign, today: date) -> bool:
    """Whether the hourly batch takes a campaign (Q01)."""
    chosen = sync.hourly.campaigns
    if chosen == "list":
        return campaign.id[:15] in {each[:15] for each in sync.hourly.list}
    if chosen == "all_active":
        return campaign.is_active
    if chosen == "auto_sync":
        return campaign.auto_sync
    return campaign.auto_sync and why_closed(sync, campaign, today) is None
