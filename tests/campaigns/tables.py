"""Small tables for tests of the reconcile: what is not said is ordinary."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from workbench.campaigns import shapes
from workbench.campaigns.choices import StatusMap
from workbench.campaigns.inputs import Inputs, Rules
from workbench.campaigns.plan import ReconcilePlan, reconcile

CAMPAIGN = "701Ax0000000001AAG"
OTHER = "701Ax0000000002AAG"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def theirs(member: str, **given: Any) -> dict[str, Any]:
    """A member as Salesforce has it: a lead of its own, with an address, status Sent."""
    lead = given.get("lead_id", f"00Q{member}")
    contact = given.get("contact_id")
    return {
        "member_id": member,
        "campaign_id": CAMPAIGN,
        "status": "Sent",
        "has_responded": given.get("status") == "Responded",
        "lead_id": lead,
        "contact_id": contact,
        "person_id": contact or lead,
        "is_converted": bool(contact and lead),
        "email": f"{member}@example.com",
        "first_name": "Ada",
        "last_name": member.title(),
        "opted_out": False,
        "is_test": False,
        "joined_at": NOON - 48 * HOUR,
        "modified_at": NOON - 2 * HOUR,
        "person_modified_at": NOON - 2 * HOUR,
        **given,
    }


def ours(member: str, **given: Any) -> dict[str, Any]:
    """The same member as the mail side has it after a first sync."""
    return {**theirs(member, **given), "state": "Active", **given}


def event(member: str, what: str, **given: Any) -> dict[str, Any]:
    """One kind of engagement of a member's lead."""
    at = given.pop("at", NOON)
    return {
        "campaign_id": CAMPAIGN,
        "person_id": f"00Q{member}",
        "event": what,
        "times": 1,
        "first_at": at,
        "last_at": at,
        **given,
    }


LABELS = [("Sent", True, False), ("Responded", False, True)]


def labels(*campaigns: str, more: tuple[tuple[str, bool, bool], ...] = ()) -> pa.Table:
    """The labels Salesforce gives every campaign, and more."""
    names = shapes.LABELS.names
    rows = [
        dict(zip(names, (campaign, *label), strict=True))
        for campaign in campaigns or (CAMPAIGN,)
        for label in (*LABELS, *more)
    ]
    return shapes.table(rows, shapes.LABELS)


def planned(
    seen: list[dict[str, Any]],
    standing: list[dict[str, Any]] = (),  # type: ignore[assignment]
    *,
    gone: tuple[str, ...] = (),
    events: list[dict[str, Any]] = (),  # type: ignore[assignment]
    decisions: dict[str, str] | None = None,
    complete: bool = False,
    known: pa.Table | None = None,
    status_map: StatusMap | None = None,
    **rules: Any,
) -> ReconcilePlan:
    """The plan for one campaign."""
    chosen = status_map or StatusMap()
    rules = {"hold_above_pct": 100.0, **rules}
    return reconcile(
        Inputs(
            theirs=shapes.table(list(seen), shapes.THEIRS),
            ours=shapes.table(list(standing), shapes.OURS),
            labels=known if known is not None else labels(),
            rules=Rules(maps={CAMPAIGN: chosen, OTHER: chosen}, **rules),
            gone=shapes.table([{"member_id": each} for each in gone], shapes.GONE),
            complete=frozenset({CAMPAIGN} if complete else ()),
            events=shapes.table(list(events), shapes.EVENTS),
            decisions=shapes.table(
                [{"member_id": each, "decision": told} for each, told in (decisions or {}).items()],
                shapes.DECISIONS,
            ),
        )
    )


def kept(plan: ReconcilePlan) -> dict[str, dict[str, Any]]:
    """The members to store, by id."""
    return {row["member_id"]: row for row in plan.keep.to_pylist()}


def told(plan: ReconcilePlan) -> list[tuple[Any, ...]]:
    """The sheet in short."""
    names = ("direction", "what", "member_id", "before", "after", "status")
    return [tuple(row[name] for name in names) for row in plan.sheet.to_pylist()]
