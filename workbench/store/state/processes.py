"""Tell whether the process that wrote something is still there, without trusting its number.

A process number is used again after a while, so a process is known by host, number and the
moment it started.
"""

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

GONE_STATES = frozenset("ZXx")
"""Of /proc/PID/stat: ended, and only kept until its parent looks."""
START_FIELD = 19
"""Where the start time stands after the closing bracket of the name (field 22 of proc(5))."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one machine."""

    host: str
    pid: int
    started: str | None
    """An opaque text, equal for the same process only; None where the system cannot tell."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process of this machine that has a number now."""
        return cls(socket.gethostname(), pid, _started(pid))

    @property
    def is_here(self) -> bool:
        """Whether it belongs to this machine, so that we can look for it."""
        return self.host == socket.gethostname()

    @property
    def is_gone(self) -> bool:
        """Whether it certainly ended; a process of another machine is never certain."""
        if not self.is_here:
            return False
        started = _started(self.pid)
        return started is None or (self.started is not None and started != self.started)


def this_process() -> Process:
    """The process that asks."""
    return Process.of(os.getpid())


def _started(pid: int) -> str | None:
    """When process ``pid`` started; None if there is none."""
    if Path("/proc/self/stat").exists():
        return _started_by_proc(pid)
    return _started_by_ps(pid)


def _started_by_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    # The name is in brackets and may hold brackets and spaces itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in GONE_STATES else f"{boot}:{fields[START_FIELD]}"


def _started_by_ps(pid: int) -> str | None:
    # Systems without /proc (macOS): ps is part of POSIX.
    command = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    state, _, started = answer.strip().partition(" ")
    return None if not state or state[0] in GONE_STATES else started.strip()
