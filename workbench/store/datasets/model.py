"""What goes into a dataset and what comes out, as values. Does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

Method = Literal["replace", "append", "merge", "partition"]
"""How incoming rows and the rows that stand become the next version."""

LONGEST_WINDOW_DAYS = 36_600
"""Largest ``keep_days``: a hundred years, beyond which dates stop being arithmetic."""


@dataclass(frozen=True, slots=True)
class Update:
    """How incoming rows enter a dataset.

    ``replace``: the incoming rows are the dataset. ``append``: they are added unchecked.
    ``merge``: rows with the same ``key`` are replaced, the others added. ``partition``: every
    partition (one value of ``key``) that occurs among the incoming rows is replaced whole;
    ``keep_days`` then drops the partitions older than that many complete days before today.

    Raises:
        InputError: the method lacks its key, or ``keep_days`` cannot be meant.
    """

    method: Method
    key: tuple[str, ...] = ()
    keep_days: int | None = None

    def __post_init__(self) -> None:
        if self.method in ("merge", "partition") and not self.key:
            raise InputError(f"The update method {self.method} needs a key", hint="Name a column.")
        if len(set(self.key)) < len(self.key):
            raise InputError(f"The key names a column twice: {', '.join(self.key)}")
        if self.keep_days is None:
            return
        if self.method != "partition" or len(self.key) != 1:
            raise InputError(
                "keep_days works with the update method partition and a key of one date column",
                hint="Leave keep_days out, or use method: partition with key: [day].",
            )
        if not 0 <= self.keep_days <= LONGEST_WINDOW_DAYS:
            raise InputError(f"keep_days must be between 0 and {LONGEST_WINDOW_DAYS:,}")


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of incoming rows, never changed after it was handed over.

    ``values`` are columns the file lacks because every row has the same value, such as
    ``{"day": date(2026, 3, 1)}``: what lets a partition's file be taken as it is.
    """

    path: Path
    rows: int
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type in plain words, and as Arrow writes it."""

    name: str
    type: str
    arrow_type: str


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which incoming columns differ from those that stand.

    ``added``: a column nobody had. ``missing``: it stays, empty in the new rows.
    ``kept apart``: its type changed, so the new values went to ``kept_as``.
    """

    what: Literal["added", "missing", "kept apart"]
    column: str
    was: str = ""
    became: str = ""
    kept_as: str = ""

    def __str__(self) -> str:
        if self.what == "added":
            return f"{self.column} is new ({self.became})"
        if self.what == "missing":
            return f"{self.column} did not come; it is empty in the new rows"
        return f"{self.column} was {self.was} and came as {self.became}: kept as {self.kept_as}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What an update would do, counted in rows.

    Always: ``rows_before == same + changed + gone`` and ``rows_after == same + changed + new``,
    unless ``refusal`` says why nothing would be done. Merge, and replace with a usable key,
    tell changed rows by key; otherwise whole rows are counted.
    """

    rows_before: int
    rows_after: int
    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0
    duplicates_created: int = 0
    """Append only: how many more rows than before repeat another (its key, if one is given)."""
    partitions_touched: tuple[str, ...] = ()
    partitions_dropped: tuple[str, ...] = ()
    expired: int = 0
    """Incoming rows older than ``keep_days`` allows; they are not taken."""
    key_nulls: int = 0
    """Incoming rows without a key."""
    key_duplicates: int = 0
    """Incoming rows whose key an earlier incoming row has."""
    offending: pa.Table | None = None
    """Up to ten offending keys and how many incoming rows have each (``times``)."""
    schema_changes: tuple[Drift, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did."""

    version: int
    rows: int
    rows_written: int
    drift: tuple[Drift, ...] = ()
    repeated: bool = False
    """This stamp had been committed before; nothing was written this time."""


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable state of a dataset."""

    version: int
    at: datetime
    run: int | None
    operation: str
    rows: int
    source: str = ""
    note: Mapping[str, Any] = field(default_factory=dict)
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A dataset at a glance, told without reading its rows."""

    name: str
    rows: int
    columns: tuple[Column, ...]
    size_bytes: int
    version: int
    updated_at: datetime
    source: str
    key: tuple[str, ...] = ()
    partitioned_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diff:
    """How one version differs from another."""

    added: int
    removed: int
    changed: int
    same: int
    key: tuple[str, ...]
    """Rows were matched by these columns; empty: whole rows were counted."""
    columns_added: tuple[Column, ...]
    columns_removed: tuple[Column, ...]
    types_changed: tuple[tuple[str, str, str], ...]
    """Column, type in the first version, type in the second."""
    rows: pa.Table
    """A sample; its first column says ``added``, ``removed``, ``before`` or ``after``."""
