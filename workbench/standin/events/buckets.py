"""Raw events put together to the rows Pendo gives: one per bucket, thing, visitor and way in.

Counting is done on sorted numbers, not in a loop, so that hours and days of the same events agree
by construction: a minute belongs to exactly one hour, an hour to exactly one day.
"""

from dataclasses import dataclass

import numpy as np

from workbench.standin.events.raw import Ints, RawEvents, in_order

MINUTE_MS = 60_000
MOST_BITS = 62
"""Bits of a signed number that a packed key may use."""


@dataclass(frozen=True, slots=True)
class BucketRows:
    """Rows as columns of equal length."""

    bucket: Ints
    """Place of the bucket among those asked for."""
    profile: Ints
    thing: Ints
    extra: Ints
    first_ms: Ints
    last_ms: Ints
    events: Ints
    minutes: Ints


def bucket_rows(raw: RawEvents, starts: Ints) -> BucketRows:
    """The rows of ``raw`` in the buckets that begin at ``starts`` (ascending, without gaps)."""
    bucket = np.searchsorted(starts, raw.at_ms, side="right") - 1
    packing = _Packing([bucket, raw.profile, raw.thing, raw.extra])
    order = packing.order()
    key, at = packing.key[order], raw.at_ms[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    ends = np.append(begins[1:], len(key))[: len(begins)]
    minute = at // MINUTE_MS
    fresh = np.ones(len(key), np.int64)
    fresh[1:] = (key[1:] != key[:-1]) | (minute[1:] != minute[:-1])
    bucket, profile, thing, extra = packing.unpacked(key[begins])
    return BucketRows(
        bucket=bucket,
        profile=profile,
        thing=thing,
        extra=extra,
        first_ms=at[begins],
        last_ms=at[ends - 1],
        events=ends - begins,
        minutes=np.add.reduceat(fresh, begins) if len(begins) else at[:0],
    )


class _Packing:
    """Several small numbers in one, each in just as many bits as it needs."""

    def __init__(self, columns: list[Ints]) -> None:
        self._bits = [int(column.max(initial=0)).bit_length() for column in columns]
        self.key = columns[0] * 0
        for column, bits in zip(columns, self._bits, strict=True):
            self.key = (self.key << bits) | column

    def order(self) -> Ints:
        """Places that put the keys in order, equal ones as they come (raw events come by time)."""
        if sum(self._bits) + len(self.key).bit_length() <= MOST_BITS:
            return in_order(self.key, 0)
        return np.asarray(np.argsort(self.key, kind="stable"))

    def unpacked(self, key: Ints) -> list[Ints]:
        """The numbers in a key."""
        columns = []
        for bits in reversed(self._bits):
            columns.append(key & ((1 << bits) - 1))
            key = key >> bits
        return columns[::-1]
