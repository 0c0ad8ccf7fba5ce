"""Segments: the list, one of them, and those uploaded as a list of visitors (section 5.3)."""

from typing import Any

from workbench.standin.aggregation.pipeline import Pipeline
from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.replies import RefusedError, Reply, json_reply, not_found
from workbench.standin.seeds.catalogue import object_id
from workbench.standin.seeds.documents import segment_document

Segment = dict[str, Any]


def listed(call: Call) -> Reply:
    """``GET /segment``."""
    return json_reply(call.subscription.segments)


def one(call: Call) -> Reply:
    """``GET /segment/{id}``."""
    return json_reply(_segment(call))


def status(call: Call) -> Reply:
    """``GET /segment/{id}/status``: a write here is done at once (U36)."""
    _segment(call)
    return json_reply({"status": "complete"})


def upload(call: Call) -> Reply:
    """``POST /segment/upload``."""
    name, visitors = _given(call)
    subscription = call.subscription
    place = len(subscription.segments)
    identity = object_id(place, "uploaded", name, place)
    now = subscription.clock.now_ms()
    made = segment_document(identity, name, _pipeline(identity), now, place, True)
    subscription.segments.append(made)
    subscription.members[identity] = visitors
    return json_reply({"segmentId": identity})


def replace(call: Call) -> Reply:
    """``PUT /segment/{id}``."""
    segment = _segment(call)
    name, visitors = _given(call)
    segment |= {"name": name, "lastUpdatedAt": call.subscription.clock.now_ms()}
    call.subscription.members[segment["id"]] = visitors
    return json_reply({"segmentId": segment["id"]})


def delete(call: Call) -> Reply:
    """``DELETE /segment/{id}``."""
    segment = _segment(call)
    call.subscription.segments.remove(segment)
    call.subscription.members.pop(segment["id"], None)
    return Reply()


def add_member(call: Call) -> Reply:
    """``PUT /segment/{id}/visitor/{visitorId}``."""
    members = _members(call)
    if call.names["visitor"] not in members:
        members.append(call.names["visitor"])
    return Reply()


def remove_member(call: Call) -> Reply:
    """``DELETE /segment/{id}/visitor/{visitorId}``."""
    members = _members(call)
    if call.names["visitor"] in members:
        members.remove(call.names["visitor"])
    return Reply()


def patch(call: Call) -> Reply:
    """``PATCH /segment/{id}/visitor``: several additions and removals."""
    members = _members(call)
    answers = []
    for change in _entries(call):
        values = [str(value) for value in change.get("value", [])]
        operation = change.get("op")
        known = operation in ("add", "remove")
        if operation == "add":
            members += [value for value in values if value not in members]
        if operation == "remove":
            members[:] = [member for member in members if member not in values]
        text = f"{len(values)} visitors" if known else f"unknown operation {operation}"
        answers.append({"status": 200 if known else 400, "message": text, "operation": operation})
    return json_reply({"multistatus": answers})


def _entries(call: Call) -> list[dict[str, Any]]:
    body = call.json()
    entries = body.get("patch") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RefusedError(400, "a patch is a list of operations")
    return entries


def export(call: Call) -> Reply:
    """``POST /segment/{id}/visitors``: a job that writes out the members, if it is on (U36)."""
    if call.switches.is_at("segment_export", "off"):
        return not_found()
    return json_reply({"jobId": f"job-{_segment(call)['id']}"})


def export_status(call: Call) -> Reply:
    """Progress of such a job."""
    if call.switches.is_at("segment_export", "off"):
        return not_found()
    return json_reply({"status": "complete"})


def export_results(call: Call) -> Reply:
    """What such a job wrote."""
    if call.switches.is_at("segment_export", "off"):
        return not_found()
    members = Pipeline(call.subscription).members(_segment(call)["id"])
    return json_reply([{"visitorId": member} for member in sorted(map(str, members))])


def _segment(call: Call) -> Segment:
    for segment in call.subscription.segments:
        if segment["id"] == call.names["id"]:
            return segment
    raise RefusedError(404, "unknown segment")


def _members(call: Call) -> list[str]:
    segment = _segment(call)
    if segment["id"] not in call.subscription.members:
        raise RefusedError(400, "this segment is not a list of visitors")
    return call.subscription.members[segment["id"]]


def _given(call: Call) -> tuple[str, list[str]]:
    body = call.json()
    visitors = body.get("visitors") if isinstance(body, dict) else None
    if not isinstance(visitors, list) or not visitors or not body.get("name"):
        raise RefusedError(400, "a segment takes a name and at least one visitor")
    return str(body["name"]), [str(visitor) for visitor in visitors]


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "segment", listed),
    endpoint("GET", "segment/{id}", one),
    endpoint("GET", "segment/{id}/status", status),
    endpoint("POST", "segment/upload", upload, writes=True),
    endpoint("PUT", "segment/{id}", replace, writes=True),
    endpoint("DELETE", "segment/{id}", delete, writes=True),
    endpoint("PUT", "segment/{id}/visitor/{~visitor}", add_member, writes=True),
    endpoint("DELETE", "segment/{id}/visitor/{~visitor}", remove_member, writes=True),
    endpoint("PATCH", "segment/{id}/visitor", patch, writes=True),
    endpoint("POST", "segment/{id}/visitors", export),
    endpoint("GET", "segment/{id}/visitors/{job}/status", export_status),
    endpoint("GET", "segment/{id}/visitors/{job}/results/{type}", export_results),
]


def _pipeline(identity: str) -> list[Segment]:
    return [{"source": {"visitors": None}}, {"segment": {"id": identity}}]
