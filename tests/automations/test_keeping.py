"""Sheets of runs: whole while they are kept, and gone when nothing can need them any more."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from shutil import copyfile
from typing import Any

import pytest

from tests.automations.by_hand import held
from tests.automations.conftest import scored
from workbench.automations.keeping import SHEETS_KEPT, clear_old_sheets
from workbench.automations.model import Automation
from workbench.automations.reading import live_folder, run_file
from workbench.automations.run import AutomationResult, plan_of_run, undo
from workbench.errors import HeldError, InputError
from workbench.services import Services
from workbench.standin import PendoStandIn

Base = Callable[[Sequence[dict[str, Any]]], None]
Make = Callable[..., Automation]
Go = Callable[..., AutomationResult]
JOB = "automation/churn"
SCORE = "predict_score"


def kept(services: Services, runs: Sequence[int]) -> list[int]:
    return [run for run in runs if run_file(services, "churn", run).exists()]


def test_a_run_keeps_its_whole_sheet_under_the_names_that_pendo_gave(
    services: Services, pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str],
    go: Go,
) -> None:  # fmt: skip
    pendo.switches(name_normalise="lower_strip")
    base([scored(accounts[0], "Good"), scored(accounts[1], None), scored("nobody", "Good")])

    result = go(automation())

    plan = plan_of_run(result.run, services)
    assert (result.sent, result.not_found, plan.counts.records) == (1, 1, 3)
    assert plan.rows.num_rows == 3
    assert "predictscore__after" in plan.rows.column_names
    assert held(pendo, ["predictscore"])[accounts[0]] == {"predictscore": "Good"}
    # Rows are mapped from a file while a plan is in use; no such file stays.
    assert list(live_folder(services).glob("*.rows")) == []


def test_a_run_clears_the_sheets_that_a_month_of_others_has_followed(
    services: Services, pendo: PendoStandIn, base: Base, automation: Make, accounts: list[str],
    go: Go,
) -> None:  # fmt: skip
    made = automation()
    base([scored(accounts[0], "Good")])
    first = go(made).run
    since = []
    for _ in range(SHEETS_KEPT):
        # A run that was cancelled, and the sheet it would have left.
        since.append(services.state.runs.queue(JOB))
        services.state.runs.cancel(since[-1])
        copyfile(run_file(services, "churn", first), run_file(services, "churn", since[-1]))
    base([scored(accounts[0], "Fair")])

    last = go(made).run

    # The first is what the last was compared with; by now nothing needs it.
    assert kept(services, [first, *since, last]) == [first, *since[1:], last]
    clear_old_sheets(services, "churn")
    assert kept(services, [first, *since, last]) == [*since[1:], last]
    with pytest.raises(InputError, match="no longer kept"):
        plan_of_run(first, services)
    assert undo(last, services, waits_s=()).verified == 1
    assert undo(first, services, waits_s=()).verified == 1
    assert held(pendo, [SCORE])[accounts[0]] == {}


def test_a_sheet_that_something_goes_by_stays_however_old(
    services: Services, base: Base, automation: Make, accounts: list[str], go: Go
) -> None:
    made = automation()
    base([scored(each, "Good") for each in accounts[:10]])
    first = go(made).run
    killed = services.state.runs.queue(JOB)
    copyfile(run_file(services, "churn", first), run_file(services, "churn", killed))
    account = services.state.ledger.push(first)
    services.state.ledger.begin(replace(account, run_id=killed, ended_at=None))
    base([scored(each, "Fair") for each in accounts[:5]])
    compared = go(made).run
    strict = automation(guardrails={"max_changed_percent": 1, "floor": 1})
    base([scored(each, "Poor") for each in accounts[:5]])
    for _ in range(2):
        with pytest.raises(HeldError):
            go(strict)
    held_first, held_last = sorted(run.id for run in services.state.runs.latest(JOB))[-2:]
    services.state.runs.queue(JOB, options={"released": held_first})

    clear_old_sheets(services, "churn", keep=0)

    # Settled by it, compared with it, about to be let go; the others nothing can need.
    every = [first, killed, compared, held_first, held_last]
    assert kept(services, every) == [killed, compared, held_first]
