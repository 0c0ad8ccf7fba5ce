"""What a sync found out and decided, as a value: what a preview shows and a run carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from workbench.campaigns.budget import (
    IDS_IN_URL,
    PAGE_ROWS,
    Estimate,
    calls_to_read,
    estimate,
    write_calls,
)
from workbench.campaigns.fields import writable_statistics
from workbench.campaigns.known import Known
from workbench.campaigns.plan import ReconcilePlan
from workbench.campaigns.reading import Gone, Members
from workbench.campaigns.statistics import Figures, figures
from workbench.campaigns.statistics_out import StatisticsOut, statistics_out
from workbench.campaigns.vocabulary import SyncKind
from workbench.campaigns.warnings import Warned

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything a sync found out, before it changes anything."""

    sync: CampaignSync
    kind: SyncKind
    known: Known
    chosen: tuple[CampaignRow, ...]
    whole: tuple[str, ...]
    """Campaigns read member by member; of the others only what changed."""
    members: Members
    gone: Gone | None
    plan: ReconcilePlan
    figures: Figures
    statistics: StatisticsOut
    warnings: tuple[Warned, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Campaign → why a batch leaves it out."""
    records: tuple[Mapping[str, Any], ...] = ()
    """The records of e-mail editions that Salesforce has."""
    only: frozenset[str] | None = None
    """Members whose writes are tried again, "" among them for statistics; None is a whole sync."""

    @property
    def campaign_ids(self) -> list[str]:
        """The campaigns that are synced."""
        return [row.id for row in self.chosen]

    @property
    def fingerprint(self) -> str:
        """What would change, in short: the plan's, and the statistics' where some are written."""
        return "-".join(filter(None, (self.plan.fingerprint, self.statistics.fingerprint)))

    @property
    def notices(self) -> tuple[str, ...]:
        """What this sync leaves alone because no field of Salesforce is named for it."""
        return () if self.kind == "initial" else self.known.seen.mapped.notices

    def replanned(self, plan: ReconcilePlan) -> Looked:
        """The same reading with another plan, and the statistics that follow from it."""
        counted = figures(plan.states, plan.matched, click_base=self.sync.stats.click_base)
        statistics = statistics_of(
            self.sync, self.kind, self.known, counted, self.records, self.only
        )
        return replace(self, plan=plan, figures=counted, statistics=statistics)

    @property
    def all_warnings(self) -> tuple[Warned, ...]:
        """What the owners should read: of reading, of the plan, of the statistics."""
        return (*self.warnings, *self.plan.warnings, *self.statistics.warnings)

    @property
    def calls(self) -> int:
        """Calls that carrying this out costs from a fresh start: reads, writes, reading again."""
        sent = max(self.plan.writes.num_rows, self.plan.facts.num_rows)
        editions = self.known.seen.mapped.editions
        read = self._calls_to_read(int(self.members.rows.num_rows)) + (1 if self.gone else 0)
        read += ceil(len(self.chosen) / IDS_IN_URL) if editions and self.writes_statistics else 0
        if not self.sync.merge.follow and "left" in self.plan.sheet["what"].to_pylist():
            read += 2  # whether leads or contacts among them were merged
        again = self._calls_to_read(sent) if sent else 0
        return read + self.calls_to_write + again

    def _calls_to_read(self, rows: int) -> int:
        """The campaigns, and so many members of them."""
        if self.only is not None:
            return 1 + calls_to_read(rows, self.plan.states.num_rows)
        return 2 + rows // PAGE_ROWS

    @property
    def calls_to_write(self) -> int:
        """Calls that sending everything costs: statuses, facts, opt-outs, statistics."""
        objects = self.plan.opt_outs["object"].to_pylist()
        people = (objects.count("Lead"), objects.count("Contact"))
        rows = (self.plan.writes.num_rows, self.plan.facts.num_rows, *people)
        every = (*rows, *self.statistics.records.values())
        bulk = self.sync.api.count_bulk
        return sum(write_calls(each, count_bulk=bulk) for each in every)

    @property
    def writes_statistics(self) -> bool:
        """Whether this sync carries statistics to Salesforce."""
        return carries_statistics(self.sync, self.kind, self.only)

    @property
    def estimate(self) -> Estimate:
        """The contract's own sum for this run."""
        return estimate(
            campaigns=len(self.chosen),
            changed=0 if self.whole else self.members.rows.num_rows,
            statuses=self.plan.writes.num_rows,
            statistics=self.statistics.campaigns,
            members=self.members.rows.num_rows,
            reconcile=bool(self.whole),
            fields=self.plan.facts.num_rows,
            editions=self.statistics.editions
            if self.known.seen.mapped.editions and self.writes_statistics
            else None,
        )


def carries_statistics(sync: CampaignSync, kind: SyncKind, only: frozenset[str] | None) -> bool:
    """Whether a sync carries statistics to Salesforce."""
    return (only is None or "" in only) and writes_back(sync, kind, "statistics")


def writes_back(sync: CampaignSync, kind: SyncKind, what: str) -> bool:
    """Whether a kind of sync carries statuses or statistics to Salesforce (Q02, Q03)."""
    if kind == "initial" or kind not in sync.writeback.on:
        return False
    if kind == "nightly":
        return what in sync.nightly.data
    if kind == "hourly":
        return what in sync.hourly.data and sync.hourly.directions != "in"
    return True


def takes_deletes(sync: CampaignSync, kind: SyncKind) -> bool:
    """Whether a kind of sync lets members leave (Q03)."""
    data = {"nightly": sync.nightly.data, "hourly": sync.hourly.data}
    return "deleted" in data.get(kind, ("deleted",))


def statistics_of(
    sync: CampaignSync,
    kind: SyncKind,
    known: Known,
    counted: Figures,
    records: Sequence[Mapping[str, Any]],
    only: frozenset[str] | None,
) -> StatisticsOut:
    """Which statistics this sync would write."""
    if not carries_statistics(sync, kind, only):
        return StatisticsOut.none()
    fields, warned = writable_statistics(known.described, sync)
    types = {name: str(each[1]) for name, each in known.described["Campaign"]["fields"].items()}
    return statistics_out(
        counted,
        fields,
        types,
        known.there,
        warned,
        stop_pct=sync.bounce.stop_pct,
        editions=known.seen.mapped.editions,
        records=records,
    )


def taken_over(row: CampaignRow) -> dict[str, Any]:
    """What the first sync takes over of a campaign."""
    return {
        "name": row.name,
        "type": row.type,
        "start_date": row.start_date.isoformat() if row.start_date else None,
        "end_date": row.end_date.isoformat() if row.end_date else None,
    }
