"""Read and extend a Delta table's log.

Reading goes through ``deltalake``. Writing appends one entry of the Delta protocol ourselves:
the library cannot change the schema and add finished files in one commit (decision 0003).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from workbench.errors import InputError
from workbench.store.datasets.shapes import Shape, arrow_schema, columns_of

if TYPE_CHECKING:
    from deltalake import DeltaTable

CHECKPOINT_EVERY = 50
"""Entries between checkpoints: opening a table reads at most that many small files."""
ENGINE = "analyst-workbench"
CONFIGURATION = {"delta.enableExpiredLogCleanup": "false"}
"""Old entries are never dropped: every version stays readable."""
NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK})
"""How systems say that this file cannot be given a second name."""

PartitionValues = dict[str, str | None]


class LostRaceError(Exception):
    """Another program wrote this version first; look again and repeat."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a version."""

    path: str
    """As the log writes it: relative to the table, percent-encoded."""
    rows: int
    size_bytes: int
    partition: PartitionValues
    stats: str = ""

    def under(self, folder: Path) -> Path:
        """Where the file is on disk."""
        return folder / unquote(self.path)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a table, as far as its log tells."""

    folder: Path
    version: int
    columns: dict[str, Shape]
    partitioned_by: tuple[str, ...]
    files: tuple[DataFile, ...]
    table_id: str
    created_ms: int

    @property
    def rows(self) -> int:
        """How many rows the version has."""
        return sum(file.rows for file in self.files)


def entry_path(folder: Path, version: int) -> Path:
    """The log entry of a version."""
    return folder / "_delta_log" / f"{version:020}.json"


def exists(folder: Path) -> bool:
    """Whether the folder holds a table: a folder alone may be left of a killed first commit."""
    return entry_path(folder, 0).exists()


def open_table(folder: Path, version: int | None = None) -> DeltaTable:
    """The table at a version.

    Raises:
        InputError: there is no such version.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if version is None:
        return DeltaTable(folder)
    newest = DeltaTable(folder)
    if not 0 <= version <= newest.version():
        raise InputError(
            f"{folder.name} has no version {version}",
            hint=f"Its versions are 0 to {newest.version()}.",
        )
    try:
        return newest if version == newest.version() else DeltaTable(folder, version=version)
    except DeltaError as error:
        raise InputError(f"Version {version} of {folder.name} cannot be read: {error}") from error


def snapshot(folder: Path, version: int | None = None) -> Snapshot | None:
    """The table's state; None if the folder holds no table."""
    if not exists(folder):
        return None
    return snapshot_of(open_table(folder, version), folder)


def snapshot_of(table: DeltaTable, folder: Path) -> Snapshot:
    """The state a loaded table is in."""
    import pyarrow as pa

    metadata = table.metadata()
    # From the stream: pa.table() would import pandas, 45 MB, to see that this is no frame.
    stream = pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=False))
    rows = stream.read_all().select(_held(table)).to_pylist()
    return Snapshot(
        folder=folder,
        version=table.version(),
        columns=columns_of(pa.schema(table.schema().to_arrow())),
        partitioned_by=tuple(metadata.partition_columns),
        files=tuple(_file(row, folder) for row in rows),
        table_id=str(metadata.id),
        created_ms=metadata.created_time or 0,
    )


def _held(table: DeltaTable) -> list[str]:
    partition = ["partition"] if table.metadata().partition_columns else []
    return ["path", "size_bytes", "num_records", *partition]


def _file(row: Mapping[str, Any], folder: Path) -> DataFile:
    partition = {name: as_text(value) for name, value in (row.get("partition") or {}).items()}
    count = row["num_records"]
    if count is None:
        import pyarrow.parquet as pq

        count = pq.read_metadata(folder / unquote(row["path"])).num_rows
    return DataFile(row["path"], count, row["size_bytes"], partition)


