"""Send calls to one Pendo subscription, take their bodies, and say in words why one was refused."""

import io
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import requests
from pydantic import SecretStr
from requests.auth import AuthBase

from workbench.errors import (
    AccessError,
    BrokenAnswerError,
    InputError,
    MissingError,
    RejectedError,
    RemoteError,
    StorageError,
    disk_explained,
)
from workbench.pendo.answers import VERIFY, judge, read_only_key, unknown_key
from workbench.pendo.body import Keys
from workbench.pendo.cutting import ArrayCutter
from workbench.pendo.model import Received, Row, TokenScope, pendo_url
from workbench.pendo.paths import ROOT
from workbench.transport import Answer, Call, Incoming, Line, Meter, Patience, RateLimit

DOUBTFUL = (400, 401, 403)
"""Statuses that Pendo also gives to a key it does not know, or that may only read."""
KEY_HEADER = "x-pendo-integration-key"

T = TypeVar("T")


class _Key(AuthBase):
    """Puts the key on a request. Kept here alone, so that no session or error shows it."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[KEY_HEADER] = self._key.get_secret_value()
        return request


class Desk:
    """Where calls to one subscription are handed in."""

    def __init__(
        self,
        url: str,
        key: SecretStr | str,
        *,
        patience: Patience | None,
        limit: RateLimit | None,
        meter: Meter | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.url = pendo_url(url)
        self._secret = _usable(key)
        text = self._secret.get_secret_value()
        self._key_ending = text.rpartition(".")[2] if "." in text else ""
        self._scope: TokenScope | None = None
        self._is_known = False
        self.line = Line(
            self.url,
            auth=_Key(self._secret),
            secrets=(text,),
            patience=patience,
            limit=limit,
            meter=meter,
            cancelled=cancelled,
        )

    def verify(self) -> TokenScope:
        """Ask Pendo what it says of the key.

        Raises:
            AccessError: it does not know the key.
            BrokenAnswerError, RejectedError: whoever answered there is not Pendo.
        """
        call = Call("GET", f"{ROOT}/{VERIFY}", VERIFY)
        began = time.monotonic()
        try:
            said = self.line.send(call, judge, lambda incoming: _json(incoming.read()))
        except AccessError as error:
            raise unknown_key(self.url, self._key_ending, error.details) from None
        except MissingError as error:
            raise self._not_pendo(error.details) from None
        latency_ms = (time.monotonic() - began) * 1000
        if not isinstance(said, dict) or not isinstance(said.get("valid"), bool):
            raise self._not_pendo(json.dumps(said)[:500])
        if not said["valid"]:
            raise unknown_key(self.url, self._key_ending, "valid: false")
        self._is_known = True
        self._scope = TokenScope(True, said.get("writeAccess") is True, latency_ms)
        return self._scope

    def must_write(self) -> None:
        """Make sure, before anything is sent, that the key may write.

        Raises:
            AccessError: it may only read, or Pendo does not know it.
        """
        scope = self._scope or self.verify()
        if not scope.write_access:
            raise read_only_key("")

    def send(self, call: Call, receive: Callable[[Incoming], T]) -> T:
        """Send a call; a refusal is told apart as far as Pendo lets it be.

        Raises:
            RemoteError: see ``answers.judge``.
        """
        answers: list[Answer] = []

        def judged(answer: Answer) -> RemoteError | None:
            answers.append(answer)
            return judge(answer, write_access=None)

        try:
            value = self.line.send(call, judged, receive)
        except (AccessError, RejectedError, MissingError) as error:
            raise self._told_apart(answers[-1], error) from None
        self._is_known = True
        return value

    def json(self, call: Call) -> Any:
        """The answer as JSON; None for an empty body."""
        return self.send(call, lambda incoming: _json(incoming.read()))

    def rows(self, call: Call) -> list[Row]:
        """The rows of an answer that is, or holds, an array; for small answers."""

        def receive(incoming: Incoming) -> list[Row]:
            array = io.BytesIO()
            _cut(incoming, array)
            return _rows(array.getvalue())

        return self.send(call, receive)

    def spool(self, call: Call, path: Path) -> Received:
        """Write the bare array of an answer to ``path``; whole, or not at all.

        Raises:
            BrokenAnswerError, OverrunError: it did not come whole.
            DiskFullError, StorageError: it could not be written.
        """

        def receive(incoming: Incoming, beside: Path) -> Keys:
            with beside.open("wb") as file:
                return _cut(incoming, file)

        return self._into(path, call, receive)

    def spool_json(self, call: Call, path: Path) -> Received:
        """Write an answer of any JSON shape to ``path`` as it is; an empty one as ``[]``."""

        def receive(incoming: Incoming, beside: Path) -> None:
            body = incoming.read()
            _json(body)
            beside.write_bytes(body.strip() or b"[]")

        return self._into(path, call, receive)

    def _into(
        self, path: Path, call: Call, receive: Callable[[Incoming, Path], Keys | None]
    ) -> Received:
        began = time.monotonic()
        beside = path.with_name(f".{path.name}.{uuid4().hex}.part")

        def receive_beside(incoming: Incoming) -> tuple[int, Keys | None]:
            keys = receive(incoming, beside)
            return incoming.wire_bytes, keys

        try:
            with disk_explained(f"the answer for {path.name}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                wire_bytes, keys = self.send(call, receive_beside)
                size_bytes = beside.stat().st_size
                beside.replace(path)
        except OSError as error:
            raise StorageError(
                f"{path.name} could not be written: {error.strerror or error}",
                hint="Check that the folder exists and may be written to.",
            ) from error
        finally:
            with suppress(OSError):
                beside.unlink()
        return Received(wire_bytes, time.monotonic() - began, size_bytes, keys)

    def _told_apart(self, answer: Answer, error: RemoteError) -> RemoteError:
        """Ask what Pendo says of the key, where that may be what is wrong."""
        is_about_key = answer.status in (401, 403) or answer.call.writes or not self._is_known
        if answer.status not in DOUBTFUL or not is_about_key:
            return error
        try:
            scope = self.verify()
        except AccessError as refused:
            return refused
        except RemoteError:
            return error
        return judge(answer, write_access=scope.write_access) or error

    def _not_pendo(self, details: str) -> RejectedError:
        return RejectedError(
            f"{self.line.host} does not answer like Pendo",
            hint="Check the connection's address.",
            details=details,
        )


def _usable(key: SecretStr | str) -> SecretStr:
    text = key.get_secret_value() if isinstance(key, SecretStr) else key
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        # The key itself is not shown, not even a wrong one.
        raise InputError(
            "The integration key is empty, or has characters that no key has",
            hint="Copy it again from Pendo: Settings, Integrations, Integration Keys.",
        )
    return SecretStr(text)


def _cut(incoming: Incoming, sink: "io.BufferedIOBase") -> Keys:
    cutter = ArrayCutter(sink)
    for chunk in incoming.chunks():
        cutter.feed(chunk)
    cutter.close()
    return cutter.keys


def _json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except ValueError:
        raise BrokenAnswerError(
            "Pendo's answer is not JSON",
            hint="Check the connection's address, then try again.",
            details=body[:500].decode("utf-8", "replace"),
        ) from None


def _rows(array: bytes) -> list[Row]:
    rows = _json(array)
    if not all(isinstance(row, Mapping) for row in rows):
        raise BrokenAnswerError("Pendo's answer holds something else than rows")
    return list(rows)
