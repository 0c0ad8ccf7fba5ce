"""SQL that reads a version of a dataset: DuckDB over the very files the log names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from workbench.store.datasets.log import DataFile, Snapshot, partition_folder
from workbench.store.datasets.shapes import Shape, arrow_schema, sql_type
from workbench.store.duck import literal, quoted

SCHEMA_FOLDER = "_schema"
"""Holds a file without rows for every schema a dataset has had; Delta ignores ``_`` folders."""
FILE_COLUMN = "\x1ffile"
"""Names the file a row came from, for the writer. No column of a person's begins like this."""


def scan_sql(snapshot: Snapshot) -> str:
    """A version's rows as SQL to stand after FROM, columns in the dataset's order.

    The first file read is one without rows that has every column and field: files written
    before a column or field existed are filled with nulls, and types never depend on chance.
    """
    columns = ", ".join(quoted(name) for name in snapshot.columns)
    return f"(SELECT {columns} FROM {files_sql(snapshot, snapshot.files)})"


def files_sql(snapshot: Snapshot, files: Iterable[DataFile], *, named: bool = False) -> str:
    """The rows of some of a version's files; with ``named``, also which file each came from."""
    paths = [_schema_file(snapshot), *(file.under(snapshot.folder) for file in files)]
    options = ["union_by_name=true"]
    if snapshot.partitioned_by:
        types = ", ".join(
            f"{literal(name)}: {sql_type(snapshot.columns[name])}"
            for name in snapshot.partitioned_by
        )
        options += ["hive_partitioning=true", f"hive_types={{{types}}}"]
    else:
        options.append("hive_partitioning=false")
    if named:
        options.append(f"filename={literal(FILE_COLUMN)}")
    return f"read_parquet({paths_sql(paths)}, {', '.join(options)})"


def paths_sql(paths: Iterable[Path]) -> str:
    """Paths as an SQL list; characters that would make a pattern of one are taken literally."""
    return "[" + ", ".join(literal(_literal_glob(path)) for path in paths) + "]"


def _literal_glob(path: Path) -> str:
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))


def _schema_file(snapshot: Snapshot) -> Path:
    """The file without rows for a schema; made when it is missing."""
    written = {
        name: shape
        for name, shape in snapshot.columns.items()
        if name not in snapshot.partitioned_by
    }
    described = repr((list(written.items()), snapshot.partitioned_by))
    name = hashlib.sha256(described.encode()).hexdigest()[:16]
    # The folder looks like a partition's, for DuckDB wants the same keys in every path.
    place = partition_folder(dict.fromkeys(snapshot.partitioned_by))
    path = snapshot.folder / SCHEMA_FOLDER / name / f"{place}rows.parquet"
    if not path.exists():
        _write_schema_file(path, written)
    return path


def _write_schema_file(path: Path, columns: Mapping[str, Shape]) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    pq.write_table(arrow_schema(dict(columns)).empty_table(), draft)
    draft.replace(path)
