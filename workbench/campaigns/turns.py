"""Whose turn it is: runs of one sync wait for each other, and no two have one campaign (Q31)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from time import sleep
from typing import TYPE_CHECKING, Any

from workbench.campaigns.choosing import Chosen
from workbench.errors import CancelledError, InputError
from workbench.store.state.runs import BusyError

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.run_rows import Trigger

LOOK_EVERY_S = 0.2
"""How often a run that waits for another one looks again."""
OURS_FOR = timedelta(days=1)
"""How long the scheduler leaves a run alone that a process here waits with."""


def turn(
    job: str,
    services: Services,
    sync: CampaignSync,
    trigger: Trigger,
    options: Mapping[str, Any],
) -> int:
    """A run of ``job`` whose turn has come: it waits while another one is running.

    Raises:
        BusyError: another one is running, and the document says not to wait.
        InputError: the same is waiting already.
        CancelledError: somebody cancelled it while it waited.
    """
    runs = services.state.runs
    for waiting in runs.latest(job, "queued"):
        if waiting.options == dict(options) and waiting.trigger == trigger:
            raise InputError(
                f"The same sync is waiting already, as run {waiting.id}",
                hint=f"See run show {waiting.id}.",
            )
    not_before = services.now() + OURS_FOR
    run_id = runs.queue(job, trigger, options=options, not_before=not_before)
    try:
        while True:
            try:
                runs.claim(run_id)
                return run_id
            except BusyError:
                if sync.run.overlap == "skip":
                    raise
            if runs.get(run_id).is_finished:
                raise CancelledError("Cancelled while it waited for another run")
            sleep(LOOK_EVERY_S)
    except BaseException as error:
        runs.end(run_id, error if isinstance(error, Exception) else CancelledError("Cancelled"))
        raise


@contextmanager
def claimed(
    sync: CampaignSync, services: Services, chosen: Chosen, tally: Tally
) -> Iterator[Chosen]:
    """Have the campaigns in hand, alone; wait for another run's, or leave them out (Q31)."""
    store = services.state.campaigns
    ids = [row.id for row in chosen.campaigns]
    said = False
    while busy := store.claim(sync.name, ids, tally.run_id):
        if sync.run.overlap == "skip":
            why = {each: f"run {run} is syncing it" for each, run in busy.items()}
            chosen = chosen.without(why)
            ids = [row.id for row in chosen.campaigns]
            continue
        if not said:
            tally.stage(f"waiting for run {next(iter(busy.values()))}")
            said = True
        if tally.is_cancel_requested:
            raise CancelledError("Cancelled while it waited for another run")
        sleep(LOOK_EVERY_S)
    try:
        if said:
            # The other run has moved the cursors.
            chosen = chosen.anew({row.id: row for row in store.all(sync.name)})
        yield chosen
    finally:
        store.release(tally.run_id)
