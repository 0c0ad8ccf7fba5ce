"""Ctrl-C, or a polite kill, cancels a run in order; a second one stops at once."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from workbench.cli.output import note
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.services import Services


@contextmanager
def stoppable(opened: "Services", job: str) -> Iterator[None]:
    """Let Ctrl-C, or a polite kill, cancel this process's run of ``job`` between two steps."""

    def cancel() -> None:
        ours = [
            run for run in opened.state.runs.latest(job, "running", 1) if run.pid == os.getpid()
        ]
        if not ours:
            # Not recorded yet: there is nothing to end in order.
            signal.raise_signal(signal.SIGINT)
        for run in ours:
            with suppress(InputError):  # it may have ended in the meantime
                opened.state.runs.cancel(run.id)

    def stop(_: int, __: FrameType | None) -> None:
        _restore(handlers)
        note("Stopping; what is finished is kept. Ctrl-C again stops at once.")
        # Not here: the interrupted code may itself hold the database.
        threading.Thread(target=cancel, daemon=True).start()

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        _restore(handlers)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, before in handlers.items():
        signal.signal(number, before)
