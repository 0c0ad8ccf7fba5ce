"""Read what a sync looks at: campaigns, labels, members, deletions, engagement. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.campaigns import queries, shapes
from workbench.campaigns.budget import IDS_IN_URL, calls_to_read
from workbench.campaigns.fields import OBJECTS, STATUS_OBJECT, Seen, in_short
from workbench.campaigns.mapped import EditionObject, Mapped
from workbench.campaigns.member_pages import MemberPages
from workbench.campaigns.queries import Fields
from workbench.errors import InputError, MissingError, OverrunError, RejectedError
from workbench.salesforce.answers import no_campaigns

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient

DESCRIBED_FOR = timedelta(days=7)
"""How long the fields of an org are taken to be as they were: four calls a week."""
DELETED_BACK = timedelta(days=15)
"""How far back deletions may be asked for (salesforce-api contract, section 6)."""
LEAD_IDS, CONTACT_IDS = "00Q", "003"
"""What the ids of leads and of contacts start with."""
AHEAD = timedelta(minutes=1)
"""Replication ignores seconds: asked for until a minute from now, this minute is in."""


@dataclass(frozen=True, slots=True)
class Members:
    """Members as they were read, once each."""

    rows: pa.Table
    """In the shape of ``shapes.THEIRS``."""
    newest_at: datetime | None
    """The latest stamp of a member or its person among them."""
    started_at: datetime


def described(org: SalesforceClient, names: Iterable[str]) -> dict[str, Any]:
    """What this user may read and write of each object; one call for each.

    Raises:
        AccessError: the campaign objects are not visible to this user.
        InputError: the object that the document names for editions is not there.
    """
    told = {}
    for name in names:
        try:
            told[name] = in_short(org.describe(name))
        except MissingError as error:
            if name not in (*OBJECTS, STATUS_OBJECT):
                raise InputError(
                    f"pam.fields edition.object: Salesforce shows this user no object {name}",
                    hint="Correct the name, or give the integration user access to the object.",
                ) from error
            raise no_campaigns() from error
    return told


def all_campaigns(org: SalesforceClient, seen: Seen, sync: CampaignSync) -> list[dict[str, Any]]:
    """Every campaign of the org, as the store keeps it."""
    rows = []
    for page in org.query(queries.campaigns(seen.fields)):
        rows += [_campaign(record, sync, seen.mapped) for record in page]
    return rows


def _campaign(record: Mapping[str, Any], sync: CampaignSync, goes: Mapped) -> dict[str, Any]:
    counts = ("NumberOfLeads", "NumberOfContacts", "NumberOfConvertedLeads", "NumberOfResponses")
    row = {
        "id": record["Id"],
        "name": record["Name"],
        "type": record.get("Type"),
        "status": record.get("Status"),
        "is_active": bool(record.get("IsActive", True)),
        "start_date": _day(record.get("StartDate")),
        "end_date": _day(record.get("EndDate")),
        "owner_id": record.get("OwnerId"),
        "counts": {name: int(record.get(name) or 0) for name in counts}
        | {name: record.get(name) for name in goes.product},
        "statistics_there": {
            target: record.get(target)
            for target in (*sync.statistics.values(), *goes.statistics.values())
            if target
        },
    }
    if sync.auto_sync_box is not None:
        row["auto_sync"] = bool(record.get(sync.auto_sync_box))
    return row


def _day(text: str | None) -> Any:
    from datetime import date

    return date.fromisoformat(text) if text else None


def labels(org: SalesforceClient, campaign_ids: Sequence[str]) -> pa.Table:
    """The member statuses of some campaigns, in the shape of ``shapes.LABELS``."""
    rows = []
    for part in queries.chunks(campaign_ids):
        for page in org.query(queries.statuses(part)):
            rows += [
                {
                    "campaign_id": record["CampaignId"],
                    "label": record["Label"],
                    "is_default": bool(record["IsDefault"]),
                    "has_responded": bool(record["HasResponded"]),
                }
                for record in page
            ]
    return shapes.table(rows, shapes.LABELS)


def editions(
    org: SalesforceClient, editions_of: EditionObject, campaign_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The records of e-mail editions of some campaigns, as Salesforce gives them."""
    rows: list[dict[str, Any]] = []
    for part in queries.chunks(campaign_ids):
        for page in org.query(queries.editions(editions_of, part)):
            rows += page
    return rows


def merged_into(org: SalesforceClient, person_ids: Iterable[str]) -> dict[str, str]:
    """Those of some leads and contacts that were merged away, with whom they became."""
    found: dict[str, str] = {}
    wanted = sorted(set(person_ids))
    for name, start in (("Lead", LEAD_IDS), ("Contact", CONTACT_IDS)):
        for part in queries.chunks([each for each in wanted if each.startswith(start)]):
            for page in org.query_all(queries.merged_people(name, part)):
                found |= {row["Id"]: row["MasterRecordId"] for row in page}
    return found


