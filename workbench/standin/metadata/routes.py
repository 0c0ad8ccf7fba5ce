"""Single values and single people (pendo-api contract, sections 6.3 and 6.5)."""

from typing import Any

from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.metadata import bulk, fields
from workbench.standin.metadata.fields import kind_of, writable_field
from workbench.standin.metadata.schema import Kind
from workbench.standin.metadata.values import IGNORED, ValueRefusedError, stored
from workbench.standin.replies import RefusedError, Reply, json_reply, not_found

MOST_DELETED = 500
"""Ids one bulk delete takes."""


def value(call: Call) -> Reply:
    """``GET /metadata/{kind}/{group}/value/{id}/{field}``: a bare scalar."""
    row = _row(call, kind_of(call), call.names["id"])
    group = (row or {}).get("metadata", {}).get(call.names["group"], {})
    if call.names["field"] in group:
        return json_reply(group[call.names["field"]])
    return json_reply(None) if call.switches.is_at("value_unknown", "null") else Reply(404)


def set_value(call: Call) -> Reply:
    """``PUT`` of the same path: a bare JSON value."""
    kind, group, identity = kind_of(call), call.names["group"], call.names["id"]
    sent = call.json()
    if identity not in call.subscription.entities.places[kind]:
        return Reply(404)
    try:
        field = writable_field(call, kind, group, call.names["field"])
        kept = IGNORED if field is None else stored(field, sent, call.switches)
    except ValueRefusedError as error:
        raise RefusedError(400, str(error)) from error
    if field is not None and kept is not IGNORED:
        bulk.commit(call, kind, group, {identity: {field: kept}})
    return Reply()


def visitor(call: Call) -> Reply:
    """``GET /visitor/{id}``."""
    row = _row(call, "visitor", call.names["id"])
    if row is None:
        return Reply(404)
    auto = row["metadata"].get("auto", {})
    return json_reply(
        {
            "id": row["visitorId"],
            "accountIds": auto.get("accountids", []),
            "lastStartTime": auto.get("lastvisit", 0),
            "metadata": row["metadata"],
            "account": {"id": auto.get("accountid", "")},
        }
    )


def account(call: Call) -> Reply:
    """``GET /account/{id}``."""
    row = _row(call, "account", call.names["id"])
    if row is None:
        return Reply(404)
    return json_reply({"id": row["accountId"], "metadata": row["metadata"]})


def _row(call: Call, kind: Kind, identity: str) -> dict[str, Any] | None:
    key = call.switches.text("per_app_key")
    return call.subscription.entities.row(kind, identity, per_app_key=key)


def bulk_delete(call: Call) -> Reply:
    """``POST /bulkdelete/{kind}``, if it is on (U57): marks people as not to be processed."""
    if call.switches.is_at("bulk_delete", "off"):
        return not_found()
    kind, body = kind_of(call), call.json()
    ids = body.get(f"{kind}s") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_DELETED:
        raise RefusedError(400, f"give 1 to {MOST_DELETED} ids")
    subscription = call.subscription
    flag = subscription.entities.schemas[kind].known("pendo", "donotprocess")
    assert flag is not None
    known = [i for i in map(str, ids) if i in subscription.entities.places[kind]]
    subscription.entities.write(kind, {i: {flag: True} for i in known}, after_s=0, bump=False)
    job = f"delete-{len(subscription.deletions) + 1}"
    subscription.deletions[job] = {"id": job, "kind": kind, "count": len(ids), "status": "complete"}
    return json_reply({"id": job})


def deletions(call: Call) -> Reply:
    """``GET /bulkdelete`` and ``/bulkdelete/{id}``."""
    if call.switches.is_at("bulk_delete", "off"):
        return not_found()
    known = call.subscription.deletions
    if "id" not in call.names:
        return json_reply(list(known.values()))
    job = known.get(call.names["id"])
    return Reply(404) if job is None else json_reply(job)


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "metadata/schema/{kind}", fields.schema),
    endpoint("POST", "metadata/schema/{kind}/{group}", fields.create, writes=True),
    endpoint("DELETE", "metadata/schema/{kind}/{group}/{field}", fields.delete, writes=True),
    endpoint("GET", "metadata/dependencies", fields.dependencies),
    endpoint("GET", "metadata/dependencies/{kind}/{group}/{field}", fields.dependencies),
    endpoint("GET", "metadata/{kind}/{group}/value/{~id}/{field}", value),
    endpoint("PUT", "metadata/{kind}/{group}/value/{~id}/{field}", set_value, writes=True),
    endpoint("POST", "metadata/{kind}/{group}/value", bulk.write, writes=True),
    endpoint("GET", "visitor/{~id}", visitor),
    endpoint("GET", "account/{~id}", account),
    endpoint("GET", "bulkdelete", deletions),
    endpoint("GET", "bulkdelete/{id}", deletions),
    endpoint("POST", "bulkdelete/{kind}", bulk_delete, writes=True),
]
