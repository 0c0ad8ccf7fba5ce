"""Apply checked documents to what is stored: references, secrets, then one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr, ValidationError

from workbench.documents.checking import Checked
from workbench.documents.faults import Fault
from workbench.documents.kinds import Kind, Reference, stored_model
from workbench.errors import WorkbenchError
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.store.state import Outcome, State

Changed = dict[Reference, dict[str, SecretStr]]
"""Secrets to be set, by the document that has them and the name they are kept as."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying one document did."""

    outcome: "Outcome"
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.outcome} {self.kind}/{self.name}"


def missing_references(state: "State", documents: Sequence[Checked]) -> list[Fault]:
    """A fault for each document that is needed and neither stored nor being applied."""
    here = {document.reference for document in documents}
    here |= {(stored.kind, stored.name) for stored in state.documents.all()}
    faults = []
    for document in documents:
        for kind, name in document.kind.references(document.model):
            if (kind, name) in here:
                continue
            guess = nearest(name, [other for their, other in here if their == kind])
            text = f"{kind}: there is no {kind} {name}{guess}"
            hint = f"Apply a {kind} of that name before it, or with it."
            faults.append(document.source.fault(text, (kind,), hint))
    return faults


def secrets_of(
    state: "State", documents: Sequence[Checked], environment: Mapping[str, str]
) -> tuple[Changed, list[Fault]]:
    """The secrets to change, and a fault for each that should be set and is not."""
    changed: Changed = {}
    faults = []
    for document in documents:
        for secret, kept_as in document.kind.secret_names(document.name).items():
            variable, where = _variable(document.model, secret)
            value = environment.get(variable, "").strip() if variable else ""
            if value and differs(state, kept_as, SecretStr(value)):
                changed.setdefault(document.reference, {})[kept_as] = SecretStr(value)
            elif variable and not value and not state.secrets.is_set(kept_as):
                text = f"{where[-1]}: the environment variable {variable} is not set"
                hint = f"Run `export {variable}=…` and apply again; it is read once."
                faults.append(document.source.fault(text, where, hint))
    return changed, faults


def _variable(model: BaseModel, secret: str) -> tuple[str | None, tuple[str, ...]]:
    """The environment variable that a secret is read from, and the keys that name it."""
    key = f"{secret}_env"
    if hasattr(model, key):
        return getattr(model, key), (key,)
    return getattr(getattr(model, "auth", None), key, None), ("auth", key)


def differs(state: "State", secret: str, value: SecretStr) -> bool:
    """Whether a secret is not yet stored as this."""
    return state.secrets.get(secret) != value


def keep(
    state: "State",
    kinds: Mapping[str, Kind],
    documents: Sequence[Checked],
    secrets: Changed,
    who: str,
) -> list[Applied]:
    """Store documents and secrets in one transaction; says what that did to each document."""
    bodies = [(*document.reference, _unless_same(state, kinds, document)) for document in documents]
    notes = {
        reference: f"{', '.join(name.rpartition('/')[2] for name in changed)} changed"
        for reference, changed in secrets.items()
        if changed
    }
    with state.transaction() as within:
        for changed in secrets.values():
            for secret, value in changed.items():
                state.secrets.set(secret, value, within=within)
        outcomes = state.documents.put_many(bodies, who=who, notes=notes, within=within)
    return [
        Applied(outcome, kind, name)
        for outcome, (kind, name, _) in zip(outcomes, bodies, strict=True)
    ]


def _unless_same(state: "State", kinds: Mapping[str, Kind], document: Checked) -> dict[str, Any]:
    """What is stored, where the new body only says it in other words."""
    stored = state.documents.get(*document.reference)
    if stored is None:
        return document.body
    try:
        same = stored_model(kinds, document.kind.name, stored) == document.model
    except (ValidationError, WorkbenchError, KeyError):
        same = False
    return stored if same else document.body


def body_of(model: BaseModel) -> dict[str, Any]:
    """A model as a document would be written: its kind and name, and what is not the default."""
    heads = {key: getattr(model, key) for key in ("kind", "name", "type") if hasattr(model, key)}
    for shorter in (True, False):
        rest = model.model_dump(mode="json", by_alias=True, exclude_defaults=shorter)
        body = {**heads, **rest}
        # A default may be what tells two forms of a value apart: then everything is written.
        if type(model).model_validate(body) == model:
            return body
    raise AssertionError(f"a {type(model).__name__} does not survive being written")
