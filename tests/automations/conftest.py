"""An automation over a base of our own making, and what the stand-in holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.automations.by_hand import account_ids
from tests.conftest import NOW
from workbench.automations.model import Automation
from workbench.automations.push import Progress
from workbench.automations.run import AutomationResult, run
from workbench.services import Services
from workbench.standin import PendoStandIn

Row = dict[str, Any]
JOB = "automation/churn"
SCORE = "predict_score"
LABELS = ("Excellent", "Good", "Fair", "Poor")
COLUMNS: Mapping[str, pa.DataType] = {
    "id": pa.string(),
    "label": pa.string(),
    "scored_at": pa.timestamp("us", "UTC"),
    "reasons": pa.string(),
    "state": pa.string(),
    "adoption": pa.float64(),
}
OUTPUTS = {
    "score": "label",
    "date": "scored_at",
    "explain": "reasons",
    "state": "state",
    "adoption": "adoption",
}
FIELDS = tuple(f"predict_{output}" for output in OUTPUTS)
EASY = {
    "max_changed_percent": 100,
    "max_two_step_flips_percent": 100,
    "max_drop_percent": 100,
    "max_null_percent": 100,
    "max_not_found_percent": 100,
}
"""Guardrails out of the way of tests about something else."""


@pytest.fixture
def base(services: Services, tmp_path: Path) -> Callable[[Sequence[Row]], None]:
    """Makes the next version of the decision base ``scores``."""

    def write(rows: Sequence[Row]) -> None:
        table = pa.table(
            {
                name: pa.array([row.get(name) for row in rows], kind)
                for name, kind in COLUMNS.items()
            }
        )
        path = tmp_path / "scores.parquet"
        pq.write_table(table, path)
        services.datasets.import_file("scores", path)

    return write


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB with times in UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def scored(record: str, label: str | None, **more: Any) -> Row:
    """One record of the base."""
    return {"id": record, "label": label, "scored_at": NOW, **more}


@pytest.fixture
def automation(services: Services) -> Callable[..., Automation]:
    """Saves the automation ``churn``; keys given replace those of the usual one."""

    def make(**given: Any) -> Automation:
        made = Automation.model_validate(document(**given))
        services.documents.save(made, "tests")
        return made

    return make


def document(
    *, update: Row | None = None, read_from: Row | None = None, **given: Any
) -> dict[str, Any]:
    """The document of an automation, with lenient guardrails unless said otherwise."""
    reading = {"dataset": "scores", "source_id": "id", "outputs": {"score": "label"}}
    usual = {
        "name": "churn",
        "connection": "acme",
        "read_from": reading | (read_from or {}),
        "update": {"fields": ["score"], **(update or {})},
        "guardrails": EASY,
        "write": {"chunk": 10},
    }
    return {**usual, **given}


@pytest.fixture
def accounts(pendo: PendoStandIn) -> list[str]:
    """The ids of every account."""
    return account_ids(pendo)


@pytest.fixture
def go(services: Services) -> Callable[..., AutomationResult]:
    """Runs an automation without waiting for what never becomes visible."""

    def carry_out(made: Automation, **more: Any) -> AutomationResult:
        return run(made, services, **{"waits_s": (0.05, 0.1), **more})

    return carry_out


@dataclass(frozen=True, slots=True)
class Desk:
    """The automation ``churn``, its base ``scores``, and the Pendo that it writes to."""

    services: Services
    pendo: PendoStandIn
    accounts: list[str]
    base: Callable[[Sequence[Row]], None]
    automation: Callable[..., Automation]
    go: Callable[..., AutomationResult]

    def scores(self, label: str, *, of: int) -> None:
        """The next version of the base: so many accounts, all with one label."""
        self.base([scored(each, label) for each in self.accounts[:of]])

    def loses(self, record: str) -> Callable[[Progress], None]:
        """Somebody takes an account out of Pendo while a run is between its first two requests."""

        def remove(progress: Progress) -> None:
            if progress.requests == 1:
                self.pendo.act({"do": "remove", "kind": "account", "id": record})

        return remove


@pytest.fixture
def desk(
    services: Services,
    pendo: PendoStandIn,
    accounts: list[str],
    base: Callable[[Sequence[Row]], None],
    automation: Callable[..., Automation],
    go: Callable[..., AutomationResult],
) -> Desk:
    """What a run from its base to Pendo needs."""
    return Desk(services, pendo, accounts, base, automation, go)


def act(pendo: PendoStandIn, record: str, field: str, value: Any) -> None:
    """Somebody in Pendo changes one value."""
    pendo.act({"do": "set_value", "kind": "account", "id": record, "field": field, "value": value})


__all__ = ["FIELDS", "JOB", "LABELS", "OUTPUTS", "SCORE", "Desk", "act", "document", "scored"]
