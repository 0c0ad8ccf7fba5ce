"""One visitor's day: ``GET /visitor/{id}/history`` (pendo-api contract, section 6.5)."""

from typing import Any

import numpy as np

from workbench.standin.aggregation.rowops import parsed_agent
from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.events.raw import FEATURE, PAGE, TRACK, Ints
from workbench.standin.replies import RefusedError, Reply, json_reply
from workbench.standin.seeds.people import DAY_MS

FURTHEST_DAYS = 180
"""How far back history reaches."""


def history(call: Call) -> Reply:
    """The events of a visitor in the 24 hours from ``starttime``."""
    subscription, identity = call.subscription, call.names["id"]
    start = _start(call)
    place = subscription.entities.places["visitor"].get(identity)
    if place is None:
        return Reply(404)
    found: list[dict[str, Any]] = []
    things = _things(call)
    for kind in (PAGE, FEATURE, TRACK):
        raw = subscription.events.raw(kind, start, start + DAY_MS, subscription.lateness())
        mine = raw.chosen(_of(call, raw.profile, place))
        agents = _agents(call, mine.profile)
        for at, thing, agent in zip(mine.at_ms.tolist(), mine.thing.tolist(), agents, strict=True):
            found.append(_entry(kind, int(at), things[kind][thing], agent))
    return json_reply(sorted(found, key=lambda entry: int(entry["ts"])))


def _start(call: Call) -> int:
    text = call.query("starttime") or ""
    now = call.subscription.clock.now_ms()
    if not text.isdigit() or int(text) < now - FURTHEST_DAYS * DAY_MS:
        raise RefusedError(422, "starttime must be milliseconds of the last 180 days")
    return int(text)


def _of(call: Call, profile: Ints, place: int) -> Ints:
    return np.asarray(call.subscription.events.profiles.visitor_place(profile) == place)


def _agents(call: Call, profile: Ints) -> list[str]:
    columns = call.subscription.events.profiles.columns(profile, np.zeros(len(profile), np.int64))
    return list(columns["userAgent"].to_pylist())


def _things(call: Call) -> dict[int, list[dict[str, Any]]]:
    catalogue = call.subscription.catalogue
    return {PAGE: catalogue.pages, FEATURE: catalogue.features, TRACK: catalogue.track_types}


def _entry(kind: int, at_ms: int, thing: dict[str, Any], agent: str) -> dict[str, Any]:
    path = "/" + str(thing["name"]).lower().replace(" ", "-")
    entry = {
        "type": ("load", "click", "track")[kind],
        "ts": at_ms,
        "lastTs": at_ms,
        "duration": 0,
        "parsedUserAgent": parsed_agent(agent),
        "untaggedUrl": "",
        "uri": path,
        "appId": thing["appId"],
    }
    if kind == PAGE:
        entry["pageId"] = thing["id"]
    if kind == FEATURE:
        entry |= {"featureId": thing["id"], "pageId": thing["pageId"]}
    return entry


ENDPOINTS: list[Endpoint] = [endpoint("GET", "visitor/{~id}/history", history)]
