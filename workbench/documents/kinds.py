"""The kinds of documents there are: what checks them, what they refer to, what they keep secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from workbench.documents.faults import Fault
from workbench.documents.yaml_text import Written
from workbench.words import nearest

Reference = tuple[str, str]
"""A document by its kind and name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document."""

    name: str
    models: Mapping[str, str]
    """What checks it (``module:Model``), by the document's ``type``; a kind without types has one,
    under "". Loaded when the first document of that type comes: building the models of every
    feature takes a third of the time in which a run's process starts."""
    default_type: str = ""
    secrets: tuple[str, ...] = ()
    """What it keeps secret: ``key`` is read from the variable that ``key_env`` names."""

    def model(self, named: str = "") -> type[BaseModel]:
        """What checks documents of one ``type``.

        Raises:
            KeyError: there is no such type.
        """
        module, _, name = self.models[named].partition(":")
        model: type[BaseModel] = getattr(import_module(module), name)
        return model

    def references(self, document: BaseModel) -> tuple[Reference, ...]:
        """The documents that one of this kind cannot do without."""
        connection: str | None = getattr(document, "connection", None)
        return (("connection", connection),) if connection is not None else ()

    def secret_names(self, name: str) -> dict[str, str]:
        """Under which name each secret of the document ``name`` is kept."""
        return {secret: f"{self.name}/{name}/{secret}" for secret in self.secrets}


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "connection",
            {
                "pendo": "workbench.pendo.model:PendoConnection",
                "salesforce": "workbench.salesforce.model:SalesforceConnection",
            },
            default_type="pendo",
            secrets=(
                "key",
                "client_id",
                "client_secret",
                "private_key",
                "refresh_token",
                "password",
                "security_token",
            ),
        ),
        Kind("pull", {"": "workbench.pulls.model:Pull"}),
        Kind("automation", {"": "workbench.automations.model:Automation"}),
        Kind("campaign_sync", {"": "workbench.campaigns.model:CampaignSync"}),
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
        return kind.model()
    chosen = str(document.value.get("type", kind.default_type))[:60]
    if chosen in kind.models:
        return kind.model(chosen)
    known = ", ".join(kind.models)
    reason = f"type: {chosen!r} is not one of {known}{nearest(chosen, kind.models)}"
    return document.fault(reason, ("type",))


def stored_model(kinds: Mapping[str, Kind], kind: str, body: Mapping[str, Any]) -> BaseModel:
    """A stored body as its model.

    Raises:
        ValidationError, WorkbenchError, KeyError: another version stored it, in its own way.
    """
    known = kinds[kind]
    return known.model(body.get("type", known.default_type)).model_validate(body)
