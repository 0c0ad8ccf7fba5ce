"""Put finished Parquet files into a dataset's folder, where no reader sees them before the commit.

All files of one commit carry its token in their names, and a note of the token is kept while the
commit is under way: what a killed commit leaves behind is found and swept by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workbench.store.datasets.log import (
    NO_LINKS,
    DataFile,
    PartitionValues,
    entry_facts,
    exists,
    partition_folder,
)
from workbench.store.duck import literal, parquet_options

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet as pq

TOLD_TYPES = ("NONE", "INT", "DATE")
"""Whole numbers and days, as Parquet names them: their least and greatest value are told to other
readers, exact as JSON, unlike text. A moment is not even looked at: pyarrow would load pandas."""


@dataclass(slots=True)
class Draft:
    """The files of one commit under way."""

    folder: Path
    note: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    files: list[DataFile] = field(default_factory=list)

    def begin(self, version: int) -> None:
        """Note what is about to be written, before the first file of it exists."""
        self.note.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"token": self.token, "version": version})
        draft = self.note.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.note)

    def end(self) -> None:
        """The commit is in the log, or its files are gone: nothing is left to sweep."""
        self.note.unlink(missing_ok=True)

    def take(self, part: Path, partition: PartitionValues) -> DataFile:
        """Give a finished part a second name in the dataset's folder; copy across disks."""
        path = self._new_path(partition)
        try:
            os.link(part, path)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            shutil.copyfile(part, path)
        return self._add(path, partition)

    def write(
        self,
        connection: duckdb.DuckDBPyConnection,
        selection: str,
        partition: PartitionValues | None = None,
    ) -> DataFile | None:
        """Write the rows of a query as one file; None if there are none."""
        values = partition or {}
        path = self._new_path(values)
        connection.execute(f"COPY ({selection}) TO {literal(str(path))} {parquet_options()}")
        added = self._add(path, values)
        if added.rows == 0:
            self.files.remove(added)
            path.unlink()
            return None
        return added

    def discard(self) -> None:
        """Remove every file of a commit that did not come about."""
        for path in leftovers(self.folder, self.token):
            path.unlink(missing_ok=True)
        self.end()

    def _new_path(self, partition: PartitionValues) -> Path:
        folder = self.folder / partition_folder(partition)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"part-{self.token}-{uuid.uuid4().hex[:8]}.parquet"

    def _add(self, path: Path, partition: PartitionValues) -> DataFile:
        rows, stats = footer_stats(path)
        _sync(path)
        relative = quote(path.relative_to(self.folder).as_posix(), safe="/=")
        added = DataFile(relative, rows, path.stat().st_size, partition, stats)
        self.files.append(added)
        return added


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def leftovers(folder: Path, token: str) -> Iterator[Path]:
    """Every file a commit may have left, drafts included."""
    if folder.exists():
        yield from list(folder.rglob(f"*{token}*"))


def sweep(folder: Path, note: Path) -> int:
    """Clear away what a killed commit left; how many files that were.

    Only for whoever holds the dataset's lease: no commit of ours is under way then.
    """
    try:
        left = json.loads(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    swept = 0
    if not _happened(folder, left["version"], left["token"]):
        for path in leftovers(folder, left["token"]):
            path.unlink(missing_ok=True)
            swept += 1
        if not exists(folder):
            shutil.rmtree(folder, ignore_errors=True)
    note.unlink(missing_ok=True)
    return swept


def _happened(folder: Path, version: int, token: str) -> bool:
    try:
        return entry_facts(folder, version).get("token") == token
    except FileNotFoundError:
        return False


def footer_stats(path: Path) -> tuple[int, str]:
    """Rows of a Parquet file, and what its footer tells in the words of the Delta log."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    nulls: dict[str, int] = {}
    least: dict[str, Any] = {}
    most: dict[str, Any] = {}
    for index, column in enumerate(footer.schema):
        if column.path != column.name or column.max_repetition_level:
            continue
        found = [footer.row_group(g).column(index).statistics for g in range(footer.num_row_groups)]
        if not found or any(stats is None or not stats.has_null_count for stats in found):
            continue
        nulls[column.name] = sum(stats.null_count for stats in found)
        bounds = [stats for stats in found if stats.has_min_max]
        if bounds and _tellable(column):
            least[column.name] = _told(min(stats.min for stats in bounds))
            most[column.name] = _told(max(stats.max for stats in bounds))
    stats = {
        "numRecords": footer.num_rows,
        "minValues": least,
        "maxValues": most,
        "nullCount": nulls,
    }
    return footer.num_rows, json.dumps(stats)


def _tellable(column: pq.ColumnSchema) -> bool:
    return column.physical_type in ("INT32", "INT64") and column.logical_type.type in TOLD_TYPES


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
