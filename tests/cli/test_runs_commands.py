"""``run list|show|log|cancel``."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Cli
from workbench.services import open_services
from workbench.settings import load_settings
from workbench.store.state import State


@pytest.fixture
def state(home: Path) -> State:
    return open_services(load_settings()).state


def test_runs_are_listed_newest_first(cli: Cli, state: State) -> None:
    for job in ("pull/a", "pull/b"):
        with state.runs.recorded(job) as tally:
            tally.progress(done=1, total=1, rows=5, requests=2)

    [newest, oldest] = cli("run", "list", "--json").value

    assert list(newest) == [
        "run",
        "job",
        "trigger",
        "status",
        "due_at",
        "started_at",
        "finished_at",
        "rows",
        "requests",
        "error",
    ]
    assert (newest["job"], oldest["job"], newest["rows"]) == ("pull/b", "pull/a", 5)
    assert newest["started_at"].endswith("Z")
    assert "pull/b" in cli("run", "list").out
    assert [r["job"] for r in cli("run", "list", "--job", "pull/a", "--json").value] == ["pull/a"]
    assert cli("run", "list", "--status", "failed", "--json").value == []
    assert len(cli("run", "list", "-n", "1", "--json").value) == 1


def test_one_run_is_shown_with_its_cause(cli: Cli, state: State) -> None:
    from workbench.errors import HeldError

    with pytest.raises(HeldError), state.runs.recorded("pull/a") as tally:
        tally.result = {"rows": 1}
        raise HeldError("nothing came", hint="look first")

    shown = cli("run", "show", str(tally.run_id), "--json").value

    assert (shown["status"], shown["error"], shown["hint"]) == (
        "held",
        "nothing came",
        "look first",
    )
    assert shown["result"] == {"rows": 1}
    assert "nothing came" in cli("run", "show", "1").out
    assert cli("run", "show", "99").err == "error: There is no run 99\nhint: See `run list`.\n"
    assert cli("run", "show", "99").code == 2


def test_a_killed_run_is_told_as_interrupted(cli: Cli, state: State, home: Path) -> None:
    script = (
        "import os\nfrom workbench.store.state import State\n"
        f"s = State.open('sqlite:///{home / 'state.db'}', secret_key='k')\n"
        "with s.runs.recorded('pull/a'):\n    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)

    [run] = cli("run", "list", "--json").value

    assert (run["status"], run["error"]) == (
        "failed",
        "Interrupted: the process that ran it is gone",
    )


def test_a_run_is_cancelled_once(cli: Cli, state: State) -> None:
    number = state.runs.queue("pull/a")

    assert cli("run", "cancel", str(number)).out == f"run {number} is cancelled\n"
    again = cli("run", "cancel", str(number))
    assert (again.code, again.err) == (2, f"error: Run {number} is not running: it is cancelled\n")
    with state.runs.recorded("pull/b") as tally:
        asked = cli("run", "cancel", str(tally.run_id), "--json").value
    assert asked == {"run": tally.run_id, "status": "running"}


def test_the_log_is_printed_and_followed_to_its_end(cli: Cli, state: State) -> None:
    ready, done = threading.Event(), threading.Event()

    def work() -> None:
        with state.runs.recorded("pull/a") as tally:
            tally.log("first")
            ready.set()
            done.wait()
            tally.log("last", level="warning")

    worker = threading.Thread(target=work)
    worker.start()
    ready.wait()
    threading.Timer(0.5, done.set).start()

    followed = cli("run", "log", "1", "--follow").out.splitlines()
    worker.join()

    assert [line.split("Z  ")[1] for line in followed] == ["first", "warning: last"]
    lines = cli("run", "log", "1", "--json").value
    assert [(line["level"], line["text"]) for line in lines] == [
        ("info", "first"),
        ("warning", "last"),
    ]
    assert cli("run", "log", "2").code == 2
