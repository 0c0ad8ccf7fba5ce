"""From a job's name to the function that runs it, here or in a process of its own.

The scheduler's only door: what can be scheduled is one of ``KINDS``.
"""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from workbench.errors import InputError, SettingsError, WorkbenchError
from workbench.schedules.model import CatchUp, Retry, Schedule
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.settings import Settings
    from workbench.store.state import Run, State
    from workbench.store.state.run_rows import Trigger

ROOT = Path(__file__).resolve().parent.parent
"""Where ``python -m workbench`` finds the package when the app was started elsewhere."""
HEADSTART = timedelta(seconds=30)
"""How long the scheduler leaves a run alone whose process a person's click has started: it starts
only those whose process never came."""
LOOK_EVERY_S = 0.3
"""As often as a run says something of itself."""
BUSY = 75
"""How a worker's process ends whose job is running already: come again later (sysexits.h)."""


class Scheduled(BaseModel):
    """When a job fires and how it is treated: the keys that documents with schedules share."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schedules: tuple[Schedule, ...] = ()
    catch_up: CatchUp = "ask"
    retry: Retry = Retry()
    connection: str | None = None
    """Whose concurrency limit counts; None has none of its own."""
    active: bool = True
    """Off fires nothing, whatever the schedules say."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job: ``NAME/document`` runs ``execute`` on that document."""

    name: str
    execute: Callable[..., Any]
    """Called with (services, the document's name, trigger=…, run_id=…, and the run's options)."""
    resumes: bool = False
    """Whether a run whose process died goes on from what it had finished."""
    document: str = ""
    """The kind of its documents; the job's own name unless said."""
    scheduled: Callable[[Mapping[str, Any]], Scheduled] = Scheduled.model_validate
    """From a document's stored body to when it fires."""

    @property
    def document_kind(self) -> str:
        """The kind of documents of which each makes one job."""
        return self.document or self.name


def _pull(services: "Services", name: str, **options: Any) -> Any:
    from workbench.pulls.run import run

    return run(services.documents.pull(name), services, **options)


def _automation_schedules(body: Mapping[str, Any]) -> Scheduled:
    # Left out of a stored document, `active` is a draft's: an automation is switched on.
    return Scheduled.model_validate({"active": False, **body})


def _automation(services: "Services", name: str, **options: Any) -> Any:
    from workbench.automations.run import carry_out_job

    return carry_out_job(services, name, **options)


def _campaign(services: "Services", name: str, *, campaign: str, **options: Any) -> Any:
    from workbench.campaigns.run import sync_one

    return sync_one(services.documents.campaign_sync(name), campaign, services, **options)


def _campaign_nightly(services: "Services", name: str, **options: Any) -> Any:
    from workbench.campaigns.run import run_batch

    return run_batch(services.documents.campaign_sync(name), "nightly", services, **options)


def _campaign_hourly(services: "Services", name: str, **options: Any) -> Any:
    from workbench.campaigns.run import run_batch

    return run_batch(services.documents.campaign_sync(name), "hourly", services, **options)


def _only_by_hand(_: Mapping[str, Any]) -> Scheduled:
    return Scheduled(active=False)


def _nights(body: Mapping[str, Any]) -> Scheduled:
    from workbench.campaigns.model import CampaignSync

    sync = CampaignSync.model_validate(body)
    at = (sync.nightly_schedule,) if sync.nightly.enabled else ()
    return Scheduled(
        schedules=at, catch_up=sync.catch_up, retry=sync.retry, connection=sync.connection
    )


def _hours(body: Mapping[str, Any]) -> Scheduled:
    from workbench.campaigns.model import CampaignSync

    sync = CampaignSync.model_validate(body)
    at = (sync.hourly_schedule,) if sync.hourly.enabled else ()
    return Scheduled(
        schedules=at, catch_up=sync.catch_up, retry=sync.retry, connection=sync.connection
    )


KINDS: Mapping[str, JobKind] = {
    kind.name: kind
    for kind in (
        JobKind("pull", _pull, resumes=True),
        JobKind("automation", _automation, resumes=True, scheduled=_automation_schedules),
        JobKind("campaign", _campaign, True, "campaign_sync", _only_by_hand),
        JobKind("campaign_nightly", _campaign_nightly, True, "campaign_sync", _nights),
        JobKind("campaign_hourly", _campaign_hourly, True, "campaign_sync", _hours),
    )
}
"""Every kind of job of this version."""


def kinds_of(settings: "Settings") -> Mapping[str, JobKind]:
    """The kinds of jobs of one installation: ours, and those its ``jobs`` setting names.

    Raises:
        SettingsError: what the setting names is not there.
    """
    if settings.jobs is None:
        return KINDS
    module, _, name = settings.jobs.partition(":")
    try:
        more: Mapping[str, JobKind] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"The setting jobs names {settings.jobs}, which cannot be loaded: {error}",
            hint="It is written module:name, and names kinds of jobs by their own name.",
        ) from error
    return {**KINDS, **more}


