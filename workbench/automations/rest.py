"""How two plans of one automation differ, and whether one is only the rest of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import sql
from workbench.automations.reading import run_file, workspace
from workbench.automations.saved import read_plan

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.services import Services

SHOWN = 50
"""Differences that are told; the change sheet has all of them."""
CUT_SHORT = ("failed", "cancelled")
"""How a run ends that did not come to its end."""


def cells_sql(plan: Plan, rows: str) -> str:
    """SQL of what a plan sends: record_id, field, before, after."""
    pieces = [
        f"SELECT id AS record_id, {sql.literal(field.name)} AS field, "
        f"{sql.name(field.name + '__before')} AS before, "
        f"{sql.name(field.name + '__after')} AS after "
        f"FROM {rows} WHERE {sql.name(field.name + '__write')}"
        for field in plan.fields
    ]
    nothing = "SELECT '' AS record_id, '' AS field, '' AS before, '' AS after WHERE false"
    return " UNION ALL ".join(pieces or [nothing])


def differences(
    seen: Plan, made: Plan, connection: duckdb.DuckDBPyConnection
) -> tuple[dict[str, Any], ...]:
    """Cells that one plan sends and the other does not, or with another value; the first few."""
    connection.register("seen_rows", seen.rows)
    connection.register("made_rows", made.rows)
    rows = connection.sql(
        f"WITH s AS ({cells_sql(seen, 'seen_rows')}), m AS ({cells_sql(made, 'made_rows')}) "
        "SELECT coalesce(s.record_id, m.record_id) AS id, coalesce(s.field, m.field) AS field, "
        "s.before AS before, s.after AS after, m.before AS now, m.after AS after_now "
        "FROM s FULL JOIN m USING (record_id, field) "
        "WHERE s.record_id IS NULL OR m.record_id IS NULL OR s.after IS DISTINCT FROM m.after "
        f"ORDER BY ALL LIMIT {SHOWN}"
    ).to_arrow_table()
    return tuple(rows.to_pylist())


def moved_cells(
    seen: Plan, live: pa.Table, connection: duckdb.DuckDBPyConnection
) -> tuple[dict[str, Any], ...]:
    """Cells of a plan whose value in Pendo is no longer what the plan saw; the first few."""
    connection.register("seen_rows", seen.rows)
    connection.register("now_rows", live)
    names = [field.name for field in seen.fields if field.name in live.column_names]
    cases = " ".join(f"WHEN {sql.literal(name)} THEN l.{sql.name(name)}" for name in names)
    now = f"CASE s.field {cases} END" if names else "NULL::VARCHAR"
    rows = connection.sql(
        f"WITH s AS ({cells_sql(seen, 'seen_rows')}) SELECT * FROM ("
        f"SELECT s.record_id AS id, s.field, s.before, s.after, {now} AS now "
        "FROM s JOIN now_rows l ON l.id = s.record_id) "
        "WHERE now IS DISTINCT FROM before AND now IS DISTINCT FROM after "
        f"ORDER BY ALL LIMIT {SHOWN}"
    ).to_arrow_table()
    return tuple(rows.to_pylist())


def is_rest_of(plan: Plan, automation: Automation, services: Services) -> bool:
    """Whether a plan only writes what its last run was let go to write, and did not come to.

    Such a run was killed, cancelled or cut off: its plan has passed the guardrails, or a person
    has released it.
    """
    pushes = services.state.ledger.pushes(automation.name)
    if not pushes or pushes[0].purpose != "sync":
        return False
    last = pushes[0]
    path = run_file(services, automation.name, last.run_id)
    if services.state.runs.get(last.run_id).status not in CUT_SHORT or not path.exists():
        return False
    before = read_plan(path)
    with workspace(services) as connection:
        connection.register("old_rows", before.rows)
        connection.register("new_rows", plan.rows)
        more = connection.execute(
            f"WITH o AS ({cells_sql(before, 'old_rows')}), n AS ({cells_sql(plan, 'new_rows')}) "
            "SELECT count(*) FROM n LEFT JOIN o USING (record_id, field) "
            "WHERE o.record_id IS NULL OR o.after IS DISTINCT FROM n.after"
        ).fetchall()
    return not more[0][0]
