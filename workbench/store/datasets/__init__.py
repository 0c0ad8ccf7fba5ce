"""Datasets: named tables in Delta folders, every version kept."""

from __future__ import annotations

import builtins
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from workbench.errors import disk_explained
from workbench.store.datasets import log, names
from workbench.store.datasets.lease import sole_writer
from workbench.store.datasets.model import (
    Column,
    Committed,
    Diff,
    Drift,
    Effect,
    Part,
    Summary,
    Update,
    Version,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.store.datasets.commit import Desk

__all__ = [
    "Column",
    "Committed",
    "Datasets",
    "Diff",
    "Drift",
    "Effect",
    "Part",
    "Summary",
    "Update",
    "Version",
]

PATIENCE_S = 60.0
"""How long a writer waits for another one of the same dataset: longer than most commits."""


class Datasets:
    """The datasets of one home."""

    def __init__(
        self, root: Path, *, spool: Path | None = None, patience_s: float = PATIENCE_S
    ) -> None:
        self._root = root.absolute()
        self._spills = (spool.absolute() if spool else self._root) / ".spill"
        self._patience_s = patience_s

    @property
    def root(self) -> Path:
        """The folder all datasets are in; what a person's SQL may read."""
        return self._root

    # -- what there is -------------------------------------------------------------------

    def names(self) -> list[str]:
        """Every dataset, in alphabetical order."""
        if not self._root.exists():
            return []
        folders = (path for path in self._root.iterdir() if names.NAME.fullmatch(path.name))
        return sorted(path.name for path in folders if log.exists(path))

    def exists(self, name: str) -> bool:
        """Whether there is a dataset of this name."""
        return log.exists(self._root / names.checked(name))

    def summary(self, name: str, version: int | None = None) -> Summary:
        """Rows, columns and types, size: from the log, without reading a row.

        Raises:
            InputError: no such dataset or version.
        """
        from workbench.store.datasets.versions import summary_of

        return summary_of(self._snapshot(name, version))

    def list(self) -> builtins.list[Summary]:
        """A summary of every dataset."""
        return [self.summary(name) for name in self.names()]

    def versions(self, name: str) -> builtins.list[Version]:
        """Every version with its run, newest first.

        Raises:
            InputError: no such dataset.
        """
        from workbench.store.datasets.versions import versions_of

        return versions_of(self._require(name))

    # -- reading -------------------------------------------------------------------------

    def scan(self, name: str, version: int | None = None) -> str:
        """SQL to stand after FROM that reads a version; newest when none is named.

        Raises:
            InputError: no such dataset or version.
        """
        from workbench.store.datasets.scan import scan_sql

        return scan_sql(self._snapshot(name, version))

    def read(
        self, name: str, version: int | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """All rows of a version, in memory: for datasets known to be small.

        Raises:
            InputError: no such dataset, version or column.
        """
        return self._query(name, version, columns, "")

    def head(self, name: str, rows: int, version: int | None = None) -> pa.Table:
        """Some rows of a version, whichever are read first."""
        return self._query(name, version, None, f" LIMIT {int(rows)}")

    def _query(
        self, name: str, version: int | None, columns: Sequence[str] | None, tail: str
    ) -> pa.Table:
        from workbench.store.datasets.scan import scan_sql
        from workbench.store.duck import quoted, session

        state = self._snapshot(name, version)
        wanted = list(columns) if columns is not None else list(state.columns)
        for column in wanted:
            if column not in state.columns:
                raise names.unknown_column(column, name, state.columns)
        listed = ", ".join(quoted(column) for column in wanted)
        with session(self._spills) as connection:
            query = f"SELECT {listed} FROM {scan_sql(state)}{tail}"
            return connection.sql(query).to_arrow_table()

    # -- writing -------------------------------------------------------------------------

    def effect(
        self, name: str, parts: Sequence[Part], update: Update, *, today: date | None = None
    ) -> Effect:
        """Count what a commit of these parts would do, without doing it.

        Raises:
            InputError: the update cannot be meant for these columns.
        """
        from workbench.store.datasets.effect import preview
        from workbench.store.duck import with_room

        standing = log.snapshot(self._root / names.checked(name))
        with disk_explained(f"the preview of {name}"):
            return with_room(
                self._spills, lambda connection: preview(connection, standing, parts, update, today)
            )

    def incoming(self, parts: Sequence[Part], rows: int) -> tuple[tuple[Column, ...], pa.Table]:
        """The columns that parts have together, and some of their rows, before any commit."""
        import pyarrow as pa

        from workbench.store.datasets.intake import take_in
        from workbench.store.datasets.versions import columns_in_words
        from workbench.store.duck import session

        if not parts:
            return (), pa.table({})
        with session(self._spills) as connection:
            intake = take_in(connection, None, parts)
            query = f"SELECT * FROM {intake.incoming_sql()} LIMIT {int(rows)}"
            return columns_in_words(intake.columns), connection.sql(query).to_arrow_table()

    def commit(
        self,
        name: str,
        parts: Sequence[Part],
        update: Update,
        *,
        run: int | None,
        stamp: str,
        source: str,
        operation: str | None = None,
        note: Mapping[str, Any] | None = None,
        today: date | None = None,
    ) -> Committed:
        """Make the next version of a dataset from finished parts: all of it, or nothing.

        Killed at any instruction, the dataset has its old version or the new one. A ``stamp``
        that was committed before is answered with that version, and nothing is written.
        The parts stay where they are, but share their bytes with the dataset: delete them or
        replace them by new files, never write into them.

        Raises:
            InputError: the name, the key or the columns do not allow it.
            DiskFullError: no room; the dataset is as it was.
            StorageError: another run is still writing this dataset.
        """
        from workbench.store.datasets.commit import Order
        from workbench.store.datasets.commit import commit as _commit

        order = Order(update, run, stamp, source, operation or update.method, note or {}, today)
        with self._writing(name, run), disk_explained(name):
            return _commit(self._desk(name), parts, order)

    def revert(self, name: str, version: int, *, run: int | None = None) -> Version:
        """Make a new version that is as ``version`` was; nothing is lost.

        Raises:
            InputError: no such dataset or version, or it is the newest already.
            StorageError: another run is still writing this dataset.
        """
        from workbench.store.datasets.versions import revert
        from workbench.store.datasets.writing import sweep

        folder = self._require(name)
        with self._writing(name, run), disk_explained(name):
            sweep(folder, self._desk(name).note)
            return revert(folder, version, run=run)

    def import_file(
        self, name: str, path: Path, *, append: bool = False, run: int | None = None
    ) -> Committed:
        """Make a version of a person's CSV, Parquet or Excel file: replacing, or appended.

        Raises:
            InputError: the file cannot be read as what its ending says.
        """
        from workbench.store.datasets.commit import Order
        from workbench.store.datasets.commit import commit as _commit
        from workbench.store.datasets.imports import to_part
        from workbench.store.duck import with_room

        names.checked(name)
        with (
            disk_explained(name),
            TemporaryDirectory(
                prefix=f"{os.getpid()}-import-", dir=self._made(self._spills)
            ) as folder,
        ):
            target = Path(folder) / "rows.parquet"
            part = with_room(self._spills, lambda connection: to_part(connection, path, target))
            order = Order(
                Update("append" if append else "replace"),
                run,
                f"import/{uuid.uuid4().hex}",
                path.name,
                "import",
                anew=not append,
            )
            with self._writing(name, run):
                return _commit(self._desk(name), [part], order)

    def delete(self, name: str) -> None:
        """Remove a dataset with all its versions.

        Raises:
            InputError: no such dataset.
        """
        from workbench.store.datasets.writing import sweep

        folder = self._require(name)
        with self._writing(name, None):
            sweep(folder, self._desk(name).note)
            trash = self._root / ".trash" / uuid.uuid4().hex
            trash.parent.mkdir(exist_ok=True)
            # Renamed first: readers see it whole or not at all.
            folder.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)

    def tidy(self) -> int:
        """Clear away what killed commits and deletions left; how many files that were.

        Every commit does this for its own dataset; nothing a version needs is touched.
        """
        from workbench.store.datasets.writing import sweep

        shutil.rmtree(self._root / ".trash", ignore_errors=True)
        swept = 0
        for note in sorted((self._root / ".pending").glob("*.json")):
            with self._writing(note.stem, None):
                swept += sweep(self._root / note.stem, note)
        return swept

    # -- giving away ---------------------------------------------------------------------

    def export_file(self, name: str, path: Path, *, version: int | None = None) -> int:
        """Write a version as .csv, .parquet or .xlsx; how many rows.

        Raises:
            InputError: no such dataset or version, or the file cannot hold it.
        """
        return self._export(self.scan(name, version), path)

    def diff(self, name: str, v1: int, v2: int, *, key: Sequence[str] = ()) -> Diff:
        """How version ``v2`` differs from ``v1``.

        Rows are matched by ``key``; without one, by the key the dataset was merged by; without
        that, whole rows are counted, repeated ones as often as they occur.

        Raises:
            InputError: no such dataset, version or column, or ``key`` is not one.
        """
        from workbench.store.datasets.diff import diff
        from workbench.store.duck import with_room

        before, after = self._snapshot(name, v1), self._snapshot(name, v2)
        stored = self._stored_key(name, v2)
        return with_room(
            self._spills, lambda connection: diff(connection, before, after, key, stored)
        )

    def export_diff(
        self, name: str, v1: int, v2: int, path: Path, *, key: Sequence[str] = ()
    ) -> int:
        """Write every differing row as .csv, .parquet or .xlsx; ``__change`` says how."""
        from workbench.store.datasets.diff import compare
        from workbench.store.duck import with_room

        before, after = self._snapshot(name, v1), self._snapshot(name, v2)
        stored = self._stored_key(name, v2)
        comparison = with_room(
            self._spills, lambda connection: compare(connection, before, after, key, stored)
        )
        return self._export(f"({comparison.rows_sql()})", path)

    def _stored_key(self, name: str, version: int) -> tuple[str, ...]:
        from workbench.store.datasets.versions import version_of

        told = version_of(self._root / name, version)
        return told.key if told else ()

    def _export(self, source: str, path: Path) -> int:
        from workbench.store.datasets.exports import export_query
        from workbench.store.duck import with_room

        with disk_explained(path.name):
            return with_room(
                self._spills, lambda connection: export_query(connection, source, path)
            )

    # -- inside --------------------------------------------------------------------------

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _require(self, name: str) -> Path:
        if not self.exists(name):
            raise names.unknown(name, self.names())
        return self._root / name

    def _snapshot(self, name: str, version: int | None) -> log.Snapshot:
        folder = self._require(name)
        return log.snapshot_of(log.open_table(folder, version), folder)

    def _desk(self, name: str) -> Desk:
        from workbench.store.datasets.commit import Desk

        return Desk(self._root / name, self._root / ".pending" / f"{name}.json", self._spills)

    def _writing(self, name: str, run: int | None) -> AbstractContextManager[None]:
        writer = f"run {run}" if run is not None else "another program"
        return sole_writer(
            self._root / ".locks",
            names.checked(name),
            writer=writer,
            patience_s=self._patience_s,
        )
