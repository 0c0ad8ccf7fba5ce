"""``POST /data/track``: a track event sent by a server (pendo-api contract, section 6.6)."""

from workbench.standin.acts import ActError, perform
from workbench.standin.context import Call
from workbench.standin.replies import RefusedError, Reply, json_reply


def track(call: Call) -> Reply:
    """Take a track event; only event names the subscription knows are kept."""
    body = call.json()
    if not isinstance(body, dict) or not {"event", "visitorId", "timestamp"} <= set(body):
        raise RefusedError(400, "a track event has event, visitorId and timestamp")
    types = call.subscription.catalogue.track_types
    known = next((kind for kind in types if kind["trackTypeName"] == body["event"]), None)
    if known is not None:
        context = body.get("context") or {}
        event = {
            "kind": "track",
            "thing": known["id"],
            "at": body["timestamp"],
            "visitorId": body["visitorId"],
            "accountId": body.get("accountId"),
            "remoteIp": context.get("ip"),
            "userAgent": context.get("userAgent"),
        }
        try:
            perform(call.subscription, {"do": "add_events", "events": [event]})
        except ActError as error:
            raise RefusedError(400, str(error)) from error
    return Reply() if call.switches.is_at("track_body", "empty") else json_reply({"ok": True})
