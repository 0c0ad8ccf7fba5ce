"""Rows of campaigns and editions as they are read, and which rows a statement means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement

IDS_AT_ONCE = 500
"""Ids of one statement: below the limit of every database."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign: as Salesforce had it last, and how far it is synced."""

    sync: str
    id: str
    name: str
    type: str | None
    status: str | None
    is_active: bool
    start_date: date | None
    end_date: date | None
    owner_id: str | None
    owner: str | None
    counts: dict[str, int] | None
    labels: list[dict[str, Any]] | None
    auto_sync: bool
    read_at: datetime | None
    ours: dict[str, Any] | None
    """Name, type and dates taken over by the first sync; None before it."""
    sends: str | None
    initial_at: datetime | None
    manual_at: datetime | None
    nightly_at: datetime | None
    hourly_at: datetime | None
    cursor_at: datetime | None
    deleted_until: datetime | None
    members_read_with: str | None
    """Which optional fields of members were asked for when all of them were read last."""
    claimed_by: int | None
    statistics: dict[str, Any] | None
    warnings: list[dict[str, Any]] | None

    @property
    def last_synced_at(self) -> datetime | None:
        """When any sync of it succeeded last."""
        moments = (self.initial_at, self.manual_at, self.nightly_at, self.hourly_at)
        return max((each for each in moments if each), default=None)


@dataclass(frozen=True, slots=True)
class EditionRow:
    """One e-mail edition of a campaign."""

    id: int
    sync: str
    campaign_id: str
    number: int
    name: str
    audience: str | None
    subject: str | None
    active: bool
    start_date: date | None
    end_date: date | None
    days_delay: int | None
    external_id: str | None
    send_settings: dict[str, Any] | None
    statistics: dict[str, Any] | None
    created_at: datetime


def of(table: Any, sync: str, ids: Sequence[str], column: str) -> ColumnElement[bool]:
    """Rows of one sync whose ``column`` holds one of the ids."""
    condition: ColumnElement[bool] = (table.c.sync == sync) & table.c[column].in_(list(ids))
    return condition


def parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids, so many at a time as one statement may name."""
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]
