"""A catalogue over an empty state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.documents import Catalogue
from workbench.store.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(f"sqlite:///{tmp_path / 'state.db'}", secret_key="tests") as opened:
        yield opened


@pytest.fixture
def catalogue(state: State) -> Catalogue:
    return Catalogue(state)
