"""``run list``, ``run show``, ``run log``, ``run cancel``, ``run retry``, ``run carry-out``."""

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from workbench.cli.automations import ledger_rows
from workbench.cli.opened import services
from workbench.cli.output import answer, cell, note, pairs, table, utc
from workbench.cli.stopping import stoppable

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import LogLine, Run

ASK_EVERY_S = 0.3
"""As often as a run says something of itself."""
ENDED_WITH = {"done": 0, "done with errors": 4, "held": 3, "cancelled": 130}
"""The exit code of a finished run's status; 1 for any other."""


def listed(asked: Namespace) -> int:
    """The newest runs, newest first."""
    with services() as opened:
        opened.state.runs.close_interrupted()
        runs = opened.state.runs.latest(asked.job, asked.status, asked.limit)
    columns = ("run", "job", "trigger", "status", "started_at", "rows", "requests", "error")
    rows = [{**as_json(run), "started_at": run.started_at} for run in runs]
    answer(asked, [as_json(run) for run in runs], table(rows, columns))
    return 0


def show(asked: Namespace) -> int:
    """Everything known of one run."""
    with services() as opened:
        opened.state.runs.close_interrupted()
        run = opened.state.runs.get(asked.run)
        slots = opened.state.slots.of_run(run.id)
        rows = ledger_rows(opened, run.id, asked.rows) if asked.rows else None
    more = {"stage": run.stage, "done": run.done, "total": run.total, "bytes": run.bytes}
    value = {
        **as_json(run),
        **more,
        "hint": run.hint,
        "attempt": run.attempt,
        "retry_of": run.retry_of,
        "schedule": run.schedule,
        "slots": [utc(slot.due_at) for slot in slots] or None,
        "not_before": utc(run.not_before) if run.status == "queued" else None,
        "who": run.who,
        "result": run.result,
    }
    told = pairs({key: each for key, each in value.items() if each is not None})
    if rows is not None:
        value["rows"] = rows
        told += ["", *table(rows)]
    answer(asked, value, told)
    return 0


def cancel(asked: Namespace) -> int:
    """Ask one run to stop."""
    with services() as opened:
        opened.state.runs.cancel(asked.run)
        run = opened.state.runs.get(asked.run)
    said = f"run {run.id} is cancelled" if run.is_finished else f"run {run.id} was asked to stop"
    answer(asked, {"run": run.id, "status": run.status}, [said])
    return 0


def retry(asked: Namespace) -> int:
    """Try a finished run again: queued for the scheduler, or with --wait now."""
    from workbench.cli.opened import person

    with services() as opened:
        run_id = opened.state.runs.retry(asked.run, person())
        [run] = carried_out(opened, [run_id]) if asked.wait else [opened.state.runs.get(run_id)]
    answer(asked, ended_json(run), [ended_words(run)])
    return ended_code([run])


def carried_out(opened: "Services", run_ids: "list[int]") -> "list[Run]":
    """Carry out waiting runs one after the other; gives them finished."""
    from workbench.jobs import finished_here

    return [finished_here(opened, run_id) for run_id in run_ids]


def ended_json(run: "Run") -> dict[str, object]:
    """What commands that queue runs say of each."""
    return {"run": run.id, "job": run.job, "status": run.status, "error": run.error}


def ended_words(run: "Run") -> str:
    """A run that waits by its number alone, a finished one with how it ended."""
    if not run.is_finished:
        return str(run.id)
    return f"run {run.id} of {run.job}: {run.status}{f', {cell(run.error)}' if run.error else ''}"


def ended_code(runs: "list[Run]") -> int:
    """The exit code for several runs: the worst; those that wait count as done."""
    return max((ENDED_WITH.get(run.status, 1) for run in runs if run.is_finished), default=0)


def carry_out(asked: Namespace) -> int:
    """Carry out one waiting run: what the scheduler and the pages start as a process.

    Without a number: each run that is told on the input, in a process of its own.
    """
    run_id = asked.run
    if run_id is None:
        from workbench.cli.forking import next_run

        run_id = next_run()
    return 0 if run_id is None else _carry_out(run_id)


def _carry_out(run_id: int) -> int:
    from workbench.jobs import BUSY, carry_out
    from workbench.store.state import BusyError

    try:
        _claim(run_id)
        with services() as opened, stoppable(opened, opened.state.runs.get(run_id).job):
            carry_out(opened, run_id)
            return ENDED_WITH.get(opened.state.runs.get(run_id).status, 1)
    except BusyError as error:
        note(str(error))
        return BUSY


def _claim(run_id: int) -> None:
    """Claim the run before the features are loaded: from here on it is known to have begun."""
    from workbench.jobs import claim
    from workbench.settings import load_settings
    from workbench.store.state import State, read_key

    settings = load_settings()
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    with State.open(settings.state_url, secret_key=read_key(settings.home, given)) as state:
        claim(state, run_id)


def log(asked: Namespace) -> int:
    """What a run said; with --follow until it ends."""
    with services() as opened:
        runs = opened.state.runs
        runs.get(asked.run)
        said: list[LogLine] = []
        last = 0
        while True:
            # Asked before the lines are read: what came in between is then still printed.
            ended = runs.get(asked.run).is_finished or not asked.follow
            fresh = runs.log_lines(asked.run, after=last)
            last = fresh[-1].id if fresh else last
            said += fresh
            if not asked.json:
                answer(asked, None, map(_line, fresh))
            if ended:
                break
            time.sleep(ASK_EVERY_S)
            runs.close_interrupted()
    if asked.json:
        lines = [{"at": utc(each.at), "level": each.level, "text": each.text} for each in said]
        answer(asked, lines, [])
    return 0


def as_json(run: "Run") -> dict[str, object]:
    """What ``run list --json`` promises of each run."""
    return {
        "run": run.id,
        "job": run.job,
        "trigger": run.trigger,
        "status": run.status,
        "due_at": utc(run.due_at),
        "started_at": utc(run.started_at),
        "finished_at": utc(run.finished_at),
        "rows": run.rows,
        "requests": run.requests,
        "error": run.error,
    }


def _line(line: "LogLine") -> str:
    level = "" if line.level == "info" else f"{line.level}: "
    return f"{cell(line.at)}  {level}{cell(line.text, 1000)}"
