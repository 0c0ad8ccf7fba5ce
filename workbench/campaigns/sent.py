"""What became of everything that went to Salesforce, and where the next read starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workbench.campaigns.looked import Looked
from workbench.campaigns.reading import Members
from workbench.campaigns.warnings import Warned


@dataclass
class Sent:
    """What became of everything that went to Salesforce."""

    agreed: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Member → the status both sides now have, and whether it is a response."""
    failed: list[dict[str, Any]] = field(default_factory=list)
    gone: int = 0
    """Members that were deleted while we wrote."""
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Member → column of what stands in Salesforce → value, of those whose fields were written."""
    fields_failed: list[dict[str, Any]] = field(default_factory=list)
    statistics: int = 0
    editions: int = 0
    """Statistics of editions that were written."""
    statistics_failed: list[dict[str, Any]] = field(default_factory=list)
    opt_outs_failed: list[dict[str, Any]] = field(default_factory=list)
    again: Members | None = None
    """What was read after the writes."""
    calls: int = 0
    """Calls of the run so far."""
    warnings: list[Warned] = field(default_factory=list)

    @property
    def every_failure(self) -> list[dict[str, Any]]:
        """All rows that Salesforce did not take."""
        return [
            *self.failed,
            *self.fields_failed,
            *self.opt_outs_failed,
            *self.statistics_failed,
        ]

    @property
    def written(self) -> list[str]:
        """Members of which something was written, once each."""
        return list(dict.fromkeys((*self.agreed, *self.told)))


def cursor_after(looked: Looked, members: Members) -> datetime:
    """Where the next read starts: the newest stamp seen, and never after this read began.

    A page may show a row as it became while we read; what changed before that on pages already
    read would be passed over. A cursor over quiet campaigns follows the clock, a margin behind.
    """
    margin = timedelta(seconds=looked.sync.members.clock_margin_s)
    newest = min(members.newest_at or members.started_at, members.started_at)
    return max(newest, members.started_at - margin)
