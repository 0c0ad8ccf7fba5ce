"""Documents by kind and name, and what every one of them ever was.

A body is any JSON object; what its keys mean is decided by the rooms above.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from workbench.store.state.database import Database
from workbench.store.state.tables import document_changes, documents

Body = Mapping[str, Any]
Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Stored:
    """One document as it stands."""

    kind: str
    name: str
    body: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one document: ``before`` is None when created, ``after`` when deleted."""

    at: datetime
    who: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str | None = None
    """What changed beside the body, such as a key."""


class Documents:
    """The documents of one installation. Every change keeps who, when, before and after."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """One document's body, or None."""
        wanted = select(documents.c.body).where(_is(documents, kind, name))
        with self._database.reads() as connection:
            body: dict[str, Any] | None = connection.execute(wanted).scalar_one_or_none()
        return body

    def names(self, kind: str) -> list[str]:
        """The names of one kind, sorted."""
        wanted = select(documents.c.name).where(documents.c.kind == kind)
        with self._database.reads() as connection:
            return sorted(connection.execute(wanted).scalars())

    def all(self, kind: str | None = None, *, within: Connection | None = None) -> list[Stored]:
        """Every document, of one kind or of all, by kind and name."""
        wanted = select(documents)
        if kind is not None:
            wanted = wanted.where(documents.c.kind == kind)
        if within is not None:
            rows = within.execute(wanted).all()
        else:
            with self._database.reads() as connection:
                rows = connection.execute(wanted).all()
        found = [Stored(**row._mapping) for row in rows]
        # Sorted here, because databases disagree on the order of "-" and letters.
        return sorted(found, key=lambda stored: (stored.kind, stored.name))

    def some(self, keys: Iterable[tuple[str, str]]) -> list[Stored]:
        """The documents of some kinds and names; those that are not there are left out."""
        columns = documents.c
        wanted = select(documents).where(tuple_(columns.kind, columns.name).in_(list(keys)))
        with self._database.reads() as connection:
            return [Stored(**row._mapping) for row in connection.execute(wanted)]

    def changes_after(self, number: int) -> dict[int, tuple[str, str]]:
        """The kind and name of the document of each change above a number, by number.

        Where several write at once, a lower number may appear after a higher one.
        """
        changes = document_changes.c
        wanted = select(changes.id, changes.kind, changes.name).where(changes.id > number)
        with self._database.reads() as connection:
            return {row.id: (row.kind, row.name) for row in connection.execute(wanted)}

    def last_change(self) -> int:
        """The number of the newest change; 0 while there is none."""
        with self._database.reads() as connection:
            newest = connection.execute(select(func.max(document_changes.c.id))).scalar_one()
        return int(newest or 0)

    def put(self, kind: str, name: str, body: Body, *, who: str) -> Outcome:
        """Store one document; says what that did."""
        return self.put_many([(kind, name, body)], who=who)[0]

    def put_many(
        self,
        wanted: Sequence[tuple[str, str, Body]],
        *,
        who: str,
        notes: Mapping[tuple[str, str], str] | None = None,
        within: Connection | None = None,
    ) -> list[Outcome]:
        """Store several documents in one transaction; says for each what that did.

        Args:
            wanted: (kind, name, body), no (kind, name) twice.
            notes: What changed beside the body, by (kind, name); such a document counts as
                updated even when its body is the same.
        """
        notes = notes or {}
        now = datetime.now(UTC)
        with self._database.writes(within) as connection:
            before = _bodies(connection, [(kind, name) for kind, name, _ in wanted])
            changes: list[dict[str, Any]] = [
                {
                    "kind": kind,
                    "name": name,
                    "at": now,
                    "who": who,
                    "before": before.get((kind, name)),
                    "after": dict(body),
                    "note": notes.get((kind, name)),
                }
                for kind, name, body in wanted
                if before.get((kind, name)) != body or (kind, name) in notes
            ]
            _write(connection, changes, now)
        changed = {(change["kind"], change["name"]) for change in changes}
        return [_outcome((kind, name), before, changed) for kind, name, _ in wanted]

    def delete(self, kind: str, name: str, who: str, *, within: Connection | None = None) -> bool:
        """Remove one document, its history stays; False if there was none."""
        with self._database.writes(within) as connection:
            before = _bodies(connection, [(kind, name)])
            if not before:
                return False
            connection.execute(delete(documents).where(_is(documents, kind, name)))
            change = {"kind": kind, "name": name, "at": datetime.now(UTC), "who": who}
            connection.execute(
                insert(document_changes), [{**change, "before": before[kind, name], "after": None}]
            )
        return True

    def history(self, kind: str, name: str) -> list[Change]:
        """Every change of one document, oldest first; kept after it is deleted."""
        wanted = (
            select(document_changes)
            .where(_is(document_changes, kind, name))
            .order_by(document_changes.c.id)
        )
        with self._database.reads() as connection:
            rows = connection.execute(wanted).all()
        return [Change(row.at, row.who, row.before, row.after, row.note) for row in rows]


def _is(table: Any, kind: str, name: str) -> Any:
    return (table.c.kind == kind) & (table.c.name == name)


def _bodies(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    columns = documents.c
    wanted = select(columns.kind, columns.name, columns.body).where(
        tuple_(columns.kind, columns.name).in_(keys)
    )
    return {(row.kind, row.name): row.body for row in connection.execute(wanted)}


def _write(connection: Connection, changes: list[dict[str, Any]], now: datetime) -> None:
    rows = [
        {
            "kind_": change["kind"],
            "name_": change["name"],
            "body": change["after"],
            "updated_at": now,
        }
        for change in changes
        if change["before"] is not None
    ]
    if rows:
        target = (documents.c.kind == bindparam("kind_")) & (documents.c.name == bindparam("name_"))
        connection.execute(update(documents).where(target), rows)
    fresh = [
        {
            "kind": change["kind"],
            "name": change["name"],
            "body": change["after"],
            "created_at": now,
            "updated_at": now,
        }
        for change in changes
        if change["before"] is None
    ]
    if fresh:
        connection.execute(insert(documents), fresh)
    if changes:
        connection.execute(insert(document_changes), changes)


def _outcome(
    key: tuple[str, str], before: Mapping[tuple[str, str], Body], changed: set[tuple[str, str]]
) -> Outcome:
    if key not in changed:
        return "unchanged"
    return "updated" if key in before else "created"
