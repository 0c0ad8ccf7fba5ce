"""A catalogue over an empty state."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.documents import Catalogue
from workbench.store.state import State


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with current tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    State.open(f"sqlite:///{path}", secret_key="tests").close()
    return path


@pytest.fixture
def state(tmp_path: Path, migrated: Path) -> Iterator[State]:
    shutil.copy(migrated, tmp_path)
    with State.open(f"sqlite:///{tmp_path / 'state.db'}", secret_key="tests") as opened:
        yield opened


@pytest.fixture
def catalogue(state: State) -> Catalogue:
    return Catalogue(state)
