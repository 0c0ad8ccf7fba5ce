"""The kinds of jobs there are: from a job's name to the function that runs it.

The scheduler's only door to the features: what can be scheduled is one of ``KINDS``.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from workbench.errors import InputError, SettingsError
from workbench.schedules.model import CatchUp, Retry, Schedule, StaleAfter
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.settings import Settings


class Scheduled(BaseModel):
    """When a job fires and how it is treated: the keys that documents with schedules share."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schedules: tuple[Schedule, ...] = ()
    catch_up: CatchUp = "ask"
    retry: Retry = Retry()
    stale_after: StaleAfter | None = None
    """None is as its schedules say: two fires without success; without schedules it is never."""
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
    outlives: str = ""
    """An option with which a run needs no document any more: it goes by what runs have left."""

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
        JobKind(
            "automation",
            _automation,
            resumes=True,
            scheduled=_automation_schedules,
            outlives="undo_of",
        ),
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


def known(
    services: "Services", job: str, options: Mapping[str, Any] | None = None
) -> tuple[JobKind, str]:
    """The kind of a job and its document's name.

    Args:
        options: What the job's ``run`` is told.

    Raises:
        InputError: no such kind, or no such document and the run needs one.
    """
    word, _, name = job.partition("/")
    kinds = kinds_of(services.settings)
    if word not in kinds or not name:
        guess = nearest(word, kinds)
        raise InputError(
            f"{job[:80]} is not a job{guess}", hint="Jobs are named like pull/page-events."
        )
    kind = kinds[word]
    if kind.outlives and (options or {}).get(kind.outlives) is not None:
        return kind, name
    if services.state.documents.get(kind.document_kind, name) is None:
        if kind.document_kind in services.documents.kinds:
            services.documents.bodies(kind.document_kind, name)  # says which there are
        raise InputError(f"There is no {kind.document_kind} {name[:80]!r}")
    return kind, name
