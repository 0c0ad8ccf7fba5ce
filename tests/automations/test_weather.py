"""Whatever the weather: nothing lost, nothing doubled, every record accounted for."""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from tests.automations.by_hand import held
from tests.automations.conftest import SCORE, Desk, scored
from workbench.errors import RemoteError

WRITES = "custom/value"
WEATHER: dict[str, list[dict[str, Any]]] = {
    "slow down, now and then": [{"fault": "429", "every": 3}],
    "slow down, for ever": [{"fault": "429", "path": WRITES, "after": 2}],
    "503, now and then": [{"fault": "503", "every": 3}],
    "500, for ever": [{"fault": "500", "path": WRITES, "after": 2}],
    "408, now and then": [{"fault": "408", "path": WRITES, "every": 2, "times": 3}],
    "408, for ever": [{"fault": "408", "path": WRITES, "after": 1}],
    "applied, then reset, once": [{"fault": "reset", "path": WRITES, "times": 1}],
    "applied, then reset, for ever": [{"fault": "reset", "path": WRITES, "after": 1}],
    "reset before anything": [{"fault": "reset_before", "path": WRITES, "every": 2, "times": 3}],
    "an answer cut short": [{"fault": "truncate", "path": WRITES, "after": 1, "times": 20}],
    "an answer that is no JSON": [{"fault": "malformed", "path": WRITES, "after": 1}],
    "nothing can be read back": [{"fault": "500", "path": "aggregation", "after": 1}],
}


@pytest.mark.parametrize("faults", WEATHER.values(), ids=WEATHER.keys())
def test_a_run_in_bad_weather_and_one_in_fair_weather_end_as_one_run(
    desk: Desk, faults: list[dict[str, Any]]
) -> None:
    wanted = dict.fromkeys(desk.accounts[:40], "Good")
    desk.base([*(scored(one, label) for one, label in wanted.items()), scored("nobody", "Poor")])
    made = desk.automation()
    desk.pendo.weather(faults)

    with suppress(RemoteError):
        desk.go(made)
    run = desk.services.state.runs.latest()[0]
    told = run.result or {}
    desk.pendo.weather([])
    second = desk.go(made)

    assert told["sent"] + told["failed"] + told["skipped"] + told["held"] == told["planned"] == 40
    assert told["failed"] == 0
    assert run.status == ("done" if run.error is None else "failed")
    assert run.error is not None or told["skipped"] == 0
    assert second.failed == second.skipped == 0
    now = held(desk.pendo, [SCORE])
    assert {one: now[one] for one in wanted} == {one: {SCORE: "Good"} for one in wanted}
    assert "nobody" not in now
    ledger = desk.services.state.ledger
    cells = [
        row for push in ledger.pushes("churn") for row in ledger.cells(push.run_id).to_pylist()
    ]
    written = Counter(row["record_id"] for row in cells if row["status"] in ("sent", "verified"))
    assert {one: written[one] for one in wanted} == dict.fromkeys(wanted, 1)
    assert {row["status"] for row in cells} <= {"verified", "skipped"}