def as_text(value: object) -> str | None:
    """A partition value as the log writes it.

    >>> as_text(True), as_text(date(2026, 3, 1)), as_text(7)
    ('true', '2026-03-01', '7')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def partition_folder(values: PartitionValues) -> str:
    """The folder of a partition, safe on every disk: ``day=2026-03-01/``, or nothing.

    >>> partition_folder({"path": "a/b c"})
    'path=a%2Fb%20c/'
    """
    steps = []
    for name, value in values.items():
        step = "__HIVE_DEFAULT_PARTITION__" if value is None else quote(value, safe="")
        steps.append(f"{quote(name, safe='')}={step}/")
    return "".join(steps)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one commit changes."""

    version: int
    columns: dict[str, Shape]
    partitioned_by: tuple[str, ...]
    adds: Sequence[DataFile]
    removes: Sequence[DataFile]
    facts: Mapping[str, Any]
    """Ours, kept in the entry's ``commitInfo``: run, operation, rows, stamp …"""
    stamp: str


def append(folder: Path, before: Snapshot | None, entry: Entry) -> None:
    """Make ``entry`` the table's next version: it is there as a whole, or not at all.

    Raises:
        LostRaceError: that version exists already.
    """
    now_ms = int(time.time() * 1000)
    actions = [_info(entry, now_ms)]
    if before is None:
        actions.append({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
    if before is None or (entry.columns, entry.partitioned_by) != (
        before.columns,
        before.partitioned_by,
    ):
        actions.append(_metadata(entry, before, now_ms))
    actions += [_remove(file, now_ms) for file in entry.removes]
    actions += [_add(file, now_ms) for file in entry.adds]
    actions.append({"txn": {"appId": entry.stamp, "version": entry.version, "lastUpdated": now_ms}})
    text = "".join(json.dumps(action, ensure_ascii=False) + "\n" for action in actions)
    _publish(folder / "_delta_log", f"{entry.version:020}.json", text, entry.facts["token"])


def _publish(log: Path, name: str, text: str, token: str) -> None:
    """Write a file that appears whole under its name, and never over another."""
    log.mkdir(parents=True, exist_ok=True)
    draft = log / f".{token}.draft"
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, log / name)
    except FileExistsError:
        raise LostRaceError(name) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # A disk without hard links: the writer's lease alone keeps others away.
        if (log / name).exists():
            raise LostRaceError(name) from None
        draft.replace(log / name)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(log)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _info(entry: Entry, now_ms: int) -> dict[str, Any]:
    return {
        "commitInfo": {
            "timestamp": now_ms,
            "operation": "WRITE",
            "operationParameters": {"mode": entry.facts["operation"]},
            "engineInfo": ENGINE,
            "workbench": dict(entry.facts),
        }
    }


def _metadata(entry: Entry, before: Snapshot | None, now_ms: int) -> dict[str, Any]:
    from deltalake import Schema

    schema = Schema.from_arrow(arrow_schema(entry.columns))
    return {
        "metaData": {
            "id": before.table_id if before else str(uuid.uuid4()),
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema.to_json(),
            "partitionColumns": list(entry.partitioned_by),
            "configuration": CONFIGURATION,
            "createdTime": before.created_ms if before else now_ms,
        }
    }


def _add(file: DataFile, now_ms: int) -> dict[str, Any]:
    return {
        "add": {
            "path": file.path,
            "partitionValues": file.partition,
            "size": file.size_bytes,
            "modificationTime": now_ms,
            "dataChange": True,
            "stats": file.stats,
        }
    }


def _remove(file: DataFile, now_ms: int) -> dict[str, Any]:
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": now_ms,
            "dataChange": True,
            "extendedFileMetadata": True,
            "partitionValues": file.partition,
            "size": file.size_bytes,
        }
    }


def facts_of(commit: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we noted in a log entry's ``commitInfo``; empty for other programs' commits."""
    facts = commit.get("workbench")
    return facts if isinstance(facts, dict) else {}


def entry_facts(folder: Path, version: int) -> Mapping[str, Any]:
    """What we noted in the entry of one version."""
    with entry_path(folder, version).open(encoding="utf-8") as lines:
        for line in lines:
            if '"commitInfo"' in line:
                return facts_of(json.loads(line).get("commitInfo", {}))
    return {}


def checkpoint_if_due(folder: Path, version: int) -> None:
    """Shorten the reading of the log. Best effort: the table is whole without it."""
    if version and version % CHECKPOINT_EVERY == 0:
        with contextlib.suppress(Exception):
            open_table(folder).create_checkpoint()
