"""``run list``, ``run show``, ``run log``, ``run cancel``."""

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from workbench.cli.opened import services
from workbench.cli.output import answer, cell, pairs, table, utc

if TYPE_CHECKING:
    from workbench.store.state import LogLine, Run

ASK_EVERY_S = 0.3
"""As often as a run says something of itself."""


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
    more = {"stage": run.stage, "done": run.done, "total": run.total, "bytes": run.bytes}
    value = {**as_json(run), **more, "hint": run.hint, "result": run.result}
    answer(asked, value, pairs({key: each for key, each in value.items() if each is not None}))
    return 0


def cancel(asked: Namespace) -> int:
    """Ask one run to stop."""
    with services() as opened:
        opened.state.runs.cancel(asked.run)
        run = opened.state.runs.get(asked.run)
    said = f"run {run.id} is cancelled" if run.is_finished else f"run {run.id} was asked to stop"
    answer(asked, {"run": run.id, "status": run.status}, [said])
    return 0


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
