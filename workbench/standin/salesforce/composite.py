"""Several requests, or many records, in one call (contract, section 8)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson

from workbench.standin.replies import Reply, Request, json_reply
from workbench.standin.salesforce import several as batches
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.refusals import Refusal, not_found

if TYPE_CHECKING:
    from workbench.standin.salesforce.api import Api, Asked

MOST_PARTS, MOST_HEAVY_PARTS = 25, 5
"""Requests in one composite, and how many of them may be queries or collections."""
HALTED = Refusal(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)


def several(org: Org, asked: "Asked", rest: Sequence[str]) -> Reply:
    """``…/composite/sobjects``."""
    match (asked.request.method, *rest):
        case ("POST",):
            return json_reply(batches.insert(org, asked.json()))
        case ("PATCH",):
            return json_reply(batches.update(org, asked.json()))
        case ("PATCH", name, by):
            return json_reply(batches.upsert(org, name, by, asked.json()))
        case ("DELETE",):
            named = [one for one in asked.query("ids").split(",") if one]
            together = asked.query("allOrNone").lower() == "true"
            return json_reply(batches.delete(org, named, all_or_none=together))
    raise not_found()


def composite(api: "Api", asked: "Asked") -> Reply:
    """``POST …/composite``; the outer allOrNone wins over inner ones."""
    body = asked.json()
    parts = body.get("compositeRequest") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Refusal("JSON_PARSER_ERROR", "The body needs a compositeRequest")
    _not_too_many(parts)
    if api.org.switches.is_at("composite_cost", "per_subrequest"):
        api.usage.count(max(len(parts) - 1, 0))
    together = body.get("allOrNone") is True
    api.org.db.execute("SAVEPOINT composite")
    answers = [_one(api, part) for part in parts]
    if together and any(not _went_well(answer) for answer in answers):
        api.org.db.execute("ROLLBACK TO composite")
        answers = [_halted(answer) if _went_well(answer) else answer for answer in answers]
    api.org.db.execute("RELEASE composite")
    return json_reply({"compositeResponse": answers})


def _not_too_many(parts: list[dict[str, Any]]) -> None:
    paths = [str(part.get("url", "")) for part in parts]
    heavy = [path for path in paths if "/query" in path or "/composite/" in path]
    if len(parts) > MOST_PARTS or len(heavy) > MOST_HEAVY_PARTS:
        raise Refusal(
            "LIMIT_EXCEEDED",
            f"At most {MOST_PARTS} subrequests, {MOST_HEAVY_PARTS} of them queries or collections",
        )
    names = [part.get("referenceId") for part in parts]
    if len(set(map(str, names))) < len(names) or None in names:
        raise Refusal("INVALID_INPUT", "Every subrequest needs a referenceId of its own")


def _one(api: "Api", part: dict[str, Any]) -> dict[str, Any]:
    from workbench.standin.salesforce.api import Asked

    url = urlsplit(str(part.get("url", "")))
    pieces = [piece for piece in url.path.split("/") if piece]
    answer: dict[str, Any] = {"body": None, "httpHeaders": {}, "httpStatusCode": 404}
    answer["referenceId"] = part["referenceId"]
    inner = Request(
        method=str(part.get("method", "GET")),
        path=url.path,
        query=parse_qs(url.query),
        headers={},
        body=orjson.dumps(part.get("body")),
    )
    try:
        if pieces[:2] != ["services", "data"] or len(pieces) < 4:
            raise not_found()
        with api.org.undone_on_error():
            reply = api.routed(Asked(inner, pieces[2], tuple(pieces[3:])))
    except Refusal as refusal:
        reply = refusal.reply()
    assert isinstance(reply.body, bytes)
    answer["httpStatusCode"] = reply.status
    answer["body"] = orjson.loads(reply.body) if reply.body else None
    answer["httpHeaders"] = dict(reply.headers)
    return answer


def _went_well(answer: dict[str, Any]) -> bool:
    body = answer["body"]
    rows_failed = isinstance(body, list) and any(
        isinstance(row, dict) and row.get("success") is False for row in body
    )
    return answer["httpStatusCode"] < 400 and not rows_failed


def _halted(answer: dict[str, Any]) -> dict[str, Any]:
    error = {"message": HALTED.message, "errorCode": HALTED.code}
    return {**answer, "body": [error], "httpStatusCode": 400, "httpHeaders": {}}
