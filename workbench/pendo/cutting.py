"""Cut the array out of ``{"results": […]}`` while the bytes stream past.

Readers of the spooled file are nine times faster on the bare array. The cut is exact: the end of
the array is where its brackets balance, strings left aside, so an answer that was cut short is
always noticed and never taken for data. What lies inside the rows is not checked here.
"""

import json
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import BrokenAnswerError
from workbench.transport.answer import CutShortError

if TYPE_CHECKING:
    import numpy as np

BLOCK_BYTES = 1 << 18
"""How much is looked at together: fits the processor's cache, with its masks."""
LONGEST_EDGE_BYTES = 1 << 26
"""Most of an answer outside its array. Pendo sends a few bytes; more is not an answer of Pendo."""
WHITESPACE = b" \t\r\n"
BOM = "\xef\xbb\xbf"
"""The mark some servers put before UTF-8, read as Latin-1."""
RESULTS = "results"
NUMBER = "+-.0123456789eE"
QUOTE, OPENING, BACKSLASH, CLOSING = b'"[\\]'
MARKS = (b"[", b"]", b"\\")
"""Without any of these, a block cannot change how deep we are; most blocks of events have none."""
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


class Body:
    """Finds the end of an array while it streams past."""

    def __init__(self) -> None:
        self.is_over = False
        self._depth = 0
        self._in_string = 0
        self._escaping = False

    def take(self, chunk: bytes) -> int:
        """How many bytes of ``chunk`` still belong to the array."""
        for start in range(0, len(chunk), BLOCK_BYTES):
            end = self._end(chunk, start, min(start + BLOCK_BYTES, len(chunk)))
            if end is not None:
                self.is_over = True
                return start + end
        return len(chunk)

    def _end(self, chunk: bytes, start: int, stop: int) -> int | None:
        """Where in this block the array ends, if it does."""
        import numpy as np

        codes = np.frombuffer(chunk, np.uint8, stop - start, start)
        quotes = (codes == QUOTE).view(np.uint8)
        if not self._escaping and not any(chunk.find(m, start, stop) >= 0 for m in MARKS):
            self._in_string ^= int(np.count_nonzero(quotes)) & 1
            return None
        # The three have neighbouring codes, and below them the subtraction wraps around.
        marks = np.flatnonzero((codes - OPENING) <= CLOSING - OPENING)
        kinds = codes[marks]
        if self._escaping or BACKSLASH in kinds:
            self._blank_escaped(marks[kinds == BACKSLASH], quotes)
        brackets = marks[kinds != BACKSLASH]
        # Odd or even, before each bracket and at the end: the quotes seen since the start.
        parts = np.bitwise_xor.reduceat(quotes, np.concatenate(([0], brackets)))
        parity = np.bitwise_xor.accumulate(parts) ^ self._in_string
        self._in_string = int(parity[-1])
        return self._balance(codes, brackets[parity[:-1] == 0])

    def _balance(
        self, codes: "np.ndarray[Any, Any]", brackets: "np.ndarray[Any, Any]"
    ) -> int | None:
        """Follow the depth over the brackets outside strings, to where it comes back to 0."""
        import numpy as np

        if not len(brackets):
            return None
        steps = np.where(codes[brackets] == OPENING, 1, -1)
        depth = self._depth + np.cumsum(steps)
        self._depth = int(depth[-1])
        balanced = np.flatnonzero(depth == 0)
        return int(brackets[balanced[0]]) + 1 if len(balanced) else None

    def _blank_escaped(
        self, slashes: "np.ndarray[Any, Any]", quotes: "np.ndarray[Any, Any]"
    ) -> None:
        """Take the quotes that follow a backslash out of those that count."""
        import numpy as np

        if self._escaping:
            # The last one of the block before stands just in front of this one.
            slashes = np.concatenate(([-1], slashes))
        # In a run of backslashes every other one is escaped itself, from the left.
        number = np.arange(len(slashes))
        continues = np.concatenate(([False], slashes[1:] == slashes[:-1] + 1))
        in_run = number - np.maximum.accumulate(np.where(continues, 0, number))
        escaped = slashes[in_run % 2 == 0] + 1
        self._escaping = bool(len(escaped)) and int(escaped[-1]) == len(quotes)
        quotes[escaped[: len(escaped) - self._escaping]] = 0


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
