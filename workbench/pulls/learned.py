"""The quick way to read event rows: with the columns learned from the slices before.

Reading with columns given is several times faster than finding them, but DuckDB passes over a key
it was not told of. So the quick way proves itself by counting: every key of the answer, and every
key whose value is a text, counted while they came, must be found again among the cells written.
Where the counts differ, the slice is looked at as a whole and what is new is learned.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from workbench.pendo.body import Keys
from workbench.pulls import shapes
from workbench.pulls.found import SMALL_OBJECT_BYTES, files, objects_of, types_of
from workbench.pulls.recipe import Recipe, not_rows, select_rows
from workbench.pulls.sources import ColumnType
from workbench.sql import literal, name

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 2_000
"""Enough to meet nearly every key that events have; what is missed is noticed by counting."""
NOT_AN_OBJECT = "\x00"
"""Stands for a row that is no object among the keys found; no JSON key can be just this."""

_READ_AS: dict[ColumnType, str] = {
    "text": "VARCHAR",
    # As decimals, because DuckDB would round 1.5 to a whole number without a word.
    "whole": "DOUBLE",
    "number": "DOUBLE",
    # Pendo's clock ticks in whole milliseconds: there is nothing to round.
    "moment": "BIGINT",
    "day": "BIGINT",
}


@dataclass
class Learned:
    """What the slices of one pull have held so far; shared by its threads."""

    keys: frozenset[str] = frozenset()
    free: dict[str, shapes.Structure] = field(default_factory=dict)
    """The structure of each column that the catalogue does not know."""
    lock: Lock = field(default_factory=Lock)

    def so_far(self) -> "tuple[frozenset[str], dict[str, shapes.Structure]]":
        """Keys and structures that belong together, while other threads learn more."""
        with self.lock:
            return self.keys, self.free

    def add(self, keys: set[str], free: Mapping[str, shapes.Structure]) -> None:
        """Remember what one more slice holds."""
        with self.lock:
            self.keys |= keys
            self.free = {
                key: shapes.together(self.free.get(key, "NULL"), free.get(key, "NULL"))
                for key in (*self.free, *(key for key in free if key not in self.free))
            }


def quick_columns(
    spools: Sequence[Path],
    recipe: Recipe,
    learned: Learned,
    cursor: "duckdb.DuckDBPyConnection",
) -> str | None:
    """SQL that reads the rows with the columns learned; None where nothing is learned yet."""
    keys, free = learned.so_far()
    if not keys or len({key.casefold() for key in keys}) < len(keys):
        return None
    known = {key: kind for key, kind in recipe.columns.items() if key in keys and key not in free}
    if not all(_is_quick(structure) for structure in free.values()):
        return None
    read = {key: _READ_AS[kind] for key, kind in known.items()}
    read |= {key: _type_of(structure) for key, structure in free.items()}
    columns = ", ".join(f"{name(key)}: {literal(kind)}" for key, kind in read.items())
    source = (
        f"read_json({files(spools)}, format='array', "
        f"maximum_object_size={SMALL_OBJECT_BYTES}, columns={{{columns}}})"
    )
    outputs = [shapes.Output(key, _known(key, kind)) for key, kind in known.items()]
    outputs += [
        shapes.Output(key, _rebuilt(name(key), structure)) for key, structure in free.items()
    ]
    found = {key: name(key) for key in keys}
    return select_rows(outputs, source, recipe, found, lambda sql: types_of(sql, cursor))


def learn(
    spools: Sequence[Path],
    recipe: Recipe,
    learned: Learned,
    cursor: "duckdb.DuckDBPyConnection",
    *,
    rows: int | None = None,
) -> None:
    """Look at every key of every row, or of the first ``rows``, and remember what is there.

    Raises:
        BrokenAnswerError: some row is not an object.
    """
    objects = objects_of(spools)
    if rows is not None:
        objects = f"(FROM {objects} LIMIT {rows})"
    keys = (
        "CASE WHEN json_type(json) = 'OBJECT' THEN json_keys(json) "
        f"ELSE [{literal(NOT_AN_OBJECT)}] END"
    )
    found = cursor.execute(f"SELECT DISTINCT unnest({keys}) FROM {objects}").fetchall()
    present = {row[0] for row in found}
    if NOT_AN_OBJECT in present:
        raise not_rows()
    unknown = [key for key in sorted(present) if recipe.columns.get(key, "object") == "object"]
    free: dict[str, shapes.Structure] = {}
    if unknown:
        asked = ", ".join(
            f"json_group_structure({shapes.at((key,), 'json')})::VARCHAR" for key in unknown
        )
        answers = cursor.execute(f"SELECT {asked} FROM {objects}").fetchall()[0]
        free = {
            key: json.loads(answer) if answer else "NULL"
            for key, answer in zip(unknown, answers, strict=True)
        }
    learned.add(present, free)


def proven(
    part: Path, rows: int, keys: Keys, learned: Learned, cursor: "duckdb.DuckDBPyConnection"
) -> bool:
    """Whether every key counted in the answer is found again among the cells of the part."""
    source = f"read_parquet({literal(str(part))})"
    cells = [cell for cell in _cells(part, cursor) if cell[0] != "day"]
    every = sum(count for _, count, _ in cells) + (rows if "day" in learned.keys else 0)
    types = types_of(f"SELECT * FROM {source}", cursor)
    if groups := _groups(types):
        counted = ", ".join(f"count({group})" for group in groups)
        every += sum(cursor.execute(f"SELECT {counted} FROM {source}").fetchall()[0])
    return every == keys.all and sum(count for _, count, text in cells if text) == keys.texts


def _cells(part: Path, cursor: "duckdb.DuckDBPyConnection") -> list[tuple[str, int, bool]]:
    """Each leaf column of a part: its path, its cells that are not null, whether they are texts."""
    return cursor.execute(
        "SELECT path_in_schema, sum(num_values - stats_null_count)::BIGINT, "
        f"first(type) = 'BYTE_ARRAY' FROM parquet_metadata({literal(str(part))}) "
        "GROUP BY path_in_schema"
    ).fetchall()


def _groups(types: Mapping[str, str]) -> list[str]:
    """The columns that are objects: a key of the answer each, though not a leaf of the part."""
    return [name(column) for column, kind in types.items() if kind.startswith("STRUCT")]


def _is_quick(structure: shapes.Structure, *, nested: bool = False) -> bool:
    """Whether values of this structure can be read with given columns and proven by counting."""
    if isinstance(structure, dict):
        # One level: objects within objects would each need a count of their own.
        return (
            not nested
            and 0 < len(structure) <= shapes.MANY_KEYS
            and not shapes.clashes(structure)
            and all(_is_quick(below, nested=True) for below in structure.values())
        )
    return structure in ("VARCHAR", "BOOLEAN", "NULL", *shapes.NUMBERS)


def _type_of(structure: shapes.Structure) -> str:
    """The DuckDB type to read a quick structure as."""
    if isinstance(structure, dict):
        members = ", ".join(f"{name(key)} {_type_of(below)}" for key, below in structure.items())
        return f"STRUCT({members})"
    assert isinstance(structure, str)
    if structure in shapes.WHOLE:
        return "DOUBLE"
    return "VARCHAR" if structure == "NULL" else structure


def _rebuilt(value: str, structure: shapes.Structure) -> str:
    """SQL for a quick structure as it goes into the part."""
    if structure in shapes.WHOLE:
        return _whole(value)
    if not isinstance(structure, dict) or not any(b in shapes.WHOLE for b in structure.values()):
        return value
    members = ", ".join(
        f"{name(key)} := {_rebuilt(f'struct_extract({value}, {literal(key)})', below)}"
        for key, below in structure.items()
    )
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({members}) END"


def _known(key: str, kind: ColumnType) -> str:
    """SQL for one column of the catalogue."""
    if kind == "moment":
        return f"make_timestamptz({name(key)} * 1000)"
    return _whole(name(key)) if kind == "whole" else name(key)


def _whole(value: str) -> str:
    """A number read as a decimal, as a whole one; stops at a fraction, or beyond 2^53."""
    uncertain = f"{value} <> trunc({value}) OR abs({value}) > {2**53}"
    return f"CASE WHEN {uncertain} THEN error('not whole')::BIGINT ELSE {value}::BIGINT END"
