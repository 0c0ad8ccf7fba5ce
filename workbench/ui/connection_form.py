"""Add or edit a Pendo connection. The key goes in and never comes back: it is set or not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import SecretStr

from workbench.pendo.model import REGIONS, region
from workbench.ui.beside import Beside
from workbench.ui.pull_form import numbers
from workbench.ui.session import (
    WHO,
    explained,
    generation,
    note_for_later,
    services,
    show,
    start_afresh,
)
from workbench.zones import zone_names

if TYPE_CHECKING:
    from workbench.pendo.model import PendoConnection

OWN = "own"
REGION_NAMES = {
    "us": "US",
    "us1": "US1",
    "eu": "Europe",
    "jpn": "Japan",
    "au": "Australia",
    OWN: "Stand-in or proxy (own address)",
}
APPS = {
    "all": "All applications",
    "default": "The default application",
    "chosen": "Chosen applications",
}
STANDIN_URL = "http://127.0.0.1:8601"


def connection_form(name: str | None) -> None:
    """The form of one connection, new or stored."""
    stored = _stored(name)
    form = f"connection/{name or 'new'}"
    key = f"connections.{name or 'new'}.{generation(form)}"
    beside = Beside()
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Where", anchor=False)
        body = {"kind": "connection", "name": name or _name(key, beside), "type": "pendo"}
        body |= _address(key, stored, beside)
        given = _key(key, name, beside)
    with right, st.container(border=True, height="stretch"):
        st.subheader("What it means", anchor=False)
        body |= _meaning(key, stored, beside)
    _save(form, key, body, given, name, beside)


def _stored(name: str | None) -> PendoConnection | None:
    if name is None:
        return None
    stored: PendoConnection | None = None
    with explained():
        stored = services().documents.connection(name)
    # `explained` has stopped the page if there is none.
    return stored  # noqa: RET504


def _name(key: str, beside: Beside) -> str:
    given = st.text_input(
        "Name",
        key=f"{key}.name",
        placeholder="acme-pendo",
        help="What pulls call it. Small letters, digits and -.",
    )
    beside.place("name")
    return given.strip()


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


def _key(key: str, name: str | None, beside: Beside) -> str:
    is_set = bool(name) and services().documents.is_secret_set("connection", str(name))
    given = st.text_input(
        "Integration key",
        type="password",
        # Leaving a password field by Tab does not send what was typed (Streamlit 1.67).
        live="150ms",
        key=f"{key}.key",
        autocomplete="off",
        placeholder="Set. Type a new one to replace it" if is_set else "Not set",
        help="Made in Pendo under Settings, Integrations, Integration keys. It is stored "
        "encrypted and never shown again.",
    )
    beside.place("key")
    return given.strip()


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
    body |= _apps(key, stored, beside)
    body["calls_per_minute"] = st.number_input(
        "Calls per minute, at most",
        value=stored.calls_per_minute if stored else 60,
        step=10,
        key=f"{key}.calls",
        help="Pendo states no limit; 60 were found to be safe.",
    )
    beside.place("calls_per_minute")
    return body


def _apps(key: str, stored: PendoConnection | None, beside: Beside) -> dict[str, Any]:
    apps = stored.apps if stored else "all"
    now = apps if isinstance(apps, str) else "chosen"
    choice = st.selectbox(
        "Applications",
        list(APPS),
        index=list(APPS).index(now),
        format_func=APPS.__getitem__,
        key=f"{key}.apps",
        help="What pulls ask about, unless a pull says otherwise.",
    )
    answer: dict[str, Any] = {"apps": choice}
    if choice == "chosen":
        ids = "" if isinstance(apps, str) else ", ".join(str(each) for each in apps)
        text = st.text_input("Application ids", ids, key=f"{key}.ids", placeholder="-323232, …")
        answer = {"apps": numbers(text)}
    beside.place("apps")
    return answer


def _save(
    form: str, key: str, body: dict[str, Any], given: str, name: str | None, beside: Beside
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
    with explained():
        services().documents.save(model, WHO, secrets={"key": SecretStr(given)} if given else None)
    start_afresh(form)
    note_for_later(f"Saved {model.name}")
    show()
    st.rerun()


def _checked(
    body: dict[str, Any], given: str, name: str | None, beside: Beside
) -> PendoConnection | None:
    """The connection, or None with every fault told beside its control."""
    from workbench.documents import KINDS, Text
    from workbench.documents.checking import check
    from workbench.documents.yaml_text import dump
    from workbench.pendo.model import PendoConnection

    good = True
    if name is None and not body["name"]:
        good = not beside.say("name", "give it a name, such as acme-pendo")
        body = body | {"name": "unnamed"}
    elif name is None and body["name"] in services().documents.names("connection"):
        good = not beside.say("name", f"there is a connection {body['name']} already")
    if name is None and not given:
        good = not beside.say("key", "paste the integration key")
    found, faults = check([Text("connection", dump([body]))], KINDS)
    for sentence in beside.tell(faults):
        st.error(sentence, icon=":material/error:")
    if faults or not good:
        return None
    model = found[0].model
    assert isinstance(model, PendoConnection)
    return model
