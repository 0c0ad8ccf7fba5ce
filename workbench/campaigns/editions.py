"""The e-mail editions a campaign starts with, by how it sends (contract, section 4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol, cast

from workbench.campaigns.model import CampaignSync
from workbench.campaigns.vocabulary import ADAPTIVE_AUDIENCE, ADAPTIVE_EDITIONS, CampaignType

DAY = timedelta(days=1)
SEND_SETTINGS = {"batch_mails_per_hour": 5000, "send_from": "campaign owner"}
"""The source product's defaults; the workbench stores them and sends nothing (Q33)."""


class Dated(Protocol):
    """An edition with its own dates."""

    @property
    def name(self) -> str: ...
    @property
    def start_date(self) -> date | None: ...
    @property
    def end_date(self) -> date | None: ...


def sends_of(sync: CampaignSync, campaign_id: str, campaign_type: str | None) -> CampaignType:
    """How a campaign sends: as the document says, or its type, or scheduled."""
    special = sync.special(campaign_id)
    if special is not None and special.sends is not None:
        return special.sends
    word = (campaign_type or "").lower()
    return cast(CampaignType, word) if word in ("adaptive", "drip") else "scheduled"


def new_editions(
    sync: CampaignSync,
    sends: CampaignType,
    there: Sequence[Dated],
    *,
    start: date | None,
    end: date | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """What one press of New Edition adds: the first time by type, afterwards one more."""
    if sends == "scheduled":
        return [_scheduled(there, start, now)]
    if sends == "adaptive" and not there:
        names: Sequence[str] = ADAPTIVE_EDITIONS
    elif there:
        names = [f"Edition {len(there) + 1}"]
    else:
        names = [f"Edition {number + 1}" for number in range(sync.drip.default_editions)]
    return [
        _edition(name, now, start, end, days_delay=0, audience=ADAPTIVE_AUDIENCE.get(name))
        for name in names
    ]


def _scheduled(there: Sequence[Dated], start: date | None, now: datetime) -> dict[str, Any]:
    """One edition of a day, behind the last one: their dates may not overlap."""
    ends = [each.end_date for each in there if each.end_date is not None]
    first = max(ends) + DAY if ends else start
    return _edition(f"Edition {len(there) + 1}", now, first, first)


def _edition(
    name: str,
    now: datetime,
    start: date | None,
    end: date | None,
    *,
    days_delay: int | None = None,
    audience: str | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "audience": audience,
        "active": True,
        "start_date": start,
        "end_date": end,
        "days_delay": days_delay,
        "send_settings": dict(SEND_SETTINGS),
        "created_at": now,
    }


def date_faults(editions: Sequence[Dated]) -> list[str]:
    """What is wrong with the dates of scheduled editions, each a sentence."""
    faults = [
        f"{each.name} ends before it starts"
        for each in editions
        if each.start_date and each.end_date and each.end_date < each.start_date
    ]
    dated = sorted(
        (each for each in editions if each.start_date and each.end_date),
        key=lambda each: each.start_date or date.max,
    )
    for before, after in pairwise(dated):
        if after.start_date and before.end_date and after.start_date <= before.end_date:
            faults.append(
                f"{after.name} starts on {after.start_date}, before {before.name} has ended "
                f"({before.end_date})"
            )
    return faults
