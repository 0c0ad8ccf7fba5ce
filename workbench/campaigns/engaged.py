"""Engagement of the campaigns of a run, read from the datasets that the document names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from workbench.campaigns import engagement, shapes
from workbench.campaigns.warnings import Warned
from workbench.errors import InputError
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.store.datasets import Datasets


@dataclass(frozen=True, slots=True)
class Engaged:
    """Engagement of the campaigns of a run, put together."""

    events: pa.Table = field(default_factory=lambda: shapes.empty(shapes.EVENTS))
    warnings: tuple[Warned, ...] = ()


def engaged(datasets: Datasets, sync: CampaignSync, campaign_ids: Sequence[str]) -> Engaged:
    """Engagement of some campaigns from the datasets the document names.

    Raises:
        InputError: a dataset is not there, or lacks a column.
    """
    parts, own = _happenings(datasets, sync)
    if not parts:
        return Engaged()
    from workbench.store.duck import connect

    connection = connect(memory_limit_mb=256)
    try:
        events = connection.sql(engagement.together(parts, campaign_ids)).to_arrow_table()
        bad = connection.execute(engagement.unreadable(own, campaign_ids)).fetchall() if own else []
    finally:
        connection.close()
    warnings = tuple(_unreadable(event, unknown, undated) for event, unknown, undated in bad)
    return Engaged(events.select(shapes.EVENTS.names).cast(shapes.EVENTS), warnings)


def _unreadable(event: str, unknown: int, undated: int) -> Warned:
    if undated:
        return Warned(
            "unknown engagement", f"{counted(undated, 'engagement event')} without a usable time"
        )
    events = counted(unknown, "engagement event")
    return Warned("unknown engagement", f"{events} of the unknown kind {event[:40]!r}")


def _happenings(datasets: Datasets, sync: CampaignSync) -> tuple[list[str], str | None]:
    """SQL of every source of engagement, and of the one a person imports."""
    parts: list[str] = []
    own = None
    if sync.engagement.dataset is not None:
        name = sync.engagement.dataset
        columns = _columns(datasets, name, "engagement.dataset")
        engagement.check_columns(name, columns)
        own = engagement.happenings(datasets.scan(name), columns)
        parts.append(own)
    chosen = sync.engagement.guide_events
    if chosen is not None:
        columns = _columns(datasets, chosen.dataset, "engagement.guide_events.dataset")
        if lacking := [each for each in engagement.GUIDE_COLUMNS if each not in columns]:
            raise InputError(
                f"The dataset {chosen.dataset} has no column {', '.join(lacking)}",
                hint="Guide events are pulled with the source guide_events.",
            )
        visitors = None
        if chosen.email_of is not None:
            _columns(datasets, chosen.email_of, "engagement.guide_events.email_of")
            visitors = datasets.scan(chosen.email_of)
        parts.append(engagement.guide_happenings(datasets.scan(chosen.dataset), chosen, visitors))
    return parts, own


def _columns(datasets: Datasets, name: str, key: str) -> list[str]:
    if not datasets.exists(name):
        raise InputError(
            f"{key}: there is no dataset {name}",
            hint=f"Import it (dataset import {name} FILE), or take the key out.",
        )
    return [column.name for column in datasets.summary(name).columns]
