"""Plans written by hand, and what the stand-in really holds, asked without our client."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import requests

from tests.conftest import NOW
from workbench.automations.plan import Counts, Plan, PlannedField
from workbench.automations.recheck import recounted
from workbench.standin import PendoStandIn

Cell = tuple[str | None, str | None]
"""Before and after."""


def plan_of(
    cells: Mapping[str, Mapping[str, Cell]],
    *,
    types: Mapping[str, Any] | None = None,
    exists: bool = True,
    object: Any = "account",
    fingerprint: str = "by-hand",
) -> Plan:
    """A plan that writes exactly ``cells``: record → field → (before, after)."""
    names = sorted({name for record in cells.values() for name in record})
    fields = tuple(
        PlannedField(name, name.rpartition("_")[2], (types or {}).get(name, "string"), exists)
        for name in names
    )
    columns: dict[str, Any] = {
        "id": pa.array(list(cells), pa.string()),
        "source_id": pa.array(list(cells), pa.string()),
        "status": pa.array(["changed"] * len(cells), pa.string()),
        "reason": pa.array([None] * len(cells), pa.string()),
        "decision": pa.array([None] * len(cells), pa.string()),
        "stamp": pa.array([None] * len(cells), pa.string()),
    }
    for name in names:
        told = [record.get(name) for record in cells.values()]
        columns[f"{name}__before"] = pa.array([cell and cell[0] for cell in told], pa.string())
        columns[f"{name}__after"] = pa.array([cell and cell[1] for cell in told], pa.string())
        columns[f"{name}__write"] = pa.array([cell is not None for cell in told], pa.bool_())
    made = Plan(
        automation="by-hand",
        object=object,
        group="custom",
        fingerprint=fingerprint,
        made_at=NOW,
        fields=fields,
        rows=pa.table(columns),
        counts=Counts(),
    )
    return recounted(made)


def held(
    pendo: PendoStandIn, fields: Sequence[str], kind: str = "account"
) -> dict[str, dict[str, Any]]:
    """What the stand-in holds: id → field → value; empty fields are left out."""
    names = {f"f{place}": f"metadata.custom.{name}" for place, name in enumerate(fields)}
    pipeline = [
        {"source": {f"{kind}s": {"appId": 'expandAppIds("*")'}}},
        {"select": {"id": f"{kind}Id", **names}},
    ]
    answer = requests.post(
        f"{pendo.url}/api/v1/aggregation",
        json={"response": {"mimeType": "application/json"}, "request": {"pipeline": pipeline}},
        headers={"x-pendo-integration-key": pendo.key},
        timeout=60,
    )
    answer.raise_for_status()
    return {
        row["id"]: {
            name: row[f"f{place}"]
            for place, name in enumerate(fields)
            if row.get(f"f{place}") is not None
        }
        for row in answer.json()["results"]
        if row["id"]
    }


def account_ids(pendo: PendoStandIn) -> list[str]:
    """Every account there is, in order."""
    return sorted(held(pendo, []))


def writes(pendo: PendoStandIn) -> list[dict[str, Any]]:
    """The bulk writes that the stand-in was sent, oldest first."""
    return [each for each in pendo.stats()["last"] if each["path"].endswith("/custom/value")]


def ids_sent(pendo: PendoStandIn) -> list[str]:
    """The record of every value that was sent, once for each time."""
    bodies: Iterable[Any] = (each["body"] for each in writes(pendo))
    return [record["accountId"] for body in bodies for record in body]


def batch_count(pendo: PendoStandIn) -> int:
    """How many bulk writes the stand-in was sent, all of them."""
    found = pendo.stats()["requests"]
    return int(found.get("POST /api/v1/metadata/account/custom/value", 0))
