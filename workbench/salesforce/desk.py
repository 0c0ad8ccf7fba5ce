"""Send calls to one org within a session: one new login when it ends, and no more."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

import orjson
import requests
from pydantic import SecretStr
from requests.auth import AuthBase

from workbench.errors import BrokenAnswerError
from workbench.salesforce.answers import SessionEndedError, judge, usage
from workbench.salesforce.login import TOKEN_ENDPOINT, Door, Kept, Session
from workbench.salesforce.model import SalesforceConnection, Usage
from workbench.transport import Call, Incoming, Line, Meter, Patience
from workbench.transport.pace import Cancelled, wait

GAUGE_S = 60.0
"""The usage header goes backwards; the most it said in a minute is near the truth (S03)."""
PATIENCE = Patience(attempts=6, first_wait_s=0.5, longest_wait_s=10.0, throttled_attempts=4)
"""Half a second, doubled up to ten: what released clients do (contract, section 14)."""
VERSIONS = "services/data"
FREE_ENDPOINTS = frozenset((TOKEN_ENDPOINT, "versions"))
"""What does not count as an API call."""
BULK_ENDPOINTS = "jobs/"
"""How the endpoints of bulk jobs begin."""

T = TypeVar("T")


class _Bearer(AuthBase):
    """Puts the session's token on a request. Kept here alone, so that nothing else shows it."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


class Desk:
    """Where calls to one org are handed in, from any number of threads."""

    def __init__(
        self,
        connection: SalesforceConnection,
        secrets: Mapping[str, SecretStr],
        *,
        clock: Callable[[], datetime],
        keep: Kept | None,
        patience: Patience | None,
        meter: Meter | None,
        cancelled: Cancelled,
    ) -> None:
        self.version = connection.api_version
        self.patience = patience or PATIENCE
        self.meter = meter or Meter()
        self.cancelled = cancelled
        self._door = Door(
            connection,
            secrets,
            clock=clock,
            keep=keep,
            patience=self.patience,
            meter=self.meter,
            cancelled=cancelled,
        )
        self._lock = Lock()
        self._session: Session | None = None
        self._line: Line | None = None
        self._heard: deque[tuple[float, Usage]] = deque()

    @property
    def api_calls(self) -> int:
        """Calls so far that count against the org's limit, repeats among them."""
        read = self.meter.snapshot().endpoints
        return sum(one.calls for name, one in read.items() if name not in FREE_ENDPOINTS)

    @property
    def bulk_calls(self) -> int:
        """Those of them that were about bulk jobs."""
        read = self.meter.snapshot().endpoints
        return sum(one.calls for name, one in read.items() if name.startswith(BULK_ENDPOINTS))

    @property
    def usage(self) -> Usage | None:
        """The most calls that an answer of the last minute spoke of; None when none did."""
        since = time.monotonic() - GAUGE_S
        with self._lock:
            told = [one for at, one in self._heard if at >= since] or [
                one for _, one in list(self._heard)[-1:]
            ]
        return max(told, key=lambda one: one.used, default=None)

    def close(self) -> None:
        """Close the connections kept open."""
        self._door.close()
        if self._line:
            self._line.close()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than somebody wants us to.

        Raises:
            CancelledError: somebody cancelled meanwhile.
        """
        wait(seconds, self.cancelled)

    def path(self, below: str) -> str:
        """A path of the API, from one below its version."""
        return f"{VERSIONS}/v{self.version}/{below}"

    def send(self, call: Call, receive: Callable[[Incoming], T]) -> T:
        """Send a call; when the session has ended, log in again and send it once more.

        Raises:
            RemoteError: see ``answers.judge``.
        """
        line, session = self._ready(None)
        try:
            return line.send(call, judge, receive)
        except SessionEndedError:
            # The call was turned away unread, so that even a write may be sent again.
            line, _ = self._ready(session)
            return line.send(call, judge, receive)

    def json(self, call: Call) -> Any:
        """The answer as JSON; None for an empty body."""
        return self.send(call, lambda incoming: read_json(incoming.read()))

    def _ready(self, ended: Session | None) -> tuple[Line, Session]:
        """A line with a session that is not the ended one."""
        with self._lock:
            if self._line is None or self._session is None or self._session is ended:
                session = self._door.enter()
                if self._line:
                    self._line.close()
                self._session, self._line = session, self._line_of(session)
            return self._line, self._session

    def _line_of(self, session: Session) -> Line:
        return Line(
            session.url,
            auth=_Bearer(session.token),
            secrets=(session.token.get_secret_value(),),
            patience=self.patience,
            meter=self.meter,
            cancelled=self.cancelled,
            heard=self._hear,
        )

    def _hear(self, headers: Mapping[str, str]) -> None:
        told = usage(headers.get("Sforce-Limit-Info"))
        if told is None:
            return
        now = time.monotonic()
        with self._lock:
            self._heard.append((now, told))
            while self._heard[0][0] < now - GAUGE_S:
                self._heard.popleft()


def read_json(body: bytes) -> Any:
    """A body as JSON.

    Raises:
        BrokenAnswerError: it is none.
    """
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BrokenAnswerError(
            "Salesforce's answer is not JSON", hint="Try again.", details=str(error)
        ) from None
