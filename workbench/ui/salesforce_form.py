"""Add or edit a Salesforce connection. Secrets go in and never come back: set, or not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import SecretStr

from workbench.salesforce.model import NEEDED, ApiBudget
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
    from workbench.salesforce.model import Flow, SalesforceConnection

FLOWS: dict[Flow, str] = {
    "client_credentials": "Client credentials",
    "jwt_bearer": "Signed assertion (JWT bearer)",
    "refresh_token": "Refresh token",
    "username_password": "User name and password",
}
LABELS = {
    "client_id": "Consumer key (client id)",
    "client_secret": "Consumer secret (client secret)",
    "private_key": "Private key (PEM)",
    "refresh_token": "Refresh token",
    "password": "Password",
    "security_token": "Security token",
}
ALSO = {"refresh_token": ("client_secret",), "username_password": ("security_token",)}
"""Secrets that a flow can do without."""


def salesforce_form(name: str | None) -> None:
    """The form of one connection, new or stored."""
    stored = _stored(name)
    form = f"salesforce/{name or 'new'}"
    key = f"salesforce.{name or 'new'}.{generation(form)}"
    beside = Beside()
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Where", anchor=False)
        body: dict[str, Any] = {"kind": "connection", "type": "salesforce"}
        body["name"] = name or _name(key, beside)
        body |= _place(key, stored, beside)
    with right, st.container(border=True, height="stretch"):
        st.subheader("Login", anchor=False)
        auth, given = _login(key, name, stored, beside)
        body["auth"] = auth
    with st.container(border=True):
        st.subheader("API calls", anchor=False)
        body["api_budget"] = _budget(key, stored, beside)
    _save(form, key, body, given, name, beside)


def _stored(name: str | None) -> SalesforceConnection | None:
    if name is None:
        return None
    stored: SalesforceConnection | None = None
    with explained():
        stored = services().documents.salesforce(name)
    # `explained` has stopped the page if there is none.
    return stored  # noqa: RET504


def _name(key: str, beside: Beside) -> str:
    given = st.text_input(
        "Name",
        key=f"{key}.name",
        placeholder="acme-sf",
        help="What campaign syncs call it. Small letters, digits and -.",
    )
    beside.place("name")
    return given.strip()


def _place(key: str, stored: SalesforceConnection | None, beside: Beside) -> dict[str, Any]:
    url = st.text_input(
        "Address",
        stored.url if stored else "",
        key=f"{key}.url",
        placeholder="https://acme.my.salesforce.com",
        help="The org's own address (My Domain). http only for a stand-in on this machine.",
    )
    beside.place("url")
    version = st.text_input(
        "API version", stored.api_version if stored else "66.0", key=f"{key}.version"
    )
    beside.place("api_version")
    about = st.text_input(
        "Description",
        stored.description if stored else "",
        key=f"{key}.description",
        placeholder="Which org, whose campaigns",
    )
    body = {"url": url.strip(), "api_version": version.strip()}
    return body | ({"description": about} if about else {})


def _login(
    key: str, name: str | None, stored: SalesforceConnection | None, beside: Beside
) -> tuple[dict[str, Any], dict[str, str]]:
    """The part ``auth`` of the document, and the secrets that were typed."""
    now: Flow = stored.auth.flow if stored else "client_credentials"
    flow = st.selectbox(
        "How to log in",
        list(FLOWS),
        index=list(FLOWS).index(now),
        format_func=FLOWS.__getitem__,
        key=f"{key}.flow",
        help="Client credentials is the simplest: an External Client App with that flow enabled "
        "and a run-as user who is a Marketing User.",
    )
    auth: dict[str, Any] = {}
    if stored:
        # The names of variables are not on the form, and stay as they are.
        auth = stored.auth.model_dump(exclude_defaults=True)
    auth["flow"] = flow
    auth.pop("username", None)
    if flow in ("jwt_bearer", "username_password"):
        username = (stored.auth.username or "") if stored else ""
        auth["username"] = st.text_input("User name", username, key=f"{key}.username").strip()
        auth = {part: value for part, value in auth.items() if value != ""}
    beside.place("auth")
    secrets = (*NEEDED[flow], *ALSO.get(flow, ()))
    typed = {secret: _secret(key, name, secret, beside) for secret in secrets}
    return auth, {secret: text for secret, text in typed.items() if text}


def _secret(key: str, name: str | None, secret: str, beside: Beside) -> str:
    is_set = bool(name) and services().documents.is_secret_set("connection", str(name), secret)
    given = st.text_input(
        LABELS[secret],
        type="password",
        # Leaving a password field by Tab does not send what was typed (Streamlit 1.67).
        live="150ms",
        key=f"{key}.{secret}",
        autocomplete="off",
        placeholder="Set. Type a new one to replace it" if is_set else "Not set",
        help="Stored encrypted and never shown again.",
    )
    beside.place(secret)
    return given.strip()


def _budget(key: str, stored: SalesforceConnection | None, beside: Beside) -> dict[str, float]:
    budget = stored.api_budget if stored else ApiBudget()
    asked = {
        "share_percent": "Ours, % of the org's calls in 24 hours",
        "warn_percent": "Warn at % of ours",
        "pause_percent": "Pause what can wait at %",
        "resume_percent": "Go on below %",
    }
    answer = {}
    for column, (part, label) in zip(st.columns(len(asked)), asked.items(), strict=True):
        value = float(getattr(budget, part))
        with column:
            answer[part] = st.number_input(label, value=value, step=5.0, key=f"{key}.{part}")
    beside.place("api_budget")
    return answer


def _save(
    form: str,
    key: str,
    body: dict[str, Any],
    given: dict[str, str],
    name: str | None,
    beside: Beside,
) -> None:
    with st.container(horizontal=True):
        save = st.button("Save", type="primary", icon=":material/save:", key=f"{key}.save")
        cancel = st.button("Back without saving", type="tertiary", key=f"{key}.cancel")
    if cancel:
        start_afresh(form)
        show()
        st.rerun()
    if not save:
        return
    model = _checked(body, given, name, beside)
    if model is None:
        return
    secrets = {secret: SecretStr(text) for secret, text in given.items()}
    with explained():
        services().documents.save(model, WHO, secrets=secrets or None)
    start_afresh(form)
    note_for_later(f"Saved {model.name}")
    show()
    st.rerun()


def _checked(
    body: dict[str, Any], given: dict[str, str], name: str | None, beside: Beside
) -> SalesforceConnection | None:
    """The connection, or None with every fault told beside its control."""
    from workbench.documents import KINDS, Text
    from workbench.documents.checking import check
    from workbench.documents.yaml_text import dump
    from workbench.salesforce.model import SalesforceConnection

    good = True
    if name is None and not body["name"]:
        good = not beside.say("name", "give it a name, such as acme-sf")
        body = body | {"name": "unnamed"}
    elif name is None and body["name"] in services().documents.names("connection"):
        good = not beside.say("name", f"there is a connection {body['name']} already")
    flow: Flow = body["auth"]["flow"]
    is_set = services().documents.is_secret_set
    for secret in NEEDED[flow]:
        if secret not in given and (name is None or not is_set("connection", name, secret)):
            good = not beside.say(secret, f"paste the {LABELS[secret].lower()}")
    found, faults = check([Text("connection", dump([body]))], KINDS)
    for sentence in beside.tell(faults):
        st.error(sentence, icon=":material/error:")
    if faults or not good:
        return None
    model = found[0].model
    assert isinstance(model, SalesforceConnection)
    return model
