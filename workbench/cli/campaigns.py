"""``campaign list``, ``preview``, ``sync``, ``nightly``, ``hourly``, ``autosync``, ``budget``."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.cli.campaign_output import (
    budget_lines,
    preview_json,
    preview_lines,
    told,
    write_sheet,
)
from workbench.cli.opened import services
from workbench.cli.output import answer, counted, note, table
from workbench.cli.stopping import stoppable
from workbench.errors import CancelledError, InputError, RemoteError

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services


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
    return told(asked, [(document.name, result)])


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
        budgets = [(each.name, board.budget(each, opened)) for each in _syncs(opened, asked.sync)]
        names = {row.id: row.name for row in opened.state.campaigns.all()}
    values = [{"sync": name, **each.as_json()} for name, each in budgets]
    lines = [line for name, each in budgets for line in budget_lines(name, each, names)]
    answer(asked, values[0] if len(values) == 1 else values, lines)
    return 0


def _batch(asked: Namespace, kind: Any) -> int:
    from workbench.campaigns.recorded import JOBS
    from workbench.campaigns.run import run_batch

    done = []
    with _at(asked.now) as opened:
        for document in _syncs(opened, asked.sync):
            with stoppable(opened, f"{JOBS[kind]}/{document.name}"):
                result = run_batch(document, kind, opened, release=asked.release)
            done.append((document.name, result))
    return told(asked, done)


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
