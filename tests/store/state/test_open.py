"""Opening a home: made when new, upgraded when old, left alone when newer."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from tests.store.state.conftest import SECRET_KEY
from workbench.errors import SettingsError, StorageError, WorkbenchError
from workbench.store.state import State, prepare_home, read_key
from workbench.store.state.migrate import MIGRATIONS
from workbench.store.state.tables import REVISION, metadata

ROOT = Path(__file__).parents[3]


def open_at(url: str) -> None:
    State.open(url, secret_key=SECRET_KEY).close()


def set_revision(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    engine.dispose()


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_the_migrations_make_the_tables_the_code_expects(fresh_url: str) -> None:
    open_at(fresh_url)

    engine = create_engine(fresh_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_opening_again_keeps_what_is_there(database_url: str) -> None:
    with State.open(database_url, secret_key=SECRET_KEY) as state:
        state.documents.put("pull", "visits", {"report": "row_aggregation"}, who="ann")

    with State.open(database_url, secret_key=SECRET_KEY) as state:
        assert state.documents.get("pull", "visits") == {"report": "row_aggregation"}


def test_a_home_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    open_at(database_url)
    set_revision(database_url, "0999")

    with pytest.raises(SettingsError, match="written by a newer version") as caught:
        open_at(database_url)

    assert "Upgrade the workbench" in caught.value.hint
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    assert found == "0999"


def test_an_up_to_date_home_opens_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_at(url)
    script = (
        "import sys\nfrom workbench.store.state import State\n"
        f"State.open({url!r}, secret_key='k').close()\n"
        "assert 'alembic' not in sys.modules and 'cryptography' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_several_processes_may_open_a_new_home_at_once(fresh_url: str) -> None:
    script = (
        "from workbench.store.state import State\n"
        f"State.open({fresh_url!r}, secret_key='k').runs.queue('pull/x')"
    )
    command = [sys.executable, "-c", script]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]
    with State.open(fresh_url, secret_key="k") as state:
        assert len(state.runs.latest()) == 3


def test_the_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_at(f"sqlite:///{tmp_path / 'deep' / 'home' / 'state.db'}")

    assert (tmp_path / "deep" / "home").stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_a_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")

    with pytest.raises(SettingsError, match="is not a folder"):
        prepare_home(tmp_path / "home")
    with pytest.raises(SettingsError, match="is not a folder"):
        prepare_home(tmp_path / "home" / "below")


@pytest.mark.parametrize("content", [b"this is not a database, only a text" * 100, b"\0" * 4096])
def test_a_state_file_that_is_no_database_is_said_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)

    with pytest.raises(WorkbenchError, match="state database"):
        open_at(f"sqlite:///{path}")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "oracle://x"]
)
def test_a_url_that_cannot_be_used_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_at(url)
    assert "postgresql+psycopg://" in caught.value.hint


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://ann:hidden-word@/db?host={tmp_path}"

    with pytest.raises(SettingsError, match="No connection to the database") as caught:
        open_at(url)
    assert "hidden-word" not in f"{caught.value} {caught.value.hint}"


def test_a_writer_waits_for_another_to_finish(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State.open(f"sqlite:///{path}", secret_key=SECRET_KEY) as state:
        hold = "import sqlite3, sys, time\n"
        hold += f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        hold += "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(0.7)"
        other = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE)
        assert other.stdout is not None
        other.stdout.readline()

        before = time.monotonic()
        assert state.documents.names("pull") == []  # reading waits for nobody
        read_s = time.monotonic() - before
        state.documents.put("pull", "visits", {}, who="ann")

        assert read_s < time.monotonic() - before
        assert state.documents.names("pull") == ["visits"]
        other.communicate()


def test_a_database_locked_too_long_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.store.state.database.BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "state.db"
    with State.open(f"sqlite:///{path}", secret_key=SECRET_KEY) as state:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StorageError, match="locked by another process"):
            state.documents.put("pull", "visits", {}, who="ann")
        other.close()


def test_no_update_is_lost_between_processes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_at(url)
    script = f"""
from workbench.store.state import State
state = State.open({url!r}, secret_key="k")
for _ in range(50):
    with state.transaction() as within:
        found = {{d.name: d.body for d in state.documents.all("count", within=within)}}
        count = found.get("n", {{"n": 0}})["n"]
        state.documents.put_many([("count", "n", {{"n": count + 1}})], who="x", within=within)
"""
    workers = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) for _ in range(2)]

    assert [worker.wait() for worker in workers] == [0, 0]
    with State.open(url, secret_key="k") as state:
        assert state.documents.get("count", "n") == {"n": 100}


def test_a_full_disk_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    script = f"""
import resource, signal
from workbench.errors import DiskFullError
from workbench.store.state import State
state = State.open("sqlite:///{tmp_path / "state.db"}", secret_key="k")
state.documents.put("pull", "kept", {{}}, who="ann")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    state.documents.put("pull", "big", {{"text": "x" * 5_000_000}}, who="ann")
except DiskFullError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("The disk is full")
    with State.open(f"sqlite:///{tmp_path / 'state.db'}", secret_key="k") as state:
        assert state.documents.names("pull") == ["kept"]


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    script = (
        "from pathlib import Path\nfrom workbench.store.state import read_key\n"
        f"print(read_key(Path({str(home)!r})))"
    )
    command = [sys.executable, "-c", script]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=pipe, text=True) for _ in range(3)]

    keys = {process.communicate()[0].strip() for process in processes}
    assert keys == {read_key(home)}
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(home) == ["secret.key"]  # noqa: PTH208


def test_a_key_given_wins_over_the_file(tmp_path: Path) -> None:
    assert read_key(tmp_path / "home", "from the environment") == "from the environment"
    assert not (tmp_path / "home").exists()


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    read_key(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)

    with pytest.raises(SettingsError, match="can be read by others") as caught:
        read_key(tmp_path)
    assert "chmod 600" in caught.value.hint


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch(mode=0o600)

    with pytest.raises(SettingsError, match="is empty"):
        read_key(tmp_path)
