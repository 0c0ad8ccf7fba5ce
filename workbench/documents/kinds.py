"""The kinds of documents there are: what checks them, what they refer to, what they keep secret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from workbench.automations.model import Automation
from workbench.campaigns.model import CampaignSync
from workbench.documents.faults import Fault
from workbench.documents.yaml_text import Written
from workbench.pendo.model import PendoConnection
from workbench.pulls.model import Pull
from workbench.salesforce.model import SECRETS, SalesforceConnection
from workbench.words import nearest

Reference = tuple[str, str]
"""A document by its kind and name."""


def _nothing(_: BaseModel) -> tuple[Reference, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document."""

    name: str
    models: Mapping[str, type[BaseModel]]
    """What checks it, by the document's ``type``; a kind without types has one, under ""."""
    default_type: str = ""
    later_types: Mapping[str, str] = field(default_factory=dict)
    """Types that this version cannot carry out, with the reason."""
    references: Callable[[BaseModel], tuple[Reference, ...]] = _nothing
    secrets: tuple[str, ...] = ()
    """What it keeps secret: ``key`` is read from the variable that ``key_env`` names."""

    def secret_names(self, name: str) -> dict[str, str]:
        """Under which name each secret of the document ``name`` is kept."""
        return {secret: f"{self.name}/{name}/{secret}" for secret in self.secrets}


def _pull_references(pull: BaseModel) -> tuple[Reference, ...]:
    assert isinstance(pull, Pull)
    return (("connection", pull.connection),)


def _automation_references(automation: BaseModel) -> tuple[Reference, ...]:
    assert isinstance(automation, Automation)
    return (("connection", automation.connection),)


def _campaign_sync_references(sync: BaseModel) -> tuple[Reference, ...]:
    assert isinstance(sync, CampaignSync)
    return (("connection", sync.connection),)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "connection",
            {"pendo": PendoConnection, "salesforce": SalesforceConnection},
            default_type="pendo",
            secrets=("key", *SECRETS),
        ),
        Kind("pull", {"": Pull}, references=_pull_references),
        Kind("automation", {"": Automation}, references=_automation_references),
        Kind("campaign_sync", {"": CampaignSync}, references=_campaign_sync_references),
    )
}
"""Every kind of this version, in the order in which they are exported."""


def model_for(document: Written, kinds: Mapping[str, Kind]) -> type[BaseModel] | Fault:
    """The model that checks a document, or why there is none."""
    named = document.value.get("kind")
    if named is None:
        known = ", ".join(kinds)
        return document.fault("kind is missing", hint=f"Every document says its kind: {known}.")
    if not isinstance(named, str) or named not in kinds:
        word = str(named)[:60]
        return document.fault(f"unknown kind {word}{nearest(word, kinds)}", ("kind",))
    kind = kinds[named]
    if "" in kind.models:
        return kind.models[""]
    chosen = str(document.value.get("type", kind.default_type))[:60]
    if chosen in kind.models:
        return kind.models[chosen]
    known = ", ".join(kind.models)
    reason = f"type: {chosen!r} is not one of {known}{nearest(chosen, kind.models)}"
    return document.fault(kind.later_types.get(chosen, reason), ("type",))


def stored_model(kinds: Mapping[str, Kind], kind: str, body: Mapping[str, Any]) -> BaseModel:
    """A stored body as its model.

    Raises:
        ValidationError, WorkbenchError, KeyError: another version stored it, in its own way.
    """
    known = kinds[kind]
    return known.models[body.get("type", known.default_type)].model_validate(body)
