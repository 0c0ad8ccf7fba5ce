"""Home says what is there, what ran, and what needs a person."""

import contextlib
from datetime import timedelta
from typing import Any

from tests.pages.conftest import Open, said
from workbench.errors import HeldError, WorkbenchError
from workbench.pulls.run import run
from workbench.schedules.model import Schedule
from workbench.services import Services
from workbench.standin import PendoStandIn
from workbench.store.state import NewSlot
from workbench.store.state.processes import this_process


def test_home_shows_datasets_runs_and_connections(page: Open, sampled: Services) -> None:
    app = page("home")

    titles = [each.value for each in app.subheader]
    assert titles == ["All well", "Datasets", "Last runs", "Connected"]
    assert "Rehearsal: connected to the stand-in" in said(app)
    assert list(app.dataframe[0].value["Job"]) == [
        "Pull page-events",
        "Pull page-events",
        "Pull accounts",
    ]
    assert not app.exception


def test_an_org_stands_beside_pendo_among_what_is_connected(
    page: Open, sampled: Services, with_salesforce: Services
) -> None:
    app = page("home")

    assert "Salesforce `http://127.0.0.1" in said(app)
    assert [each.value for each in app.error] == []
    assert not app.exception


def test_a_failed_run_needs_attention_until_one_succeeds(
    page: Open, sampled: Services, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "403"}])
    with contextlib.suppress(WorkbenchError):
        run(sampled.documents.pull("accounts"), sampled)

    app = page("home")

    assert app.subheader[0].value == "Needs attention"
    assert "Pull accounts failed" in said(app)
    assert not app.exception

    pendo.weather([])
    run(sampled.documents.pull("accounts"), sampled)
    assert "Needs attention" not in said(page("home"))


def test_home_lists_what_needs_a_person_with_one_button_each(page: Open, sampled: Services) -> None:
    now = sampled.now()
    daily = [{"every": "daily", "hour": 7}]
    for name in ("accounts", "page-events"):
        pull = sampled.documents.pull(name)
        sampled.documents.save(pull.model_copy(update={"schedules": _schedules(daily)}), "tests")
    sampled.state.slots.take([NewSlot("pull/accounts", now - timedelta(hours=5), "missed")])
    sampled.state.jobs.pause("pull/page-events", "Paused after 5 failed runs in a row")
    with contextlib.suppress(HeldError), sampled.state.runs.recorded("pull/held"):
        raise HeldError("412 of 900 records would change")
    with contextlib.suppress(RuntimeError), sampled.state.runs.recorded("pull/broken"):
        raise RuntimeError("no")

    app = page("home")
    words = said(app).replace("\\", "").replace("\u202f", " ")

    assert app.subheader[0].value == "Needs attention"
    order = [
        "The scheduler is not running",
        "Pull held waits for your decision: 412 of 900 records would change",
        "Pull page-events: Paused after 5 failed runs in a row",
        "Pull broken failed: RuntimeError: no",
        "Pull accounts: 1 slot had nobody to run",
    ]
    assert sorted(order, key=words.index) == order
    keys = [button.key for button in app.button]
    assert "attention.start" in keys
    assert "attention.failed.pull/broken" in keys

    app.button(key="attention.paused.pull/page-events").click().run()
    job = sampled.state.jobs.get("pull/page-events")
    assert job is not None
    assert job.paused_at is None
    assert not app.exception


def test_when_all_is_well_home_says_what_is_next(page: Open, sampled: Services) -> None:
    pull = sampled.documents.pull("accounts")
    schedules = _schedules([{"every": "daily", "hour": 7}])
    sampled.documents.save(pull.model_copy(update={"schedules": schedules}), "tests")
    sampled.state.lease.take(this_process())

    app = page("home")

    assert app.subheader[0].value == "All well"
    next_up = next(each.value for each in app.caption if each.value.startswith("Next: "))
    assert "Wed 11 Mar 2026, 07:00 UTC</abbr> Pull accounts" in next_up
    assert not app.exception


def _schedules(given: list[dict[str, Any]]) -> tuple[Schedule, ...]:
    return tuple(Schedule.model_validate(each) for each in given)
