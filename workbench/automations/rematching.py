"""Other rules for ids: only the records that they find elsewhere move in ``matched``.

Ids are compared as hashes first, as numbers are cheaper than texts; what two of Pendo's ids might
share is decided on the texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.automations.keys import ANSWERING, twice
from workbench.automations.matching import by_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from workbench.automations.keys import Keys
    from workbench.automations.matched import Match
    from workbench.automations.model import MatchRule

MOST_MOVED = 0.5
"""Share of the records moved one by one when the rules for ids change; for more, joining base and
Pendo anew costs less."""
SAMPLED = 16
"""One record in so many is looked at to tell, at little cost, that nearly all of them move."""


def rematched(connection: duckdb.DuckDBPyConnection, match: Match, keys: Keys) -> bool:
    """Bring ``matched``, made with other rules, to those of ``match``; False: make it anew.

    No id stands twice in the base.
    """
    try:
        return _rematched(connection, match, keys)
    finally:
        for table in ("undecided", "elsewhere"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")


def _rematched(connection: duckdb.DuckDBPyConnection, match: Match, keys: Keys) -> bool:
    most = _one(connection, RECORDS)[0] * MOST_MOVED
    if _swing(connection, keys, most / SAMPLED) * SAMPLED > most:
        return False
    connection.execute(f"CREATE OR REPLACE TABLE undecided AS {open_sql(keys)}")
    [undecided] = _one(connection, "SELECT count(*) FROM undecided")
    if not undecided:
        return True
    if undecided > most and _one(connection, CROSSING)[0] > most:
        return False
    connection.execute(f"CREATE OR REPLACE TABLE moved AS {moved_sql(keys.rules)}")
    moved, elsewhere = _one(connection, "SELECT count(*), count(*) FILTER (NOT renamed) FROM moved")
    if elsewhere > most:
        return False
    if moved > elsewhere:
        connection.execute(RENAME)
    if elsewhere:
        _move(connection, match)
    return not moved or not repeats(connection, "id", MOVED_TO)


def _swing(connection: duckdb.DuckDBPyConnection, keys: Keys, most: float) -> int:
    """How many more records of a sample are found now than were, or fewer."""
    sample = f"FROM matched WHERE in_base AND rowid % {SAMPLED} = 0"
    now = f"SELECT DISTINCT hash({by_rules('given', keys.rules)}) AS hash {sample}"
    [were] = _one(connection, f"SELECT count(*) FILTER (found) {sample}")
    if keys.changes and were > most:
        # Rules that change both sides alike mostly find what was found: not worth asking.
        return 0
    [are] = _one(
        connection,
        f"SELECT count(*) FROM ({ANSWERING}) AS known WHERE hash IN (SELECT hash FROM ({now}))",
    )
    return abs(int(are) - int(were))


RECORDS = "SELECT count(*) FROM matched"
MOVED_TO = "matched WHERE in_base AND id IN (SELECT becomes FROM moved)"
CROSSING = (
    f"SELECT count(*) FROM undecided WHERE found <> coalesce(hash(now) IN ({ANSWERING}), false)"
)
"""Records that are found now and were not, or the other way about: told without any text."""
RENAME = (
    "UPDATE matched SET id = moved.becomes FROM moved "
    "WHERE moved.renamed AND in_base AND matched.given = moved.given"
)
"""A record that Pendo did not know and does not know now is only called otherwise."""


def repeats(connection: duckdb.DuckDBPyConnection, column: str, rows: str) -> bool:
    """Whether a text stands twice in a column of some rows."""
    texts = f"SELECT {column} AS text FROM {rows}"
    hashes = f"SELECT hash(text) AS hash FROM ({texts}) WHERE text IS NOT NULL"
    if not len(twice(connection, hashes)):
        return False
    counted = f"count({column}) - count(DISTINCT {column})"
    return bool(_one(connection, f"SELECT {counted} FROM {rows}")[0])


def open_sql(keys: Keys) -> str:
    """SQL of the records of ``matched`` that these rules may find elsewhere, or nowhere.

    Left out are those whose id becomes what the id they were found by becomes, and no other.
    """
    rules = keys.rules
    shared = " OR hash(now) IN (SELECT hash FROM doubtful)" if keys.doubtful else ""
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
        f"WITH exactly AS MATERIALIZED (SELECT id FROM standing WHERE exact IN {near} "
        "AND id IN (SELECT now FROM undecided)), "
        f"by_rule AS MATERIALIZED (SELECT {key} AS key, id FROM ruled "
        f"WHERE ruled.ruled IN {near}), "
        "keys AS (SELECT id AS key, id, 1 AS times FROM exactly UNION ALL "
        "SELECT key, min(id), count(*) FROM by_rule WHERE key NOT IN (SELECT id FROM exactly) "
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
