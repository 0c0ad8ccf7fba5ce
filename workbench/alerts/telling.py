"""From what is known of a job to a notice in the feed and the outbox, once for each change."""

from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.alerts.changes import Alert, Situation, change
from workbench.alerts.delivery import channels

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workbench.services import Services
    from workbench.store.state.jobs import Job


def tell(
    services: "Services",
    job: "Job",
    now_is: Situation,
    now: datetime,
    *,
    within: "Connection | None" = None,
) -> Alert | None:
    """Put what changed into the feed and the outbox, and remember it as told; gives the notice.

    All in one transaction: a process that dies tells it again as a whole, or not at all.

    Args:
        within: A transaction already open, such as one that holds the scheduler's lease.
    """
    changed = change(job.job, job.told, now_is, now, job.muted_until)
    if changed is None:
        return None
    state, alert = changed
    with nullcontext(within) if within else services.state.transaction() as connection:
        services.state.alerts.remember(job.job, state, at=now, within=connection)
        if alert is not None:
            notice = {**asdict(alert), "hint": alert.hint or None}
            services.state.alerts.add(
                notice, at=now, channels=channels(services.settings), within=connection
            )
    return alert
