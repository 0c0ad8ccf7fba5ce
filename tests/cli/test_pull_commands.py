"""``connection test``, ``pull preview``, ``pull run``: over real HTTP against the stand-in."""

import json
import os
import pty
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import CONNECTION, PULL, ROOT, Cli, command
from workbench.services import open_services
from workbench.settings import load_settings
from workbench.standin import PendoStandIn


def test_a_connection_says_what_its_key_may_do(
    cli: Cli, documents: str, pendo: PendoStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = cli("connection", "test", "acme", "--json").value

    assert list(told) == ["ok", "scope", "latency_ms", "detail"]
    assert (told["ok"], told["scope"]) == (True, "write")
    assert told["latency_ms"] > 0
    assert "may read and write" in cli("connection", "test", "connection/acme").out

    monkeypatch.setenv("PENDO_KEY", pendo.read_key)
    assert cli("apply", "-", given=documents).out.startswith("updated connection/acme")
    assert cli("connection", "test", "acme", "--json").value["scope"] == "read"


def test_a_wrong_key_is_said_and_never_shown(
    cli: Cli, documents: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENDO_KEY", "not-the-right-word")
    cli("apply", "-", given=documents)

    done = cli("connection", "test", "acme", "--json")

    assert done.code == 1
    assert done.value["ok"] is False
    assert done.err.startswith(f"error: {done.value['detail']}")
    assert "not-the-right-word" not in done.out + done.err
    ran = cli("pull", "run", "page-events")
    assert (ran.code, ran.out) == (1, "")
    assert "not-the-right-word" not in ran.err


def test_a_connection_that_does_not_exist_is_a_sentence(cli: Cli, documents: str) -> None:
    done = cli("connection", "test", "acmee")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: There is no connection 'acmee'; did you mean acme?")


def test_a_preview_shows_everything_and_changes_nothing(cli: Cli, documents: str) -> None:
    told = cli("pull", "preview", "page-events", "--rows", "5", "--json").value

    assert (told["first_day"], told["last_day"]) == ("2026-03-04", "2026-03-09")
    assert told["zone"] == "America/New_York"
    assert len(told["rows"]) == 5
    assert {"name": "day", "type": "date"} in told["columns"]
    assert told["request"]["request"]["pipeline"][0]["source"]["pageEvents"]
    assert told["effect"]["rows_before"] == 0
    assert told["effect"]["new"] == told["effect"]["rows_after"] > 0
    assert cli("dataset", "list", "--json").value == []

    text = cli("pull", "preview", "pull/page-events", "--rows", "2").out
    assert "2026-03-04 to 2026-03-09, 6 days in America/New_York" in text
    assert "0 rows become" in text


def test_a_run_makes_a_version_and_says_what_it_cost(cli: Cli, documents: str) -> None:
    done = cli("pull", "run", "page-events", "--json")

    assert done.code == 0
    told = done.value
    keys = ["run", "status", "rows", "dataset", "version", "requests", "bytes", "seconds"]
    assert list(told)[:8] == keys
    assert (told["status"], told["dataset"], told["version"]) == ("done", "page_events", 0)
    [rows] = cli("dataset", "sql", "SELECT count(*) AS n FROM page_events", "--json").value
    assert rows["n"] == told["rows"] > 0
    assert cli("dataset", "versions", "page_events", "--json").value[0]["run"] == told["run"]
    [run] = cli("run", "list", "--json").value
    assert (run["run"], run["job"], run["status"]) == (told["run"], "pull/page-events", "done")
    assert "now version 1" in cli("pull", "run", "page-events").out
    assert cli("run", "log", str(told["run"])).out


@pytest.mark.parametrize("words", [["pull", "run"], ["pull", "preview"]])
def test_an_unknown_pull_is_a_sentence_and_no_run(
    cli: Cli, documents: str, words: list[str]
) -> None:
    for name in ("page-event", "../x", "pull/", "connection/acme"):
        done = cli(*words, name)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: ")
    assert cli("run", "list", "--json").value == []


def test_a_window_that_ends_before_it_starts_sends_nothing(
    cli: Cli, documents: str, pendo: PendoStandIn
) -> None:
    late = PULL.replace("{days_back: 3}", "{from: 2026-12-01, to: {days_back: 1}}")
    assert cli("apply", "-", given=late).code == 0
    pendo.reset()

    done = cli("pull", "run", "page-events")

    assert (done.code, done.out) == (2, "")
    assert "hint: " in done.err
    assert not pendo.stats()["requests"]


def test_a_job_that_runs_already_is_a_sentence(cli: Cli, documents: str) -> None:
    runs = open_services(load_settings()).state.runs
    with runs.recorded("pull/page-events") as tally:
        done = cli("pull", "run", "page-events")

    assert (done.code, done.out) == (2, "")
    assert f"pull/page-events is already running as run {tally.run_id}" in done.err
    assert f"run cancel {tally.run_id}" in done.err


def test_an_answer_without_rows_is_held_until_released(
    cli: Cli, documents: str, pendo: PendoStandIn
) -> None:
    replacing = PULL + "update: {method: replace}\n"
    assert cli("apply", "-", given=replacing).code == 0
    assert cli("pull", "run", "page-events").code == 0
    pendo.weather([{"fault": "null_results"}])

    held = cli("pull", "run", "page-events")

    assert (held.code, held.out) == (3, "")
    assert cli("run", "list", "--json").value[0]["status"] == "held"
    assert cli("pull", "run", "page-events", "--release").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_in_order_and_a_second_run_goes_on(
    cli: Cli, documents: str, pendo: PendoStandIn, number: int
) -> None:
    pendo.weather([{"fault": "slow_first_byte", "ms": 400}])
    child = subprocess.Popen(
        command("pull", "run", "page-events", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ},
    )
    runs = open_services(load_settings()).state.runs
    while not (runs.latest() and runs.latest()[0].done):
        assert child.poll() is None
        time.sleep(0.02)

    child.send_signal(number)
    out, err = child.communicate()

    assert (child.returncode, out) == (130, "")
    assert "error: Cancelled" in err
    assert "kept" in err
    assert runs.latest()[0].status == "cancelled"
    pendo.weather([])
    assert cli("pull", "run", "page-events").code == 0


def test_no_bar_and_no_secret_where_nobody_watches(process: Cli, documents: str) -> None:
    done = process("pull", "run", "page-events")

    assert done.code == 0
    assert done.err == ""
    assert "\r" not in done.out
    assert os.environ["PENDO_KEY"] not in done.out + done.err


def test_a_bar_where_a_person_watches(documents: str) -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        command("pull", "run", "page-events", "--json"),
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=ROOT,
    )
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # how a terminal says that the other side is gone
        while piece := os.read(ours, 4096):
            seen += piece
    out, _ = child.communicate()
    os.close(ours)

    assert b"page-events  [" in seen
    assert b"rows" in seen
    assert seen.endswith(b"\r\x1b[K")
    assert json.loads(out)["status"] == "done"


@pytest.mark.parametrize("words", ["pull run", "pull preview --debug"])
def test_a_broken_answer_is_two_lines_on_stderr_as_a_process(
    process: Cli, documents: str, pendo: PendoStandIn, words: str
) -> None:
    pendo.weather([{"fault": "malformed"}])

    done = process(*words.split(), "page-events")

    assert (done.code, done.out) == (1, "")
    told = [line.partition(":")[0] for line in done.err.splitlines()]
    assert told[-2:] == ["error", "hint"]
    assert len(told) == 2 or "--debug" in words


def test_the_documents_of_the_contract_are_accepted(cli: Cli, home: Path) -> None:
    contract = """\
kind: connection
name: acme-pendo
type: pendo
url: https://app.pendo.io        # http only for loopback
key_env: PENDO_KEY
timezone: America/New_York       # the subscription's own zone: what "a day" means
apps: all                        # all | default | [-323232, 55]
---
kind: pull
name: page-events
connection: acme-pendo
report: row_aggregation
source: page_events
duration: {from: {days_back: 10}, to: {days_back: 5}}
dataset: page_events             # default: the pull's name with _
update: {method: partition, key: [day]}
lookback_days: 2
schedules: [{every: daily, hour: 6, timezone: America/New_York}]
retry: {attempts: 3, wait_minutes: 5}
"""
    assert cli("apply", "-", given=contract).code == 0
    plain_http = CONNECTION.format(url="http://app.pendo.io")
    assert cli("apply", "-", given=plain_http).code == 2
