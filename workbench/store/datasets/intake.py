"""Incoming files beside the dataset they are meant for, brought to common columns. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.store.datasets.casts import expression, nothing, projection, taken_as_is
from workbench.store.datasets.drift import Columns, drifts, grown, unite
from workbench.store.datasets.log import DataFile, Snapshot, as_text
from workbench.store.datasets.model import Drift, Part
from workbench.store.datasets.probes import disputed, looked_into
from workbench.store.datasets.scan import FILE_COLUMN, files_sql, paths_sql
from workbench.store.datasets.shapes import (
    Leaf,
    Shape,
    columns_of,
    nodes,
    shape_of,
    sql_type,
    with_leaves,
)
from workbench.store.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_PASSES = 8
"""Uniting columns again with what was united settles after two; more would be a fault of ours."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One incoming file and its columns; ``given`` columns are not in it."""

    path: Path
    rows: int
    columns: Mapping[str, Shape]
    spelled: tuple[str, ...]
    """The file's own columns as DuckDB names them, where letter case makes it rename one."""
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def own(self) -> dict[str, Shape]:
        """The columns the file itself has."""
        return {name: shape for name, shape in self.columns.items() if name not in self.given}


@dataclass(frozen=True, slots=True)
class Intake:
    """Incoming files and a dataset, under the columns the next version will have."""

    standing: Snapshot | None
    table: Columns
    """The dataset's columns, with what had to be found out about them."""
    arrived: tuple[Arrived, ...]
    columns: Columns
    drift: tuple[Drift, ...]

    @property
    def rows_before(self) -> int:
        """Rows of the dataset as it stands."""
        return self.standing.rows if self.standing else 0

    @property
    def rows_incoming(self) -> int:
        """Rows of all incoming files."""
        return sum(part.rows for part in self.arrived)

    @property
    def retyped(self) -> bool:
        """Whether a column's type changes in place, so that standing files are written again."""
        return any(not grown(shape, self.columns[name]) for name, shape in self.table.items())

    def as_is(self, part: Arrived) -> bool:
        """Whether the file's own columns may stand in the dataset unchanged."""
        return tuple(part.own) == part.spelled and taken_as_is(part.own, self.columns)

    def standing_sql(self, files: Iterable[DataFile] | None = None, *, named: bool = False) -> str:
        """The standing rows (of some files) under the next version's columns."""
        if self.standing is None:
            return f"(SELECT {_nothings(self.columns)} WHERE false)"
        chosen = self.standing.files if files is None else files
        source = files_sql(self.standing, chosen, named=named)
        selected = [
            f"{expression(quoted(name), self.table[name], shape)} AS {quoted(name)}"
            if name in self.table
            else f"{nothing(shape)} AS {quoted(name)}"
            for name, shape in self.columns.items()
        ]
        if named:
            selected.append(quoted(FILE_COLUMN))
        return f"(SELECT {', '.join(selected)} FROM {source})"

    def incoming_sql(self, parts: Sequence[Arrived] | None = None) -> str:
        """Incoming rows (of some files) under the next version's columns."""
        groups: dict[tuple[object, ...], list[Arrived]] = {}
        for part in self.arrived if parts is None else parts:
            alike = (tuple(part.columns.items()), part.spelled, tuple(part.given))
            groups.setdefault(alike, []).append(part)
        if not groups:
            return f"(SELECT {_nothings(self.columns)} WHERE false)"
        return f"({' UNION ALL '.join(self._group_sql(group) for group in groups.values())})"

    def _group_sql(self, parts: list[Arrived]) -> str:
        """Rows of files with the same columns; what a file was given is joined by its name."""
        first = parts[0]
        source = f"read_parquet({paths_sql(part.path for part in parts)}, union_by_name=true"
        if not first.given:
            selected = projection(first.columns, self.columns, spelled=first.spelled)
            return f"SELECT {selected} FROM {source}, hive_partitioning=false)"
        names = list(first.given)
        given = {name: f"__given.g{index}" for index, name in enumerate(names)}
        rows = ", ".join(_given_row(part) for part in parts)
        header = ", ".join(["__path", *(f"g{index}" for index in range(len(names)))])
        selected = projection(first.columns, self.columns, spelled=first.spelled, given=given)
        return (
            f"SELECT {selected} FROM {source}, hive_partitioning=false, "
            f"filename={literal(FILE_COLUMN)}) "
            f"JOIN (VALUES {rows}) __given({header}) ON {quoted(FILE_COLUMN)} = __given.__path"
        )


def _given_row(part: Arrived) -> str:
    values = [given_sql(value, part.columns[name]) for name, value in part.given.items()]
    return f"({', '.join([literal(str(part.path.absolute())), *values])})"


def given_sql(value: object, shape: Shape) -> str:
    """A value that is not in a file, as SQL of the column's type."""
    text = as_text(value)
    return f"CAST({'NULL' if text is None else literal(text)} AS {sql_type(shape)})"


