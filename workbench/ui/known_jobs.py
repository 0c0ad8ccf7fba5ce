"""Every job on the screens: when it fires, whether it is on. Only changed documents are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from workbench.jobs import Scheduled
from workbench.schedules.fires import Fire, fires_between, next_fires
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.schedules.known import KnownJobs
    from workbench.store.state import Job


@dataclass(frozen=True, slots=True)
class Entry:
    """One job as the screens show it."""

    job: str
    scheduled: Scheduled = field(default_factory=Scheduled)
    changed_at: datetime | None = None
    """When its document, and so perhaps its schedules, last changed."""
    standing: Job | None = None
    """What the scheduler keeps of it; None while it has not seen it."""

    @property
    def is_on(self) -> bool:
        """Whether its schedules fire."""
        stopped = self.standing is not None and self.standing.is_stopped
        return bool(self.scheduled.schedules) and self.scheduled.active and not stopped

    @property
    def is_watched(self) -> bool:
        """Whether people want to hear when it goes without success for too long."""
        if self.scheduled.schedules:
            return self.is_on
        stopped = self.standing is not None and self.standing.is_stopped
        return self.scheduled.active and self.scheduled.stale_after is not None and not stopped

    @property
    def is_switched_on(self) -> bool:
        """Whether a person wants it to fire; it may be paused all the same."""
        return self.scheduled.active and (self.standing is None or self.standing.enabled)

    @property
    def paused_reason(self) -> str | None:
        """Why the workbench itself stopped it, or None."""
        if self.standing is None or self.standing.paused_at is None:
            return None
        return self.standing.paused_reason or "Paused"

    def next_fires(self, now: datetime, count: int) -> list[Fire]:
        """Its next fires; none while it is off."""
        return next_fires(self.scheduled.schedules, now, count) if self.is_on else []

    def fires_between(self, after: datetime, until: datetime) -> list[Fire]:
        """Its fires in ``(after, until]``; none while it is off."""
        return fires_between(self.scheduled.schedules, after, until) if self.is_on else []


def entries() -> list[Entry]:
    """Every job that a document makes, with schedules or without, by name."""
    known, lock = _known()
    with lock:
        known.refresh()
        jobs = sorted(known, key=lambda each: each.job)
    standing = services().state.jobs.all()
    return [
        Entry(each.job, each.scheduled, each.updated_at, standing.get(each.job)) for each in jobs
    ]


@st.cache_resource(show_spinner=False)
def _known() -> tuple[KnownJobs, Lock]:
    from workbench.jobs import kinds_of
    from workbench.schedules.known import KnownJobs

    bench = services()
    return KnownJobs(bench.state.documents, kinds_of(bench.settings)), Lock()
