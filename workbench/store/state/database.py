"""One engine for SQLite or PostgreSQL, with the settings that keep writers from losing data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, OperationalError

from workbench.errors import (
    DiskFullError,
    SettingsError,
    StorageError,
    WorkbenchError,
    disk_explained,
)

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another before it gives up. Writes take milliseconds; only a
process stopped in the middle of one holds the lock this long."""
READS_ONLY = "workbench_reads_only"
"""Execution option of connections that will not write, and so need not wait for writers."""


class Cursor(Protocol):
    """What SQLAlchemy hands its connect event: a raw driver connection."""

    isolation_level: str | None

    def execute(self, sql: str, /) -> Any: ...


class Database:
    """Transactions on the state database; every error leaves as one of ours."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._patience_s = patience_s(engine.url)
        self._reading = engine.execution_options(**{READS_ONLY: True})

    @contextmanager
    def reads(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer.

        Raises:
            StorageError: the database did not answer.
        """
        with explained(self._patience_s), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def writes(self, within: Connection | None = None) -> Iterator[Connection]:
        """A transaction that writes, all or nothing; ``within`` joins one already open.

        Raises:
            StorageError: another process held the database for ``BUSY_TIMEOUT_S``.
            DiskFullError: no room; nothing of it was written.
        """
        if within is not None:
            yield within
            return
        with explained(self._patience_s), self.engine.begin() as connection:
            yield connection


@contextmanager
def explained(waited_s: float | None = None) -> Iterator[None]:
    """Turn a driver's failure into a sentence; what went wrong inside passes unchanged."""
    try:
        with disk_explained("the state database"):
            yield
    except OperationalError as error:
        if "database is locked" in str(error):
            raise StorageError(
                "The state database was locked by another process for "
                f"{BUSY_TIMEOUT_S if waited_s is None else waited_s:g} s",
                hint="See which process of the workbench is stuck, stop it, and try again.",
            ) from error
        if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_IOERR_WRITE":
            # SQLite's name for a quota or file-size limit; a full disk it calls SQLITE_FULL.
            raise DiskFullError(
                "The disk is full or over its quota: the state database could not be written",
                hint="Free some space and run it again; what was there before is untouched.",
            ) from error
        raise StorageError(
            f"The state database did not answer: {first_line(error)}",
            hint="Check that it is running and that the home folder can be written.",
        ) from error


def open_database(database_url: str) -> Database:
    """An engine for ``database_url``; connects to nothing yet.

    Raises:
        SettingsError: not a SQLite or PostgreSQL URL, or PostgreSQL's driver is missing.
    """
    url = _dialect_url(database_url)
    try:
        if url.get_backend_name() == "sqlite":
            return Database(_sqlite(url))
        return Database(create_engine(url, pool_pre_ping=True, hide_parameters=True))
    except ModuleNotFoundError as error:
        raise SettingsError(
            "The driver for PostgreSQL is not installed",
            hint="Install it beside the workbench: pip install 'psycopg[binary]'.",
        ) from error


def _dialect_url(database_url: str) -> URL:
    hint = "Write sqlite:////full/path/state.db or postgresql+psycopg://user@host/database."
    try:
        url = make_url(database_url)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect()
    except (ArgumentError, InvalidRequestError, ModuleNotFoundError, ValueError) as error:
        raise SettingsError("The database URL cannot be used", hint=hint) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(f"The workbench cannot keep its state in {url.drivername}", hint=hint)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingsError("The database URL names no file", hint=hint)
    return url


def _sqlite(url: URL) -> Engine:
    # Parameters are hidden from error texts: they hold documents and tokens.
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": patience_s(url)})

    @event.listens_for(engine, "connect")
    def _settle(raw: Cursor, _record: object) -> None:
        # The driver must begin no transactions of its own: with its defaults two processes
        # that read, add and write lose four of ten updates without a word.
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout = {patience_s(url) * 1000:.0f}")
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get(READS_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def patience_s(url: URL) -> float:
    """How long a writer waits for another: as the URL says (``…/state.db?timeout=5``), or ours."""
    given = url.query.get("timeout")
    return float(given) if isinstance(given, str) else BUSY_TIMEOUT_S


def unreachable(url: URL, error: DBAPIError) -> WorkbenchError:
    """What to say when the first connection to ``url`` fails."""
    if url.get_backend_name() == "sqlite":
        return SettingsError(
            f"The state database {url.database} cannot be opened: {first_line(error)}",
            hint="Check that WORKBENCH_HOME is a folder of a workbench that you may write in.",
        )
    return SettingsError(
        f"No connection to the database {url.render_as_string()}: {first_line(error)}",
        hint="Check WORKBENCH_DATABASE_URL and that the server is running.",
    )


def first_line(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its values."""
    return str(error.orig).strip().split("\n")[0]


def sqlite_path(url: URL) -> Path | None:
    """The file behind a SQLite URL; None for a server."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
