"""Cut the array out of ``{"results": […]}`` while the bytes stream past.

Readers of the spooled file are nine times faster on the bare array. The cut is exact: the end of
the array is where its brackets balance, strings left aside, so an answer that was cut short is
always noticed and never taken for data. What lies inside the rows is not checked here.
"""

import json
from typing import Protocol

from workbench.errors import BrokenAnswerError
from workbench.pendo.body import BLOCK_BYTES, Body, Keys
from workbench.transport.answer import CutShortError

LONGEST_EDGE_BYTES = 1 << 26
"""Most of an answer outside its array. Pendo sends a few bytes; more is not an answer of Pendo."""
WHITESPACE = b" \t\r\n"
BOM = "\xef\xbb\xbf"
"""The mark some servers put before UTF-8, read as Latin-1."""
RESULTS = "results"
NUMBER = "+-.0123456789eE"
_text = json.JSONDecoder()


class Sink(Protocol):
    """Where the array goes: a file, or bytes in memory."""

    def write(self, piece: bytes, /) -> object:
        """Take the next piece."""


class ArrayCutter:
    """Writes the bare array of an answer to ``sink``; feed it chunks of any size, then close it.

    Takes ``{"results": […], …}`` with any keys before and after, a bare array, and an answer
    whose results are null or absent, which gives ``[]``.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._head: Head | None = Head()
        self._body = Body()
        self._tail = bytearray()
        self._wrapped = False

    @property
    def keys(self) -> Keys:
        """The keys of the array as far as it came."""
        return self._body.keys

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the answer.

        Raises:
            BrokenAnswerError: this cannot become such an answer any more.
        """
        if self._head is None:
            self._pass_on(chunk)
        elif self._head.add(chunk):
            self._begin(self._head)

    def close(self) -> None:
        """Say that the answer has ended.

        Raises:
            CutShortError: it has not; it was cut short.
            BrokenAnswerError: what follows the array is not the end of such an answer.
        """
        if self._head is not None and self._head.begins():
            self._begin(self._head)
        if self._head is not None:
            self._head.must_be_whole()
            self._sink.write(b"[]")
        elif not self._body.is_over:
            raise _cut_short()
        elif self._wrapped:
            _must_end_object(bytes(self._tail))
        elif self._tail.strip(WHITESPACE):
            raise _malformed("something follows the array")

    def _begin(self, head: "Head") -> None:
        self._head, self._wrapped = None, head.wrapped
        self._pass_on(head.rest)

    def _pass_on(self, chunk: bytes) -> None:
        if not self._body.is_over:
            inside = self._body.take(chunk)
            self._sink.write(chunk[:inside] if inside < len(chunk) else chunk)
            chunk = chunk[inside:]
        self._tail += chunk
        _must_not_grow(self._tail)


class Head:
    """Reads keys and their values until the array begins."""

    def __init__(self) -> None:
        self.wrapped = False
        self._bytes = bytearray()
        self._at = 0
        self._is_over = False
        self._patient_until = 0

    @property
    def rest(self) -> bytes:
        """The array as far as it came, once it has begun."""
        return bytes(memoryview(self._bytes)[self._at :])

    def add(self, chunk: bytes) -> bool:
        """Take more bytes; whether the array has begun.

        Raises:
            BrokenAnswerError: there is no array where one must be.
        """
        self._bytes += chunk
        _must_not_grow(self._bytes)
        if len(self._bytes) < self._patient_until:
            return False
        # A long value before the array is not read again for each small chunk of it.
        self._patient_until = 2 * len(self._bytes) if len(self._bytes) > BLOCK_BYTES else 0
        return self.begins()

    def must_be_whole(self) -> None:
        """Say that nothing more comes: the answer must be an object without an array.

        Raises:
            BrokenAnswerError: it is not.
        """
        if not self._is_over:
            raise _cut_short()
        if bytes(self._bytes[self._at :]).strip(WHITESPACE):
            raise _malformed("something follows the answer")

    def begins(self) -> bool:
        """Read on from where reading stopped, every complete member once, up to the array."""
        # Latin-1, so that places in the text are places in the bytes, and a character that
        # is cut in two does not matter.
        text = self._bytes.decode("latin-1")
        if BOM.startswith(text):
            return False
        try:
            return self._opens(text) and self._members(text)
        except (IndexError, json.JSONDecodeError):
            return False
        except RecursionError:
            raise _malformed("it is nested too deeply") from None

    def _opens(self, text: str) -> bool:
        if self.wrapped:
            return True
        start = _past_space(text, len(BOM) if text.startswith(BOM) else 0)
        if text[start] not in "[{":
            raise _malformed("it is not JSON")
        self.wrapped = text[start] == "{"
        self._at = start + int(self.wrapped)
        return True

    def _members(self, text: str) -> bool:
        """Whether the array begins; IndexError when the text ends before that is known."""
        while self.wrapped and not self._is_over:
            start = _past_space(text, self._at)
            if text[start] == "}":
                self._at, self._is_over = start + 1, True
                return False
            key, after = _text.raw_decode(text, start)
            colon = _past_space(text, after)
            value_at = _past_space(text, colon + 1)
            if text[colon] != ":":
                raise _malformed("a key has no value")
            if key == RESULTS and text[value_at] == "[":
                self._at = value_at
                return True
            self._skip_value(text, key, value_at)
        return not self.wrapped

    def _skip_value(self, text: str, key: object, value_at: int) -> None:
        value, after = _text.raw_decode(text, value_at)
        after = _past_space(text, after)
        if text[after] in NUMBER and not text[after:].strip(NUMBER):
            raise IndexError  # A number that may go on in the next chunk.
        if text[after] not in ",}":
            raise _malformed("a value does not end")
        if key == RESULTS and value is not None:
            raise _malformed("its results are not a list")
        self._at = after + 1 if text[after] == "," else after


def _past_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _must_end_object(tail: bytes) -> None:
    """What follows the array must close the object around it."""
    rest = tail.strip(WHITESPACE).decode("latin-1")
    if rest == "}":
        return
    if rest and rest[0] != ",":
        raise _malformed("something stands between its results and its end")
    try:
        others = json.loads("{" + rest[1:]) if rest else None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise _malformed("something follows the answer") from None
        others = None
    if others is None:
        raise _cut_short()
    if not others or RESULTS in others:
        raise _malformed("what follows its results makes no sense")


def _must_not_grow(edge: bytearray) -> None:
    if len(edge) > LONGEST_EDGE_BYTES:
        raise _malformed("there is too much around its results")


def _cut_short() -> CutShortError:
    return CutShortError(
        "Pendo's answer broke off before its end",
        hint="Try again; nothing of it was kept.",
    )


def _malformed(why: str) -> BrokenAnswerError:
    return BrokenAnswerError(
        f"Pendo's answer is not what it should be: {why}",
        hint="Check the connection's address; nothing of the answer was kept.",
    )
