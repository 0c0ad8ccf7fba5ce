"""What a sync came to, as the shell and the pages are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.campaigns.looked import Looked
from workbench.campaigns.sent import Sent


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync came to; the keys of ``campaign sync --json``."""

    run: int
    status: str
    inward: Mapping[str, int]
    outward: Mapping[str, int]
    conflicts: int
    held: int
    failed: int
    warnings: tuple[str, ...]
    api_calls: int
    member_fields: int = 0
    """Members of whom facts beside the status were written."""
    campaigns: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Campaign → why a batch left it out."""

    def as_json(self) -> dict[str, Any]:
        """What the command line promises."""
        told = asdict(self)
        told["warnings"] = list(self.warnings)
        return told


def in_numbers(looked: Looked) -> str:
    counts = looked.plan.counts
    told = {
        "joined": counts.joined,
        "left": counts.left,
        "changed": counts.updated,
        "statuses in": counts.statuses_in,
        "active or inactive": counts.states,
        "statuses out": counts.statuses_out,
        **({"with fields out": counts.fields_out} if counts.fields_out else {}),
    }
    return ", ".join(f"{number} {name}" for name, number in told.items())


def result_of(looked: Looked, sent: Sent, run_id: int, calls: int) -> SyncResult:
    counts, failed = looked.plan.counts, len(sent.every_failure)
    warnings = (*looked.all_warnings, *sent.warnings)
    names = {row.id: row.name for row in looked.known.campaigns.values()}
    return SyncResult(
        run=run_id,
        status="done with errors" if failed else "done",
        inward={
            "joined": counts.joined,
            "left": counts.left,
            "updated": counts.updated,
            "statuses": counts.statuses_in,
        },
        outward={
            "statuses": len(sent.agreed),
            "editions": sent.editions,
            "statistics": sent.statistics,
        },
        conflicts=counts.conflicts,
        held=counts.held,
        failed=failed,
        warnings=tuple(
            f"{names[each.campaign_id]}: {each}" if each.campaign_id else str(each)
            for each in warnings
        ),
        api_calls=calls,
        member_fields=len(sent.told),
        campaigns=tuple(looked.campaign_ids),
        skipped=dict(looked.skipped),
    )
