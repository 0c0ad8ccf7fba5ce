"""A rehearsal Pendo for every test here, reset between tests, and a way to talk to it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from workbench.standin import PENDO_KEY
from workbench.standin.pendo import PendoStandIn

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
"""The contract's test vectors: 15:30 in New York, two days after the clocks went forward."""
NOW_MS = 1_773_171_000_000
EVERY_APP = {"appId": 'expandAppIds("*")'}


class Talk:
    """A connection to the stand-in that checks nothing."""

    def __init__(self, pendo: PendoStandIn, key: str = PENDO_KEY) -> None:
        self.pendo = pendo
        self.session = requests.Session()
        self.session.headers["x-pendo-integration-key"] = key

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Any request below ``/api/v1``."""
        return self.session.request(method, f"{self.pendo.url}/api/v1/{path}", **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        """A GET below ``/api/v1``."""
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        """A POST of JSON below ``/api/v1``."""
        return self.call("POST", path, json=body, **more)

    def aggregation(self, *stages: Any, **response: Any) -> requests.Response:
        """The answer to a pipeline, whatever it is."""
        return self.post("aggregation", {"response": response, "request": {"pipeline": [*stages]}})

    def rows(self, *stages: Any) -> list[dict[str, Any]]:
        """The rows a pipeline gives."""
        answer = self.aggregation(*stages)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["results"]
        assert isinstance(rows, list)
        return rows

    def write(
        self, *records: tuple[str, dict[str, Any]], group: str = "custom", query: str = ""
    ) -> requests.Response:
        """A bulk write of visitors."""
        body = [{"visitorId": identity, "values": values} for identity, values in records]
        return self.post(f"metadata/visitor/{group}/value{query}", body)

    def value(self, identity: str, field: str, group: str = "custom") -> requests.Response:
        """A single value of a visitor."""
        return self.get(f"metadata/visitor/{group}/value/{identity}/{field}")


def days(first: Any, count: int, period: str = "dayRange") -> dict[str, Any]:
    """A time series."""
    return {"period": period, "first": first, "count": count}


def events(source: str, series: dict[str, Any], **params: Any) -> dict[str, Any]:
    """A source stage of events, of every app unless told otherwise."""
    return {"source": {source: EVERY_APP | params, "timeSeries": series}}


@pytest.fixture(scope="session")
def served() -> Iterator[PendoStandIn]:
    with PendoStandIn(now=NOW) as pendo:
        yield pendo


@pytest.fixture
def pendo(served: PendoStandIn) -> PendoStandIn:
    served.reset()
    return served


@pytest.fixture
def talk(pendo: PendoStandIn) -> Talk:
    return Talk(pendo)
