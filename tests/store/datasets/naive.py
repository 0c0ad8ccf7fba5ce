"""The update methods once more, slowly, over lists of dicts: what the real ones are held against.

Shares no code with the store. A part is a list of rows with the same columns, each column of one
kind: whole, number, text, day or group.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]


@dataclass
class Incoming:
    """The rows of one part, and the kind of each of its columns."""

    kinds: dict[str, str]
    rows: list[Row]


@dataclass
class Table:
    """A dataset as anybody would write it down."""

    kinds: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def landed(self, parts: list[Incoming]) -> list[Row]:
        """The incoming rows under the columns they land in; the table learns new columns."""
        landed: list[Row] = []
        standing = [*self.rows]
        for part in parts:
            places = {}
            for name, kind in part.kinds.items():
                if not part.rows or all(row[name] is None for row in part.rows):
                    self.kinds.setdefault(name, "unknown")
                    places[name] = name
                else:
                    places[name] = self._place(name, kind, standing + landed)
            landed += [{places[name]: value for name, value in row.items()} for row in part.rows]
        return landed

    def _place(self, name: str, kind: str, rows: list[Row]) -> str:
        now = self.kinds.get(name)
        apart = f"{name}__{kind}"
        if now is None or now == kind:
            self.kinds[name] = kind
            return name
        if apart in self.kinds:
            return apart
        if all(row.get(name) is None for row in rows):
            self.kinds[name] = kind
            return name
        if {now, kind} == {"whole", "number"}:
            self.kinds[name] = "number"
            return name
        self.kinds[apart] = kind
        return apart

    def update(
        self,
        method: str,
        key: str,
        parts: list[Incoming],
        *,
        keep_days: int | None = None,
        today: date = date.max,
    ) -> str | None:
        """Carry out an update; the reason if it is refused."""
        kinds = dict(self.kinds)
        incoming = self.landed(parts)
        keys = [row.get(key) for row in incoming]
        refusal = None
        if method in ("merge", "partition") and None in keys:
            refusal = "null"
        elif method == "merge" and len(set(keys)) < len(keys):
            refusal = "duplicate"
        if refusal:
            self.kinds = kinds
            return refusal
        self.rows = self._after(method, key, incoming, keep_days, today)
        return None

    def _after(
        self, method: str, key: str, incoming: list[Row], keep_days: int | None, today: date
    ) -> list[Row]:
        if method == "replace":
            return incoming
        if method == "append":
            return self.rows + incoming
        if keep_days is not None:
            oldest = today - timedelta(days=keep_days)
            incoming = [row for row in incoming if row[key] >= oldest]
            self.rows = [row for row in self.rows if row.get(key) is None or row[key] >= oldest]
        taken = {row[key] for row in incoming}
        return [row for row in self.rows if row.get(key) not in taken] + incoming

    def frozen(self) -> Counter[Any]:
        """The rows as a multiset, every column filled."""
        return Counter(freeze(row, self.kinds) for row in self.rows)


def freeze(row: Row, columns: Any) -> Any:
    """A row as a value that can be counted."""
    return tuple((name, _frozen(row.get(name))) for name in sorted(columns))


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _frozen(inner)) for name, inner in sorted(value.items()) if inner)
    return value
