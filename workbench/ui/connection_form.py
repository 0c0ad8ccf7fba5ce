"""Add or edit a Pendo connection. The key goes in and never comes back: it is set or not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.pendo.model import REGIONS, PendoConnection, region
from workbench.ui.applications import ask_apps
from workbench.ui.connection_saving import Form
from workbench.ui.session import services
from workbench.zones import zone_names

if TYPE_CHECKING:
    from workbench.ui.beside import Beside

OWN = "own"
REGION_NAMES = {
    "us": "US",
    "us1": "US1",
    "eu": "Europe",
    "jpn": "Japan",
    "au": "Australia",
    OWN: "Stand-in or proxy (own address)",
}
STANDIN_URL = "http://127.0.0.1:8601"
ABOUT_KEY = (
    "Made in Pendo under Settings, Integrations, Integration keys. It is stored encrypted and "
    "never shown again."
)


def connection_form(name: str | None) -> None:
    """The form of one connection, new or stored."""
    form = Form(name, PendoConnection, "connections", "acme-pendo")
    stored = form.stored(services().documents.connection)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Where", anchor=False)
        body = {"kind": "connection", "name": form.ask_name("pulls"), "type": "pendo"}
        body |= _address(form.key, stored, form.beside)
        given = form.ask_secret("key", "Integration key", ABOUT_KEY)
    with right, st.container(border=True, height="stretch"):
        st.subheader("What it means", anchor=False)
        body |= _meaning(form.key, stored, form.beside)
    # A stored one keeps the key it has where none is typed.
    needed = {"key": "paste the integration key"} if name is None else {}
    form.save(body, {"key": given} if given else {}, needed)


def _address(key: str, stored: PendoConnection | None, beside: Beside) -> dict[str, Any]:
    url = stored.url if stored else REGIONS["us"]
    now = region(url) or OWN
    choice = st.selectbox(
        "Region",
        list(REGION_NAMES),
        index=list(REGION_NAMES).index(now),
        format_func=lambda each: _region_label(each),
        key=f"{key}.region",
        help="The address you see when you are signed in to Pendo. A key works in one region only.",
    )
    if choice != OWN:
        beside.place("url")
        return {"url": REGIONS[choice]}
    given = st.text_input(
        "Address",
        url if now == OWN else STANDIN_URL,
        key=f"{key}.url",
        help="http only for a stand-in on this machine.",
    )
    beside.place("url")
    return {"url": given.strip()}


def _region_label(choice: str) -> str:
    address = REGIONS.get(choice)
    return (
        f"{REGION_NAMES[choice]} · {address.removeprefix('https://')}"
        if address
        else (REGION_NAMES[choice])
    )


def _meaning(key: str, stored: PendoConnection | None, beside: Beside) -> dict[str, Any]:
    body: dict[str, Any] = {}
    about = st.text_input(
        "Description",
        stored.description if stored else "",
        key=f"{key}.description",
        placeholder="Which product, whose subscription",
    )
    if about:
        body["description"] = about
    zones = sorted(zone_names())
    zone = stored.timezone if stored else "America/New_York"
    body["timezone"] = st.selectbox(
        "Time zone of the subscription",
        zones,
        index=zones.index(zone),
        key=f"{key}.timezone",
        help="From Pendo's subscription settings. It decides when a day starts: a wrong one "
        "moves events to the wrong day.",
    )
    beside.place("timezone")
    body["apps"] = ask_apps(
        stored.apps if stored else "all",
        lambda control: f"{key}.{control}",
        beside,
        about="What pulls ask about, unless a pull says otherwise.",
    )
    body["calls_per_minute"] = st.number_input(
        "Calls per minute, at most",
        value=stored.calls_per_minute if stored else 60,
        step=10,
        key=f"{key}.calls",
        help="Pendo states no limit; 60 were found to be safe.",
    )
    beside.place("calls_per_minute")
    return body
