"""The catalogue: every document of an installation, read typed and changed only whole.

What is stored has been checked; applying several documents keeps all of them or none.
"""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from workbench.documents import applying
from workbench.documents.applying import Applied
from workbench.documents.checking import check
from workbench.documents.faults import DocumentsError
from workbench.documents.kinds import KINDS, Kind, Reference, stored_model
from workbench.documents.yaml_text import Text, dump
from workbench.errors import InputError, WorkbenchError
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.automations.model import Automation
    from workbench.campaigns.model import CampaignSync
    from workbench.pendo.model import PendoConnection
    from workbench.pulls.model import Pull
    from workbench.salesforce.model import SalesforceConnection
    from workbench.store.state import Change, Outcome, State, Stored

Model = TypeVar("Model", bound=BaseModel)


class Catalogue:
    """The documents of one installation."""

    def __init__(self, state: "State", kinds: Mapping[str, Kind] = KINDS) -> None:
        self._state = state
        self._kinds = kinds

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of documents there can be."""
        return tuple(self._kinds)

    def names(self, kind: str) -> list[str]:
        """The names of one kind, sorted."""
        return self._state.documents.names(kind)

    def connection(self, name: str) -> "PendoConnection":
        """One connection to Pendo.

        Raises:
            InputError: there is none of that name, or it leads somewhere else.
        """
        from workbench.pendo.model import PendoConnection

        return self._leading(name, PendoConnection, "Pendo")

    def salesforce(self, name: str) -> "SalesforceConnection":
        """One connection to Salesforce.

        Raises:
            InputError: there is none of that name, or it leads somewhere else.
        """
        from workbench.salesforce.model import SalesforceConnection

        return self._leading(name, SalesforceConnection, "Salesforce")

    def connections(self, type_: str) -> list[str]:
        """The names of the connections of one type, sorted: ``pendo`` or ``salesforce``."""
        stored = self._state.documents.all("connection")
        return sorted(one.name for one in stored if one.body.get("type", "pendo") == type_)

    def secrets(self, kind: str, name: str) -> dict[str, SecretStr]:
        """Every secret of a document that is set."""
        names = self._kinds[kind].secret_names(name)
        found = {which: self._state.secrets.get(kept_as) for which, kept_as in names.items()}
        return {which: secret for which, secret in found.items() if secret is not None}

    def pull(self, name: str) -> "Pull":
        """One pull.

        Raises:
            InputError: there is none of that name, or it is no longer valid.
        """
        from workbench.pulls.model import Pull

        return self._typed("pull", name, Pull)

    def automation(self, name: str) -> "Automation":
        """One automation.

        Raises:
            InputError: there is none of that name, or it is no longer valid.
        """
        from workbench.automations.model import Automation

        return self._typed("automation", name, Automation)

    def campaign_sync(self, name: str) -> "CampaignSync":
        """One campaign sync.

        Raises:
            InputError: there is none of that name, or it is no longer valid.
        """
        from workbench.campaigns.model import CampaignSync

        return self._typed("campaign_sync", name, CampaignSync)

    def secret(self, kind: str, name: str, which: str = "key") -> SecretStr | None:
        """A document's secret, None if it is not set."""
        return self._state.secrets.get(self._kinds[kind].secret_names(name)[which])

    def is_secret_set(self, kind: str, name: str, which: str = "key") -> bool:
        """Whether a document's secret is set; does not read it."""
        return self._state.secrets.is_set(self._kinds[kind].secret_names(name)[which])

    def apply(
        self, texts: Iterable[Text], who: str, *, environment: Mapping[str, str] | None = None
    ) -> list[Applied]:
        """Check every document, then create or update all of them; says what that did to each.

        Args:
            environment: Where secrets are read from; None is this process's own.

        Raises:
            DocumentsError: with every fault of every text; nothing was kept.
        """
        environment = os.environ if environment is None else environment
        documents, faults = check(texts, self._kinds)
        faults += applying.missing_references(self._state, documents)
        secrets, more = applying.secrets_of(self._state, documents, environment)
        if faults or more:
            raise DocumentsError([*faults, *more])
        if not documents:
            raise InputError("There is no document to apply", hint="The text is empty.")
        return applying.keep(self._state, self._kinds, documents, secrets, who)

    def save(
        self, model: BaseModel, who: str, *, secrets: Mapping[str, SecretStr] | None = None
    ) -> "Outcome":
        """Create or update one document that was made in code, such as by a page.

        Args:
            model: Of one of the known kinds, with its ``kind`` and ``name``.
            secrets: New secrets, such as ``{"key": …}``; those not named stay as they are.

        Raises:
            DocumentsError: it refers to a document that does not exist.
        """
        text = dump([applying.body_of(model)])
        documents, faults = check([Text("document", text)], self._kinds)
        if faults := faults + applying.missing_references(self._state, documents):
            raise DocumentsError(faults)
        [document] = documents
        names = document.kind.secret_names(document.name)
        given = {names[secret]: value for secret, value in (secrets or {}).items()}
        changed = {
            name: value
            for name, value in given.items()
            if applying.differs(self._state, name, value)
        }
        wanted = {document.reference: changed}
        return applying.keep(self._state, self._kinds, documents, wanted, who)[0].outcome

    def bodies(self, kind: str | None = None, name: str | None = None) -> list[dict[str, Any]]:
        """Documents as they were written, without secrets: all, of one kind, or one.

        Raises:
            InputError: there is none of that name.
        """
        order = list(self._kinds)
        stored = [
            document
            for document in self._state.documents.all(kind)
            if name in (None, document.name) and document.kind in order
        ]
        if name is not None and not stored:
            raise self._unknown(kind, name)
        stored.sort(key=lambda document: (order.index(document.kind), document.name))
        return [document.body for document in stored]

    def export(self, kind: str | None = None, name: str | None = None) -> str:
        """The same as YAML; applying it again changes nothing.

        Raises:
            InputError: there is none of that name.
        """
        return dump(self.bodies(kind, name))

    def delete(self, kind: str, name: str, who: str) -> None:
        """Remove a document and its secrets; its history stays.

        Raises:
            InputError: there is none, or others need it.
        """
        with self._state.transaction() as within:
            stored = self._state.documents.all(within=within)
            users = [f"{other}/{one}" for other, one in self._users(kind, stored).get(name, ())]
            if users:
                raise InputError(
                    f"{kind}/{name} is used by {', '.join(users)}",
                    hint="Delete those first, or give them another.",
                )
            if not self._state.documents.delete(kind, name, who, within=within):
                raise self._unknown(kind, name)
            for secret in self._kinds[kind].secret_names(name).values():
                self._state.secrets.delete(secret, within=within)

    def users(self, kind: str) -> dict[str, list[Reference]]:
        """Of every document of one kind that others need: which ones need it."""
        return self._users(kind, self._state.documents.all())

    def history(self, kind: str, name: str) -> "list[Change]":
        """Who changed a document, when, before and after; also of a deleted one.

        Raises:
            InputError: there never was such a document.
        """
        changes = self._state.documents.history(kind, name)
        if not changes:
            raise self._unknown(kind, name)
        return changes

    def resolve(self, text: str, kind: str | None = None) -> Reference:
        """The kind and name that ``KIND/NAME``, or a bare name, stands for; it need not exist.

        Args:
            kind: The only kind that can be meant; a bare name is then of that kind.

        Raises:
            InputError: an unknown or another kind, or a bare name that is of no or of two kinds.
        """
        told, slash, name = text.partition("/")
        if slash:
            if told not in self._kinds:
                known = f"Kinds: {', '.join(self._kinds)}."
                raise InputError(f"Unknown kind {told!r}{nearest(told, self._kinds)}", hint=known)
            if kind not in (None, told):
                raise InputError(f"{text} is a {told}, and a {kind} is needed here")
            return told, name
        if kind is not None:
            return kind, text
        found = [stored.kind for stored in self._state.documents.all() if stored.name == text]
        if len(found) > 1:
            both = " and ".join(f"{kind}/{text}" for kind in found)
            raise InputError(f"{text} can be {both}", hint="Say which, with its kind.")
        if not found:
            raise self._unknown(None, text)
        return found[0], text

    def _leading(self, name: str, model: type[Model], to: str) -> Model:
        """The connection of that name, which must lead to a system."""
        connection = self._read("connection", name)
        if not isinstance(connection, model):
            raise InputError(
                f"The connection {name} does not lead to {to}",
                hint=f"Choose a connection with type: {to.lower()}.",
            )
        return connection

    def _typed(self, kind: str, name: str, model: type[Model]) -> Model:
        document = self._read(kind, name)
        assert isinstance(document, model)
        return document

    def _read(self, kind: str, name: str) -> BaseModel:
        body = self._state.documents.get(kind, name)
        if body is None:
            raise self._unknown(kind, name)
        try:
            return stored_model(self._kinds, kind, body)
        except (ValidationError, WorkbenchError) as error:
            raise InputError(
                f"{kind}/{name} cannot be used as it is stored",
                hint=f"Export {kind}/{name}, correct it and apply it again.",
                details=str(error),
            ) from error

    def _users(self, kind: str, stored: "Iterable[Stored]") -> dict[str, list[Reference]]:
        found: dict[str, list[Reference]] = {}
        for other in stored:
            for needed, name in self._references(other.kind, other.body):
                if needed == kind:
                    found.setdefault(name, []).append((other.kind, other.name))
        return found

    def _references(self, kind: str, body: Mapping[str, Any]) -> tuple[Reference, ...]:
        try:
            return self._kinds[kind].references(stored_model(self._kinds, kind, body))
        except (ValidationError, WorkbenchError, KeyError):
            return ()  # a document that cannot be used holds nobody up

    def _unknown(self, kind: str | None, name: str) -> InputError:
        stored = [doc for doc in self._state.documents.all() if kind in (None, doc.kind)]
        guess = nearest(name, [doc.name for doc in stored])
        word = kind or "document"
        listed = ", ".join(f"{doc.kind}/{doc.name}" for doc in stored[:20])
        hint = f"There are: {listed}." if stored else f"There is no {word} yet."
        return InputError(f"There is no {word} {name[:80]!r}{guess}", hint=hint)
