"""What Pendo's ids answer to under some rules: by hashes where these tell, by texts where not.

What a record is found by is what ``matching.keys_sql`` would find, but told in a fraction of its
time: few ids, or none, share what the rules make of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.automations.matching import by_rules

if TYPE_CHECKING:
    import duckdb

    from workbench.automations.model import MatchRule


ANSWERING = "SELECT exact AS hash FROM standing UNION ALL SELECT ruled FROM ruled"
"""SQL of the hashes of all that Pendo's ids answer to, while rules are laid on them."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Rules laid on the ids in ``standing``.

    The table ``ruled`` has the ids that the rules change, with ``ruled``, the hash of what they
    become; ``doubtful`` the hashes that more than one id answers to.
    """

    rules: tuple[MatchRule, ...]
    changes: bool
    """Whether the rules change any id."""
    doubtful: bool
    """Whether any hash is doubtful."""

    @property
    def sql(self) -> str:
        """SQL of ``key``, ``times`` and the row of ``standing``; each key once.

        ``times`` above 1: so many ids become this key, none of them exactly.
        """
        exact = "SELECT id AS key, 1 AS times, * FROM standing"
        if not self.changes:
            return exact
        key = by_rules("id", self.rules)
        clear = " AND hash(key) NOT IN (SELECT hash FROM doubtful)" if self.doubtful else ""
        told = f"{exact} UNION ALL SELECT {key} AS key, 1 AS times, * FROM standing "
        told += f"WHERE key <> id{clear}"
        return f"{told} UNION ALL {self._shared(key)}" if self.doubtful else told

    def _shared(self, key: str) -> str:
        return (
            "SELECT shared.key, shared.times, standing.* FROM "
            f"(SELECT key, min(id) AS id, count(*) AS times FROM (SELECT {key} AS key, id "
            "FROM standing) WHERE key <> id AND hash(key) IN (SELECT hash FROM doubtful) "
            "AND key NOT IN (SELECT id FROM standing WHERE exact IN (SELECT hash FROM doubtful)) "
            "GROUP BY key) AS shared JOIN standing ON standing.id = shared.id"
        )


def lay(connection: duckdb.DuckDBPyConnection, rules: Sequence[MatchRule]) -> Keys:
    """Lay rules on Pendo's ids, and find those that share what becomes of them."""
    key = by_rules("id", rules) if rules else "id"
    connection.execute(
        f"CREATE OR REPLACE TABLE ruled AS SELECT id, hash(key) AS ruled "
        f"FROM (SELECT id, {key} AS key FROM standing) WHERE key <> id"
    )
    [(changed,)] = connection.execute("SELECT count(*) FROM ruled").fetchall()
    return Keys(tuple(rules), bool(changed), bool(changed) and _find_doubtful(connection))


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was laid."""
    connection.execute("DROP TABLE IF EXISTS ruled")


def twice(connection: duckdb.DuckDBPyConnection, hashes: str) -> Any:
    """The numbers, each once, that stand more than once in the column ``hash`` of a query."""
    import numpy as np

    # Sorting a million numbers takes a tenth of what grouping them does.
    found = np.sort(connection.execute(hashes).fetchnumpy()["hash"])
    return np.unique(found[1:][found[1:] == found[:-1]])


def _find_doubtful(connection: duckdb.DuckDBPyConnection) -> bool:
    import pyarrow as pa

    doubtful = twice(connection, ANSWERING)
    connection.register("doubtful", pa.table({"hash": pa.array(doubtful, pa.uint64())}))
    return bool(len(doubtful))
