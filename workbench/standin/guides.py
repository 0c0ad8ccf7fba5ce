"""What has happened to a guide, and what can be done to it."""

import itertools
from typing import Any

from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.replies import RefusedError, Reply, json_reply, not_found
from workbench.standin.seeds.catalogue import user
from workbench.standin.seeds.people import DAY_MS

STATES = ("public", "staged", "draft", "disabled", "_pendingReview_")
"""States a guide can be in."""


def history(call: Call) -> Reply:
    """``GET /guide/{id}/history``, in the shape of the switch (U34); unknown guide: 404 empty."""
    guide = _guide(call)
    if guide is None:
        return Reply(404)
    style = call.switches.text("guide_history")
    entries = [] if style == "empty" else changes_of(call, guide)
    return json_reply({"history": entries} if style == "wrapped" else entries)


def changes_of(call: Call, guide: dict[str, Any]) -> list[dict[str, Any]]:
    """Every state change of a guide, oldest first."""
    made, last = guide["createdAt"], guide["lastUpdatedAt"]
    path = {"public": ["draft", "staged", "public"], "disabled": ["draft", "public", "disabled"]}
    states = path.get(guide["state"], ["draft", guide["state"]])
    since = call.subscription.guide_history.get(guide["id"], [])
    if since:
        states = ["draft", since[0]["oldState"]]
    gap = max((last - made) // max(len(states) - 1, 1), DAY_MS // 24)
    changes = [
        _change(call, made + gap * (place + 1), before, after, place)
        for place, (before, after) in enumerate(itertools.pairwise(states))
        if before != after
    ]
    return changes + since


def _change(call: Call, moment_ms: int, before: str, after: str, place: int) -> dict[str, Any]:
    person = user(place % 5, call.subscription.clock.now_ms())
    who = {"id": person["id"], "username": person["username"]}
    return {
        "ts": moment_ms,
        "type": "stateChange",
        "user": who,
        "oldState": before,
        "newState": after,
    }


def set_state(call: Call) -> Reply:
    """``PUT /guide/{id}/state``."""
    guide, wanted = _guide(call), call.json()
    if guide is None:
        return Reply(404)
    state = wanted.get("state") if isinstance(wanted, dict) else None
    if state not in STATES:
        raise RefusedError(400, f"unknown state {state}")
    now = call.subscription.clock.now_ms()
    entries = call.subscription.guide_history.setdefault(guide["id"], [])
    entries.append(_change(call, now, guide["state"], str(state), len(entries)))
    guide |= {"state": state, "lastUpdatedAt": now}
    return written(call, guide)


def accept(call: Call) -> Reply:
    """The other writes: resets, segment, experiments. Accepted, without effect."""
    if "id" in call.names and _guide(call) is None:
        return Reply(404)
    return written(call, {})


def written(call: Call, made: dict[str, Any]) -> Reply:
    """What a guide write answers (U35)."""
    return Reply() if call.switches.is_at("guide_write_body", "empty") else json_reply(made)


def order(call: Call) -> Reply:
    """``GET /guide/order``."""
    return json_reply([guide["id"] for guide in call.subscription.catalogue.guides])


def _guide(call: Call) -> dict[str, Any] | None:
    guides = call.subscription.catalogue.guides
    return next((guide for guide in guides if guide["id"] == call.names["id"]), None)


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "guide/{id}/history", history),
    endpoint("GET", "guide/order", order),
    endpoint("GET", "guide/localization/export", lambda _call: not_found()),
    endpoint("PUT", "guide/{id}/state", set_state, writes=True),
    endpoint("PUT", "guide/{id}/segment", accept, writes=True),
    endpoint("POST", "guide/all/visitor/{~visitor}/reset", accept, writes=True),
    endpoint("POST", "guide/{id}/visitor/{~visitor}/reset", accept, writes=True),
    endpoint("POST", "guide/staged/reset", accept, writes=True),
    endpoint("POST", "guide/{id}/reset", accept, writes=True),
    endpoint("POST", "guide/{id}/experiment/export", accept, writes=True),
    endpoint("POST", "guide/localization/import", accept, writes=True),
]
