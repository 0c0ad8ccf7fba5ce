"""Visitors and accounts as two tables that requests read and writes change."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from workbench.standin.aggregation.frame import Frame, Leaf, Prepared, Tree, object_sql, quoted
from workbench.standin.metadata.schema import KINDS, Field, Kind, Schema
from workbench.standin.seeds.people import People
from workbench.standin.seeds.sizes import APPS, DEFAULT_APP

Values = dict[Field, Any]
"""New values by field; None clears."""
BOTH_KINDS_ID = {"visitor": "visitorId", "account": "accountId"}
"""What a row of each kind calls its id."""


class Entities:
    """Everyone's metadata."""

    def __init__(self, people: People, now_ms: Callable[[], int]) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET memory_limit = '1500MB'")
        # Looking for repeated parts takes longer than the short queries here.
        self.connection.execute("SET disabled_optimizers = 'common_subexpressions'")
        self._now_ms = now_ms
        self.lock = RLock()
        self.schemas: dict[Kind, Schema] = {}
        self.places: dict[Kind, dict[str, int]] = {}
        self._waiting: list[tuple[float, Callable[[], None]]] = []
        self._excluded: dict[Kind, tuple[int, frozenset[int]]] = {}
        self.version = 0
        self._written: dict[Kind, tuple[str, bool]] = {}
        """How the text of each kind's rows is spelled, and whether all of it is fresh."""
        for kind, table in zip(KINDS, (people.visitors, people.accounts), strict=True):
            self._load(kind, table)

    def _load(self, kind: Kind, table: pa.Table) -> None:
        cursor = self.connection.cursor()
        cursor.register("seeded", table)
        self.schemas[kind] = Schema(table.column_names)
        cursor.execute(f"CREATE TABLE {kind} AS SELECT * FROM seeded")
        cursor.close()
        self._written[kind] = ("auto_id", True)
        ids = table["id"].to_pylist()
        self.places[kind] = dict(zip(ids, range(len(ids)), strict=True))

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def frame(self, kind: Kind, *, per_app_key: str = "auto_id") -> Frame:
        """Everybody, with all their metadata."""
        self.settle()
        tree = _tree(kind, self.schemas[kind], per_app_key)
        self._refresh(kind, per_app_key, tree)
        return Frame(kind, tree, tie="_n", prepared=Prepared(("_json",), "_json"))

    def _refresh(self, kind: Kind, per_app_key: str, tree: Tree) -> None:
        """Write the text of changed rows again.

        The whole row is kept as text beside its columns: writing forty columns anew for every
        read would be slower than everything else the stand-in does.
        """
        with self.lock:
            spelled, fresh = self._written[kind]
            if spelled == per_app_key and fresh:
                return
            only = " WHERE _json IS NULL" if spelled == per_app_key else ""
            sql = f"UPDATE {kind} SET _json = {object_sql(tree)}{only}"
            self.connection.cursor().execute(sql)
            self._written[kind] = (per_app_key, True)

    def _stale(self, kind: Kind, *, every_row: bool = False) -> None:
        if every_row:
            self.connection.cursor().execute(f"UPDATE {kind} SET _json = NULL")
        self._written[kind] = (self._written[kind][0], False)
        self.version += 1

    def row(
        self, kind: Kind, identity: str, *, per_app_key: str = "auto_id"
    ) -> dict[str, Any] | None:
        """One visitor or account as a row; None when there is none."""
        frame = self.frame(kind, per_app_key=per_app_key).filtered(f"id = {quoted(identity)}")
        found = frame.rows(self.connection) if identity in self.places[kind] else []
        return found[0] if found else None

    def rows_of(self, kind: Kind, ids: set[str]) -> dict[str, dict[str, Any]]:
        """Several rows by id."""
        wanted = pa.table({"id": pa.array(sorted(ids), pa.string())})
        frame = self.frame(kind).filtered("id IN (SELECT id FROM wanted)")
        rows = replace(frame, views={"wanted": lambda _sql: wanted}).rows(self.connection)
        return {row[BOTH_KINDS_ID[kind]]: row["metadata"] for row in rows}

    def excluded(self, kind: Kind) -> frozenset[int]:
        """The places of those who must not be processed."""
        version, found = self._excluded.get(kind, (-1, frozenset()))
        if version != self.version:
            version, cursor = self.version, self.connection.cursor()
            rows = cursor.execute(f'SELECT _n FROM {kind} WHERE "pendo.donotprocess"').fetchall()
            found = frozenset(row[0] for row in rows)
            self._excluded[kind] = (version, found)
        return found

    def add_field(self, kind: Kind, field: Field) -> None:
        """Make a field; a deleted one of that name comes back with its values."""
        with self.lock:
            schema = self.schemas[kind]
            old = schema.known(field.group, field.name)
            if old is None:
                sql = f"ALTER TABLE {kind} ADD COLUMN {field.column} {field.sql_type}"
                self.connection.cursor().execute(sql)
            elif old.sql_type != field.sql_type:
                cast = f"TRY_CAST({field.column} AS {field.sql_type})"
                sql = f"ALTER TABLE {kind} ALTER {field.column} TYPE {field.sql_type} USING {cast}"
                self.connection.cursor().execute(sql)
            schema.put(field)
            if old is not None:
                self._stale(kind, every_row=True)

    def delete_field(self, kind: Kind, field: Field) -> None:
        """Mark a field as deleted; rows stop showing it."""
        with self.lock:
            self.schemas[kind].delete(field)
            self._stale(kind, every_row=True)

    def create(self, kind: Kind, ids: list[str]) -> None:
        """New visitors or accounts, with nothing but an id."""
        with self.lock:
            places = self.places[kind]
            first = max(places.values(), default=-1) + 1
            now = self._now_ms()
            made: dict[str, Any] = {
                "id": pa.array(ids, pa.string()),
                "_n": np.arange(first, first + len(ids)),
                "_apps": np.ones(len(ids), np.int64),
                "auto.id": pa.array(ids, pa.string()),
                "auto.idhash": np.array([zlib.crc32(i.encode()) for i in ids], np.int64),
                "auto.nid": np.zeros(len(ids), np.int64),
                "auto.lastupdated": np.full(len(ids), now),
            }
            self._insert(kind, pa.table(made))
            places.update(zip(ids, range(first, first + len(ids)), strict=True))
            self._stale(kind)

    def _insert(self, kind: Kind, table: pa.Table) -> None:
        cursor = self.connection.cursor()
        cursor.register("made", table)
        cursor.execute(f"INSERT INTO {kind} BY NAME SELECT * FROM made")
        cursor.close()

    def remove(self, kind: Kind, identity: str) -> bool:
        """Delete somebody; says whether there was anybody."""
        with self.lock:
            if self.places[kind].pop(identity, None) is None:
                return False
            self.connection.cursor().execute(f"DELETE FROM {kind} WHERE id = {quoted(identity)}")
            self.version += 1
            return True

    def write(
        self, kind: Kind, updates: Mapping[str, Values], *, after_s: float, bump: bool
    ) -> None:
        """Set values by id; they can be read after so many seconds."""
        if bump:
            # The stamp goes along with the values, so both become readable together.
            stamp = self.schemas[kind].known("auto", "lastupdated")
            assert stamp is not None
            moment = self._now_ms()
            updates = {identity: {**v, stamp: moment} for identity, v in updates.items()}
        if after_s:
            with self.lock:
                due = time.monotonic() + after_s
                self._waiting.append((due, lambda: self._apply(kind, updates)))
        else:
            self._apply(kind, updates)

    def settle(self) -> None:
        """Make written values readable whose time has come."""
        if not self._waiting:
            return
        with self.lock:
            now = time.monotonic()
            due = [apply for when, apply in self._waiting if when <= now]
            self._waiting = [entry for entry in self._waiting if entry[0] > now]
            for apply in due:
                apply()

    def _apply(self, kind: Kind, updates: Mapping[str, Values]) -> None:
        alike: dict[frozenset[Field], list[tuple[str, Values]]] = {}
        for identity, values in updates.items():
            alike.setdefault(frozenset(values), []).append((identity, values))
        with self.lock:
            for fields, entries in alike.items():
                if fields:
                    self._update(kind, sorted(fields, key=lambda f: f.column), entries)
            self._stale(kind)

    def _update(self, kind: Kind, fields: list[Field], entries: list[tuple[str, Values]]) -> None:
        columns = {"id": pa.array([identity for identity, _v in entries], pa.string())}
        for place, field in enumerate(fields):
            values = [values[field] for _i, values in entries]
            columns[f"f{place}"] = pa.array(values, _ARROW_TYPES[field.sql_type])
        sets = ", ".join(f"{field.column} = u.f{place}" for place, field in enumerate(fields))
        cursor = self.connection.cursor()
        cursor.register("u", pa.table(columns))
        cursor.execute(f"UPDATE {kind} SET {sets}, _json = NULL FROM u WHERE {kind}.id = u.id")
        cursor.close()


