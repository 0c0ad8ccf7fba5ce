"""Global test members: people who join every campaign at its first sync, here alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from workbench import in_memory
from workbench.campaigns import shapes


def with_marked(
    theirs: pa.Table, people: Sequence[Mapping[str, Any]], campaign_ids: Sequence[str]
) -> pa.Table:
    """Members with the test people among them marked, and the others added to each campaign.

    Args:
        people: ``person_id lead_id contact_id email first_name last_name``; where there is no
            person id, the address tells who is meant.
    """
    if not people:
        return theirs
    columns = ("person_id", "lead_id", "contact_id", "email", "first_name", "last_name")
    schema = pa.schema([(name, pa.string()) for name in columns])
    tables = {
        "theirs": theirs,
        "people": pa.Table.from_pylist(list(people), schema=schema),
        "wanted": pa.table({"campaign_id": pa.array(campaign_ids, pa.string())}),
    }
    with in_memory.connect(tables) as connection:
        marked = connection.sql(_marked()).to_arrow_table().select(shapes.THEIRS.names)
        return marked.cast(shapes.THEIRS)


def _marked() -> str:
    same = (
        "(p.person_id IN (t.person_id, t.lead_id, t.contact_id) "
        "OR (p.person_id IS NULL AND lower(p.email) = lower(t.email)))"
    )
    own = f"'{shapes.TEST_PREFIX}' || coalesce(p.person_id, md5(lower(p.email))[:12])"
    # A test member of two campaigns is two rows: their ids must differ.
    return f"""
    SELECT t.* REPLACE (
        t.is_test OR EXISTS (SELECT 1 FROM people p WHERE {same}) AS is_test
    ) FROM theirs t
    UNION ALL BY NAME
    SELECT {own} || right(w.campaign_id, 9) AS member_id, w.campaign_id, FALSE AS has_responded,
           p.lead_id, p.contact_id, p.person_id, FALSE AS is_converted, p.email, p.first_name,
           p.last_name, FALSE AS opted_out, TRUE AS is_test
    FROM people p CROSS JOIN wanted w
    WHERE NOT EXISTS (
        SELECT 1 FROM theirs t WHERE t.campaign_id = w.campaign_id AND {same}
    )
    """
