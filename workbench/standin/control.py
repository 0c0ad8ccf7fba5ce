"""The stand-in's own door, ``/_standin/…``: weather, switches, acts, and what was asked of it."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from workbench.standin.replies import Reply, Request, json_reply, not_found
from workbench.standin.server import OWN_DOOR
from workbench.standin.switchboard import SwitchError
from workbench.standin.weather import WeatherError

CONTROL = OWN_DOOR
REMEMBERED = 200
"""Requests kept for tests to look at."""
LONGEST_BODY = 100_000
"""Bytes of a body that are kept; bulk writes can be megabytes."""


class ActError(ValueError):
    """Nobody can do that; the text says why."""


def told_moment(value: Any) -> datetime:
    """An aware moment that somebody wrote as ISO 8601.

    Raises:
        ActError: it is none, or has no time zone.
    """
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ActError(f"{value} is not a moment") from error
    if moment.tzinfo is None:
        raise ActError(f"{value} has no time zone")
    return moment


def _by_path(request: Request) -> str:
    return f"{request.method} {request.path}"


class Record:
    """What was asked of the stand-in, and how much it sent."""

    def __init__(self, endpoint: Callable[[Request], str] = _by_path) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Start again from nothing."""
        with self._lock:
            self._requests: Counter[str] = Counter()
            self._statuses: Counter[str] = Counter()
            self._bytes = 0
            self._last: deque[tuple[Request, int, int]] = deque(maxlen=REMEMBERED)

    def add(self, request: Request, status: int, sent_bytes: int) -> None:
        """Keep one request; the stand-in's own door is not counted."""
        if request.path.startswith(CONTROL):
            return
        with self._lock:
            self._requests[self._endpoint(request)] += 1
            self._statuses[str(status)] += 1
            self._bytes += sent_bytes
            self._last.append((request, status, sent_bytes))

    def stats(self) -> dict[str, Any]:
        """Requests by endpoint and by status, bytes sent, and the last requests themselves."""
        with self._lock:
            return {
                "api_calls": sum(self._requests.values()),
                "requests": dict(self._requests),
                "statuses": dict(self._statuses),
                "bytes": self._bytes,
                "last": [_told(*entry) for entry in self._last],
            }


def _told(request: Request, status: int, sent_bytes: int) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "query": {name: list(values) for name, values in request.query.items()},
        "body": _body(request.body),
        "status": status,
        "bytes": sent_bytes,
    }


def _body(body: bytes) -> Any:
    """JSON as JSON, anything else as text, nothing as null."""
    if not body:
        return None
    if len(body) <= LONGEST_BODY:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    return body[:LONGEST_BODY].decode("utf-8", "replace")


class Controls:
    """What the control interface may do; `PendoStandIn` is one."""

    def weather(self, faults: Any) -> None:
        """Set the faults in force."""
        raise NotImplementedError

    def switches(self, **wanted: Any) -> dict[str, Any]:
        """Move switches."""
        raise NotImplementedError

    def reset(self) -> None:
        """Back to the start."""
        raise NotImplementedError

    def act(self, act: Any) -> Any:
        """Let something happen."""
        raise NotImplementedError

    def stats(self) -> dict[str, Any]:
        """What was asked."""
        raise NotImplementedError


def controlled(controls: Controls, request: Request) -> Reply:
    """Answer a request to ``/_standin/…``; bad input is a 400 with a sentence."""
    name = request.path.removeprefix(CONTROL)
    try:
        if (request.method, name) == ("GET", "stats"):
            return json_reply(controls.stats())
        if request.method == "GET" and name == "switches":
            return json_reply(controls.switches())
        if request.method != "POST" or name not in ("weather", "switches", "reset", "act"):
            return not_found()
        return json_reply({"done": name, **(_posted(controls, name, request.body) or {})})
    except (SwitchError, WeatherError, ActError) as error:
        return json_reply({"error": str(error)}, 400)
    except orjson.JSONDecodeError:
        return json_reply({"error": "The body is not JSON"}, 400)


def _posted(controls: Controls, name: str, body: bytes) -> dict[str, Any] | None:
    if name == "reset":
        controls.reset()
        return None
    content = orjson.loads(body)
    if name == "weather":
        if not isinstance(content, list):
            raise WeatherError("The weather is a list of faults; an empty list is fair weather")
        controls.weather(content)
        return None
    if not isinstance(content, dict):
        raise SwitchError(f"{name} takes an object")
    if name == "switches":
        controls.switches(**content)
        return None
    return {"result": controls.act(content)}
