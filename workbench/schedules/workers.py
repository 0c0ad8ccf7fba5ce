"""The processes that carry out runs: each in a session of its own, so that they outlive us."""

import logging
import subprocess
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from workbench import jobs
from workbench.errors import StorageError
from workbench.schedules.forks import Forked, Forks

if TYPE_CHECKING:
    from workbench.services import Services

log = logging.getLogger("workbench.scheduler")
TRIES = 3
"""Processes that may end before they take their run, until the run is given up."""


class Workers:
    """The worker processes that this process started."""

    def __init__(self, services: "Services", forks: Forks | None = None) -> None:
        """Know of none yet.

        Args:
            forks: What workers are forked from where it is ready; None starts each by itself.
        """
        self._services = services
        self._forks = forks
        self._children: dict[int, subprocess.Popen[bytes] | Forked] = {}
        self._stillborn: Counter[int] = Counter()

    @property
    def run_ids(self) -> list[int]:
        """The runs whose processes go on."""
        return list(self._children)

    def start(self, run_id: int, now: datetime | None) -> None:
        """Start the process for a waiting run; where the system refuses, the next tick tries.

        Args:
            now: What the process takes for the present moment; None is the real one.
        """
        try:
            forked = self._forks.start(run_id, now) if self._forks else None
            self._children[run_id] = forked or jobs.start(self._services, run_id, now=now)
        except OSError as error:
            log.error("No process for run %d: %s", run_id, error)

    def reap(self) -> list[int]:
        """Let go of processes that ended; gives their runs."""
        ended = [
            (run_id, child.returncode)
            for run_id, child in self._children.items()
            if child.poll() is not None
        ]
        for run_id, code in ended:
            del self._children[run_id]
            if code not in (0, jobs.BUSY):
                self._look_after(run_id)
        return [run_id for run_id, _ in ended]

    def _look_after(self, run_id: int) -> None:
        """Give up a run whose processes end again and again before they take it."""
        runs = self._services.state.runs
        if runs.get(run_id).status != "queued":
            self._stillborn.pop(run_id, None)
            return
        self._stillborn[run_id] += 1
        if self._stillborn[run_id] >= TRIES:
            words = self._last_words(run_id)
            runs.end(
                run_id,
                StorageError(
                    f"The process for this run ended before it began{words}",
                    hint=f"See {jobs.log_of(self._services, run_id).name} in the home's logs.",
                ),
            )

    def _last_words(self, run_id: int) -> str:
        with suppress(OSError):
            text = jobs.log_of(self._services, run_id).read_text("utf-8", errors="replace")
            return ": " + lines[-1][:200] if (lines := text.strip().splitlines()) else ""
        return ""
