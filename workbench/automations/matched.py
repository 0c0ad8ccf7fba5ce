"""The decision base beside what Pendo holds: one DuckDB table that conditions are tried on.

Its columns, for base column number n and planned field number i:

    k<n>  a base column that conditions look at      a<i>  the text the base asks for
    source, key, id                                  x<i>  whether its value cannot be one
    found, times: how many ids of Pendo's answer     b<i>  what Pendo holds
    in_base, was: written before by this automation  l<i>  what was written last
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench import sql
from workbench.automations.conditions import Column
from workbench.automations.matching import by_rules, keys_sql
from workbench.automations.outputs import desired
from workbench.automations.plan import PlannedField
from workbench.automations.values import plain_text
from workbench.errors import InputError
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.automations.model import Automation

NULL = "CAST(NULL AS VARCHAR)"


def required(automation: Automation, columns: Mapping[str, Column]) -> None:
    """Check that the base has the columns the document names.

    Raises:
        InputError: it lacks one.
    """
    read_from = automation.read_from
    wanted = {
        "Source ID": read_from.source_id,
        "the id in Pendo": automation.update.id_field,
        **{output.capitalize(): column for output, column in read_from.outputs.items()},
    }
    for purpose, column in wanted.items():
        if column is not None and column not in columns:
            raise InputError(
                f"{read_from.dataset} has no column {column[:80]}, which is to be {purpose}"
                f"{nearest(column, columns)}",
                hint=f"It has: {', '.join(list(columns)[:30])}.",
            )


def matched_sql(
    automation: Automation,
    fields: Sequence[PlannedField],
    columns: Mapping[str, Column],
    keep: Sequence[str],
    *,
    base: str,
    live_columns: Sequence[str],
    last_columns: Sequence[str] | None,
    zone: str,
) -> str:
    """SQL that makes the table ``matched`` from ``base``, ``live``, ``keys`` and ``last``.

    Args:
        keep: The base columns that conditions look at; ``k0`` is the first.
        last_columns: None where the automation has written nothing yet.
    """
    rules = automation.update.match
    id_column, source = (
        plain_text(columns[name].sql, columns[name].type)
        for name in (automation.id_column, automation.read_from.source_id)
    )
    asked = [desired(automation, field, columns, zone) for field in fields]
    read = [f"{columns[name].sql} AS k{n}" for n, name in enumerate(keep)]
    read += [f"{source} AS source", f"{by_rules(id_column, rules)} AS key"]
    for i, (text, impossible) in enumerate(asked):
        read += [f"{text} AS a{i}", f"{impossible} AS x{i}"]
    was = "last.id IS NOT NULL" if last_columns is not None else "false"
    shown = [
        "base.*",
        "coalesce(keys.id, base.key) AS id",
        "keys.id IS NOT NULL AS found",
        "coalesce(keys.times, 0) AS times",
        "true AS in_base",
        f"{was} AS was",
        *_standing(fields, live_columns, last_columns),
    ]
    join_last = " LEFT JOIN last ON last.id = keys.id" if last_columns is not None else ""
    return (
        "CREATE OR REPLACE TABLE matched AS "
        f"SELECT {', '.join(shown)} FROM (SELECT {', '.join(read)} FROM {base}) AS base "
        f"LEFT JOIN ({keys_sql('live', rules)}) AS keys ON keys.key = base.key "
        f"LEFT JOIN live ON live.id = keys.id{join_last}"
    )


def gone_sql(
    automation: Automation,
    fields: Sequence[PlannedField],
    columns: Mapping[str, Column],
    keep: Sequence[str],
    *,
    live_columns: Sequence[str],
    last_columns: Sequence[str],
) -> str:
    """SQL that adds to ``matched`` the records written before that the base has no more."""
    blank = [f"CAST(NULL AS {columns[name].type}) AS k{n}" for n, name in enumerate(keep)]
    blank += [f"{NULL} AS source", "last.id AS key"]
    for i in range(len(fields)):
        blank += [f"{NULL} AS a{i}", f"false AS x{i}"]
    shown = [
        *blank,
        "last.id AS id",
        "true AS found",
        "1 AS times",
        "false AS in_base",
        "true AS was",
        *_standing(fields, live_columns, last_columns),
    ]
    return (
        f"INSERT INTO matched SELECT {', '.join(shown)} FROM last JOIN live ON live.id = last.id "
        "WHERE last.id NOT IN (SELECT id FROM matched WHERE id IS NOT NULL)"
    )


def _standing(
    fields: Sequence[PlannedField], live: Sequence[str], last: Sequence[str] | None
) -> list[str]:
    standing = []
    for i, field in enumerate(fields):
        now = f"live.{sql.name(field.name)}" if field.name in live else NULL
        then = f"last.{sql.name(field.name)}" if last and field.name in last else NULL
        standing += [f"{now} AS b{i}", f"{then} AS l{i}"]
    return standing
