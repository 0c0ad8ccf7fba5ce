"""A real pull under the scheduler: by itself when it is due, and on from its finished days."""

import os
import signal
import threading

from tests.schedules.conftest import utc, wait_for
from workbench.documents.yaml_text import Text
from workbench.schedules.once import run_due
from workbench.services import Services
from workbench.standin import PendoStandIn
from workbench.store.state import Run

PULL = """\
kind: pull
name: killed
connection: acme
source: page_events
duration: {days_back: 8}
lookback_days: 0
schedules: [{every: daily, hour: 19, minute: 30}]
retry: {attempts: 0}
"""


def test_a_due_pull_whose_process_is_killed_goes_on_from_its_finished_days(
    services: Services, pendo: PendoStandIn
) -> None:
    services.documents.apply([Text("tests", PULL)], "tests")
    pendo.switches(slow_response_ms=500)
    finished = services.settings.spool_root / "killed"

    def kill_it_half_way() -> None:
        [run] = wait_for(services.state.runs.running)
        wait_for(lambda: len(list(finished.glob("*.done"))) >= 2)
        assert run.pid is not None
        os.kill(run.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_it_half_way)
    killer.start()
    runs: list[Run] = run_due(services, threading.Event())
    killer.join()

    first, second = runs
    assert (first.status, first.error_kind, first.due_at) == (
        "failed",
        "Interrupted",
        utc("2026-03-10 19:30"),
    )
    assert (second.status, second.trigger, second.retry_of) == ("done", "retry", first.id)
    assert second.due_at == first.due_at
    said = " ".join(line.text for line in services.state.runs.log_lines(second.id))
    assert "that an earlier run had finished" in said
    assert services.datasets.summary("killed").rows == second.rows
