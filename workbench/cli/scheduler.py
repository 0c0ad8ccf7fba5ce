"""``scheduler``: the scheduler in the foreground, or with --once only what is due now."""

import logging
import signal
import sys
import threading
from argparse import Namespace
from datetime import datetime
from types import FrameType

from workbench.cli.moments import moment
from workbench.cli.output import answer, note, table
from workbench.cli.runs import as_json

COLUMNS = ("run", "job", "trigger", "status", "due_at", "rows", "error")


def scheduler(asked: Namespace) -> int:
    """Run jobs when they are due, until Ctrl-C; what was started goes on by itself."""
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    now = moment(asked.now) if asked.now else None
    return _once(asked, now, stopping) if asked.once else _serve(asked, now, stopping)


def _serve(asked: Namespace, now: datetime | None, stopping: threading.Event) -> int:
    from workbench.cli.opened import services
    from workbench.schedules.process import serve

    with services() as opened:
        serve(opened, stopping, starting_at=now, parent=asked.with_parent)
    note("The scheduler has stopped; the runs that it started go on")
    return 0


def _once(asked: Namespace, now: datetime | None, stopping: threading.Event) -> int:
    from workbench.schedules.once import run_due
    from workbench.services import open_services
    from workbench.settings import load_settings

    logging.getLogger("workbench.scheduler").setLevel(logging.WARNING)
    opened = open_services(load_settings(**({"now": now} if now else {})))
    try:
        runs = run_due(opened, stopping)
    finally:
        opened.close()
    rows = [as_json(run) for run in runs]
    answer(asked, rows, table(rows, COLUMNS) if rows else ["Nothing is due"])
    last = {run.job: run.status for run in runs}
    return int(any(status in ("failed", "cancelled") for status in last.values()))
