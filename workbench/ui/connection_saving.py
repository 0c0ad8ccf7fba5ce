"""What the forms of both kinds of connection share: the stored one, its name, checking, saving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import streamlit as st
from pydantic import SecretStr

from workbench.ui.beside import Beside
from workbench.ui.session import (
    WHO,
    explained,
    generation,
    note_for_later,
    services,
    show,
    start_afresh,
)

if TYPE_CHECKING:
    from workbench.pendo.model import PendoConnection
    from workbench.salesforce.model import SalesforceConnection

Connection = TypeVar("Connection", "PendoConnection", "SalesforceConnection")


@dataclass(frozen=True, slots=True)
class Form(Generic[Connection]):
    """One connection being filled in, and where its faults appear."""

    name: str | None
    """The stored connection's name; None while it is new."""
    model: type[Connection]
    keys: str
    """What the keys of its controls start with, such as ``salesforce``."""
    example: str
    """A name, to show what one looks like."""
    beside: Beside = field(default_factory=Beside)

    @property
    def afresh(self) -> str:
        """The name by which this form is started afresh."""
        return f"{self.keys}/{self.name or 'new'}"

    @property
    def key(self) -> str:
        """What the keys start with, new whenever the form starts afresh."""
        return f"{self.keys}.{self.name or 'new'}.{generation(self.afresh)}"

    def stored(self, read: Callable[[str], Connection]) -> Connection | None:
        """The stored connection, or None while it is new; the page ends where there is none."""
        if self.name is None:
            return None
        stored: Connection | None = None
        with explained():
            stored = read(self.name)
        # `explained` has stopped the page if there is none.
        return stored  # noqa: RET504

    def ask_name(self, callers: str) -> str:
        """The name of a new connection; a stored one keeps its own."""
        if self.name is not None:
            return self.name
        given = st.text_input(
            "Name",
            key=f"{self.key}.name",
            placeholder=self.example,
            help=f"What {callers} call it. Small letters, digits and -.",
        )
        self.beside.place("name")
        return given.strip()

    def ask_secret(self, secret: str, label: str, about: str) -> str:
        """What was typed for a secret; what is stored never comes back."""
        given = st.text_input(
            label,
            type="password",
            # Leaving a password field by Tab does not send what was typed (Streamlit 1.67).
            live="150ms",
            key=f"{self.key}.{secret}",
            autocomplete="off",
            placeholder="Set. Type a new one to replace it" if self.is_set(secret) else "Not set",
            help=about,
        )
        self.beside.place(secret)
        return given.strip()

    def is_set(self, secret: str) -> bool:
        """Whether the stored connection has this secret."""
        if self.name is None:
            return False
        return services().documents.is_secret_set("connection", self.name, secret)

    def save(
        self, body: dict[str, Any], given: Mapping[str, str], needed: Mapping[str, str]
    ) -> None:
        """The buttons; saves what is right and goes back to the list.

        Args:
            given: The secrets that were typed.
            needed: What to say beside each secret that must be given or set.
        """
        with st.container(horizontal=True):
            save = st.button("Save", type="primary", icon=":material/save:", key=f"{self.key}.save")
            cancel = st.button("Back without saving", type="tertiary", key=f"{self.key}.cancel")
        if cancel:
            self._leave()
        if not save:
            return
        model = self._checked(body, given, needed)
        if model is None:
            return
        secrets = {secret: SecretStr(text) for secret, text in given.items()}
        with explained():
            services().documents.save(model, WHO, secrets=secrets or None)
        note_for_later(f"Saved {model.name}")
        self._leave()

    def _leave(self) -> None:
        start_afresh(self.afresh)
        show()
        st.rerun()

    def _checked(
        self, body: dict[str, Any], given: Mapping[str, str], needed: Mapping[str, str]
    ) -> Connection | None:
        """The connection, or None with every fault told beside its control."""
        wrong = {
            secret: sentence
            for secret, sentence in needed.items()
            if secret not in given and not self.is_set(secret)
        }
        if self.name is None and not body["name"]:
            wrong["name"] = f"give it a name, such as {self.example}"
            body = body | {"name": "unnamed"}
        elif self.name is None and body["name"] in services().documents.names("connection"):
            wrong["name"] = f"there is a connection {body['name']} already"
        told = [self.beside.say(key, sentence) for key, sentence in wrong.items()]
        model = self.beside.checked(body, self.model)
        return None if any(told) else model