_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}


def _tree(kind: Kind, schema: Schema, per_app_key: str) -> Tree:
    groups: dict[str, dict[str, Leaf | Tree]] = {}
    for field in sorted(schema.live(), key=lambda f: (f.group, f.name)):
        leaf = Leaf(field.column, field.leaf_type)
        groups.setdefault(_group_key(field.group, per_app_key), {})[field.name] = leaf
    identity = Leaf("id", "text", nullable=False)
    return {BOTH_KINDS_ID[kind]: identity, "metadata": groups}


def with_text(people: People) -> People:
    """The same people, each with the text of their whole row in a column ``_json``."""
    tables = {}
    for kind, table in zip(KINDS, (people.visitors, people.accounts), strict=True):
        connection = duckdb.connect()
        connection.register("seeded", table)
        text = object_sql(_tree(kind, Schema(table.column_names), "auto_id"))
        tables[kind] = connection.sql(f"SELECT *, {text} AS _json FROM seeded").to_arrow_table()
        connection.close()
    return replace(people, visitors=tables["visitor"], accounts=tables["account"])


def _group_key(group: str, style: str) -> str:
    """How a group is called in rows; per-app groups have two spellings (U25)."""
    app = group.removeprefix("auto_")
    if app == group or app not in (str(known) for known in APPS):
        return group
    if app == str(DEFAULT_APP):
        return f"auto_{app.replace('-', '_')}"
    return f"auto_{app}" if style == "auto_id" else f"auto__{app}"
