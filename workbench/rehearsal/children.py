"""Processes that take their end from the one that started them, and the ports they answer on."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from workbench.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
"""Where the package and ``app.py`` are."""
PATIENCE_S = 10.0
"""How long a process may take to end in order before it is ended."""
LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65_535


class Child:
    """A process of ours, writing into a log file."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        heard: bool = False,
    ) -> None:
        """Start ``python`` with some arguments.

        Args:
            heard: Whether its standard output comes to us; else it goes to the log.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(  # noqa: S603 -- our own interpreter, no shell
                [sys.executable, *arguments],
                # A pipe that closes when we end, for those who look.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if heard else file,
                stderr=file,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                # Ctrl-C in a terminal goes to every process of its group; this one is told by us.
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def stop(self) -> None:
        """End it in order; by force when that takes too long."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
    return number


def require_free(port: int, *, option: str) -> None:
    """Say in words that a port is taken; ``option`` is how another is chosen.

    Raises:
        InputError: somebody listens there.
    """
    if not is_free(port):
        raise InputError(
            f"Port {port} is in use by another program, maybe by a workbench that runs already",
            hint=f"Stop that one, or choose another port: {option} {port % HIGHEST_PORT + 1}",
        )


def answers(url: str) -> bool:
    """Whether something at ``url`` answers a GET with 200."""
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    # Never through a proxy: the address is this machine.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError, ValueError):
        return False


def _end_with_parent() -> Callable[[], None] | None:
    """What makes Linux end a child whose parent was killed; elsewhere there is no such thing."""
    if sys.platform != "linux":
        return None
    # Loaded here: between fork and exec only this one call may happen.
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal.SIGTERM)
