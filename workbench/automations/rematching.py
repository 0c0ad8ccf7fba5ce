"""Other rules for ids: only the records that they find elsewhere move in ``matched``.

Ids are compared as hashes first, as numbers are cheaper than texts; what two of Pendo's ids might
share is decided on the texts. What a record is found by is what ``keys_sql`` would find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.automations.matching import by_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from workbench.automations.matched import Match
    from workbench.automations.model import MatchRule

MOST_MOVED = 0.5
"""Share of the records moved one by one when the rules for ids change; for more, joining base and
Pendo anew costs less."""


def rematched(connection: duckdb.DuckDBPyConnection, match: Match) -> bool:
    """Bring ``matched``, made with other rules, to those of ``match``; False: make it anew.

    No id stands twice in the base.
    """
    try:
        return _rematched(connection, match)
    finally:
        for table in ("keyed", "undecided", "elsewhere"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")


def _rematched(connection: duckdb.DuckDBPyConnection, match: Match) -> bool:
    rules = match.automation.update.match
    connection.execute(f"CREATE OR REPLACE TABLE keyed AS {keyed_sql(rules)}")
    doubtful = _find_doubtful(connection)
    connection.execute(f"CREATE OR REPLACE TABLE undecided AS {open_sql(rules, doubtful)}")
    undecided, of = _one(connection, f"SELECT count(*), ({RECORDS}) FROM undecided")
    if not undecided:
        return True
    most = of * MOST_MOVED
    if undecided > most and _one(connection, CROSSING)[0] > most:
        return False
    connection.execute(f"CREATE OR REPLACE TABLE moved AS {moved_sql(rules)}")
    moved, elsewhere = _one(connection, "SELECT count(*), count(*) FILTER (NOT renamed) FROM moved")
    if elsewhere > most:
        return False
    if moved > elsewhere:
        connection.execute(RENAME)
    if elsewhere:
        _move(connection, match)
    return not moved or not repeats(connection, "id", "id IN (SELECT becomes FROM moved)")


RECORDS = "SELECT count(*) FROM matched"
CROSSING = (
    "SELECT count(*) FROM undecided WHERE found <> coalesce(hash(now) IN "
    "(SELECT exact FROM keyed UNION ALL SELECT ruled FROM keyed WHERE ruled IS NOT NULL), false)"
)
"""Records that are found now and were not, or the other way about: told without any text."""
RENAME = (
    "UPDATE matched SET id = moved.becomes FROM moved "
    "WHERE moved.renamed AND in_base AND matched.given = moved.given"
)
"""A record that Pendo did not know and does not know now is only called otherwise."""


def repeats(connection: duckdb.DuckDBPyConnection, column: str, where: str = "true") -> bool:
    """Whether a text stands twice in a column of the base's records."""
    counted = f"count({column}) - count(DISTINCT {column})"
    return bool(_one(connection, f"SELECT {counted} FROM matched WHERE in_base AND {where}")[0])


def keyed_sql(rules: Sequence[MatchRule]) -> str:
    """SQL of Pendo's ids with ``exact``, their hash, and ``ruled``, that of the id after the rules.

    ``ruled`` is null where the rules leave the id as it is, or nothing of it.
    """
    key = by_rules("id", rules)
    return (
        f"SELECT id, hash(id) AS exact, CASE WHEN key <> id THEN hash(key) END AS ruled "
        f"FROM (SELECT id, {key if rules else 'id'} AS key FROM live)"
    )


def _find_doubtful(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make a table of the hashes that more than one id answers to; whether there are any."""
    import numpy as np
    import pyarrow as pa

    # Sorting a million numbers takes a tenth of what grouping them does.
    found = connection.execute(
        "SELECT exact AS hash FROM keyed UNION ALL SELECT ruled FROM keyed WHERE ruled IS NOT NULL"
    ).fetchnumpy()["hash"]
    hashes = np.sort(found)
    twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    connection.register("doubtful", pa.table({"hash": pa.array(twice, pa.uint64())}))
    return bool(len(twice))


def open_sql(rules: Sequence[MatchRule], doubtful: bool) -> str:
    """SQL of the records of ``matched`` that these rules may find elsewhere, or nowhere.

    Left out are those whose id becomes what the id they were found by becomes, and no other.
    """
    shared = " OR hash(now) IN (SELECT hash FROM doubtful)" if doubtful else ""
    return (
        f"SELECT given, id, found, times, {by_rules('given', rules)} AS now FROM matched "
        "WHERE in_base AND given IS NOT NULL AND (NOT found OR times <> 1 OR now IS NULL "
        f"OR (given <> id AND now IS DISTINCT FROM {by_rules('id', rules)}){shared})"
    )


def moved_sql(rules: Sequence[MatchRule]) -> str:
    """SQL of the ids in ``undecided`` that are found otherwise now.

    Gives ``given``, ``id`` of Pendo's or null, ``times``, ``becomes``: what the record is called
    then, and ``renamed``: whether nothing else is different.
    """
    near = "(SELECT hash(now) FROM undecided WHERE now IS NOT NULL)"
    key = by_rules("id", rules)
    return (
        f"WITH exact AS MATERIALIZED (SELECT id FROM keyed WHERE keyed.exact IN {near} "
        "AND id IN (SELECT now FROM undecided)), "
        f"ruled AS MATERIALIZED (SELECT {key} AS key, id FROM keyed WHERE keyed.ruled IN {near}), "
        "keys AS (SELECT id AS key, id, 1 AS times FROM exact UNION ALL "
        "SELECT key, min(id), count(*) FROM ruled WHERE key NOT IN (SELECT id FROM exact) "
        "GROUP BY key) "
        "SELECT DISTINCT given, keys.id, keys.times, coalesce(keys.id, now) AS becomes, "
        "NOT undecided.found AND keys.id IS NULL AS renamed "
        "FROM undecided LEFT JOIN keys ON keys.key = undecided.now "
        "WHERE undecided.id IS DISTINCT FROM becomes "
        "OR undecided.times <> coalesce(keys.times, 0) OR undecided.found <> (keys.id IS NOT NULL)"
    )


def _move(connection: duckdb.DuckDBPyConnection, match: Match) -> None:
    connection.execute("CREATE OR REPLACE TABLE elsewhere AS SELECT * FROM moved WHERE NOT renamed")
    connection.execute("DELETE FROM matched WHERE given IN (SELECT given FROM elsewhere)")
    connection.execute(match.add_moved())
    if match.last is not None:
        connection.execute("DELETE FROM matched WHERE NOT in_base")
        connection.execute(match.add_gone())


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    # All of it: a result left open keeps the connection from its next use.
    [row] = connection.execute(query).fetchall()
    return tuple(row)
