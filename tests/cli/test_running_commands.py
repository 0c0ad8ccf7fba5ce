"""``start``, ``demo``, ``standin``: they come up, answer, and take all of theirs along."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import CONNECTION, ROOT, Cli, command
from workbench.services import Services, open_services
from workbench.settings import load_settings


@contextlib.contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def get(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url) as response:
        text: str = response.read().decode()
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def services() -> Services:
    return open_services(load_settings())


def stopped(child: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    child.send_signal(number)
    out, err = child.communicate()
    return child.returncode, out, err


def first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


TOLD = [
    "pendo",
    "salesforce",
    "pendo_key",
    "pendo_read_key",
    "salesforce_client_id",
    "salesforce_client_secret",
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_standin_prints_one_line_and_serves_until_stopped(home: Path, number: int) -> None:
    now = "2026-03-10T19:30:00Z"
    with running("standin", "--size", "small", "--seed", "3", "--now", now) as child:
        words = first_line(child).split()
        facts = dict(word.split("=", 1) for word in words[1:])

        assert words[0] == "READY"
        assert list(facts) == TOLD
        for name in ("pendo", "salesforce"):
            assert json.loads(get(f"{facts[name]}/_standin/stats"))
        assert stopped(child, number) == (0, "", "")


def test_standin_can_say_it_in_json(home: Path) -> None:
    with running("standin", "--size", "small", "--json") as child:
        assert list(json.loads(first_line(child))) == TOLD


def test_a_busy_port_or_a_wrong_moment_is_a_sentence(cli: Cli) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])

        for words in (
            ["standin", "--pendo-port", port],
            ["standin", "--salesforce-port", port],
            ["start", "--port", port],
        ):
            done = cli(*words)
            assert (done.code, done.out) == (2, "")
            assert done.err.startswith(f"error: Port {port} is in use")
            assert "hint: " in done.err
    for moment in ("yesterday", "2026-03-10T19:30:00"):
        assert cli("standin", "--now", moment).err.startswith("error: --now: ")


def test_demo_pulls_for_real_and_says_where_to_look(process: Cli, cli: Cli) -> None:
    done = process("demo", "--size", "small")

    assert (done.code, done.err) == (0, "")
    for words in (
        "A stand-in plays Pendo at http://127.0.0.1:",
        "Preview: page-events",
        "rows into accounts, now version 0",
        "rows into page_events, now version 1",
        "Ask: the last seven days",
        "Preview: churn-to-pendo",
        "records written",
        "Campaign: Spring Webinar",
        "1 left, 1 changed",
        "Calls of ours today",
        "python -m workbench start",
    ):
        assert words in done.out
    names = [dataset["name"] for dataset in cli("dataset", "list", "--json").value]
    made = ["campaign_engagement", "churn_scores"]
    assert names == sorted(["accounts", "feature_events", "page_events", "visitors", *made])
    assert {run["status"] for run in cli("run", "list", "--json").value} == {"done"}

    # Again: what was deleted comes back, versions go on, and JSON is all there is on stdout.
    assert cli("delete", "pull/visitors").code == 0
    told = cli("demo", "--size", "small", "--json").value
    assert [pull["dataset"] for pull in told["pulls"]] == [
        "accounts",
        "visitors",
        "page_events",
        "feature_events",
    ]
    assert [version["version"] for version in told["versions"]] == [3, 2, 1, 0]
    assert told["answer"][0]["page_views"] > 0


def test_start_rehearses_where_nothing_is_connected_and_stops_all_of_it(home: Path) -> None:
    port = free_port()
    with running(
        "start", "--size", "small", "--no-browser", "--port", str(port), "--json"
    ) as child:
        assert json.loads(first_line(child)) == {"url": f"http://127.0.0.1:{port}"}
        assert get(f"http://127.0.0.1:{port}/_stcore/health") == "ok"
        opened = services()
        standin = opened.documents.connection("rehearsal").url
        assert json.loads(get(f"{standin}/_standin/stats"))
        # The sample pulls run by themselves, so that there is something to look at.
        while "campaign_engagement" not in opened.datasets.names():
            assert child.poll() is None
            time.sleep(0.1)

        code, _, err = stopped(child)

    assert (code, err) == (0, "Stopping\n")
    assert is_free(port)
    assert is_free(int(standin.rpartition(":")[2]))
    assert opened.state.runs.latest(status="running") == []

    # Again: the same stand-in comes back, and nothing is pulled a second time.
    runs = len(opened.state.runs.latest(limit=100))
    history = opened.documents.history("connection", "rehearsal")
    with running("start", "--size", "small", "--no-browser", "--port", str(port)) as child:
        assert first_line(child) == f"The workbench is at http://127.0.0.1:{port} (Ctrl-C stops it)"
        assert json.loads(get(f"{standin}/_standin/stats"))
        assert stopped(child, signal.SIGTERM)[0] == 0
    assert opened.documents.history("connection", "rehearsal") == history
    assert len(opened.state.runs.latest(limit=100)) == runs


def test_a_rehearsal_whose_port_was_taken_moves_and_ends_even_when_killed(
    cli: Cli, home: Path
) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = f"http://127.0.0.1:{busy.getsockname()[1]}"
        rehearsal = CONNECTION.format(url=taken).replace("name: acme", "name: rehearsal")
        assert cli("apply", "-", given=rehearsal).code == 0
        port = free_port()
        with running("start", "--size", "small", "--no-browser", "--port", str(port)) as child:
            assert first_line(child).startswith("The workbench is at")
            moved = services().documents.connection("rehearsal").url
            assert moved != taken
            assert json.loads(get(f"{moved}/_standin/stats"))

            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            while not (is_free(port) and is_free(int(moved.rpartition(":")[2]))):
                time.sleep(0.1)


def test_a_real_connection_of_that_name_is_never_turned_into_a_rehearsal(cli: Cli) -> None:
    real = CONNECTION.format(url="https://app.pendo.io").replace("name: acme", "name: rehearsal")
    cli("apply", "-", given=real)

    done = cli("demo")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: The connection rehearsal is not a stand-in")
    assert "url: https://app.pendo.io" in cli("export", "connection").out


def test_start_leaves_the_stand_in_out_where_something_real_is_connected(
    cli: Cli, home: Path
) -> None:
    cli("apply", "-", given=CONNECTION.format(url="https://app.pendo.io"))
    with running("start", "--size", "small", "--no-browser", "--port", "0") as child:
        assert first_line(child).startswith("The workbench is at")
        assert services().documents.names("connection") == ["acme"]
        assert stopped(child)[0] == 0
