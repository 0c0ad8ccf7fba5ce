"""Column statistics: what each column of a dataset holds, in two passes over it and no more.

The first pass counts, measures and finds likely most frequent values; the second counts those
exactly. Nested columns are described by their parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.explore.columns import Part, Sort, parts_of
from workbench.explore.engine import Scannable, first_row, looking
from workbench.sql import literals

if TYPE_CHECKING:
    import duckdb

EXACT_ROWS = 2_000_000
"""Up to so many rows medians are exact; beyond, a sketch of fixed size is read instead."""
EXACT_VALUES = 5_000
"""Columns with at most so many different values are counted whole for their most frequent ones."""
CANDIDATES = 25
"""Of columns with more different values, this many likely ones are counted."""
TOP = 5
"""Most frequent values shown (B-59)."""
COLUMNS_AT_ONCE = 80
"""Parts described by one query: thousands of aggregates at once would each hold memory."""


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """One column, or one field of a nested column. What does not apply to its sort is None."""

    column: str
    sort: Sort
    type: str
    nulls: int
    distinct: int | None = None
    """About how many different values."""
    least: Any = None
    most: Any = None
    """Smallest and largest number, first and last time, first and last text of the alphabet."""
    average: float | None = None
    median: float | None = None
    quartiles: tuple[float, float] | None = None
    """A quarter of the values lie below the first, a quarter above the second."""
    deviation: float | None = None
    """Standard deviation of the values present."""
    shortest: int | None = None
    longest: int | None = None
    average_length: float | None = None
    """Characters of a text, or entries of a list or map."""
    frequent: tuple[tuple[str, int], ...] = ()
    """The most frequent values and how often each occurs; empty where every value differs."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """All columns of one version."""

    rows: int
    columns: tuple[ColumnStatistics, ...]
    exact: bool
    """Whether medians and quartiles are exact; the distinct counts never are."""


def column_statistics(datasets: Scannable, name: str, version: int | None = None) -> Statistics:
    """Describe every column of a dataset.

    Raises:
        InputError: there is no such dataset or version.
    """
    scan = datasets.scan(name, version)
    with looking(datasets) as connection:
        rows = int(first_row(connection, f"SELECT count(*) AS rows FROM {scan}")["rows"])
        parts = parts_of(connection, scan)
        exact = rows <= EXACT_ROWS
        columns: list[ColumnStatistics] = []
        for start in range(0, len(parts), COLUMNS_AT_ONCE):
            some = parts[start : start + COLUMNS_AT_ONCE]
            columns += _described(connection, scan, some, exact=exact)
    return Statistics(rows, tuple(columns), exact)


def _described(
    connection: duckdb.DuckDBPyConnection, scan: str, parts: Sequence[Part], *, exact: bool
) -> list[ColumnStatistics]:
    wanted = [
        f"{sql} AS {key}_{at}"
        for at, part in enumerate(parts)
        for key, sql in _measures(part, exact=exact).items()
    ]
    measured = first_row(connection, f"SELECT {', '.join(wanted)} FROM {scan}")
    facts = [_of(measured, at) for at in range(len(parts))]
    frequent = _frequent(connection, scan, parts, facts)
    return [_statistics(*each) for each in zip(parts, facts, frequent, strict=True)]


def _distinct(fact: Mapping[str, Any]) -> int | None:
    """The estimate, which may be a little off, but never above the number of values."""
    estimate = fact.get("distinct")
    return None if estimate is None else min(int(estimate), int(fact["present"]))


def _measures(part: Part, *, exact: bool) -> dict[str, str]:
    """Aggregates for one part, by the name of what they tell."""
    column, quantile = part.sql, "quantile_cont" if exact else "approx_quantile"
    told = {"nulls": f"count(*) - count({column})", "present": f"count({column})"}
    if part.sort in ("list", "map"):
        length = f"len({column})" if part.sort == "list" else f"cardinality({column})"
        return told | _lengths(length)
    if part.sort in ("nested", "other"):
        return told
    told |= {"distinct": f"approx_count_distinct({column})"}
    told |= {"likely": f"approx_top_k({column}::VARCHAR, {CANDIDATES})"}
    if part.sort == "yes/no":
        return told
    told |= {"least": f"min({column})", "most": f"max({column})"}
    if part.sort == "text":
        return told | _lengths(f"length({column})")
    if part.sort == "number":
        finite = f"{column}::DOUBLE) FILTER (isfinite({column}::DOUBLE)"
        return told | {
            "average": f"avg({finite})",
            "quantiles": f"{quantile}({column}::DOUBLE, [0.25, 0.5, 0.75])",
            "deviation": f"stddev_samp({finite})",
        }
    return told


def _lengths(length: str) -> dict[str, str]:
    return {
        "shortest": f"min({length})",
        "longest": f"max({length})",
        "average_length": f"avg({length})",
    }


def _of(measured: Mapping[str, Any], at: int) -> dict[str, Any]:
    suffix = f"_{at}"
    return {key.removesuffix(suffix): measured[key] for key in measured if key.endswith(suffix)}


def _frequent(
    connection: duckdb.DuckDBPyConnection,
    scan: str,
    parts: Sequence[Part],
    facts: Sequence[Mapping[str, Any]],
) -> list[tuple[tuple[str, int], ...]]:
    """The most frequent values of each part, counted in one pass."""
    counts = {
        at: _histogram(part, fact)
        for at, (part, fact) in enumerate(zip(parts, facts, strict=True))
        if fact.get("likely")
    }
    if not counts:
        return [()] * len(parts)
    listed = ", ".join(f"{sql} AS top_{at}" for at, sql in counts.items())
    counted = first_row(connection, f"SELECT {listed} FROM {scan}")
    return [_repeated(counted.get(f"top_{at}")) for at in range(len(parts))]


def _histogram(part: Part, fact: Mapping[str, Any]) -> str:
    """SQL for up to five (times, value) pairs, most frequent first."""
    text = f"{part.sql}::VARCHAR"
    only = ""
    if int(fact["distinct"] or 0) > EXACT_VALUES:
        only = f" FILTER (list_contains({literals(fact['likely'])}, {text}))"
    entries = f"map_entries(histogram({text}){only})"
    pairs = f"list_transform({entries}, lambda e: {{'n': e.value::BIGINT, 'v': e.key}})"
    return f"list_slice(list_reverse_sort({pairs}), 1, {TOP})"


def _repeated(pairs: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, int], ...]:
    """Values with their counts; nothing where no value occurs twice, for that says nothing."""
    if not pairs or pairs[0]["n"] < 2:
        return ()
    return tuple((str(pair["v"]), int(pair["n"])) for pair in pairs)


def _statistics(
    part: Part, fact: Mapping[str, Any], frequent: tuple[tuple[str, int], ...]
) -> ColumnStatistics:
    quantiles = fact.get("quantiles")
    return ColumnStatistics(
        column=part.title,
        sort=part.sort,
        type=part.type,
        nulls=int(fact["nulls"]),
        distinct=_distinct(fact),
        least=fact.get("least"),
        most=fact.get("most"),
        average=fact.get("average"),
        median=quantiles[1] if quantiles else None,
        quartiles=(quantiles[0], quantiles[2]) if quantiles else None,
        deviation=fact.get("deviation"),
        shortest=fact.get("shortest"),
        longest=fact.get("longest"),
        average_length=fact.get("average_length"),
        frequent=frequent,
    )
