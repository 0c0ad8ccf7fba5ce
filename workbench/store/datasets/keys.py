"""Test the keys of incoming rows before anything is written. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.store.datasets.digest import Digest
from workbench.store.datasets.intake import Intake
from workbench.store.datasets.model import Update
from workbench.store.datasets.shapes import Leaf, kind_of, words
from workbench.store.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SAMPLE_ROWS = 10
"""Offending keys shown to a person."""
PARTITION_KINDS = ("date", "text", "whole", "yes_no")
"""What a partition's folder can be named after without losing anything."""


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What is wrong with the keys of the incoming rows."""

    nulls: int = 0
    duplicates: int = 0
    unusable: int = 0
    """Texts that Delta cannot tell from a null as a partition."""
    offending: pa.Table | None = None
    refusal: str = ""


def check_columns(intake: Intake, update: Update) -> None:
    """See that the key's columns exist and may be keys.

    Raises:
        InputError: a key column is absent, came as another type, or is a group or a list.
    """
    for name in update.key:
        if name not in intake.columns:
            raise InputError(
                f"The key column {name} does not exist",
                hint=f"There are: {', '.join(list(intake.columns)[:30])}.",
            )
        for drift in intake.drift:
            if drift.what == "kept apart" and drift.column == name:
                raise InputError(
                    f"The key column {name} was {drift.was} and came as {drift.became}",
                    hint="Use update method replace once, or bring the key in its first type.",
                )
        shape = intake.columns[name]
        allowed = PARTITION_KINDS if update.method == "partition" else None
        if not isinstance(shape, Leaf) or (allowed and shape.kind not in allowed):
            raise InputError(f"{name} is {words(shape)} and cannot be a key")
    if update.keep_days is not None and kind_of(intake.columns[update.key[0]]) != "date":
        raise InputError(f"keep_days needs a date key; {update.key[0]} is not a date")


def test_keys(
    connection: duckdb.DuckDBPyConnection, intake: Intake, update: Update, source: str
) -> KeyTest:
    """Count the incoming rows in ``source`` (SQL) whose key is null or was there before."""
    if not update.key:
        return KeyTest()
    keys = [quoted(name) for name in update.key]
    missing = " OR ".join(f"{key} IS NULL" for key in keys)
    listed = ", ".join(keys)
    unusable = " OR ".join(_unusable(intake, name) for name in update.key)
    [[nulls, lost]] = connection.execute(
        f"SELECT count(*) FILTER ({missing}), count(*) FILTER ({unusable}) FROM {source}"
    ).fetchall()
    duplicates = 0
    key = {name: intake.columns[name] for name in update.key}
    none = f"(SELECT * FROM {source} WHERE false)"
    if update.method != "partition" and Digest(connection, none, source, key).repeats_after():
        # Hashes only say where it is worth looking: what refuses a commit is counted exactly.
        [[duplicates]] = connection.execute(
            f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) n FROM {source} "
            f"WHERE NOT ({missing}) GROUP BY {listed} HAVING n > 1)"
        ).fetchall()
    lost = lost if update.method == "partition" else 0
    offending = None
    if nulls or duplicates:
        having = "" if update.method == "partition" else "count(*) > 1 OR "
        offending = connection.sql(
            f"SELECT {listed}, count(*) AS times FROM {source} GROUP BY {listed} "
            f"HAVING {having}({missing}) ORDER BY times DESC, {listed} LIMIT {SAMPLE_ROWS}"
        ).to_arrow_table()
    return KeyTest(nulls, duplicates, lost, offending, _refusal(update, nulls, duplicates, lost))


def _unusable(intake: Intake, name: str) -> str:
    if kind_of(intake.columns[name]) != "text":
        return "false"
    return f"{quoted(name)} IN ('', {literal('__HIVE_DEFAULT_PARTITION__')})"


def _refusal(update: Update, nulls: int, duplicates: int, unusable: int) -> str:
    key = ", ".join(update.key)
    if update.method not in ("merge", "partition"):
        return ""
    if nulls:
        return f"{nulls:,} incoming rows have no {key}, the key of the update method"
    if update.method == "merge" and duplicates:
        return f"{duplicates:,} incoming rows repeat a {key}, the key of the update method"
    return f"{unusable:,} incoming rows have an empty {key}" if unusable else ""


def refused(test: KeyTest) -> InputError:
    """The error for keys that cannot be used, with a sample."""
    shown = []
    for row in test.offending.to_pylist() if test.offending is not None else []:
        times = row.pop("times")
        shown.append(f"{', '.join(str(value) for value in row.values())} ({times:,} times)")
    return InputError(
        f"{test.refusal}; nothing was written",
        hint=f"For example: {'; '.join(shown[:3])}." if shown else "Choose another key.",
        details="\n".join(shown),
    )
