"""What every plan has: a verdict in words, and a fingerprint of what would be written. Pure.

A plan is a value: code that decides makes it, code that does carries it out unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench import sql

if TYPE_CHECKING:
    import duckdb


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


def fingerprint(
    connection: duckdb.DuckDBPyConnection, cells: str, columns: Sequence[str], *, also: str = ""
) -> str:
    """Sixteen hex digits that differ when what would be written differs, in whatever order.

    Args:
        cells: SQL to stand after FROM, a row for each thing that would be written.
        columns: The text columns that say what; null and the empty text are two values.
        also: What else belongs to it, such as fields to be created.
    """
    # The length before each text keeps ("ab", "c") and ("a", "bc") apart.
    parts = [f"coalesce(length({c}) || ':' || {c}, '-')" for c in map(sql.name, columns)]
    row = f"concat({', '.join(parts)})"
    # Sums do not depend on the order; two independent ones leave no room for chance.
    query = (
        f"SELECT count(*), sum(hash({row})::HUGEINT), sum(hash({row}, 'again')::HUGEINT) "
        f"FROM {cells}"
    )
    told = connection.execute(query).fetchone()
    return hashlib.sha256(f"{told}|{also}".encode()).hexdigest()[:16]
