"""Add or edit a Salesforce connection. Secrets go in and never come back: set, or not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.salesforce.model import NEEDED, ApiBudget, SalesforceConnection
from workbench.ui.connection_saving import Form
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.salesforce.model import Flow
    from workbench.ui.beside import Beside

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
ABOUT_SECRETS = "Stored encrypted and never shown again."


def salesforce_form(name: str | None) -> None:
    """The form of one connection, new or stored."""
    form = Form(name, SalesforceConnection, "salesforce", "acme-sf")
    stored = form.stored(services().documents.salesforce)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Where", anchor=False)
        body: dict[str, Any] = {"kind": "connection", "type": "salesforce"}
        body["name"] = form.ask_name("campaign syncs")
        body |= _place(form.key, stored, form.beside)
    with right, st.container(border=True, height="stretch"):
        st.subheader("Login", anchor=False)
        auth, given = _login(form, stored)
        body["auth"] = auth
    with st.container(border=True):
        st.subheader("API calls", anchor=False)
        body["api_budget"] = _budget(form.key, stored, form.beside)
    flow: Flow = auth["flow"]
    needed = {secret: f"paste the {LABELS[secret].lower()}" for secret in NEEDED[flow]}
    form.save(body, given, needed)


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
    form: Form[SalesforceConnection], stored: SalesforceConnection | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The part ``auth`` of the document, and the secrets that were typed."""
    now: Flow = stored.auth.flow if stored else "client_credentials"
    flow = st.selectbox(
        "How to log in",
        list(FLOWS),
        index=list(FLOWS).index(now),
        format_func=FLOWS.__getitem__,
        key=f"{form.key}.flow",
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
        auth["username"] = st.text_input("User name", username, key=f"{form.key}.username").strip()
        auth = {part: value for part, value in auth.items() if value != ""}
    form.beside.place("auth")
    secrets = (*NEEDED[flow], *ALSO.get(flow, ()))
    typed = {secret: form.ask_secret(secret, LABELS[secret], ABOUT_SECRETS) for secret in secrets}
    return auth, {secret: text for secret, text in typed.items() if text}


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
