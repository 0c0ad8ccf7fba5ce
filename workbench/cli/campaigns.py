"""``campaign list``, ``preview``, ``sync``, ``nightly``, ``hourly``, ``autosync``, ``budget``."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.cli.opened import services
from workbench.cli.output import answer, cell, counted, note, table
from workbench.cli.stopping import stoppable
from workbench.errors import CancelledError, InputError, RemoteError

if TYPE_CHECKING:
    from workbench.campaigns.looked import Looked
    from workbench.campaigns.model import CampaignSync
    from workbench.campaigns.results import SyncResult
    from workbench.services import Services

SHOWN_ROWS = 50
"""Rows of a sheet that are told; --out writes all of them."""
RESULT_KEYS = (
    "run status inward outward member_fields conflicts held failed warnings api_calls campaigns "
    "skipped"
).split()


def listed(asked: Namespace) -> int:
    """Every campaign, as it is in Salesforce now and as it was synced."""
    from workbench.campaigns import board
    from workbench.campaigns.run import refresh

    rows = []
    with services() as opened:
        for sync in _syncs(opened, asked.sync):
            try:
                refresh(sync, opened)
            except RemoteError as error:
                if not opened.state.campaigns.all(sync.name):
                    raise
                note(f"warning: shown as it was read last; {error}")
            rows += board.listed(sync, opened)
    shown = [
        {
            "id": each.row.id,
            "name": each.row.name,
            "status": "closed" if each.closed else each.row.status,
            "auto-sync": "on" if each.row.auto_sync else "off",
            "members": each.members["total"],
            "active": each.members["active"],
            "last sync": each.row.last_synced_at,
            "next": each.next_at,
            "attention": "; ".join(each.warnings) if each.needs_attention else "",
        }
        for each in rows
    ]
    answer(asked, [each.as_json() for each in rows], table(shown) or ["There is no campaign"])
    return 0


def preview(asked: Namespace) -> int:
    """The reconcile sheet, both directions; changes nothing."""
    from workbench.campaigns.run import preview as previewed

    with services() as opened:
        sync = _sync_of(opened, asked.id, asked.sync)
        looked = previewed(sync, asked.id, opened, kind=asked.kind, release=asked.release)
    if asked.out:
        write_sheet(looked, asked.out)
    answer(asked, preview_json(looked), [] if asked.json else preview_lines(looked))
    return 0


def sync(asked: Namespace) -> int:
    """Synchronize one campaign, or make its first edition."""
    from workbench.campaigns.run import sync_one

    with services() as opened:
        document = _sync_of(opened, asked.id, asked.sync)
        with stoppable(opened, f"campaign/{document.name}"):
            only = _failed_of(opened, document, asked)
            fingerprint = asked.fingerprint or _confirmed(opened, document, asked, only)
            result = sync_one(
                document,
                asked.id,
                opened,
                kind=asked.kind,
                fingerprint=fingerprint,
                release=asked.release,
                only=only,
            )
    return _told(asked, [(document.name, result)])


def _failed_of(
    opened: "Services", document: "CampaignSync", asked: Namespace
) -> Sequence[str] | None:
    """The members whose failed writes are tried again; None is a whole sync.

    Raises:
        InputError: nothing failed in that run.
    """
    from workbench.campaigns.again import failed_of
    from workbench.campaigns.choosing import find

    if asked.failed_of is None:
        if asked.code:
            raise InputError("--code says which failed writes: say of which run, --failed-of RUN")
        return None
    row = find(opened, document, asked.id)
    if row is None:
        raise InputError(f"No campaign {asked.id[:80]} is known here", hint="See `campaign list`.")
    return failed_of(document, row.id, asked.failed_of, opened, codes=asked.code or ())


def _confirmed(
    opened: "Services", document: "CampaignSync", asked: Namespace, only: Sequence[str] | None
) -> str | None:
    """Ask, at a terminal, whether members may leave; gives the sheet that was agreed to.

    Without a terminal nobody can be asked: the command itself is the word, and the limits hold.

    Raises:
        CancelledError: no.
    """
    from workbench.campaigns.run import preview as previewed

    silent = asked.yes or asked.json or not document.deletes.confirm_manual
    if silent or asked.kind != "manual" or not sys.stdin.isatty():
        return None
    looked = previewed(document, asked.id, opened, release=asked.release, only=only)
    if leaving := looked.plan.counts.left:
        members = "1 member" if leaving == 1 else f"{counted(leaving)} members"
        note(f"{members} shall be deleted on the mail side, as in Salesforce. Go on? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CancelledError("Nothing was synced", hint="--yes asks no question.")
    return looked.fingerprint


def nightly(asked: Namespace) -> int:
    """The nightly batch, now."""
    return _batch(asked, "nightly")


def hourly(asked: Namespace) -> int:
    """The hourly batch, now."""
    return _batch(asked, "hourly")


def autosync(asked: Namespace) -> int:
    """Tick or clear the Auto Sync checkbox of a campaign."""
    from workbench.campaigns.run import set_auto_sync

    on = asked.switch == "on"
    with services() as opened:
        document = _sync_of(opened, asked.id, asked.sync)
        row = set_auto_sync(document, asked.id, opened, on=on)
    value = {"id": row.id, "name": row.name, "auto_sync": on}
    answer(asked, value, [f"Auto-sync of {row.name} is {asked.switch}"])
    return 0


def budget(asked: Namespace) -> int:
    """Calls used, left, forecast and wasted."""
    from workbench.campaigns import board

    with services() as opened:
        told = [(each.name, board.budget(each, opened)) for each in _syncs(opened, asked.sync)]
        names = {row.id: row.name for row in opened.state.campaigns.all()}
    values = [{"sync": name, **each.as_json()} for name, each in told]
    lines = [line for name, each in told for line in _budget_lines(name, each, names)]
    answer(asked, values[0] if len(values) == 1 else values, lines)
    return 0


def _batch(asked: Namespace, kind: Any) -> int:
    from workbench.campaigns.run import JOBS, run_batch

    done = []
    with _at(asked.now) as opened:
        for document in _syncs(opened, asked.sync):
            with stoppable(opened, f"{JOBS[kind]}/{document.name}"):
                result = run_batch(document, kind, opened, release=asked.release)
            done.append((document.name, result))
    return _told(asked, done)


@contextmanager
def _at(now: str | None) -> "Iterator[Services]":
    """The services of this home, at a moment that somebody says."""
    from workbench.cli.moments import moment
    from workbench.services import open_services
    from workbench.settings import load_settings

    opened = open_services(load_settings(**({"now": moment(now)} if now else {})))
    try:
        yield opened
    finally:
        opened.close()


def _syncs(opened: "Services", name: str | None) -> "list[CampaignSync]":
    """The campaign syncs of this home, or the one that is named.

    Raises:
        InputError: there is none.
    """
    if name is not None:
        _, only = opened.documents.resolve(name, "campaign_sync")
        return [opened.documents.campaign_sync(only)]
    names = opened.documents.names("campaign_sync")
    if not names:
        raise InputError(
            "There is no campaign sync yet",
            hint="Apply a document of kind campaign_sync that names a Salesforce connection.",
        )
    return [opened.documents.campaign_sync(each) for each in names]


def _sync_of(opened: "Services", campaign: str, name: str | None) -> "CampaignSync":
    """The sync that has a campaign.

    Raises:
        InputError: several may have it and none is named.
    """
    from workbench.campaigns.choosing import find

    syncs = _syncs(opened, name)
    if len(syncs) == 1:
        return syncs[0]
    having = [each for each in syncs if find(opened, each, campaign) is not None]
    if len(having) == 1:
        return having[0]
    names = ", ".join(each.name for each in syncs)
    raise InputError(f"Which sync has {campaign[:80]}?", hint=f"Say --sync: one of {names}.")


def _told(asked: Namespace, done: "Sequence[tuple[str, SyncResult]]") -> int:
    values = [{key: result.as_json()[key] for key in RESULT_KEYS} for _, result in done]
    lines = [sentence(name, result) for name, result in done]
    answer(asked, values[0] if len(values) == 1 else values, lines)
    for _, result in done:
        for why in result.skipped.values():
            note(f"skipped: {why}")
        for warning in result.warnings:
            note(f"warning: {warning}")
        if result.held:
            note("hint: look at the sheet (campaign preview); --release lets held deletes go")
    return 4 if any(result.failed for _, result in done) else 0


def sentence(name: str, result: "SyncResult") -> str:
    """What a sync came to, in one line."""
    inward, outward = result.inward, result.outward
    return (
        f"{name}: {counted(len(result.campaigns))} campaigns, {counted(inward['joined'])} joined, "
        f"{counted(inward['left'])} left, {counted(inward['updated'])} changed, "
        f"{counted(inward['statuses'])} statuses in, {counted(outward['statuses'])} out, "
        f"{counted(result.conflicts)} conflicts, {counted(result.held)} held "
        f"({counted(result.api_calls)} calls, run {result.run})"
    )


def preview_json(looked: "Looked") -> dict[str, Any]:
    """What ``campaign preview --json`` promises."""
    counts, plan = looked.plan.counts, looked.plan
    return {
        "kind": looked.kind,
        "campaigns": looked.campaign_ids,
        "fingerprint": looked.fingerprint,
        "inward": {
            "joined": counts.joined,
            "left": counts.left,
            "updated": counts.updated,
            "statuses": counts.statuses_in,
        },
        "outward": {
            "statuses": counts.statuses_out,
            "editions": looked.statistics.editions,
            "statistics": looked.statistics.campaigns,
        },
        "member_fields": counts.fields_out,
        "conflicts": counts.conflicts,
        "held": counts.held,
        "warnings": [str(warned) for warned in looked.all_warnings],
        "notices": list(looked.notices),
        "api_calls": looked.calls,
        "estimate": looked.estimate.calls,
        "rows": plan.sheet.slice(0, SHOWN_ROWS).to_pylist(),
    }


def preview_lines(looked: "Looked") -> list[str]:
    """A sheet as a person reads it."""
    counts, plan = looked.plan.counts, looked.plan
    names = ", ".join(row.name for row in looked.chosen)
    lines = [
        f"campaign  {names}",
        f"inward    {counted(counts.joined)} joined, {counted(counts.left)} left, "
        f"{counted(counts.updated)} changed, {counted(counts.statuses_in)} statuses, "
        f"{counted(counts.states)} active or inactive",
        f"outward   {counted(counts.statuses_out)} statuses, "
        f"{counted(looked.statistics.campaigns)} statistics, "
        f"{counted(looked.statistics.editions)} of editions, "
        f"{counted(counts.fields_out)} members' other fields",
        f"conflicts {counted(counts.conflicts)}, held {counted(counts.held)}",
        f"calls     {counted(looked.calls)}",
        *(f"warning   {warned}" for warned in looked.all_warnings),
    ]
    columns = ("direction", "what", "name", "field", "before", "after", "status", "reason")
    rows = plan.sheet.slice(0, SHOWN_ROWS).to_pylist()
    more = plan.sheet.num_rows - len(rows)
    return [
        *lines,
        "",
        *table(rows, columns),
        *([f"… and {counted(more)} more"] if more > 0 else []),
        *(f"notice    {notice}" for notice in looked.notices),
    ]


def write_sheet(looked: "Looked", path: str) -> None:
    """Write every row of a sheet as CSV."""
    from pyarrow import csv

    csv.write_csv(looked.plan.sheet, path)


def _budget_lines(name: str, told: Any, names: Mapping[str, str]) -> list[str]:
    def of(number: int | None) -> str:
        return "unknown" if number is None else counted(number)

    share = "" if told.forecast_percent is None else f" ({told.forecast_percent} % of the limit)"
    lines = [
        f"{name}",
        f"  org        {of(told.used_org)} of {of(told.limit)} calls in 24 hours",
        f"  ours       {of(told.used_ours)} of {of(told.allocation)} ({told.gate})",
        f"  forecast   {of(told.forecast_per_day)} a day{share}; one by one it would be "
        f"{of(told.one_by_one_per_day)}",
    ]
    lines += [
        f"  wasted     {of(each.calls_per_month)} a month by {cell(names.get(each.campaign_id))}, "
        "closed with auto-sync on"
        for each in told.wasted
    ]
    return lines
