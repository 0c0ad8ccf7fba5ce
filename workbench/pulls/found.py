"""Columns for rows of which nothing is known beforehand: DuckDB finds what they hold."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.pulls import shapes
from workbench.pulls.recipe import Recipe, not_rows, select_rows
from workbench.sql import literals

if TYPE_CHECKING:
    import duckdb

OBJECT_BYTES = 16 << 20
"""The largest single row. DuckDB sizes its buffers by it, so it is tried last."""
SMALL_OBJECT_BYTES = 1 << 20
"""The row size tried first: keeps the reader's buffers, and so memory, small."""
OTHERS = "count(*) FILTER (json_type(json) IS DISTINCT FROM 'OBJECT')"
"""SQL: how many of ``objects_of`` are something else than rows."""


def files(spools: Sequence[Path]) -> str:
    """SQL for a list of files."""
    return literals(str(path) for path in spools)


def objects_of(spools: Sequence[Path], size: int = SMALL_OBJECT_BYTES) -> str:
    """SQL that reads each row of the spools as one JSON value."""
    return f"read_json_objects({files(spools)}, format='array', maximum_object_size={size})"


def types_of(select: str, cursor: "duckdb.DuckDBPyConnection") -> dict[str, str]:
    """DuckDB's type of each column of a query, which is not run."""
    return {row[0]: row[1] for row in cursor.execute(f"DESCRIBE {select}").fetchall()}


def found_columns(
    spools: Sequence[Path],
    recipe: Recipe,
    cursor: "duckdb.DuckDBPyConnection",
    *,
    with_huge: bool = False,
) -> str | None:
    """SQL for rows of which nothing is known beforehand; None where there are none."""
    import duckdb

    objects = objects_of(spools)
    try:
        structure = structure_of(objects, cursor)
    except duckdb.InvalidInputException as error:
        if "maximum_object_size" not in str(error):
            raise
        objects = objects_of(spools, OBJECT_BYTES)
        structure = structure_of(objects, cursor)
    if not structure:
        return None
    # Known columns first, in their order; what else came follows.
    ordered = {key: structure[key] for key in (*recipe.columns, *structure) if key in structure}
    moments: set[shapes.Path] = {(key,) for key, kind in recipe.columns.items() if kind == "moment"}
    moments |= set(shapes.app_times(ordered, recipe.auto_times))
    wanted = replace(recipe.wanted, moments=recipe.wanted.moments | moments)
    wanted = completed(ordered, wanted, objects, "json", cursor)
    if with_huge:
        wanted = replace(wanted, huge=_huge(ordered, objects, cursor))
    if recipe.flat:
        outputs = shapes.flattened(ordered, wanted, "metadata")
    else:
        outputs = shapes.outputs(ordered, wanted)
    bounds: list[str] = [key for key in ("day", "hour", "lastUpdatedAt") if key in ordered]
    found = {key: shapes.child(shapes.ROW, ordered, key) for key in bounds}
    return select_rows(
        outputs,
        shapes.rows(ordered, objects),
        recipe,
        found,
        lambda select: types_of(select, cursor),
    )


def structure_of(objects: str, cursor: "duckdb.DuckDBPyConnection") -> dict[str, shapes.Structure]:
    """What the rows hold; empty where there is nothing in them.

    Raises:
        BrokenAnswerError: some row is not an object.
    """
    answer = cursor.execute(
        f"SELECT json_group_structure(json)::VARCHAR, {OTHERS} FROM {objects}"
    ).fetchall()[0]
    if answer[1]:
        raise not_rows()
    structure = json.loads(answer[0]) if answer[0] else {}
    return structure if isinstance(structure, dict) else {}


def completed(
    structure: Mapping[str, shapes.Structure],
    wanted: shapes.Wanted,
    objects: str,
    value: str,
    cursor: "duckdb.DuckDBPyConnection",
) -> shapes.Wanted:
    """``wanted`` with what only the rows can say: kinds of mixed values, texts that are times."""
    mixed = list(shapes.paths_of("JSON", dict(structure)))
    texts = [path for path in shapes.paths_of("VARCHAR", dict(structure)) if path in wanted.moments]
    if not mixed and not texts:
        return wanted
    kinds = [f"list(DISTINCT json_type({shapes.at(path, value)}))" for path in mixed]
    reads = [
        f"bool_and(TRY_CAST({shapes.at(path, value)} ->> '$' AS TIMESTAMPTZ) IS NOT NULL) "
        f"FILTER (json_type({shapes.at(path, value)}) = 'VARCHAR')"
        for path in texts
    ]
    found = cursor.execute(f"SELECT {', '.join(kinds + reads)} FROM {objects}").fetchall()[0]
    of_kinds, of_reads = found[: len(mixed)], found[len(mixed) :]
    return replace(
        wanted,
        mixed={
            path: frozenset(kind for kind in each or () if kind)
            for path, each in zip(mixed, of_kinds, strict=True)
        },
        parsed=frozenset(path for path, each in zip(texts, of_reads, strict=True) if each),
    )


def _huge(
    structure: Mapping[str, shapes.Structure], objects: str, cursor: "duckdb.DuckDBPyConnection"
) -> frozenset[shapes.Path]:
    """Paths of whole numbers that do not fit 64 signed bits."""
    paths = [path for kind in shapes.WHOLE for path in shapes.paths_of(kind, dict(structure))]
    largest = ", ".join(
        f"max(({shapes.at(path, 'json')} ->> '$')::HUGEINT) > {2**63 - 1}" for path in paths
    )
    found = cursor.execute(f"SELECT {largest} FROM {objects}").fetchall()[0]
    return frozenset(path for path, huge in zip(paths, found, strict=True) if huge)


def last_id(
    spool: Path, id_field: str, cursor: "duckdb.DuckDBPyConnection"
) -> tuple[int, str | None]:
    """How many rows a page holds, and the largest id among them, compared by bytes.

    Raises:
        BrokenAnswerError: the page is not rows.
    """
    import duckdb

    def ask(size: int) -> tuple[int, str | None]:
        # Not with the id as the only column of ``read_json``: passing over the others key by key
        # takes that three times as long.
        asked = (
            f"SELECT count(*), max({shapes.at((id_field,), 'json')} ->> '$'), {OTHERS} "
            f"FROM {objects_of([spool], size)}"
        )
        rows, last, others = cursor.execute(asked).fetchall()[0]
        if others:
            raise not_rows()
        return int(rows), last

    try:
        return ask(SMALL_OBJECT_BYTES)
    except duckdb.InvalidInputException as error:
        if "maximum_object_size" not in str(error):
            raise not_rows() from error
        return ask(OBJECT_BYTES)