def execute(
    services: "Services",
    job: str,
    *,
    trigger: "Trigger" = "person",
    run_id: int | None = None,
    **options: Any,
) -> Any:
    """Carry out one job in this process; gives what its feature gives.

    Raises:
        InputError: there is no such job.
        WorkbenchError: as the job's own ``run`` says.
    """
    kind, name = _known(services, job)
    return kind.execute(services, name, trigger=trigger, run_id=run_id, **options)


def carry_out(services: "Services", run_id: int) -> Any:
    """Carry out one waiting run in this process; gives what its feature gives.

    Raises:
        BusyError: its job is running; a person's run ends with that, any other waits on.
        InputError: it is not waiting, or its document is gone.
        WorkbenchError: as the job's own ``run`` says.
    """
    run = claim(services.state, run_id)
    try:
        return execute(services, run.job, trigger=run.trigger, run_id=run_id, **(run.options or {}))
    except Exception as error:
        # Does nothing where the job's own record has ended the run already.
        services.state.runs.end(run_id, error)
        raise


def claim(state: "State", run_id: int) -> "Run":
    """Make a waiting run this process's own; nothing changes where it is already.

    Raises:
        BusyError: its job is running; a person's run ends with that, any other waits on.
        InputError: it is not waiting.
    """
    from workbench.store.state import BusyError

    try:
        return state.runs.claim(run_id)
    except BusyError as error:
        if state.runs.get(run_id).trigger == "person":
            state.runs.end(run_id, error)
        raise


def finished_here(services: "Services", run_id: int) -> "Run":
    """Carry out a waiting run in this process, or wait for whoever does; gives the finished run."""
    runs = services.state.runs
    while not runs.get(run_id).is_finished:
        with suppress(WorkbenchError):  # the run tells it; what is not told there goes on
            carry_out(services, run_id)
        if not runs.get(run_id).is_finished:
            # Its job is running, or another process was quicker to take it.
            time.sleep(LOOK_EVERY_S)
            runs.close_interrupted()
    return runs.get(run_id)


def launch(
    services: "Services",
    job: str,
    options: Mapping[str, Any] | None = None,
    *,
    who: str | None = None,
) -> int:
    """Queue a run of ``job`` and carry it out in a process of its own; gives the run's number.

    The process goes on when the page that started it is left; ``services.state.runs`` tells how
    far it is, and cancels it.

    Args:
        options: What else the job's ``run`` is told, by name; kept with the run as JSON.

    Raises:
        InputError: there is no such job.
    """
    _known(services, job)
    not_before = services.now() + HEADSTART
    run_id = services.state.runs.queue(job, not_before=not_before, options=options, who=who)
    start(services, run_id)
    return run_id


def retry(services: "Services", run_id: int, who: str) -> int:
    """Try a finished run again, at once, in a process of its own; gives the new run's number.

    Raises:
        InputError: there is no such run, or it is not finished.
    """
    not_before = services.now() + HEADSTART
    again = services.state.runs.retry(run_id, who, not_before=not_before)
    start(services, again)
    return again


def cancel(services: "Services", run_id: int) -> "Run":
    """Ask a run to stop between two steps; gives the run, which may take a moment to end.

    Raises:
        InputError: there is no such run, or it is finished.
    """
    services.state.runs.cancel(run_id)
    return services.state.runs.get(run_id)


def start(
    services: "Services", run_id: int, *, now: datetime | None = None
) -> "subprocess.Popen[bytes]":
    """Start the process that carries out a waiting run; it outlives the one that starts it.

    Args:
        now: What it takes for the present moment; None is this process's own.
    """
    log = log_of(services, run_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 -- our own interpreter and package, no shell
            [sys.executable, "-m", "workbench", "run", "carry-out", str(run_id)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment(services) | ({"WORKBENCH_NOW": now.isoformat()} if now else {}),
            start_new_session=True,
        )


def log_of(services: "Services", run_id: int) -> Path:
    """Where the process of a run writes what it has to say beside the run's own log."""
    return services.settings.home / "logs" / f"run-{run_id}.log"


def environment(services: "Services") -> dict[str, str]:
    """The same installation for a child, wherever this process got its settings from."""
    settings = services.settings
    given = {
        "WORKBENCH_HOME": str(settings.home.absolute()),
        "WORKBENCH_DATABASE_URL": settings.database_url,
        "WORKBENCH_SECRET_KEY": settings.secret_key and settings.secret_key.get_secret_value(),
        "WORKBENCH_NOW": settings.now and settings.now.isoformat(),
        "WORKBENCH_JOBS": settings.jobs,
    }
    return {**os.environ, **{key: value for key, value in given.items() if value}}


def _known(services: "Services", job: str) -> tuple[JobKind, str]:
    """The kind of a job and its document's name.

    Raises:
        InputError: no such kind, or no such document.
    """
    word, _, name = job.partition("/")
    kinds = kinds_of(services.settings)
    if word not in kinds or not name:
        guess = nearest(word, kinds)
        raise InputError(
            f"{job[:80]} is not a job{guess}", hint="Jobs are named like pull/page-events."
        )
    kind = kinds[word]
    if services.state.documents.get(kind.document_kind, name) is None:
        if kind.document_kind in services.documents.kinds:
            services.documents.bodies(kind.document_kind, name)  # says which there are
        raise InputError(f"There is no {kind.document_kind} {name[:80]!r}")
    return kind, name
