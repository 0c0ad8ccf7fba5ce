"""Send statuses, statistics and labels to Salesforce, in as few calls as there can be.

Decides nothing and knows no clock: what is in the plan is sent, and every row's answer is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from workbench.campaigns.budget import BULK_FROM
from workbench.errors import CancelledError

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.salesforce.client import SalesforceClient
    from workbench.salesforce.model import Answered

GONE_CODES = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})
"""Row errors that mean the member was deleted meanwhile: the next sync sees it leave."""


OnBatch = Callable[[int], None]


def send_statuses(
    writes: pa.Table, org: SalesforceClient, *, on_batch: OnBatch, cancelled: Callable[[], bool]
) -> Iterator[tuple[str, Answered]]:
    """Set the status of members; yields (campaign, answer) for every row.

    Raises:
        CancelledError: between two calls, when somebody asked for it.
        RemoteError: a call as a whole was refused; rows answered before it were written.
    """
    rows = writes.select(["campaign_id", "member_id", "after"]).to_pylist()
    campaign_of = {row["member_id"]: row["campaign_id"] for row in rows}
    outgoing = [{"Id": row["member_id"], "Status": row["after"]} for row in rows]
    done = 0
    for answers in org.update("CampaignMember", outgoing):
        done += len(answers)
        yield from ((campaign_of[each.id], each) for each in answers)
        on_batch(done)
        if cancelled() and done < len(rows):
            raise CancelledError(
                f"Cancelled after {done} of {len(rows)} statuses",
                hint="Those written stay; the next sync goes on from there.",
            )


def send_facts(
    facts: pa.Table,
    fields: Mapping[str, str],
    org: SalesforceClient,
    *,
    cancelled: Callable[[], bool],
) -> Iterator[tuple[str, Answered]]:
    """Set the fields of members that facts go to; yields (campaign, answer) for every row.

    Every row has every field, or a bulk job would empty what another row does not name.

    Raises:
        CancelledError: between two calls, when somebody asked for it.
        RemoteError: a call as a whole was refused; rows answered before it were written.
    """
    rows = facts.select(["campaign_id", "member_id", *fields]).to_pylist()
    campaign_of = {row["member_id"]: row["campaign_id"] for row in rows}
    outgoing = [
        {"Id": row["member_id"], **{name: row[fact] for fact, name in fields.items()}}
        for row in rows
    ]
    done = 0
    for answers in org.update("CampaignMember", outgoing):
        done += len(answers)
        yield from ((campaign_of[each.id], each) for each in answers)
        if cancelled() and done < len(rows):
            raise CancelledError(
                f"Cancelled after the fields of {done} of {len(rows)} members",
                hint="Those written stay; the next sync goes on from there.",
            )


def send_statistics(rows: pa.Table, org: SalesforceClient) -> Iterator[tuple[str, Answered]]:
    """Set the fields that statistics go to, record by record; yields (campaign, answer)."""
    records: dict[str, dict[str, dict[str, Any]]] = {}
    campaign_of = {}
    for row in rows.to_pylist():
        of_object = records.setdefault(row["object"], {})
        one = of_object.setdefault(row["record_id"], {"Id": row["record_id"]})
        after = row["after"]
        one[row["field"]] = int(after) if after == int(after) else after
        campaign_of[row["record_id"]] = row["campaign_id"]
    # A bulk job would empty the fields that another row names: rows of the same fields together.
    for name, of_object in records.items():
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for record in of_object.values():
            alike.setdefault(tuple(record), []).append(record)
        several = alike.values() if len(of_object) >= BULK_FROM else [list(of_object.values())]
        for few in several:
            for answers in org.update(name, few):
                yield from ((campaign_of[each.id], each) for each in answers)


def tick_opt_outs(people: pa.Table, org: SalesforceClient) -> Iterator[Answered]:
    """Tick Email Opt Out on leads and contacts, each person once."""
    for name in ("Lead", "Contact"):
        rows = people.filter(pc.equal(people["object"], name))
        ids = sorted(set(rows["person_id"].to_pylist()))
        for answers in org.update(name, [{"Id": each, "HasOptedOutOfEmail": True} for each in ids]):
            yield from answers


def create_labels(labels: pa.Table, org: SalesforceClient) -> list[Answered]:
    """Add member statuses to campaigns; one call for up to 200."""
    rows = [
        {
            "CampaignId": row["campaign_id"],
            "Label": row["label"],
            "HasResponded": bool(row["responded"]),
        }
        for row in labels.to_pylist()
    ]
    return [answer for answers in org.insert("CampaignMemberStatus", rows) for answer in answers]
