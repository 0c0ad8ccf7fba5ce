"""The REST lists: guides, pages, features, track types (pendo-api contract, sections 4 and 5)."""

from collections.abc import Callable
from typing import Any

from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.replies import Reply, json_reply
from workbench.standin.seeds.catalogue import Catalogue
from workbench.standin.seeds.sizes import DEFAULT_APP

Things = list[dict[str, Any]]


def chosen(call: Call, things: Things) -> Things:
    """Those of the apps and ids asked for: the default app's, unless told otherwise."""
    ids, apps = call.listed("id"), call.listed("appId")
    if ids:
        things = [thing for thing in things if thing["id"] in ids]
    if "*" in call.listed("expand"):
        return things
    if apps:
        return [thing for thing in things if str(thing["appId"]) in apps]
    # An id names one thing in the whole subscription, whichever app it belongs to.
    return things if ids else [thing for thing in things if thing["appId"] == DEFAULT_APP]


def _list(of: Callable[[Catalogue], Things]) -> Callable[[Call], Reply]:
    return lambda call: json_reply(chosen(call, of(call.subscription.catalogue)))


def guides(call: Call) -> Reply:
    """``GET /guide``; whether ``state`` filters is a switch (U33)."""
    found = chosen(call, call.subscription.catalogue.guides)
    states = call.listed("state")
    if states and call.switches.is_at("guide_state_param", "filter"):
        found = [guide for guide in found if guide["state"] in states]
    return json_reply(found)


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "page", _list(lambda catalogue: catalogue.pages)),
    endpoint("GET", "feature", _list(lambda catalogue: catalogue.features)),
    endpoint("GET", "tracktype", _list(lambda catalogue: catalogue.track_types)),
    endpoint("GET", "guide", guides),
]
