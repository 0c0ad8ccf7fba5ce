"""The columns of the tables a reconcile reads and makes. Pure."""

from typing import Any

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")
TEST_PREFIX = "test:"
"""Ids of global test members, who are on our side alone."""

STILL = ("parked", "leave held", "merged")
"""Fates of members about whom nothing goes to Salesforce."""

PERSON = (
    ("lead_id", pa.string()),
    ("contact_id", pa.string()),
    ("person_id", pa.string()),
    ("is_converted", pa.bool_()),
    ("email", pa.string()),
    ("first_name", pa.string()),
    ("last_name", pa.string()),
    ("opted_out", pa.bool_()),
    ("is_test", pa.bool_()),
    ("joined_at", MOMENT),
    ("modified_at", MOMENT),
    ("person_modified_at", MOMENT),
    ("owner", pa.string()),
)
"""What Salesforce is master of, beside the status."""
PERSON_COLUMNS = tuple(name for name, _ in PERSON)

THERE = (
    ("state_there", pa.string()),
    ("reason_there", pa.string()),
    ("action_there", pa.string()),
    ("points_there", pa.float64()),
)
"""What stands in the fields of Salesforce that we write; null where none is mapped."""
THERE_NAMES = tuple(name for name, _ in THERE)
NUMBERS_THERE = frozenset(name for name, kind in THERE if pa.types.is_floating(kind))
TAKEN_COLUMNS = (*PERSON_COLUMNS, *THERE_NAMES)
"""What is as it was read last."""

THEIRS = pa.schema(
    [
        ("member_id", pa.string()),
        ("campaign_id", pa.string()),
        ("status", pa.string()),
        ("has_responded", pa.bool_()),
        *PERSON,
        *THERE,
    ]
)
"""A member as Salesforce has it. ``person_id`` is the contact, or the lead where there is none."""

MAIL_SIDE = (
    ("wanted", pa.string()),
    ("wanted_at", MOMENT),
    ("wanted_why", pa.string()),
    ("opt_out", pa.string()),
    ("state", pa.string()),
    ("reason", pa.string()),
    ("last_action", pa.string()),
    ("last_action_at", MOMENT),
    ("email_since", MOMENT),
    ("points", pa.int64()),
    ("merged_into", pa.string()),
)
"""What the mail side is master of."""
OURS = pa.schema([*THEIRS, *MAIL_SIDE])
"""A member as the mail side has it; ``status`` is what both sides agreed on last."""

GONE = pa.schema([("member_id", pa.string())])
MERGED = pa.schema([("member_id", pa.string()), ("master", pa.string())])
"""Members whose person Salesforce merged into another one, and dropped with its row."""
LABELS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("label", pa.string()),
        ("is_default", pa.bool_()),
        ("has_responded", pa.bool_()),
    ]
)
EVENTS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("person_id", pa.string()),
        ("email", pa.string()),
        ("event", pa.string()),
        ("edition", pa.string()),
        ("times", pa.int64()),
        ("first_at", MOMENT),
        ("last_at", MOMENT),
    ]
)
"""Engagement, already put together: one row per campaign, person or address, event, edition."""
DECISIONS = pa.schema(
    [("member_id", pa.string()), ("decision", pa.string()), ("reason", pa.string())]
)
BACKLOG = pa.schema([*THEIRS, ("gone", pa.bool_()), ("why", pa.string())])
"""Members read from Salesforce and not taken over yet; ``gone`` ones were deleted there."""

SHEET = pa.schema(
    [
        ("direction", pa.string()),
        ("what", pa.string()),
        ("campaign_id", pa.string()),
        ("member_id", pa.string()),
        ("name", pa.string()),
        ("email", pa.string()),
        ("field", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
"""The change sheet, one row per thing that would change. ``direction`` is in or out; ``what`` is
joined, left, address, name, person, status, state, opt-out or field; ``status`` is new, changed,
gone, held, conflict, dropped or waits."""


def empty(schema: pa.Schema) -> pa.Table:
    """A table of this shape without rows."""
    return schema.empty_table()


def table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of this shape; what they lack is null."""
    return pa.Table.from_pylist(rows, schema=schema)
