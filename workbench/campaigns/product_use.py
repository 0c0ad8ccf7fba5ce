"""Carry out the join of a campaign's members with Pendo; reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from workbench import sql
from workbench.campaigns import product
from workbench.campaigns.engaged import engaged
from workbench.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow

MEMORY_LIMIT_MB = 256
"""A person waits for it; beyond this DuckDB spills into the home."""


@dataclass(frozen=True, slots=True)
class ProductUse:
    """What a campaign's members did in the product before and after its mails."""

    groups: pa.Table
    """grouping (edition, status, last_action), label, members, visitors, measured, active_before,
    active_after, started, stopped, events_before, events_after, first_day."""
    curve: pa.Table
    """edition, day (relative to the mail), measured, active."""
    rows: pa.Table
    """One row per member and edition."""
    members: int
    visitors: int
    measured: int
    first: date | None
    last: date | None
    """The days that the events cover."""
    days: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """Datasets that can tell what members did, and who the visitors are."""

    events: tuple[str, ...]
    visitors: tuple[str, ...]


def candidates(services: Services) -> Candidates:
    """The datasets one may choose from."""
    events, visitors = [], []
    for each in services.datasets.list():
        names = {column.name for column in each.columns}
        if "visitorId" not in names:
            continue
        if any(column in names for column in product.DAY_COLUMNS) and "metadata" not in names:
            events.append(each.name)
        if _email_path(services, each.name) is not None:
            visitors.append(each.name)
    return Candidates(tuple(events), tuple(visitors))


def zone_of(services: Services) -> str:
    """The zone of the subscription whose days events have: the first Pendo connection's."""
    for name in services.documents.connections("pendo"):
        return services.documents.connection(name).timezone
    return services.settings.workspace_timezone


def product_use(
    sync: CampaignSync,
    campaign: CampaignRow,
    services: Services,
    *,
    events: str,
    visitors: str | None = None,
    days: int = 7,
) -> ProductUse:
    """Join the members of a campaign with what visitors did, around its mails.

    Args:
        events: The dataset of what visitors did, such as ``page_events``.
        visitors: A dataset with their e-mail addresses; None matches by visitor id alone.
        days: Days before and after the first mail of each edition.

    Raises:
        InputError: a dataset is missing or holds something else; or there is neither a mail nor a
            first day to measure from.
    """
    columns = [column.name for column in services.datasets.summary(events).columns]
    day = product.require_events(events, columns)
    path = None
    if visitors is not None:
        path = product.require_email(visitors, _email_path(services, visitors))
    happened = engaged(services.datasets, sync, [campaign.id]).events
    if not happened.num_rows and campaign.start_date is None:
        raise InputError(
            f"There is no day to measure {campaign.name} from: it has no start date and no mails",
            hint="Name its engagement dataset in the campaign sync, or give it a start date.",
        )
    zone = zone_of(services)
    scans = services.datasets.scan
    steps = (
        product.keys(),
        product.used(scans(events), columns, day, zone),
        product.visitors(scans(visitors) if visitors else None, path),
        product.mails(zone, campaign.start_date),
        product.rows(days),
        product.groups(),
        product.curve(days),
    )
    members = services.state.campaign_members.all(sync.name, [campaign.id])
    return _carried_out(services, members, happened, steps, days)


def _carried_out(
    services: Services, members: pa.Table, happened: pa.Table, steps: tuple[str, ...], days: int
) -> ProductUse:
    from workbench.store.duck import session

    spill = services.settings.spool_root
    with session(spill, memory_limit_mb=MEMORY_LIMIT_MB) as connection:
        connection.register("members", members)
        connection.register("happened", happened)
        for step in steps:
            connection.execute(step)

        def arrow(query: str) -> pa.Table:
            return connection.sql(query).to_arrow_table()

        [told] = arrow(
            "SELECT count(*) FILTER (is_first) AS members, "
            "count(*) FILTER (is_first AND is_visitor) AS visitors, "
            "count(*) FILTER (is_first AND is_measured) AS measured, "
            "(SELECT min(day) FROM used) AS first, (SELECT max(day) FROM used) AS last FROM rows"
        ).to_pylist()
        return ProductUse(
            groups=arrow("SELECT * FROM groups ORDER BY grouping, first_day, label"),
            curve=arrow("SELECT * FROM curve ORDER BY edition NULLS LAST, day"),
            rows=arrow("SELECT * FROM rows ORDER BY edition, name, member_id"),
            days=days,
            **told,
        )


def _email_path(services: Services, dataset: str) -> tuple[str, ...] | None:
    """Where the e-mail addresses of visitors stand in a dataset; None nowhere."""
    import duckdb

    from workbench.store.duck import connect

    names = {column.name for column in services.datasets.summary(dataset).columns}
    likely = [path for path in product.EMAIL_PATHS if path[0] in names and "visitorId" in names]
    if not likely:
        return None
    scan = services.datasets.scan(dataset)
    connection = connect()
    try:
        for path in likely:
            try:
                connection.execute(f"SELECT {'.'.join(map(sql.name, path))} FROM {scan} LIMIT 0")
            except duckdb.BinderException:
                continue  # this agent sends other fields
            return path
        return None
    finally:
        connection.close()
