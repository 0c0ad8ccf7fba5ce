"""From a request to a reply: the session, the count of calls, the faults, the route."""

import gzip
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from workbench.standin.replies import Reply, Request, json_reply
from workbench.standin.salesforce import composite, records
from workbench.standin.salesforce.bulk import Bulk
from workbench.standin.salesforce.limits import Usage
from workbench.standin.salesforce.login import Logins
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.queries import Queries
from workbench.standin.salesforce.refusals import Refusal, malformed_body, not_found
from workbench.standin.weather import Fault, Weather

VERSIONS = ("59.0", "60.0", "61.0", "62.0", "63.0", "64.0", "65.0", "66.0", "67.0")
"""API versions it speaks, named like the seasons of the last three years."""
TOKEN = "/services/oauth2/token"  # noqa: S105 - a path
ROOT = "/services/data"
_VERSIONED = re.compile(r"/services/data/(v\d\d\.0)(?:/(.*))?")
_ID = re.compile(r"[0-9][0-9A-Za-z]{14}(?:[0-9A-Za-z]{3})?(-\d+)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its path taken apart."""

    request: Request
    version: str
    parts: tuple[str, ...]

    def json(self) -> Any:
        """The body.

        Raises:
            Refusal: it is no JSON.
        """
        try:
            return orjson.loads(self.request.body)
        except orjson.JSONDecodeError as error:
            raise malformed_body(f"Unexpected character: {error}") from error

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query.get(name, [default])[-1]


class Api:
    """The public side of the org."""

    def __init__(self, org: Org, weather: Weather, url: Callable[[], str]) -> None:
        self.org, self.weather, self.url = org, weather, url
        self.restart()

    def restart(self) -> None:
        """Forget sessions, counts, locators and jobs."""
        self.usage = Usage(self.org)
        self.logins = Logins(self.org)
        self.queries = Queries(self.org)
        self.bulk = Bulk(self.org, self.queries)
        self.requests = 0
        self.asked_queries = 0

    def answer(self, request: Request) -> tuple[Reply, list[Fault]]:
        """The reply to a request, and the faults that spoil it."""
        faults = self.weather.meets(request.method, request.path, frozenset())
        time.sleep(self.org.switches.number("slow_response_ms") / 1000)
        reply = _by_weather(faults)
        if reply is None:
            with self.org.lock:
                self.org.commit_due()
                reply = self._within(request)
        return _packed(request, reply), faults

    def _within(self, request: Request) -> Reply:
        if request.path == TOKEN and request.method == "POST":
            return self.logins.token(request, self.url())
        if request.path.rstrip("/") == ROOT:
            return json_reply([_version(number) for number in VERSIONS])
        try:
            reply = self._authorised(request)
        except Refusal as refusal:
            reply = self._as_bulk_says(request, refusal)
        reply.headers["Sforce-Limit-Info"] = self.usage.header()
        return reply

    def _authorised(self, request: Request) -> Reply:
        match = _VERSIONED.fullmatch(request.path.rstrip("/"))
        if match is None or match[1].removeprefix("v") not in VERSIONS:
            raise not_found()
        parts = tuple(unquote(part) for part in (match[2] or "").split("/") if part)
        asked = Asked(request, match[1], parts)
        self.logins.check(request)
        self._trouble()
        if parts[:1] != ("jobs",) or self.org.switches.is_at("bulk_counts", "on"):
            self.usage.count()
        with self.org.undone_on_error():
            return self.routed(asked)

    def _trouble(self) -> None:
        """What comes every so often, by switch."""
        self.requests += 1
        switches = self.org.switches
        if _comes(self.requests, switches.whole("unavailable_every_n")):
            raise Refusal("SERVER_UNAVAILABLE", "Server Unavailable", status=503)
        if _comes(self.requests, switches.whole("refuse_every_n")):
            text = "TotalRequests Limit exceeded."
            if switches.is_at("limit_kind", "concurrent"):
                text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            raise Refusal("REQUEST_LIMIT_EXCEEDED", text, status=403)

    def routed(self, asked: Asked) -> Reply:
        """The answer of the route; also to the parts of a composite request.

        Raises:
            Refusal: the org says no.
        """
        match asked.parts:
            case ():
                path = f"{ROOT}/{asked.version}"
                return json_reply({name: f"{path}/{name}" for name in ("sobjects", "query")})
            case ("query" | "queryAll", *rest) if asked.request.method == "GET":
                return self._query(asked, rest)
            case ("limits",):
                return json_reply(self.usage.limits())
            case ("sobjects", *rest):
                return records.routed(self.org, asked, rest)
            case ("composite",) if asked.request.method == "POST":
                return composite.composite(self, asked)
            case ("composite", "sobjects", *rest):
                return composite.several(self.org, asked, rest)
            case ("jobs", "ingest" | "query" as kind, *rest):
                return self._job(asked, kind, rest)
        raise not_found()

    def _query(self, asked: Asked, rest: list[str]) -> Reply:
        if rest:
            return json_reply(self.queries.following(rest[0], asked.version))
        self.asked_queries += 1
        every = self.org.switches.whole("query_timeout_every_n")
        if _comes(self.asked_queries, every):
            raise Refusal("QUERY_TIMEOUT", "Your query request was running for too long.")
        options = asked.request.headers.get("sforce-query-options", "")
        batch = re.search(r"batchSize\s*=\s*(\d+)", options)
        page = self.queries.first(
            asked.query("q"),
            everything=asked.parts[0] == "queryAll",
            batch=int(batch[1]) if batch else 2000,
            version=asked.version,
        )
        return json_reply(page)

    def _job(self, asked: Asked, kind: str, rest: list[str]) -> Reply:
        method, bulk = asked.request.method, self.bulk
        if not rest:
            if method == "POST":
                return bulk.create(kind, asked.version, asked.json())
            listed = [job.told() for job in bulk.jobs.values() if job.kind == kind]
            return json_reply({"done": True, "nextRecordsUrl": None, "records": listed})
        job = bulk.jobs.get(rest[0])
        if job is None or job.kind != kind:
            raise not_found()
        match (method, *rest[1:]):
            case ("GET",):
                return bulk.info(job)
            case ("PATCH",):
                return bulk.move(job, asked.json())
            case ("DELETE",):
                return bulk.drop(job)
            case ("PUT", "batches") if kind == "ingest":
                return bulk.upload(job, asked.request.body)
            case ("GET", "results") if kind == "query":
                most = int(asked.query("maxRecords") or 50_000)
                locator = asked.query("locator")
                return bulk.query_results(job, asked.version, locator, most)
            case ("GET", "successfulResults" | "failedResults" | "unprocessedrecords" as name):
                return bulk.results(job, name)
        raise not_found()

    def _as_bulk_says(self, request: Request, refusal: Refusal) -> Reply:
        """Bulk may spell an ended session in its own way (S15)."""
        of_bulk = "/jobs/" in request.path and refusal.code == "INVALID_SESSION_ID"
        if of_bulk and self.org.switches.status("bulk_expired") == 400:
            body = {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}
            return json_reply(body, 400)
        return refusal.reply()


def endpoint(request: Request) -> str:
    """The request as it is counted: without version and ids."""
    match = _VERSIONED.fullmatch(request.path.rstrip("/"))
    path = match[2] or "" if match else request.path.strip("/")
    parts = []
    for part in path.split("/"):
        found = _ID.fullmatch(part)
        parts.append(("{locator}" if found[1] else "{id}") if found else part)
    return f"{request.method} {'/'.join(parts)}"


def _version(number: str) -> dict[str, str]:
    return {"label": f"Release {number}", "url": f"{ROOT}/v{number}", "version": number}


def _comes(count: int, every: int) -> bool:
    return every > 0 and count % every == 0


def _by_weather(faults: list[Fault]) -> Reply | None:
    for fault in faults:
        if fault.name in ("429", "408", "5xx"):
            default = 503 if fault.name == "5xx" else int(fault.name)
            refusal = Refusal("SERVER_UNAVAILABLE", "Server Unavailable")
            refusal.status = int(fault.number("status", default))
            return refusal.reply()
    return None


def _packed(request: Request, reply: Reply) -> Reply:
    """Compressed, where that was asked for."""
    wanted = "gzip" in request.headers.get("accept-encoding", "")
    if wanted and isinstance(reply.body, bytes) and reply.body:
        reply.body = gzip.compress(reply.body, compresslevel=1)
        reply.headers["Content-Encoding"] = "gzip"
    return reply
