"""Every test of this room runs on SQLite and on a PostgreSQL started for it alone."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.store.state import State

SECRET_KEY = "a passphrase for tests"


def _binaries() -> Path | None:
    """The newest PostgreSQL of Debian, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _server_user() -> str:
    """Who may run PostgreSQL: it refuses to run as root."""
    if os.geteuid() != 0:
        return getpass.getuser()
    return "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of our own on a Unix socket; gives the URL of its first database."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    user = _server_user()
    # Short and open to that user, which pytest's own temporary folders are not.
    home = Path(tempfile.mkdtemp(prefix="workbench-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, user)
    account = user if os.geteuid() == 0 else None

    def call(*command: str) -> None:
        subprocess.run(
            command,
            user=account,
            check=True,
            capture_output=True,
            cwd=home,
            stdin=subprocess.DEVNULL,
        )

    call(
        f"{binaries}/initdb", "-D", f"{home}/data", "-U", "tests", "-A", "trust", "-E", "UTF8", "-N"
    )
    options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
    control = (f"{binaries}/pg_ctl", "-D", f"{home}/data", "-w")
    call(*control, "-l", f"{home}/log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://tests@/postgres?host={home}"
    finally:
        call(*control, "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database of that server."""
    yield from _database(postgres_url, "template1")


@pytest.fixture
def copied_postgres(postgres_url: str, migrated_postgres: str) -> Iterator[str]:
    """The URL of a database of that server with current tables."""
    yield from _database(postgres_url, migrated_postgres)


def _database(postgres_url: str, template: str) -> Iterator[str]:
    from sqlalchemy import create_engine, make_url, text

    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'state.db'}"
    url: str = request.getfixturevalue("fresh_postgres")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with current tables and nothing in them, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "state.db")
        return f"sqlite:///{tmp_path / 'state.db'}"
    url: str = request.getfixturevalue("copied_postgres")
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with current tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    State.open(f"sqlite:///{path}", secret_key=SECRET_KEY).close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """The same in PostgreSQL: the name of the database."""
    from sqlalchemy import create_engine, make_url, text

    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    admin.dispose()
    url = make_url(postgres_url).set(database="migrated").render_as_string(hide_password=False)
    State.open(url, secret_key=SECRET_KEY).close()
    return "migrated"


@pytest.fixture
def state(database_url: str) -> Iterator[State]:
    """An open state with current tables."""
    with State.open(database_url, secret_key=SECRET_KEY) as opened:
        yield opened
