"""One stand-in for this room, put back between tests without sowing its people anew."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from workbench.standin import PendoStandIn
from workbench.standin.switches import CHOICES, NUMBERS

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
"""The contract's present moment, two days after New York's clocks went forward."""


@pytest.fixture(scope="package")
def _shared() -> Iterator[PendoStandIn]:
    # Four days: enough to see the short one, and quick to make.
    with PendoStandIn(now=NOW, days=4) as standin:
        yield standin


@pytest.fixture
def pendo(_shared: PendoStandIn) -> PendoStandIn:
    """A stand-in in fair weather, every switch at its default; what was written stays written."""
    defaults = {name: values[0] for name, values in CHOICES.items()}
    _shared.weather([])
    _shared.switches(**defaults, **NUMBERS)
    return _shared
