"""Sheets of runs: whole while they are kept, and gone when nothing can need them any more."""

from collections.abc import Sequence
from dataclasses import replace
from shutil import copyfile

import pytest

from tests.automations.by_hand import held
from tests.automations.conftest import JOB, SCORE, Desk, scored
from workbench.automations.keeping import SHEETS_KEPT, clear_old_sheets
from workbench.automations.reading import live_folder, run_file
from workbench.automations.run import plan_of_run, undo
from workbench.errors import HeldError, InputError
from workbench.services import Services


def kept(services: Services, runs: Sequence[int]) -> list[int]:
    return [run for run in runs if run_file(services, "churn", run).exists()]


def test_a_run_keeps_its_whole_sheet_under_the_names_that_pendo_gave(desk: Desk) -> None:
    desk.pendo.switches(name_normalise="lower_strip")
    desk.base(
        [scored(desk.accounts[0], "Good"), scored(desk.accounts[1], None), scored("nobody", "Good")]
    )

    result = desk.go(desk.automation())

    plan = plan_of_run(result.run, desk.services)
    assert (result.sent, result.not_found, plan.counts.records) == (1, 1, 3)
    assert plan.rows.num_rows == 3
    assert "predictscore__after" in plan.rows.column_names
    assert held(desk.pendo, ["predictscore"])[desk.accounts[0]] == {"predictscore": "Good"}
    # Rows are mapped from a file while a plan is in use; no such file stays.
    assert list(live_folder(desk.services).glob("*.rows")) == []


def test_a_run_clears_the_sheets_that_a_month_of_others_has_followed(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=1)
    first = desk.go(made).run
    since = []
    for _ in range(SHEETS_KEPT):
        # A run that was cancelled, and the sheet it would have left.
        since.append(desk.services.state.runs.queue(JOB))
        desk.services.state.runs.cancel(since[-1])
        copyfile(
            run_file(desk.services, "churn", first), run_file(desk.services, "churn", since[-1])
        )
    desk.scores("Fair", of=1)

    last = desk.go(made).run

    # The first is what the last was compared with; by now nothing needs it.
    assert kept(desk.services, [first, *since, last]) == [first, *since[1:], last]
    clear_old_sheets(desk.services, "churn")
    assert kept(desk.services, [first, *since, last]) == [*since[1:], last]
    with pytest.raises(InputError, match="no longer kept"):
        plan_of_run(first, desk.services)
    assert undo(last, desk.services, waits_s=()).verified == 1
    assert undo(first, desk.services, waits_s=()).verified == 1
    assert held(desk.pendo, [SCORE])[desk.accounts[0]] == {}


def test_a_sheet_that_something_goes_by_stays_however_old(desk: Desk) -> None:
    made = desk.automation()
    desk.scores("Good", of=10)
    first = desk.go(made).run
    killed = desk.services.state.runs.queue(JOB)
    copyfile(run_file(desk.services, "churn", first), run_file(desk.services, "churn", killed))
    account = desk.services.state.ledger.push(first)
    desk.services.state.ledger.begin(replace(account, run_id=killed, ended_at=None))
    desk.scores("Fair", of=5)
    compared = desk.go(made).run
    strict = desk.automation(guardrails={"max_changed_percent": 1, "floor": 1})
    desk.scores("Poor", of=5)
    for _ in range(2):
        with pytest.raises(HeldError):
            desk.go(strict)
    held_first, held_last = sorted(run.id for run in desk.services.state.runs.latest(JOB))[-2:]
    desk.services.state.runs.queue(JOB, options={"released": held_first})

    clear_old_sheets(desk.services, "churn", keep=0)

    # Settled by it, compared with it, about to be let go; the others nothing can need.
    every = [first, killed, compared, held_first, held_last]
    assert kept(desk.services, every) == [killed, compared, held_first]
