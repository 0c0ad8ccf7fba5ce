"""Raw events put together to the rows Pendo gives: one per bucket, thing, visitor and way in.

Counting is done on sorted numbers, not in a loop, so that hours and days of the same events agree
by construction: a minute belongs to exactly one hour, an hour to exactly one day.
"""

from dataclasses import dataclass

import numpy as np

from workbench.standin.events.raw import Ints, RawEvents

MINUTE_MS = 60_000
PROFILE_SHIFT = 18
"""Bits for the thing (12) and its extra (6) below the profile in a row's key."""
BUCKET_SHIFT = 42
"""Bits for thing, extra and profile (24: 16 million ways in) below the bucket."""


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
    key = (bucket << BUCKET_SHIFT) | (raw.profile << PROFILE_SHIFT) | (raw.thing << 6) | raw.extra
    order = np.lexsort((raw.at_ms, key))
    key, at = key[order], raw.at_ms[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    ends = np.append(begins[1:], len(key))
    minute = at // MINUTE_MS
    fresh = np.ones(len(key), np.int64)
    fresh[1:] = (key[1:] != key[:-1]) | (minute[1:] != minute[:-1])
    row = key[begins]
    return BucketRows(
        bucket=row >> BUCKET_SHIFT,
        profile=(row >> PROFILE_SHIFT) & ((1 << (BUCKET_SHIFT - PROFILE_SHIFT)) - 1),
        thing=(row >> 6) & 0xFFF,
        extra=row & 0x3F,
        first_ms=at[begins],
        last_ms=at[ends - 1] if len(ends) and len(begins) else at[:0],
        events=(ends - begins if len(begins) else at[:0]).astype(np.int64),
        minutes=np.add.reduceat(fresh, begins) if len(begins) else at[:0],
    )
