"""Pulls run against the stand-in, and read back."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from workbench.pulls.model import Pull
from workbench.pulls.run import PullResult, run
from workbench.services import Services
from workbench.standin import PendoStandIn

Row = dict[str, Any]
MakePull = Callable[..., Pull]


@pytest.fixture
def pull() -> MakePull:
    """Makes pulls of the connection ``acme``; unless said otherwise, without re-reading days."""

    def make(**given: Any) -> Pull:
        base = {"name": "views", "connection": "acme", "lookback_days": 0}
        return Pull.model_validate({**base, **given})

    return make


@pytest.fixture
def pulled(services: Services, pull: MakePull) -> Callable[..., tuple[PullResult, list[Row]]]:
    """Runs a pull and reads its dataset."""

    def run_and_read(**given: Any) -> tuple[PullResult, list[Row]]:
        made = pull(**given)
        result = run(made, services)
        rows: list[Row] = services.datasets.read(made.dataset_name).to_pylist(
            maps_as_pydicts="strict"
        )
        return result, rows

    return run_and_read


@pytest.fixture
def ask(pendo: PendoStandIn) -> Callable[[list[Row]], list[Row]]:
    """Asks the stand-in directly, without our client: what it really holds."""

    def aggregate(pipeline: list[Row]) -> list[Row]:
        answer = requests.post(
            f"{pendo.url}/api/v1/aggregation",
            json={"response": {"mimeType": "application/json"}, "request": {"pipeline": pipeline}},
            headers={"x-pendo-integration-key": pendo.key},
            timeout=60,
        )
        answer.raise_for_status()
        rows: list[Row] = answer.json()["results"]
        return rows

    return aggregate
