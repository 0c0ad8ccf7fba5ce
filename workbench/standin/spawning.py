"""Start a stand-in as a process of its own, which ends when the one that started it does."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.standin.closing import Closing

READY = "READY "
"""How the one line begins that a stand-in prints when it can be asked."""


class SpawnError(RuntimeError):
    """The stand-in ended before it was ready; the text is what it said."""


@dataclass(frozen=True)
class Spawned(Closing):
    """A stand-in in another process."""

    url: str
    key: str
    read_key: str
    process: "subprocess.Popen[str]"
    salesforce_url: str = ""
    """Where Salesforce is played, if that was asked for."""

    def close(self) -> None:
        """Stop it, and wait until it has."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def spawn(
    *,
    seed: int = 7,
    size: str = "small",
    now: str | None = None,
    zone: str | None = None,
    port: int = 0,
    days: int | None = None,
    accounts: int | None = None,
    salesforce: bool = False,
) -> Spawned:
    """Start a stand-in and wait until it is ready. ``now`` is ISO 8601.

    Pendo is always played, Salesforce only when asked for.

    Raises:
        SpawnError: it did not start; a wrong option, or a port that is taken.
    """
    given = {
        "seed": seed,
        "size": size,
        "now": now,
        "zone": zone,
        "pendo-port": port,
        "days": days,
        "accounts": accounts,
    }
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    if salesforce:
        options.append("--salesforce-port=0")
    return _ready(["-m", "workbench.standin", "--until-stdin-closes", *options])


def _ready(arguments: Sequence[str]) -> Spawned:
    # The pipe to its stdin is what ties its life to ours: however we end, the pipe closes.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and options
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(READY):
        _out, said = process.communicate()
        raise SpawnError(f"The stand-in did not start: {said.strip()[-400:]}")
    facts = dict(part.split("=", 1) for part in line.removeprefix(READY).split())
    if process.stderr:
        process.stderr.close()
    return Spawned(
        facts["pendo"],
        facts["pendo_key"],
        facts["pendo_read_key"],
        process,
        facts.get("salesforce", ""),
    )
