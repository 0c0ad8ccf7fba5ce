"""``run carry-out`` without a number: everything loaded once, and a fork for each run it is told.

The scheduler starts it ahead of time, because to load the libraries takes longer than a fire may be
late. It has no thread and opens no database, so that what it forks starts as clean as a new
interpreter, and it knows nothing that a run needs: whoever kills it delays a run and loses none.
"""

import gc
import importlib
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

LOADED = (
    "sqlalchemy.dialects.sqlite",
    "workbench.automations.model",
    "workbench.cli.stopping",
    "workbench.documents",
    "workbench.jobs",
    "workbench.pulls.model",
    "workbench.services",
    "workbench.settings",
    "workbench.store.datasets",
    "workbench.store.state",
)
"""What each run needs before it can say that it has begun, and what comes right after; nothing that
starts threads of its own, as DuckDB and Arrow do."""
CHUNK = 65_536
"""More than all the orders that can wait in a pipe."""


def next_run() -> int | None:
    """Fork a process for each order that comes in.

    Returns in each of those, with the number of its run; here when there is nobody left who could
    give an order, with None.
    """
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()  # so that looking for garbage does not copy what the forks share
    signal.signal(signal.SIGCHLD, _tell_who_ended)
    _tell("ready")
    for order in _orders():
        # Nobody is told that it ended before they are told that it began.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        pid = os.fork()
        if pid == 0:
            _become_a_worker(order)
            return int(order["run"])
        _tell("began", order["run"], pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
    return None


def _orders() -> Iterator[dict[str, Any]]:
    """Each line that comes in, until the other end is closed."""
    unread = b""
    while chunk := os.read(0, CHUNK):
        *lines, unread = (unread + chunk).split(b"\n")
        yield from (json.loads(line) for line in lines)


def _become_a_worker(order: dict[str, Any]) -> None:
    """Be as a process that was started for this run alone."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for ours, theirs in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(ours, theirs)
    os.close(nothing)
    os.close(said)
    if order["now"] is not None:
        os.environ["WORKBENCH_NOW"] = order["now"]


def _tell_who_ended(_: int, __: FrameType | None) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell("ended", pid, os.waitstatus_to_exitcode(status))


def _tell(*words: object) -> None:
    """One line to whoever gives the orders; where they are gone, the next read says so."""
    with suppress(BrokenPipeError):
        os.write(1, (" ".join(map(str, words)) + "\n").encode())
