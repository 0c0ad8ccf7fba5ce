"""A kind of job for tests: it writes down that it ran, for which slot, in which process.

``WORKBENCH_JOBS=tests.schedules.witness:KINDS`` makes every process of an installation know it;
no part of the workbench is replaced. Its documents say with ``behave`` how it ends.
"""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import AccessError, HeldError, OutageError
from workbench.jobs import JobKind

if TYPE_CHECKING:
    from workbench.services import Services

SETTING = "tests.schedules.witness:KINDS"


def seen(home: Path) -> list[dict[str, Any]]:
    """Every line that witnesses wrote, in order; one that was cut off by a kill is left out."""
    path = home / "witness.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def run(
    services: "Services", name: str, *, trigger: str, run_id: int | None, **options: Any
) -> None:
    """Write that it began and, after ``takes_s``, that its slot is done: once for each slot."""
    body = services.state.documents.get("witness", name) or {}
    with services.state.runs.recorded(f"witness/{name}", run_id=run_id) as tally:
        row = services.state.runs.get(tally.run_id)
        home = services.settings.home
        line = {
            "job": row.job,
            "due_at": row.due_at and row.due_at.isoformat(),
            "run": row.id,
            "pid": os.getpid(),
            "parent": os.getppid(),
            "options": options,
            "now": services.now().isoformat(),
        }
        _write(home, {**line, "event": "began"})
        tally.log("working")
        end = time.monotonic() + body.get("takes_s", 0.0)
        while time.monotonic() < end and not tally.is_cancel_requested:
            time.sleep(0.01)
        _end(body.get("behave", ""), row.attempt)
        # Between this line and the end of the run a kill makes it run again: a job must know by
        # itself what it has done for a slot, as a pull does.
        if not any(each["event"] == "done" and _same(each, line) for each in seen(home)):
            _write(home, {**line, "event": "done"})


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one["job"], one["due_at"]) == (other["job"], other["due_at"])


def _end(behave: str, attempt: int) -> None:
    if behave == "refused":
        raise AccessError("Pendo refused the key", hint="Set another key.")
    if behave == "held":
        raise HeldError("40 % of the records would change", hint="Look at them.")
    if behave == "fails" or (behave == "fails once" and attempt == 1):
        raise OutageError("Pendo did not answer")
    if behave == "crashes":
        os.abort()


def _write(home: Path, line: dict[str, Any]) -> None:
    """One line at once, so that a kill leaves it whole or not at all."""
    descriptor = os.open(home / "witness.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())
    finally:
        os.close(descriptor)


KINDS = {"witness": JobKind("witness", run, resumes=True)}
