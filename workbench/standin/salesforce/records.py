"""``…/sobjects``: describes, single records, replication."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from workbench.standin.replies import Reply, json_reply
from workbench.standin.salesforce import ids, replication, rules
from workbench.standin.salesforce.describes import brief, describe
from workbench.standin.salesforce.fields import Table
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.queries import Queries
from workbench.standin.salesforce.refusals import Refusal, not_found

if TYPE_CHECKING:
    from workbench.standin.salesforce.api import Asked


def routed(org: Org, asked: "Asked", rest: Sequence[str]) -> Reply:
    """The answer below ``sobjects``.

    Raises:
        Refusal: the org says no.
    """
    method = asked.request.method
    if not rest:
        tables = [table for name, table in org.every.items() if org.is_visible(name)]
        listed = [brief(org, table) for table in tables]
        return json_reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})
    table = _table(org, rest[0])
    match (method, *rest[1:]):
        case ("GET",):
            return json_reply({"objectDescribe": brief(org, table), "recentItems": []})
        case ("POST",):
            record_id = rules.create(org, table.name, _object(asked.json()))
            reply = json_reply({"id": record_id, "success": True, "errors": []}, 201)
            where = f"/services/data/{asked.version}/sobjects/{table.name}/{record_id}"
            reply.headers["Location"] = where
            return reply
        case ("GET", "describe"):
            return _described(org, asked, table)
        case ("GET", "updated" | "deleted" as name):
            told = replication.updated if name == "updated" else replication.deleted
            return json_reply(told(org, table.name, asked.query("start"), asked.query("end")))
        case ("GET", record_id):
            return json_reply(_read(org, asked, table, record_id))
        case ("PATCH", record_id):
            rules.update(org, table.name, record_id, _object(asked.json()))
            return Reply(204)
        case ("DELETE", record_id):
            rules.delete(org, table.name, record_id)
            return Reply(204)
    raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed", status=405)


def _table(org: Org, name: str) -> Table:
    try:
        return org.table(name)
    except Refusal:
        raise not_found() from None


def _described(org: Org, asked: "Asked", table: Table) -> Reply:
    changed = org.schema_changed.replace(microsecond=0)
    since = _http_date(asked.request.headers.get("if-modified-since", ""))
    stamp = {"Last-Modified": format_datetime(changed, usegmt=True)}
    if since is not None and since >= changed:
        return Reply(304, headers=stamp)
    reply = json_reply(describe(org, table))
    reply.headers |= stamp
    return reply


def _read(org: Org, asked: "Asked", table: Table, record_id: str) -> dict[str, Any]:
    known = ids.known_as(record_id)
    record = org.row(table.name, known) if known else None
    if record is None or record["IsDeleted"]:
        raise not_found()
    wanted = asked.query("fields") or ",".join(field.name for field in org.shown(table))
    queries = Queries(org)
    text = f"SELECT {wanted} FROM {table.name} WHERE Id = '{known}'"
    page = queries.first(text, everything=False, batch=200, version=asked.version)
    found: dict[str, Any] = page["records"][0]
    return found


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal("JSON_PARSER_ERROR", "The body is one record")
    return body


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
