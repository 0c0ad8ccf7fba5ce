"""From a request to a reply: who may ask, what is asked for, and what the weather does to it."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import duckdb

from workbench.standin import guides, history, lists, reports, segments
from workbench.standin.aggregation.answer import OverrunError, aggregate, sources_named
from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.events.raw import Late
from workbench.standin.keys import (
    OTHER_REGION_SUFFIXES,
    PENDO_KEY,
    PENDO_READ_KEY,
    TRACK_SECRET,
)
from workbench.standin.metadata import routes as metadata
from workbench.standin.replies import (
    JSON,
    RefusedError,
    Reply,
    Request,
    error_reply,
    json_reply,
    not_found,
    text_reply,
)
from workbench.standin.subscription import Subscription
from workbench.standin.switches import Switches
from workbench.standin.track import track
from workbench.standin.weather import Fault, Weather

BASE = "/api/v1/"
TRACK_PATH = "/data/track"
AGGREGATION = BASE + "aggregation"
_BULK = re.compile(r"/api/v1/metadata/[^/]+/[^/]+/value")


def verify(call: Call) -> Reply:
    """``GET /token/verify``."""
    key = call.request.headers.get("x-pendo-integration-key")
    return json_reply({"valid": True, "writeAccess": key == PENDO_KEY})


def no_reading(_call: Call) -> Reply:
    """``GET`` or ``HEAD /aggregation``."""
    raise RefusedError(400, "use POST")


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "token/verify", verify),
    endpoint("GET", "aggregation", no_reading),
    endpoint("HEAD", "aggregation", no_reading),
    *lists.ENDPOINTS,
    *reports.ENDPOINTS,
    *guides.ENDPOINTS,
    *segments.ENDPOINTS,
    *metadata.ENDPOINTS,
    *history.ENDPOINTS,
]


class Api:
    """The public side of a stand-in."""

    def __init__(self, subscription: Callable[[], Subscription], weather: Weather) -> None:
        self._subscription = subscription
        self._weather = weather
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._calls = 0

    def reset(self) -> None:
        """Forget how many calls there were."""
        with self._lock:
            self._recent.clear()
            self._calls = 0

    def answer(self, request: Request) -> tuple[Reply, list[Fault]]:
        """The reply to a request, and the faults that spoil it."""
        subscription = self._subscription()
        switches = subscription.switches
        sources = sources_named(request.body) if request.path == AGGREGATION else frozenset()
        faults = self._weather.meets(request.method, request.path, sources)
        if switches.is_at("reset_mid_body", "on"):
            faults = [*faults, Fault("reset")]
        time.sleep(switches.number("slow_response_ms") / 1000)
        reply = self._by_weather(request, subscription, faults)
        if reply is None:
            reply = self._throttled(switches) or self._within(request, subscription, faults)
        return reply, faults

    def _within(self, request: Request, subscription: Subscription, faults: list[Fault]) -> Reply:
        switches = subscription.switches
        try:
            reply = self._routed(request, subscription, faults)
        except RefusedError as refused:
            if refused.plain:
                return text_reply(refused.status, refused.text)
            if not refused.text:
                return Reply(refused.status)
            style = switches.text("error_body")
            if refused.status == 409 and style == "error":
                style = "message"
            return error_reply(refused.status, refused.text, style)
        except OverrunError as over:
            return _overrun(over, switches)
        except duckdb.Error as error:
            # A number out of range, a text that is no number: the request's fault, not ours.
            return error_reply(422, str(error).splitlines()[0], switches.text("error_body"))
        return replace(reply, body=b"") if request.method == "HEAD" else reply

    def _routed(self, request: Request, subscription: Subscription, faults: list[Fault]) -> Reply:
        key = request.headers.get("x-pendo-integration-key", "")
        if request.path == TRACK_PATH and request.method == "POST" and key == TRACK_SECRET:
            subscription.is_touched = True
            return track(Call(subscription, request, {}))
        if key not in (PENDO_KEY, PENDO_READ_KEY):
            return _unknown_key(key, subscription.switches)
        if request.path == AGGREGATION and request.method == "POST":
            return _aggregation(request, subscription, faults, key)
        if not request.path.startswith(BASE):
            return not_found()
        parts = request.path.removeprefix(BASE).split("/")
        encoded = request.headers.get("x-pendo-base64-encoded-params", "").lower() == "true"
        for each in ENDPOINTS:
            names = each.match(request.method, parts, encoded)
            if names is not None:
                if each.writes and key != PENDO_KEY:
                    return _read_only(subscription.switches)
                subscription.is_touched |= each.writes
                return each.route(Call(subscription, request, names))
        return not_found()

    def _by_weather(
        self, request: Request, subscription: Subscription, faults: list[Fault]
    ) -> Reply | None:
        """An answer the weather gives instead of the subscription."""
        switches = subscription.switches
        for fault in faults:
            if fault.name == "429":
                after_s = fault.number("retry_after_s", switches.number("retry_after_s"))
                return _too_many(switches, after_s)
            if fault.name == "408":
                if _BULK.fullmatch(request.path) and switches.is_at("bulk_408_applied", "part"):
                    self._half_applied(request, subscription)
                return error_reply(408, "the call took too long", switches.text("error_body"))
            if fault.name == "5xx":
                return Reply(int(fault.number("status", 503)), b"upstream trouble\n", "text/plain")
            if fault.name == "null_results" and request.path == AGGREGATION:
                return Reply(body=b'{"results":null}', content_type=JSON)
        return None

    def _half_applied(self, request: Request, subscription: Subscription) -> None:
        """A bulk call of which a part got through before the time was up (U44)."""
        import orjson

        records = orjson.loads(request.body)
        half = replace(request, body=orjson.dumps(records[: len(records) // 2]))
        self._within(half, subscription, [])

    def _throttled(self, switches: Switches) -> Reply | None:
        with self._lock:
            self._calls += 1
            now = time.monotonic()
            while self._recent and self._recent[0] < now - 60:
                self._recent.popleft()
            every = int(switches.number("fault_429_every_n"))
            most = switches.number("rate_limit_per_min")
            if (every and self._calls % every == 0) or (most and len(self._recent) >= most):
                return _too_many(switches, switches.number("retry_after_s"))
            self._recent.append(now)
        return None


def _aggregation(
    request: Request, subscription: Subscription, faults: list[Fault], key: str
) -> Reply:
    if subscription.switches.is_at("aggregation_requires_write", "on") and key != PENDO_KEY:
        return Reply(403)
    rows = next((fault for fault in faults if fault.name == "late_rows"), None)
    late = None if rows is None else Late(rows.number("hours", 6), rows.number("share", 0.2))
    return aggregate(subscription, request.body, late)


def _unknown_key(key: str, switches: Switches) -> Reply:
    elsewhere = key.endswith(OTHER_REGION_SUFFIXES)
    status = switches.status("wrong_region_status" if elsewhere else "bad_key_status")
    if status == 400:
        return error_reply(400, "unknown key", switches.text("error_body"))
    return Reply(status)


def _read_only(switches: Switches) -> Reply:
    status = switches.status("readonly_write_status")
    if status == 400:
        return error_reply(400, "the key has no write access", switches.text("error_body"))
    return Reply(status)


def _too_many(switches: Switches, after_s: float) -> Reply:
    status = switches.status("rate_limit_status")
    text = "rateLimitExceeded" if status == 403 else "too many requests"
    reply = error_reply(status, text, switches.text("error_body"))
    if status == 403 and not reply.body:
        # Without the reason nobody could tell this from a wrong key.
        reply = error_reply(status, text, "error")
    if after_s:
        reply.headers["Retry-After"] = f"{after_s:g}"
    return reply


def _overrun(over: OverrunError, switches: Switches) -> Reply:
    style = switches.text("overrun")
    if style in ("cut_body", "reset"):
        cut = "body" if style == "cut_body" else "reset"
        return Reply(body=over.sent, content_type=JSON, cut=cut)
    status = int(style)
    return error_reply(status, "the request took too long", switches.text("error_body"))
