"""What every plan has: a verdict in words, and a fingerprint of what would be written. Pure.

A plan is a value: code that decides makes it, code that does carries it out unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """One limit that a plan exceeds."""

    limit: str
    """The key of the guardrail, such as ``max_changed_percent``."""
    value: float
    allowed: float
    words: str
    """Such as "38 % of records would change; the limit is 15 %"."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a plan may go by itself, and if not, why not."""

    breaches: tuple[Breach, ...] = ()

    @property
    def held(self) -> bool:
        """Whether a person must look before the first write."""
        return bool(self.breaches)

    @property
    def words(self) -> str:
        """Every limit that is exceeded, in one line; nothing when none is."""
        return "; ".join(breach.words for breach in self.breaches)


def row_hashes(columns: Sequence[str]) -> tuple[str, str]:
    """SQL of two independent hashes of a row; their sums over all rows know no order."""
    listed = ", ".join(columns)
    return f"hash({listed})", f"hash('again', {listed})"


def fingerprint(rows: int, sums: tuple[int, int], *, also: Iterable[str] = ()) -> str:
    """Sixteen hex digits that differ when what would be written differs, in whatever order.

    Args:
        rows: How many rows would be written.
        sums: Of each of their ``row_hashes``.
        also: What else belongs to it, such as the fields to be created.
    """
    told = "\x1f".join([str(rows), *map(str, sums), *also])
    return hashlib.sha256(told.encode()).hexdigest()[:16]