def members(
    org: SalesforceClient,
    fields: Fields,
    sync: CampaignSync,
    *,
    now: datetime,
    whole: Sequence[str] = (),
    since: Mapping[str, datetime] | None = None,
    only: Sequence[str] = (),
) -> Members:
    """Read members: all of the campaigns in ``whole``, those that changed of the others.

    Args:
        only: Ids of members that are read whatever became of them.

    Raises:
        RemoteError: as the client says; nothing read so far counts then.
    """
    asked = [queries.all_members(fields, part) for part in queries.chunks(whole)]
    asked += [queries.these_members(fields, part) for part in queries.chunks(only)]
    lookback = timedelta(seconds=sync.members.lookback_s)
    for part in queries.chunks(sorted(since or {})):
        cursors = {campaign: (since or {})[campaign] for campaign in part}
        asked += _changed(fields, cursors, lookback, sync)
    reader = MemberPages(fields, follow_conversion=sync.conversion.follow)
    try:
        for soql in asked:
            for page in _pages(org, soql, fields, since or {}, lookback):
                reader.take(page)
        return Members(reader.rows(), reader.newest_at, now)
    finally:
        reader.close()


def some_members(
    org: SalesforceClient,
    fields: Fields,
    sync: CampaignSync,
    member_ids: Sequence[str],
    *,
    now: datetime,
    campaign_ids: Sequence[str],
    total: int,
) -> Members:
    """Read some members of campaigns that have ``total``: by their ids, or everybody if cheaper."""
    by_ids = ceil(len(member_ids) / IDS_IN_URL)
    if by_ids <= calls_to_read(len(member_ids), total):
        return members(org, fields, sync, now=now, only=member_ids)
    every = members(org, fields, sync, now=now, whole=campaign_ids)
    wanted = pa.array(member_ids, pa.string())
    return replace(every, rows=every.rows.filter(pc.is_in(every.rows["member_id"], wanted)))


def _changed(
    fields: Fields, cursors: Mapping[str, datetime], lookback: timedelta, sync: CampaignSync
) -> list[str]:
    if sync.members.parent_stamps == "one_query":
        return [queries.changed_members(fields, cursors, lookback)]
    stamps = ("SystemModstamp", "Lead.SystemModstamp", "Contact.SystemModstamp")
    return [queries.changed_members(fields, cursors, lookback, stamps=(stamp,)) for stamp in stamps]


def _pages(
    org: SalesforceClient,
    soql: str,
    fields: Fields,
    since: Mapping[str, datetime],
    lookback: timedelta,
) -> Iterator[list[dict[str, Any]]]:
    """A query's pages; a filter over parents that takes too long is asked in three parts (Q15)."""
    try:
        yield from org.query(soql)
    except OverrunError:
        if " OR Lead.SystemModstamp" not in soql:
            raise
        for stamp in ("SystemModstamp", "Lead.SystemModstamp", "Contact.SystemModstamp"):
            one = queries.changed_members(fields, since, lookback, stamps=(stamp,))
            yield from org.query(one)


@dataclass(frozen=True, slots=True)
class Gone:
    """Members that were deleted, and until when that is known."""

    ids: pa.Table
    covered_until: datetime | None
    too_late: bool = False
    """The log of deletions does not reach back far enough: every member must be read."""


def deleted(org: SalesforceClient, since: datetime, now: datetime) -> Gone:
    """Members deleted in the whole org since a moment; one call.

    Any refusal means that the window is not there: the caller then reads everything.
    """
    nothing = Gone(shapes.empty(shapes.GONE), None, too_late=True)
    if since < now - DELETED_BACK:
        return nothing
    try:
        answer = org.deleted("CampaignMember", since, now + AHEAD)
    except (RejectedError, MissingError):
        return nothing
    if answer.earliest is not None and answer.earliest > since:
        return nothing
    ids = pa.table({"member_id": pa.array(list(answer.ids), pa.string())})
    return Gone(ids, answer.covered)


def marked_people(
    org: SalesforceClient, fields: Fields, sync: CampaignSync
) -> list[dict[str, Any]]:
    """Global test members: leads and contacts that carry the mark, or the addresses listed."""
    tests = sync.test_members
    if tests.field is None:
        return [{"person_id": None, "email": email} for email in tests.people]
    condition = f"{tests.field} = true"
    if tests.group_field:
        condition += f" AND {tests.group_field} = {queries.quoted(tests.group)}"
    found = []
    for name, shown in (("Lead", fields.lead), ("Contact", fields.contact)):
        key = f"{name.lower()}_id"
        for page in org.query(queries.marked_people(name, shown, condition)):
            found += [
                {
                    "person_id": record["Id"],
                    key: record["Id"],
                    "email": record.get("Email"),
                    "first_name": record.get("FirstName"),
                    "last_name": record.get("LastName"),
                }
                for record in page
            ]
    return found
