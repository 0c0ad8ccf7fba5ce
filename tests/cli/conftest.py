"""Commands, called as a function where that is enough and as a process where it matters."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.main import main
from workbench.store.state import State

ROOT = Path(__file__).parents[2]
CONNECTION = """\
kind: connection
name: acme
url: {url}
key_env: PENDO_KEY
calls_per_minute: 6000
"""
PULL = """\
kind: pull
name: page-events
connection: acme
source: page_events
duration: {days_back: 3}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON answer; proves that nothing else is on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Done]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with current tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    State.open(f"sqlite:///{path}", secret_key="tests").close()
    return path


@pytest.fixture
def home(new_home: Path, migrated: Path) -> Path:
    """A home in which nothing is yet, at the stand-in's present moment."""
    new_home.mkdir(mode=0o700)
    shutil.copy(migrated, new_home)
    return new_home


@pytest.fixture
def new_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet."""
    for name in [name for name in os.environ if name.startswith("WORKBENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBENCH_NOW", "2026-03-10T19:30:00Z")
    monkeypatch.setenv("PENDO_KEY", "rehearsal-write-key")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command in this process."""

    def run(*words: str, given: str | bytes = "") -> Done:
        raw = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        capsys.readouterr()
        code = main(words)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


def command(*words: str) -> list[str]:
    """The words of a command as a process."""
    return [sys.executable, "-m", "workbench", *words]


@pytest.fixture
def process(home: Path) -> Cli:
    """Run a command as a process of its own."""

    def run(*words: str, given: str = "", environment: Mapping[str, str] | None = None) -> Done:
        done = subprocess.run(
            command(*words),
            input=given,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def documents(cli: Cli, pendo: Any) -> str:
    """A connection to the stand-in and one pull, applied; gives their text."""
    text = f"{CONNECTION.format(url=pendo.url)}---\n{PULL}"
    assert cli("apply", "-", given=text).code == 0
    return text
