"""A line to one host: sends a call until its answer is good, hopeless, or patience runs out."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Thread
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from workbench.errors import OverrunError, RemoteError, ThrottledError
from workbench.transport.address import base_url, is_loopback
from workbench.transport.answer import Answer, Call, CutShortError, GaveUpError, Judge
from workbench.transport.lost import lost_explained
from workbench.transport.meter import Meter, Metered
from workbench.transport.pace import NAP_S, Cancelled, Patience, RateLimit, never, stop_if, wait

CHUNK_BYTES = 1 << 20
"""Most bytes taken from the socket at once; more gains nothing."""
JUDGED_BYTES = 1 << 16
"""How much of a refused answer is read: its message, not a runaway body."""
CONNECTIONS = 16
"""Kept open for reuse: more than slices are ever fetched at once."""

T = TypeVar("T")
_log = logging.getLogger(__name__)
_dice = random.SystemRandom()


class Incoming:
    """A good answer whose body is still on its way."""

    def __init__(self, response: requests.Response, call: Call, cancelled: Cancelled) -> None:
        self._response = response
        self._call = call
        self._cancelled = cancelled

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, whatever case their names are asked in."""
        return self._response.headers

    @property
    def wire_bytes(self) -> int:
        """Bytes of body that came over the wire so far."""
        return int(self._response.raw.tell())

    def chunks(self) -> Iterator[bytes]:
        """The body, decompressed, in the pieces it comes in, none longer than 1 MiB.

        Raises:
            CutShortError: it stopped before its end.
            OverrunError, GaveUpError: nothing more came for too long.
            CancelledError: somebody cancelled.
        """
        # Asked to decode, the library copies also what is not compressed.
        compressed = "Content-Encoding" in self.headers
        while True:
            stop_if(self._cancelled)
            # read1 gives what is there; read would wait for a whole MiB, and a slow
            # answer could not be cancelled.
            with lost_explained(self._call, self._response.url):
                chunk = self._response.raw.read1(CHUNK_BYTES, decode_content=compressed)
            if not chunk:
                return
            yield chunk

    def read(self) -> bytes:
        """The whole body; raises as ``chunks`` does."""
        return b"".join(self.chunks())


