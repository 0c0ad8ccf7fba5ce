"""Carry out what was looked at: write to Salesforce, read again, then keep everything at once.

Nothing of what was read is kept, and no cursor moves, before every page and write succeeded. What
was sent is written down first, so that a run that dies is accounted for by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.campaigns import push, reading, shapes
from workbench.campaigns.calls import spent
from workbench.campaigns.keeping import keep, noted
from workbench.campaigns.looked import Looked
from workbench.campaigns.mapped import THERE_COLUMNS
from workbench.campaigns.push import GONE_CODES
from workbench.campaigns.sent import Sent, cursor_after
from workbench.campaigns.warnings import Warned
from workbench.errors import CancelledError
from workbench.salesforce.model import Answered

if TYPE_CHECKING:
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state import Tally


def carry_out(looked: Looked, services: Services, org: SalesforceClient, tally: Tally) -> Sent:
    """Do what the plan says, and keep it.

    Raises:
        CancelledError: between two calls; what was written stays, the cursor has not moved.
        RemoteError: as the client says; the same.
    """
    began = services.now()
    sent = Sent()
    plan = looked.plan
    outward = (plan.writes, plan.facts, plan.opt_outs, looked.statistics.rows)
    if any(rows.num_rows for rows in outward):
        _write_down(looked, services, tally.run_id, began)
        tally.stage("writing to Salesforce")
        _send_labels(looked, org, sent)
        _send_statuses(looked, org, tally, sent)
        _send_facts(looked, org, tally, sent)
        if sent.written:
            tally.stage("reading again")
            _read_again(looked, services, org, sent)
        _send_opt_outs(looked, org, sent)
        _send_statistics(looked, org, sent)
    if tally.is_cancel_requested:
        raise CancelledError("Cancelled", hint="Nothing was taken over; sync again.")
    tally.stage("keeping")
    sent.calls = spent(looked.sync, org)
    keep(looked, services, sent, tally, began)
    return sent


def _write_down(looked: Looked, services: Services, run_id: int, at: datetime) -> None:
    """Every outward change, before the first is sent."""
    with services.state.campaigns.changing(looked.sync.name, run_id) as changing:
        outward = looked.plan.sheet.filter(pc.equal(looked.plan.sheet["direction"], "out"))
        changing.note(noted(outward, ("changed",)), state="planned", at=at)
        statistics = looked.statistics.rows
        if statistics.num_rows:
            changing.note(_statistics_noted(statistics), state="planned", at=at)


def _statistics_noted(rows: pa.Table) -> pa.Table:
    def column(text: str) -> pa.Array:
        return pa.array([text] * rows.num_rows, pa.string())

    # A statistic of an edition is told apart by its record, for its answer to find it.
    is_own = pc.is_null(rows["edition"])
    told = pc.binary_join_element_wise(
        pc.fill_null(rows["edition"], ""), rows["statistic"], ": ", null_handling="skip"
    )
    return pa.table(
        {
            "campaign_id": rows["campaign_id"],
            "member_id": pc.if_else(is_own, "", rows["record_id"]),
            "direction": column("out"),
            "what": column("statistic"),
            "field": rows["field"],
            "before": pc.cast(rows["before"], pa.string()),
            "after": pc.cast(rows["after"], pa.string()),
            "reason": pc.if_else(is_own, rows["statistic"], told),
        }
    )


def _send_labels(looked: Looked, org: SalesforceClient, sent: Sent) -> None:
    labels = looked.plan.new_labels
    if not labels.num_rows:
        return
    for row, answer in zip(labels.to_pylist(), push.create_labels(labels, org), strict=False):
        if not answer.ok:
            text = f"The label {row['label']} could not be added: {answer.message}"
            sent.warnings.append(Warned("unknown status label", text, row["campaign_id"]))


def _send_statuses(looked: Looked, org: SalesforceClient, tally: Tally, sent: Sent) -> None:
    writes = looked.plan.writes
    if not writes.num_rows:
        return

    def on_batch(done: int) -> None:
        tally.progress(done=done, total=writes.num_rows, rows=done, requests=org.api_calls)

    wanted = {
        row["member_id"]: (row["after"], row["label_responded"])
        for row in writes.select(["member_id", "after", "label_responded"]).to_pylist()
    }
    answers = push.send_statuses(
        writes, org, on_batch=on_batch, cancelled=lambda: tally.is_cancel_requested
    )
    for campaign, answer in answers:
        if answer.ok:
            sent.agreed[answer.id] = wanted[answer.id]
        elif answer.code in GONE_CODES:
            sent.gone += 1
            sent.failed.append(_failed(campaign, answer, "it was deleted meanwhile"))
        else:
            sent.failed.append(_failed(campaign, answer, answer.message))


def _send_facts(looked: Looked, org: SalesforceClient, tally: Tally, sent: Sent) -> None:
    facts, fields = looked.plan.facts, looked.plan.inputs.rules.fields
    if not facts.num_rows:
        return
    wanted = {
        row["member_id"]: {THERE_COLUMNS[fact]: row[fact] for fact in fields}
        for row in facts.to_pylist()
    }
    answers = push.send_facts(facts, fields, org, cancelled=lambda: tally.is_cancel_requested)
    for campaign, answer in answers:
        if answer.ok:
            sent.told[answer.id] = wanted[answer.id]
        else:
            reason = "it was deleted meanwhile" if answer.code in GONE_CODES else answer.message
            sent.fields_failed.append(_failed(campaign, answer, reason))


def _failed(campaign: str, answer: Answered, reason: str | None) -> dict[str, Any]:
    return {
        "campaign_id": campaign,
        "member_id": answer.id,
        "code": answer.code,
        "reason": reason or "Salesforce did not say why",
    }


def _read_again(looked: Looked, services: Services, org: SalesforceClient, sent: Sent) -> None:
    """Look whether Salesforce kept what we wrote: a label may be replaced without a word."""
    plan, fields, now = looked.plan, looked.known.seen.fields, services.now()
    if looked.only is not None:
        again = reading.some_members(
            org,
            fields,
            looked.sync,
            sent.written,
            now=now,
            campaign_ids=looked.campaign_ids,
            total=plan.states.num_rows,
        )
    else:
        campaigns = {
            *plan.writes["campaign_id"].to_pylist(),
            *plan.facts["campaign_id"].to_pylist(),
        }
        since = dict.fromkeys(campaigns, cursor_after(looked, looked.members))
        again = reading.members(org, fields, looked.sync, now=now, since=since)
    sent.again = again
    ours = pc.is_in(again.rows["member_id"], value_set=pa.array(sent.written, pa.string()))
    names = ["member_id", "campaign_id", "status", "has_responded", *shapes.THERE_NAMES]
    for row in again.rows.select(names).filter(ours).to_pylist():
        _compare_status(row, sent)
        _compare_facts(row, looked, sent)


def _compare_status(row: Mapping[str, Any], sent: Sent) -> None:
    if row["member_id"] not in sent.agreed:
        return
    wanted, _ = sent.agreed[row["member_id"]]
    sent.agreed[row["member_id"]] = (row["status"], row["has_responded"])
    if row["status"] != wanted:
        told = Answered(row["member_id"], ok=False, code="KEPT_ANOTHER")
        reason = f"Salesforce has {row['status']} after {wanted} was written"
        sent.failed.append(_failed(row["campaign_id"], told, reason))


def _compare_facts(row: Mapping[str, Any], looked: Looked, sent: Sent) -> None:
    wanted = sent.told.get(row["member_id"])
    if wanted is None:
        return
    stands = {column: row[column] for column in wanted}
    sent.told[row["member_id"]] = stands
    names = looked.known.seen.fields.there
    other = [name for name in wanted if (stands[name] or None) != (wanted[name] or None)]
    if other:
        told = Answered(row["member_id"], ok=False, code="KEPT_ANOTHER")
        first = other[0]
        reason = f"Salesforce has {stands[first]} in {names[first]} after {wanted[first]}"
        failed = _failed(row["campaign_id"], told, f"{reason} was written")
        sent.fields_failed.append(failed)


def _send_opt_outs(looked: Looked, org: SalesforceClient, sent: Sent) -> None:
    people = looked.plan.opt_outs
    if not people.num_rows:
        return
    bad = {each.id: each for each in push.tick_opt_outs(people, org) if not each.ok}
    for row in people.to_pylist() if bad else ():
        if row["person_id"] in bad:
            told = _failed(row["campaign_id"], bad[row["person_id"]], None)
            message = bad[row["person_id"]].message
            failed = {**told, "member_id": row["member_id"], "reason": message}
            sent.opt_outs_failed.append(failed)


def _send_statistics(looked: Looked, org: SalesforceClient, sent: Sent) -> None:
    rows = looked.statistics.rows
    if not rows.num_rows:
        return
    bad = set()
    for campaign, answer in push.send_statistics(rows, org):
        if not answer.ok:
            bad.add(answer.id)
            record = "" if answer.id == campaign else answer.id
            failed = _failed(campaign, answer, answer.message) | {"member_id": record}
            sent.statistics_failed.append(failed)
            text = f"Its statistics were not taken: {answer.message or answer.code}"
            sent.warnings.append(Warned("statistics not written", text, campaign))
    places = zip(rows["record_id"].to_pylist(), rows["edition"].to_pylist(), strict=True)
    written = [edition for record, edition in places if record not in bad]
    sent.statistics = written.count(None)
    sent.editions = len(written) - sent.statistics
