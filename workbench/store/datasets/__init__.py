"""Datasets: named tables in Delta folders, every version kept."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import disk_explained
from workbench.store.datasets import log, names
from workbench.store.datasets.commit import Desk, Order
from workbench.store.datasets.commit import commit as _commit
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
        from workbench.store.datasets.effect import effect_of
        from workbench.store.datasets.intake import take_in
        from workbench.store.datasets.strategy import decide
        from workbench.store.duck import session

        folder = self._root / names.checked(name)
        with disk_explained(f"the preview of {name}"), session(self._spills) as connection:
            intake = take_in(connection, log.snapshot(folder), parts)
            strategy = decide(connection, intake, update, today)
            return effect_of(connection, intake, update, strategy)

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
        order = Order(update, run, stamp, source, operation or update.method, note or {}, today)
        with self._writing(name, run), disk_explained(name):
            return _commit(self._desk(name), parts, order)

    def delete(self, name: str) -> None:
        """Remove a dataset with all its versions.

        Raises:
            InputError: no such dataset.
        """
        self._require(name)
        with self._writing(name, None):
            trash = self._root / ".trash" / uuid.uuid4().hex
            trash.parent.mkdir(exist_ok=True)
            # Renamed first: readers see it whole or not at all.
            (self._root / name).rename(trash)
            shutil.rmtree(trash, ignore_errors=True)

    # -- inside --------------------------------------------------------------------------

    def _require(self, name: str) -> Path:
        if not self.exists(name):
            raise names.unknown(name, self.names())
        return self._root / name

    def _snapshot(self, name: str, version: int | None) -> log.Snapshot:
        folder = self._require(name)
        return log.snapshot_of(log.open_table(folder, version), folder)

    def _desk(self, name: str) -> Desk:
        return Desk(self._root / name, self._root / ".pending" / f"{name}.json", self._spills)

    def _writing(self, name: str, run: int | None) -> AbstractContextManager[None]:
        writer = f"run {run}" if run is not None else "another program"
        return sole_writer(
            self._root / ".locks",
            names.checked(name),
            writer=writer,
            patience_s=self._patience_s,
        )


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