class _FailedError(Exception):
    """A try that did not work, and how long the other side told us to wait."""

    def __init__(self, error: RemoteError, retry_after_s: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.retry_after_s = retry_after_s


class Line:
    """Sends calls to one host, from any number of threads."""

    def __init__(
        self,
        url: str,
        *,
        auth: AuthBase,
        secrets: tuple[str, ...] = (),
        patience: Patience | None = None,
        limit: RateLimit | None = None,
        meter: Meter | None = None,
        cancelled: Cancelled = never,
        heard: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            url: Scheme and host.
            auth: Puts the credentials on each request; they are kept nowhere else.
            secrets: Texts that must never show in an error or a log.
            patience: Time-outs and tries.
            limit: Shared by all lines that the other side counts together; None is no limit.
            meter: Where calls are counted.
            cancelled: Asked between tries and pieces of an answer, and while waiting.
            heard: Told the headers of every answer, good or not.

        Raises:
            InputError: the address cannot be talked to safely.
        """
        self.url = base_url(url)
        self.host = urlsplit(self.url).hostname or ""
        self.patience = patience or Patience()
        self.meter = meter or Meter()
        self._limit = limit
        self._cancelled = cancelled
        self._heard = heard
        self._safe = _redacting(secrets)
        self._http = _session(self.host, auth)

    def close(self) -> None:
        """Close the connections kept open."""
        self._http.close()

    def send(self, call: Call, judge: Judge, receive: Callable[[Incoming], T]) -> T:
        """Send ``call`` until it works; a body that breaks off is asked for again from its start.

        A call that is not ``repeatable`` is sent once more only when it was turned away unread.

        Args:
            call: What to send.
            judge: Says what is wrong with an answer.
            receive: Takes the body of a good answer, and starts afresh on every try.

        Raises:
            RemoteError: what was wrong at the last try; ``OverrunError`` when a heavy call
                found no whole answer.
            CancelledError: somebody cancelled.
        """
        failures: list[RemoteError] = []
        while True:
            try:
                return self._try(call, judge, receive, is_repeat=bool(failures))
            except _FailedError as failed:
                failures.append(failed.error)
                pause_s = self._pause_s(call, failures, failed.retry_after_s)
            if pause_s is None:
                raise _last_word(call, failures[-1])
            path = self._safe(call.path)
            _log.info("%s %s: %s; again in %.1f s", call.method, path, failures[-1], pause_s)
            if self._limit and isinstance(failures[-1], ThrottledError):
                self._limit.pause(pause_s)
            wait(pause_s, self._cancelled)

    def _pause_s(
        self, call: Call, failures: list[RemoteError], retry_after_s: float | None
    ) -> float | None:
        if not call.repeatable and not isinstance(failures[-1], ThrottledError):
            return None
        return self.patience.wait_s(
            failures, heavy=call.heavy, retry_after_s=retry_after_s, chance=_dice.random()
        )

    def _try(
        self, call: Call, judge: Judge, receive: Callable[[Incoming], T], *, is_repeat: bool
    ) -> T:
        stop_if(self._cancelled)
        if self._limit:
            self._limit.take(self._cancelled)
        began = time.monotonic()
        incoming: Incoming | None = None
        try:
            with self._response(call) as response:
                incoming = Incoming(response, call, self._cancelled)
                if self._heard:
                    self._heard(response.headers)
                self._must_be_good(call, response, incoming, judge)
                return receive(incoming)
        except RemoteError as error:
            raise _FailedError(error) from None
        finally:
            size_bytes = incoming.wire_bytes if incoming else 0
            seconds = time.monotonic() - began
            self.meter.count(call.endpoint, Metered(1, int(is_repeat), size_bytes, seconds))
            path = self._safe(call.path)
            _log.debug("%s %s: %d B, %.3f s", call.method, path, size_bytes, seconds)

    def _must_be_good(
        self, call: Call, response: requests.Response, incoming: Incoming, judge: Judge
    ) -> None:
        good = 200 <= response.status_code < 300
        text = "" if good else self._first_words(response, incoming)
        answer = Answer(response.status_code, self._safe(response.reason or ""), text, call)
        error = judge(answer)
        if error is not None:
            raise _FailedError(error, _retry_after_s(response))

    def _first_words(self, response: requests.Response, incoming: Incoming) -> str:
        words = bytearray()
        try:
            for chunk in incoming.chunks():
                words += chunk
                if len(words) >= JUDGED_BYTES:
                    break
        except RemoteError:
            pass  # The status already says that it failed; half a message is better than none.
        return self._safe(words[:JUDGED_BYTES].decode("utf-8", "replace").strip())

    def _response(self, call: Call) -> requests.Response:
        if call.heavy and self._cancelled is not never:
            return _interruptible(lambda: self._request(call), self._cancelled)
        return self._request(call)

    def _request(self, call: Call) -> requests.Response:
        with lost_explained(call, self.url):
            return self._http.request(
                call.method,
                f"{self.url}/{call.path}",
                params=dict(call.params),
                data=call.body,
                headers=dict(call.headers),
                timeout=(self.patience.connect_timeout_s, self.patience.read_timeout_s),
                # A redirect would carry the key to another host.
                allow_redirects=False,
                stream=True,
            )


def _last_word(call: Call, error: RemoteError) -> RemoteError:
    if call.heavy and isinstance(error, CutShortError | GaveUpError):
        return OverrunError(
            str(error), hint="It was perhaps too much at once: ask for less.", details=error.details
        )
    return error


def _redacting(secrets: tuple[str, ...]) -> Callable[[str], str]:
    """Takes the secrets out of a text. A function, so that no dump of an object shows them."""

    def safe(text: str) -> str:
        for secret in filter(None, secrets):
            text = text.replace(secret, "[secret]")
        return text

    return safe


def _session(host: str, auth: AuthBase) -> requests.Session:
    session = requests.Session()
    session.auth = auth
    # Proxies and certificates of the environment count, but not on the way to this machine.
    session.trust_env = not is_loopback(host)
    # Compressing costs more than it saves where there is no network.
    session.headers["Accept-Encoding"] = "identity" if is_loopback(host) else "gzip"
    session.headers["User-Agent"] = "analyst-workbench"
    adapter = HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _interruptible(
    work: Callable[[], requests.Response], cancelled: Cancelled
) -> requests.Response:
    """Wait for an answer that may take minutes, but leave at once when somebody cancels.

    The answer nobody waits for any more is closed when it comes.
    """
    box: Future[requests.Response] = Future()

    def run() -> None:
        try:
            box.set_result(work())
        except BaseException as error:
            box.set_exception(error)

    Thread(target=run, name="waiting-for-answer", daemon=True).start()
    while not wait_for([box], timeout=NAP_S).done:
        try:
            stop_if(cancelled)
        except BaseException:
            box.add_done_callback(_close_unwanted)
            raise
    return box.result()


def _close_unwanted(box: "Future[requests.Response]") -> None:
    if box.exception() is None:
        box.result().close()


def _retry_after_s(response: requests.Response) -> float | None:
    """What Retry-After says: seconds, or a date reckoned by the other side's own clock."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    until, now = _date(text), _date(response.headers.get("Date", ""))
    if until is None:
        return None
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
