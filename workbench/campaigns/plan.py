"""Decide what a campaign sync would change on either side. Pure: the same inputs, the same plan.

Salesforce is master of the members and what they are called; the mail side is master of what the
campaign did. Only a member's status can change on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from workbench import in_memory
from workbench import plan as plans
from workbench.campaigns import engagement_sql, fate_sql, shapes, sheet_sql, status_sql
from workbench.campaigns.budget import write_calls
from workbench.campaigns.inputs import Inputs, Rules, tables
from workbench.campaigns.warnings import Warned, from_tables
from workbench.plan import Breach, Verdict

if TYPE_CHECKING:
    import duckdb

SHOWN_COLUMNS = ("direction", "what", "campaign_id", "member_id", "field", "before", "after")
"""What of the sheet makes two plans the same plan."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A plan in numbers; each is of members."""

    joined: int = 0
    left: int = 0
    updated: int = 0
    """Members whose address, name or person changed."""
    statuses_in: int = 0
    statuses_out: int = 0
    conflicts: int = 0
    held: int = 0
    fields_out: int = 0
    """Members of whom something else than the status is written to Salesforce."""
    states: int = 0
    """Members that become active or inactive on the mail side."""


@dataclass(frozen=True, slots=True)
class ReconcilePlan:
    """What a sync would change: a value to show, to hold rows of, and to carry out unchanged."""

    sheet: pa.Table
    keep: pa.Table
    """Members to store as they will be, in the shape of ours."""
    leave: pa.Table
    """Members to remove from the mail side."""
    writes: pa.Table
    """Statuses to send: campaign_id, member_id, before, after, label_responded, why."""
    opt_outs: pa.Table
    """People whose Email Opt Out is to be ticked: campaign_id, member_id, person_id, object."""
    facts: pa.Table
    """Members of whom facts are to be sent: campaign_id, member_id, state, reason, last_action,
    points; ``inputs.rules.fields`` says which of them go where."""
    conflicts: pa.Table
    """campaign_id, member_id, agreed, theirs, ours, winner."""
    backlog: pa.Table
    """Members read and not taken over; they come again at the next sync."""
    matched: pa.Table
    """Engagement by member: member_id, campaign_id, edition, event, times, first_at, last_at."""
    unmatched: pa.Table
    """Engagement of these campaigns whose person is no member: campaign_id, person_id, email,
    event, times."""
    states: pa.Table
    """Every member afterwards: campaign_id, member_id, state, reason, is_test, person columns."""
    new_labels: pa.Table
    """Labels to create first, where the settings say so: campaign_id, label."""
    counts: Counts
    by_campaign: Mapping[str, Counts]
    warnings: tuple[Warned, ...]
    verdict: Verdict
    fingerprint: str
    inputs: Inputs

    @property
    def write_calls(self) -> int:
        """Calls that sending the statuses costs."""
        return write_calls(self.writes.num_rows)

    def with_decisions(self, decisions: pa.Table) -> ReconcilePlan:
        """The plan as it is with rows held, excluded or a conflict's winner chosen."""
        return reconcile(replace(self.inputs, decisions=decisions))

    def released(self) -> ReconcilePlan:
        """The plan as it is when a person lets everybody leave who would."""
        rules = replace(self.inputs.rules, release=True)
        return reconcile(replace(self.inputs, rules=rules))


def reconcile(inputs: Inputs) -> ReconcilePlan:
    """Compare both sides with what they agreed on last.

    A member that Salesforce deleted leaves, unless too many of its campaign would; an address, a
    name, a person is Salesforce's; a status is whoever changed it, and where both did, whoever
    the rules say. What cannot be done now is held, and comes again at the next sync.
    """
    with in_memory.connect(tables(inputs)) as connection:
        connection.execute(status_sql.labels())
        _work_out(connection, inputs.rules)
        return _as_plan(connection, inputs)


