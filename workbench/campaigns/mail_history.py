"""When a campaign's mails were sent, opened and clicked: by day and hour, by page. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from workbench import sql
from workbench.campaigns import engagement
from workbench.campaigns.vocabulary import EVENTS

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services

SENDS_BACK = timedelta(days=30)
"""The sends that are listed (campaign-sync contract, section 3)."""
MOST_PAGES = 200
MEMORY_LIMIT_MB = 256


@dataclass(frozen=True, slots=True)
class MailHistory:
    """What happened to a campaign's mails; days and hours are of the zone that was asked for."""

    sends: pa.Table
    """edition, subject, day, weekday (Monday is 1), hour (10 is 10:00 to 10:59), count; 30 days."""
    days: pa.Table
    """day, event, count; from the beginning."""
    clicks: pa.Table
    """url, hits, people."""


def happened(scan: str, columns: Collection[str], campaign: str) -> str:
    """SQL of every readable happening of one campaign, with what its dataset tells of the mail."""

    def column(name: str) -> str:
        return f"{name}::VARCHAR" if name in columns else "NULL::VARCHAR"

    person = f"coalesce({column('person_id')}, lower({column('email')}))"
    return f"""
    SELECT {column("edition")} AS edition, {column("subject")} AS subject, {column("url")} AS url,
           {person} AS person, lower(trim(event::VARCHAR)) AS event,
           try_cast(occurred_at AS TIMESTAMPTZ) AS occurred_at
    FROM {scan}
    WHERE {engagement.long_id("trim(campaign_id::VARCHAR)")} = {sql.literal(campaign)}
    """


def of_guides(happenings: str, campaign: str) -> str:
    """The same of Pendo's guide events, which have no subject and no page."""
    return f"""
    SELECT edition, NULL::VARCHAR AS subject, NULL::VARCHAR AS url,
           coalesce(person_id, email) AS person, event, occurred_at
    FROM ({happenings}) WHERE campaign_id = {sql.literal(campaign)}
    """


def together(parts: Collection[str]) -> str:
    """One table of all happenings that can be read."""
    events = ", ".join(sql.literal(event) for event in EVENTS)
    return f"""
    CREATE TABLE happened AS SELECT * FROM ({" UNION ALL ".join(parts)})
    WHERE event IN ({events}) AND occurred_at IS NOT NULL
    """


def sends(zone: str, since: datetime) -> str:
    """Mails sent, by edition, day and hour."""
    local = f"timezone({sql.literal(zone)}, occurred_at)"
    return f"""
    SELECT edition, subject, {local}::DATE AS day, isodow({local}) AS weekday,
           hour({local}) AS hour, count(*) AS count
    FROM happened
    WHERE event = 'sent' AND occurred_at >= {sql.literal(since.isoformat())}::TIMESTAMPTZ
    GROUP BY ALL ORDER BY day DESC, hour DESC, edition
    """


def by_day(zone: str) -> str:
    """Happenings of each kind on each day."""
    local = f"timezone({sql.literal(zone)}, occurred_at)::DATE"
    return (
        f"SELECT {local} AS day, event, count(*) AS count FROM happened GROUP BY ALL ORDER BY ALL"
    )


def clicks() -> str:
    """Pages that were clicked, those clicked most first."""
    return f"""
    SELECT url, count(*) AS hits, count(DISTINCT person) AS people FROM happened
    WHERE event = 'clicked' AND url IS NOT NULL
    GROUP BY url ORDER BY hits DESC, url LIMIT {MOST_PAGES}
    """


def mail_history(
    sync: CampaignSync, campaign_id: str, services: Services, *, zone: str
) -> MailHistory | None:
    """What is known of a campaign's mails; None where its sync names no engagement.

    Raises:
        InputError: a dataset that the sync names is not there, or lacks a column.
    """
    from workbench.store.duck import connect

    parts = _parts(sync, campaign_id, services)
    if not parts:
        return None
    connection = connect(memory_limit_mb=MEMORY_LIMIT_MB)
    try:
        connection.execute(together(parts))

        def arrow(query: str) -> pa.Table:
            return connection.sql(query).to_arrow_table()

        since = services.now() - SENDS_BACK
        return MailHistory(arrow(sends(zone, since)), arrow(by_day(zone)), arrow(clicks()))
    finally:
        connection.close()


def _parts(sync: CampaignSync, campaign_id: str, services: Services) -> list[str]:
    datasets, parts = services.datasets, []
    if (name := sync.engagement.dataset) is not None:
        columns = [column.name for column in datasets.summary(name).columns]
        engagement.check_columns(name, columns)
        parts.append(happened(datasets.scan(name), columns, campaign_id))
    if (chosen := sync.engagement.guide_events) is not None:
        visitors = datasets.scan(chosen.email_of) if chosen.email_of is not None else None
        told = engagement.guide_happenings(datasets.scan(chosen.dataset), chosen, visitors)
        parts.append(of_guides(told, campaign_id))
    return parts
