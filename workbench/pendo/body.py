"""Follow an array while its bytes stream past: where it ends, and how many keys its rows have.

Both are told from the bytes alone, a block at a time, with numpy. Nothing is parsed here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np

BLOCK_BYTES = 1 << 18
"""How much is looked at together: fits the processor's cache, with its masks."""
EDGE = 2
"""Of the block before, what is still needed: a key is told by its last quote and two bytes more."""
QUOTE, OPENING, BACKSLASH, CLOSING = b'"[\\]'
COLON = ord(":")
BRACKETS = (b"[", b"]")
"""Without them a block cannot change how deep we are; most blocks of events have none."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How many keys an answer holds, and how many of them have a text as their value.

    As they are written without spaces. Never too few of those: a text that begins with a colon
    counts as a key too.
    """

    all: int = 0
    texts: int = 0

    def __add__(self, other: Self) -> "Keys":
        return Keys(self.all + other.all, self.texts + other.texts)


class Body:
    """An array while it comes; give it its bytes from the opening bracket on."""

    def __init__(self) -> None:
        import numpy as np

        self.is_over = False
        self.keys = Keys()
        self._depth = 0
        self._in_string = 0
        # Made once: fresh memory for each comparison would cost more than comparing.
        masks = np.zeros((4, EDGE + BLOCK_BYTES), np.bool_)
        self._quotes, self._colons, self._slashes, self._ends = masks
        self._escaping = False
        """Whether the block before ended with a backslash that escapes what comes first."""

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
        quotes = np.equal(codes, QUOTE, out=self._quotes[EDGE : EDGE + len(codes)])
        if self._escaping or chunk.find(b"\\", start, stop) >= 0:
            self._blank_escaped(codes, quotes)
        end = None
        if any(chunk.find(bracket, start, stop) >= 0 for bracket in BRACKETS):
            end = self._balance(codes, quotes)
        else:
            self._in_string ^= int(np.count_nonzero(quotes)) & 1
        self._count(codes[:end])
        return end

    def _count(self, codes: "np.ndarray[Any, Any]") -> None:
        """Count the keys that this block makes certain: quote and colon, and a quote for texts."""
        import numpy as np

        size = EDGE + len(codes)
        quotes, colons, ends = self._quotes[:size], self._colons[:size], self._ends[: size - 1]
        np.equal(codes, COLON, out=colons[EDGE:])
        np.logical_and(quotes[:-1], colons[1:], out=ends)
        # What ended with the block before was counted with it; whether a text follows was not.
        every = int(np.count_nonzero(ends[1:]))
        np.logical_and(ends[:-1], quotes[EDGE:], out=ends[:-1])
        self.keys += Keys(every, int(np.count_nonzero(ends[:-1])))
        for mask in (quotes, colons):
            mask[:EDGE] = mask[-EDGE:].copy()

    def _balance(self, codes: "np.ndarray[Any, Any]", quotes: "np.ndarray[Any, Any]") -> int | None:
        """Follow the depth over the brackets outside strings, to where it comes back to 0."""
        import numpy as np

        brackets = np.flatnonzero((codes == OPENING) | (codes == CLOSING))
        # Odd or even, before each bracket and at the end: the quotes seen since the start.
        parts = np.bitwise_xor.reduceat(quotes.view(np.uint8), np.concatenate(([0], brackets)))
        parity = np.bitwise_xor.accumulate(parts) ^ self._in_string
        self._in_string = int(parity[-1])
        brackets = brackets[parity[:-1] == 0]
        if not len(brackets):
            return None
        steps = np.where(codes[brackets] == OPENING, 1, -1)
        depth = self._depth + np.cumsum(steps)
        self._depth = int(depth[-1])
        balanced = np.flatnonzero(depth == 0)
        return int(brackets[balanced[0]]) + 1 if len(balanced) else None

    def _blank_escaped(self, codes: "np.ndarray[Any, Any]", quotes: "np.ndarray[Any, Any]") -> None:
        """Take the quotes that follow an escaping backslash out of those that count."""
        import numpy as np

        # One place behind the codes, so that each stands where the byte that it escapes is.
        slashes = self._slashes[: len(codes) + 1]
        slashes[0] = self._escaping
        np.equal(codes, BACKSLASH, out=slashes[1:])
        if np.logical_and(slashes[:-1], slashes[1:], out=self._ends[: len(codes)]).any():
            # In a run of backslashes every other one is escaped itself, from the left.
            places = np.flatnonzero(slashes)
            number = np.arange(len(places))
            continues = np.concatenate(([False], places[1:] == places[:-1] + 1))
            in_run = number - np.maximum.accumulate(np.where(continues, 0, number))
            slashes[places[in_run % 2 == 1]] = False
        np.greater(quotes, slashes[:-1], out=quotes)
        self._escaping = bool(slashes[-1])