def _work_out(connection: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    for step in (
        fate_sql.base(follow_merges=rules.follow_merges),
        fate_sql.fate(
            hold_above_pct=rules.hold_above_pct,
            hold_above_n=rules.hold_above_n,
            release=rules.release,
            follow_merges=rules.follow_merges,
        ),
        fate_sql.present(),
        engagement_sql.matched(),
        engagement_sql.facts(),
        status_sql.settled(),
        status_sql.weighed(policy=rules.policy, unknown_label=rules.unknown_label, out=rules.out),
        engagement_sql.scored(rules.points),
        status_sql.final(is_scored=bool(rules.points)),
        # With many members each of these is as large as the campaign itself.
        "DROP VIEW weighed; DROP VIEW settled; DROP TABLE facts; DROP TABLE people",
        sheet_sql.fields_out(rules.fields),
        sheet_sql.sheet(policy=rules.policy, opt_outs=rules.opt_outs),
    ):
        connection.execute(step)


def _as_plan(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> ReconcilePlan:
    def arrow(query: str) -> pa.Table:
        return connection.sql(query).to_arrow_table()

    def among(query: str) -> pa.Table:
        rows = arrow(query)
        return rows if wanted is None else rows.filter(pc.is_in(rows["member_id"], wanted))

    wanted = None if inputs.only is None else pa.array(sorted(inputs.only), pa.string())
    if wanted is not None:
        connection.register("only_these", pa.table({"id": wanted}))
        connection.execute("DELETE FROM sheet WHERE member_id NOT IN (SELECT id FROM only_these)")
    by_campaign = _counts(connection)
    states = ", ".join(
        f"{name}" for name in ("campaign_id", "member_id", "state", "reason", "status")
    )
    return ReconcilePlan(
        sheet=arrow(
            "SELECT * FROM sheet ORDER BY campaign_id, direction, what, member_id, field"
        ).cast(shapes.SHEET),
        keep=among(sheet_sql.kept()).cast(shapes.OURS),
        leave=among(sheet_sql.left()),
        writes=among(sheet_sql.writes()),
        opt_outs=among(
            f"SELECT campaign_id, member_id, person_id, object FROM ({sheet_sql.opt_outs()}) "
            f"WHERE {inputs.rules.opt_outs} ORDER BY ALL"
        ),
        facts=among(sheet_sql.facts()),
        conflicts=among(sheet_sql.conflicts()),
        backlog=among(sheet_sql.backlog()).select(shapes.BACKLOG.names).cast(shapes.BACKLOG),
        matched=arrow(
            "SELECT member_id, campaign_id, edition, event, times, first_at, last_at "
            "FROM matched WHERE here"
        ),
        unmatched=arrow(
            "SELECT campaign_id, person_id, email, event, times FROM numbered "
            "WHERE campaign_id IN (SELECT campaign_id FROM final) "
            "AND number NOT IN (SELECT number FROM matched WHERE here) ORDER BY ALL"
        ),
        states=arrow(f"SELECT {states}, is_test, lead_id, contact_id, is_converted FROM final"),
        new_labels=arrow(
            "SELECT DISTINCT campaign_id, label FROM final "
            "WHERE outcome = 'write' AND unknown_label AND label = wish ORDER BY ALL"
        ),
        counts=_total(by_campaign),
        by_campaign=by_campaign,
        warnings=from_tables(connection),
        verdict=_verdict(connection, inputs.rules),
        fingerprint=_fingerprint(connection),
        inputs=inputs,
    )


def _fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    one, two = plans.row_hashes(SHOWN_COLUMNS)
    rows, first, second = connection.execute(f"""
        SELECT count(*), coalesce(sum({one}::HUGEINT), 0), coalesce(sum({two}::HUGEINT), 0)
        FROM sheet WHERE status IN ('new', 'changed', 'gone')
    """).fetchall()[0]
    return plans.fingerprint(rows, (first, second))


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Counts]:
    rows = connection.execute("""
        SELECT campaign_id,
               count(*) FILTER (what = 'joined' AND status = 'new'),
               count(*) FILTER (what = 'left' AND status = 'gone'),
               count(DISTINCT member_id) FILTER (
                   what IN ('address', 'name', 'person') AND status = 'changed'),
               count(*) FILTER (what = 'status' AND direction = 'in' AND status = 'changed'),
               count(*) FILTER (what = 'status' AND direction = 'out' AND status = 'changed'),
               0,
               count(DISTINCT member_id) FILTER (status IN ('held', 'conflict')),
               count(DISTINCT member_id) FILTER (what = 'field'),
               count(*) FILTER (what = 'state' AND status = 'changed')
        FROM sheet GROUP BY campaign_id
    """).fetchall()
    counted = {row[0]: Counts(*row[1:]) for row in rows}
    disputes = (
        f"SELECT campaign_id, count(*) FROM ({sheet_sql.conflicts()}) "
        "WHERE member_id IN (SELECT member_id FROM sheet) GROUP BY campaign_id"
    )
    for campaign, number in connection.execute(disputes).fetchall():
        counted[campaign] = replace(counted.get(campaign, Counts()), conflicts=number)
    return counted


def _total(by_campaign: Mapping[str, Counts]) -> Counts:
    names = Counts.__dataclass_fields__
    return Counts(
        **{name: sum(getattr(each, name) for each in by_campaign.values()) for name in names}
    )


def _verdict(connection: duckdb.DuckDBPyConnection, rules: Rules) -> Verdict:
    """Which campaigns too many members would leave."""
    rows = connection.execute("""
        SELECT campaign_id, any_value(leaving), any_value(standing)
        FROM fate WHERE fate = 'leave held' GROUP BY campaign_id ORDER BY campaign_id
    """).fetchall()
    limit = f"{rules.hold_above_n} members or {rules.hold_above_pct:g} %"
    return Verdict(
        tuple(
            Breach(
                "deletes.hold_above_n"
                if leaving > rules.hold_above_n
                else "deletes.hold_above_pct",
                leaving,
                rules.hold_above_n,
                f"{leaving} of {standing} members would leave {campaign}; the limit is {limit}",
            )
            for campaign, leaving, standing in rows
        )
    )