def _nothings(columns: Columns) -> str:
    return ", ".join(f"{nothing(shape)} AS {quoted(name)}" for name, shape in columns.items())


def take_in(
    connection: duckdb.DuckDBPyConnection,
    standing: Snapshot | None,
    parts: Sequence[Part],
    *,
    anew: bool = False,
) -> Intake:
    """Read the files' headers, look into what their types leave open, and unite the columns.

    With ``anew`` the dataset's columns do not matter: the files' alone are the next version's.

    Raises:
        InputError: a file is not Parquet, or there is no column at all.
    """
    arrived = [_arrive(connection, part) for part in parts]
    table = dict(standing.columns) if standing and not anew else {}
    paths = disputed([table, *(part.columns for part in arrived)])
    if standing and table and _concerned(table, paths):
        table = looked_into(connection, files_sql(standing, standing.files), table, paths)
    arrived = [_settle(connection, part, paths) for part in arrived]
    kinds = _kinds(arrived)
    columns = _united(table, kinds)
    if not columns:
        raise InputError(
            "There is nothing to make a dataset of: no file, so no column",
            hint="Ask for days that have rows.",
        )
    drift = drifts(table, kinds, columns)
    return Intake(standing, table, tuple(arrived), columns, drift)


def _kinds(arrived: Iterable[Arrived]) -> list[Mapping[str, Shape]]:
    """The columns of the files, once where files that follow one another have the same."""
    return [dict(kind) for kind, _ in groupby(tuple(part.columns.items()) for part in arrived)]


def _united(table: Columns, files: list[Mapping[str, Shape]]) -> Columns:
    columns = unite(table, files)
    for _ in range(MOST_PASSES):
        # What was kept apart the first time draws values of its type the second time.
        again = unite(columns, files)
        if again == columns:
            return columns
        columns = again
    raise AssertionError("the columns do not settle")


def _concerned(table: Columns, paths: set[tuple[str | None, ...]]) -> bool:
    return any(path in paths and isinstance(shape, Leaf) for path, shape in nodes(table))


def _arrive(connection: duckdb.DuckDBPyConnection, part: Part) -> Arrived:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part.path) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{part.path.name} is not a whole Parquet file: {error}") from error
    own = columns_of(schema)
    spelled = tuple(schema.names)
    if len({name.lower() for name in spelled}) < len(spelled):
        spelled, own = _respelled(connection, part.path, schema)
    overlap = set(own) & set(part.values)
    if overlap:
        raise InputError(f"{part.path.name} has the column {min(overlap)} it was also given")
    given = {name: _given_shape(name, value) for name, value in part.values.items()}
    return Arrived(part.path, rows, {**own, **given}, spelled, dict(part.values))


def _respelled(
    connection: duckdb.DuckDBPyConnection, path: Path, schema: pa.Schema
) -> tuple[tuple[str, ...], dict[str, Shape]]:
    """Columns that differ only in case: how DuckDB names them, and exact names made unique."""
    source = f"read_parquet({paths_sql([path])}, hive_partitioning=false)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    spelled = tuple(row[0] for row in described)
    own: dict[str, Shape] = {}
    for name, spelling, column in zip(schema.names, spelled, schema, strict=True):
        own[spelling if name in own else name] = shape_of(column.type)
    return spelled, own


def _given_shape(name: str, value: object) -> Leaf:
    match value:
        case bool():
            return Leaf("yes_no")
        case int():
            return Leaf("whole")
        case str():
            return Leaf("text")
        case date() if not isinstance(value, datetime):
            return Leaf("date")
        case _:
            raise InputError(f"{name}={value!r} cannot be a partition: not a date, text or number")


def _settle(
    connection: duckdb.DuckDBPyConnection, part: Arrived, paths: set[tuple[str | None, ...]]
) -> Arrived:
    """The part with what its rows say about disputed columns."""
    if not _concerned(part.own, paths) or part.rows == 0:
        empty = {path for path in paths if part.rows == 0}
        return _emptied(part, empty)
    aliased = ", ".join(quoted(name) for name in part.own)
    source = (
        f"(SELECT * FROM read_parquet({paths_sql([part.path])}, hive_partitioning=false)) "
        f"__file({aliased})"
    )
    own = looked_into(connection, source, part.own, paths)
    columns = {name: own.get(name, shape) for name, shape in part.columns.items()}
    return Arrived(part.path, part.rows, columns, part.spelled, part.given)


def _emptied(part: Arrived, paths: set[tuple[str | None, ...]]) -> Arrived:
    """A file without rows agrees with every type."""
    known = {
        path: replace(shape, empty=True, kind="text" if shape.kind == "json" else shape.kind)
        for path, shape in nodes(dict(part.columns))
        if path in paths and isinstance(shape, Leaf)
    }
    return replace(part, columns=with_leaves(dict(part.columns), known)) if known else part
