"""Workers that start at once: forked from a process that has everything loaded already.

That process is started while nothing else goes on, and killed or gone it is no loss: workers are
started the slow way then. Its workers go on without it and without us.
"""

import json
import logging
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from workbench import jobs
from workbench.store.state.processes import Process

if TYPE_CHECKING:
    from workbench.services import Services

log = logging.getLogger("workbench.scheduler")
ANSWERS_WITHIN_S = 2.0
"""A fork takes milliseconds; on a machine so busy that it takes longer, no other way is faster."""
REPORTED_WITHIN_S = 5.0
"""How long after a worker is gone its end may stay untold, until it counts as lost."""
AGAIN_S = 60.0
"""How long after one that ended before it was ready the next is started: it may be that there
is no memory for it, and to try at every turn would leave even less."""
LOST = -1
"""The exit code of a worker of which nobody could tell how it ended."""
IS_POSSIBLE = sys.platform == "linux"
"""Elsewhere libraries of the system may hold threads, with which forking is not safe."""
CHUNK = 65_536
"""More than a pipe holds."""


class Forked:
    """One worker that was forked; polled as one that was started."""

    def __init__(self, forks: "Forks", pid: int) -> None:
        self.returncode: int | None = None
        self._forks = forks
        self._process = Process.of(pid)
        self._gone_since: float | None = None

    def poll(self) -> int | None:
        """How it ended; None while it goes on."""
        if self.returncode is None:
            self.returncode = self._forks.ended(self._process.pid)
        if self.returncode is None and self._process.is_gone:
            self._gone_since = self._gone_since or time.monotonic()
            waited_s = time.monotonic() - self._gone_since
            if not self._forks.is_there or waited_s > REPORTED_WITHIN_S:
                self.returncode = LOST
        return self.returncode


class Forks:
    """The process that workers are forked from, as the scheduler sees it."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._source: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._not_before = 0.0
        self._unread = b""
        self._began: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    @property
    def is_there(self) -> bool:
        """Whether the process is there, loading or ready."""
        return self._source is not None and self._source.poll() is None

    @property
    def pid(self) -> int | None:
        """The number of the process; None where there is none."""
        return self._source.pid if self._source is not None and self.is_there else None

    @property
    def is_ready(self) -> bool:
        """Whether a worker can be forked at once."""
        self._hear(0.0)
        return self.is_there and self._is_ready

    def prepare(self) -> None:
        """Start the process unless it is there; it takes a second or more to be ready."""
        if not IS_POSSIBLE or not self._services.settings.scheduler_forks or self.is_there:
            return
        if time.monotonic() < self._not_before:
            return
        self.close()
        self._not_before = time.monotonic() + AGAIN_S
        output = self._services.settings.home / "logs" / "forks.log"
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            with output.open("ab") as said:
                self._source = subprocess.Popen(
                    [sys.executable, "-m", "workbench", "run", "carry-out"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    cwd=jobs.ROOT,
                    env=jobs.environment(self._services),
                    start_new_session=True,
                )
        except OSError as error:
            log.error("No process to fork workers from: %s", error)

    def start(self, run_id: int, now: datetime | None) -> Forked | None:
        """Fork the worker for a waiting run; None where that cannot be done at once.

        Args:
            now: What it takes for the present moment; None is the real one.
        """
        if not self.is_ready:
            return None
        assert self._source is not None
        assert self._source.stdin is not None
        said = jobs.log_of(self._services, run_id)
        said.parent.mkdir(parents=True, exist_ok=True)
        order = {"run": run_id, "log": str(said.absolute()), "now": now and now.isoformat()}
        with suppress(OSError):
            os.write(self._source.stdin.fileno(), json.dumps(order).encode() + b"\n")
            until = time.monotonic() + ANSWERS_WITHIN_S
            while run_id not in self._began and self.is_there and time.monotonic() < until:
                self._hear(until - time.monotonic())
        if (pid := self._began.pop(run_id, None)) is not None:
            return Forked(self, pid)
        # It may still fork late: of two workers for one run only one can take it.
        log.warning("The process to fork workers from does not answer; run %d has to wait", run_id)
        self.close()
        return None

    def ended(self, pid: int) -> int | None:
        """How a worker ended, if that was told."""
        self._hear(0.0)
        return self._ended.pop(pid, None)

    def close(self) -> None:
        """End the process; the workers that it forked go on."""
        if self._source is None:
            return
        self._hear(0.0)
        self._source.kill()
        self._source.wait()
        for pipe in (self._source.stdin, self._source.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self._source, self._is_ready, self._unread = None, False, b""

    def _hear(self, timeout_s: float) -> None:
        """Take in what the process told."""
        if self._source is None or self._source.stdout is None:
            return
        told = self._source.stdout.fileno()
        while select.select([told], [], [], max(timeout_s, 0.0))[0]:
            chunk = os.read(told, CHUNK)
            if not chunk:
                return
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                self._note(line.decode().split())
            timeout_s = 0.0

    def _note(self, words: list[str]) -> None:
        if words[0] == "ready":
            self._is_ready, self._not_before = True, 0.0
        elif words[0] == "began":
            self._began[int(words[1])] = int(words[2])
        elif words[0] == "ended":
            self._ended[int(words[1])] = int(words[2])
