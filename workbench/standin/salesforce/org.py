"""The org itself: records in SQLite, the clock, and what one user may see of the tables.

Records change only through `insert`, `change` and `remove`, which keep stamps, the delete log and
the ids. Nothing here knows a rule of campaigns; see `rules` and `acts`.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workbench.standin.clock import Clock
from workbench.standin.salesforce import ids
from workbench.standin.salesforce.fields import Field, Table, custom_field, with_custom
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.refusals import Refusal
from workbench.standin.salesforce.switches import OrgSwitches
from workbench.standin.salesforce.tables import CAMPAIGN_OBJECTS

Record = dict[str, Any]
_INDEXES = (
    ("CampaignMember", "CampaignId, IsDeleted, LeadId, ContactId, HasResponded"),
    ("CampaignMember", "LeadId"),
    ("CampaignMember", "ContactId"),
    ("CampaignMember", "SystemModstamp"),
    ("CampaignMemberStatus", "CampaignId"),
    ("Lead", "SystemModstamp"),
    ("Contact", "SystemModstamp"),
)
PRIMARY = "Id"


@dataclass(order=True)
class Late:
    """A change whose transaction is still open: when it was made, when it commits, what it does."""

    at: datetime
    due: datetime
    number: int
    commit: Callable[[], Any]


class Org:
    """One org and its records."""

    def __init__(self, clock: Clock, switches: OrgSwitches) -> None:
        self.clock, self.switches = clock, switches
        self.lock = threading.RLock()
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.user_id = ""
        self.touched = False
        self.late: list[Late] = []
        self.rows_written = 0
        self.schema_changed = clock.now()
        self._custom: tuple[str, ...] = ()
        self._tables: dict[str, Table] = {}
        self._numbers: dict[str, int] = {}
        self._stamp: datetime | None = None
        self._create()
        self.refresh_schema()

    def close(self) -> None:
        """Forget everything."""
        self.db.close()

    # The clock ------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The present moment; while a late change commits, the moment it was made."""
        return self._stamp or self.clock.now()

    def commit_due(self) -> None:
        """Commit the late changes whose time has come."""
        now = self.clock.now()
        due = sorted(late for late in self.late if late.due <= now)
        self.late = [late for late in self.late if late.due > now]
        for late in due:
            self.commit(late)

    def commit(self, late: Late) -> Any:
        """Carry out a late change under the stamp of the moment it was made."""
        self._stamp = late.at
        try:
            return late.commit()
        finally:
            self._stamp = None

    def covered(self, end: datetime) -> datetime:
        """Until when replication answers are complete (contract, section 6)."""
        lag = timedelta(seconds=self.switches.number("covered_lag_s"))
        until = min([end, self.clock.now() - lag, *(late.at for late in self.late)])
        return until.replace(second=0, microsecond=0)

    # The tables -----------------------------------------------------------------------------

    @property
    def every(self) -> Mapping[str, Table]:
        """All tables with all fields."""
        return self._tables

    def table(self, name: str, *, at: tuple[int, int] | None = None) -> Table:
        """A table that the user may see, by its name in any case.

        Raises:
            Refusal: INVALID_TYPE.
        """
        for spelled, table in self._tables.items():
            if spelled.lower() == name.lower() and self.is_visible(spelled):
                return table
        row, column = at or (1, 1)
        raise Refusal(
            "INVALID_TYPE",
            f"\nFROM {name}\n^\nERROR at Row:{row}:Column:{column}\nsObject type '{name}' is not"
            " supported. If you are attempting to use a custom object, be sure to append the '__c'"
            " after the entity name. Please reference your WSDL or the describe call for the"
            " appropriate names.",
        )

    def is_visible(self, name: str) -> bool:
        """Whether the user may see an object at all (S16)."""
        return name not in CAMPAIGN_OBJECTS or self.switches.is_at("campaign_objects", "visible")

    def visible(self, table: Table, name: str) -> Field | None:
        """A field, by its name in any case; None when it is not there or hidden."""
        named = table.fields.get(name.lower())
        if named is None:
            return None
        full = f"{table.name}.{named.name}".lower()
        hidden = self.switches.listed("hidden_fields")
        return None if any(full == one.lower() for one in hidden) else named

    def shown(self, table: Table) -> list[Field]:
        """The fields that the user may see."""
        return [field for field in table.fields.values() if self.visible(table, field.name)]

    def refresh_schema(self) -> None:
        """Follow the switch ``custom_fields``.

        Raises:
            SwitchError: one of them is no field.
        """
        texts = self.switches.listed("custom_fields")
        tables = with_custom(texts)
        for text in texts:
            name, field = custom_field(text)
            there = {row[1] for row in self.db.execute(f'PRAGMA table_info("{name}")')}
            if field.name not in there:
                default = "" if field.default is None else f" DEFAULT {field.default}"
                self.db.execute(f'ALTER TABLE "{name}" ADD COLUMN {field.column}{default}')
        self._tables = tables
        self.schema_changed = self.clock.now()

    # Records --------------------------------------------------------------------------------

    def row(self, name: str, record_id: str) -> Record | None:
        """What is stored of a record, deleted or not; None when there never was one."""
        cursor = self.db.execute(f'SELECT * FROM "{name}" WHERE "Id" = ?', [record_id])
        values = cursor.fetchone()
        if values is None:
            return None
        return dict(zip((column[0] for column in cursor.description), values, strict=True))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self.db.execute(sql, values).fetchall()

    def insert(self, name: str, values: Mapping[str, Any]) -> str:
        """A new record; gives its id."""
        self.touched = True
        record_id = self.next_id(name)
        stamp = wire(self.now())
        record = {"Id": record_id, "IsDeleted": 0, **self._audit(stamp, new=True), **values}
        self.insert_many(name, [record])
        return record_id

    def insert_many(self, name: str, records: Iterable[Record]) -> None:
        """Records as they are, all with the same keys."""
        pieces = iter(records)
        first = next(pieces, None)
        if first is None:
            return
        columns = ", ".join(f'"{column}"' for column in first)
        marks = ", ".join("?" * len(first))
        sql = f'INSERT INTO "{name}" ({columns}) VALUES ({marks})'
        self.db.execute(sql, list(first.values()))
        self.db.executemany(sql, (list(record.values()) for record in pieces))

    def change(self, name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """New values of a record; its stamp moves."""
        self.touched = True
        values = {**values, **self._audit(wire(self.now()), new=False)}
        sets = ", ".join(f'"{column}" = ?' for column in values)
        self.db.execute(f'UPDATE "{name}" SET {sets} WHERE "Id" = ?', [*values.values(), record_id])

    def remove(self, name: str, record_id: str) -> None:
        """Delete a record: it stays, marked, and the delete log has it."""
        self.change(name, record_id, {"IsDeleted": 1})
        stamp = wire(self.now())
        self.db.execute("INSERT INTO _deleted VALUES (?, ?, ?)", [name, record_id, stamp])

    def next_id(self, name: str) -> str:
        """The next id of an object."""
        self._numbers[name] = self._numbers.get(name, 0) + 1
        # From a number whose digits are of every kind, so that ids differ by case too.
        return ids.minted(ids.PREFIXES[name], self._numbers[name] + FIRST_NUMBER)

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Take back what was written inside, if something goes wrong there."""
        self.db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self.db.execute("RELEASE attempt")

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Fill an empty org inside: one transaction, and the indexes only afterwards."""
        self.db.execute("BEGIN")
        yield
        for number, (name, columns) in enumerate(_INDEXES):
            self.db.execute(f'CREATE INDEX i{number} ON "{name}" ({columns})')
        self.db.execute("COMMIT")
        self.db.execute("ANALYZE")
        self.touched = False

    def copied_from(self, other: "Org") -> None:
        """Become a copy of another org's records."""
        other.db.backup(self.db)
        self._numbers = dict(other._numbers)
        self.user_id = other.user_id
        self.refresh_schema()

    def _audit(self, stamp: str, *, new: bool) -> Record:
        touched = {
            "LastModifiedDate": stamp,
            "LastModifiedById": self.user_id,
            "SystemModstamp": stamp,
        }
        return touched | ({"CreatedDate": stamp, "CreatedById": self.user_id} if new else {})

    def _create(self) -> None:
        for name, table in with_custom(()).items():
            columns = ", ".join(
                field.column + (" PRIMARY KEY" if field.name == PRIMARY else "")
                for field in table.stored()
            )
            self.db.execute(f'CREATE TABLE "{name}" ({columns})')
        self.db.execute("CREATE TABLE _deleted (object TEXT, id TEXT, at TEXT)")


FIRST_NUMBER = 62**4 * 11 + 62**2 * 40
"""Records are numbered from here."""
