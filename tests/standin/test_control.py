"""The stand-in's own door, and the stand-in as a process."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any

import pytest
import requests

from tests.standin.conftest import Talk, days, events
from workbench.standin import PENDO_KEY, PENDO_READ_KEY, spawn
from workbench.standin.__main__ import main
from workbench.standin.acts import ActError
from workbench.standin.pendo import PendoStandIn
from workbench.standin.spawning import SpawnError


def door(talk: Talk, name: str, body: Any) -> requests.Response:
    return requests.post(f"{talk.pendo.url}/_standin/{name}", json=body)


def test_the_door_does_what_the_methods_do(talk: Talk) -> None:
    assert door(talk, "weather", [{"fault": "5xx", "times": 1}]).status_code == 200
    assert talk.get("page").status_code == 503
    assert door(talk, "switches", {"csv": "off"}).status_code == 200
    assert talk.pendo.switches()["csv"] == "off"
    act = {
        "do": "set_value",
        "kind": "visitor",
        "id": "v-101",
        "field": "custom.tier",
        "value": "x",
    }
    assert door(talk, "act", act).json()["result"] == {"id": "v-101"}
    assert talk.value("v-101", "tier").json() == "x"
    assert door(talk, "reset", None).status_code == 200
    assert talk.pendo.switches()["csv"] == "on"
    assert talk.value("v-101", "tier").json() != "x"


@pytest.mark.parametrize("name", ["weather", "switches", "act"])
def test_bad_input_at_the_door_is_400_with_a_sentence(talk: Talk, name: str) -> None:
    for body in (b"{", b"5", b'["x"]', b'{"x": 1}'):
        answer = requests.post(f"{talk.pendo.url}/_standin/{name}", data=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]


def test_stats_tell_what_was_asked(talk: Talk) -> None:
    talk.rows(events("pageEvents", days("now()", -1)))
    talk.get("page?expand=*")

    stats = requests.get(f"{talk.pendo.url}/_standin/stats").json()

    assert stats["requests"] == {"POST /api/v1/aggregation": 1, "GET /api/v1/page": 1}
    assert (stats["api_calls"], stats["statuses"]) == (2, {"200": 2})
    assert stats["bytes"] == sum(entry["bytes"] for entry in stats["last"]) > 1000
    first, second = stats["last"]
    assert "pageEvents" in first["body"]["request"]["pipeline"][0]["source"]
    assert (second["method"], second["query"]) == ("GET", {"expand": ["*"]})


def test_people_come_and_go(talk: Talk) -> None:
    pendo = talk.pendo
    values = {"custom.tier": "gold", "agent.email": "new@example.com"}
    pendo.act({"do": "add", "kind": "visitor", "id": "newcomer", "values": values})
    assert talk.get("visitor/newcomer").json()["metadata"]["custom"] == {"tier": "gold"}

    pendo.act({"do": "remove", "kind": "visitor", "id": "newcomer"})

    assert talk.get("visitor/newcomer").status_code == 404


def test_the_clock_moves_to_a_moment(talk: Talk) -> None:
    talk.pendo.act({"do": "move_clock", "to": "2026-03-12T05:00:00Z"})

    rows = talk.rows(events("pageEvents", days("now()", -1)))

    assert {row["day"] for row in rows} == {1773201600000}


@pytest.mark.parametrize(
    "act",
    [
        {"do": "dance"},
        {},
        {"do": "remove", "kind": "visitor", "id": "nobody"},
        {"do": "remove", "kind": "dog", "id": "x"},
        {"do": "add", "kind": "visitor", "id": "v-101"},
        {"do": "set_value", "kind": "visitor", "id": "v-101", "field": "custom.gone", "value": 1},
        {"do": "set_value", "kind": "visitor", "id": "v-101", "field": "custom.tier", "value": 1},
        {"do": "set_value", "kind": "visitor"},
        {"do": "add_events", "events": [{"visitorId": "x", "at": "noon"}]},
        {"do": "add_events", "events": [{"visitorId": "x", "at": 1, "thing": "nothing"}]},
        {"do": "add_events", "events": [{"visitorId": "x", "at": 1, "kind": "dream"}]},
    ],
)
def test_what_nobody_can_do_is_refused(talk: Talk, act: dict[str, Any]) -> None:
    with pytest.raises(ActError):
        talk.pendo.act(act)


def test_an_impossible_size_or_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="A size is"):
        PendoStandIn(size="huge")
    with pytest.raises(ValueError, match="is not a time zone"):
        PendoStandIn(zone="Mars/Olympus")


def test_a_spawned_stand_in_can_play_salesforce_too() -> None:
    with spawn(now="2026-03-10T19:30:00Z", days=3, salesforce=True) as both:
        versions = requests.get(f"{both.salesforce_url}/services/data").json()

    assert "66.0" in {one["version"] for one in versions}


def test_a_spawned_stand_in_serves_and_stops() -> None:
    with spawn(now="2026-03-10T19:30:00Z", zone="UTC", days=3) as pendo:
        answer = requests.get(
            f"{pendo.url}/api/v1/token/verify", headers={"x-pendo-integration-key": pendo.key}
        )
        assert answer.json()["writeAccess"]
        assert (pendo.key, pendo.read_key) == (PENDO_KEY, PENDO_READ_KEY)

    assert pendo.process.returncode == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(pendo.url)


def test_a_stand_in_that_cannot_start_says_why(pendo: PendoStandIn) -> None:
    with pytest.raises(SpawnError, match="in use"):
        spawn(port=int(pendo.url.rsplit(":", 1)[1]))


def test_a_wrong_option_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--zone=Mars/Olympus"]) == 2
    assert capsys.readouterr().err.startswith("error: Mars/Olympus is not a time zone")
    for wrong in ("--now=2026-03-10", "--size=huge", "--days=0"):
        with pytest.raises(SystemExit, match="2"):
            main([wrong])


def test_a_stand_in_ends_when_the_one_that_started_it_is_killed() -> None:
    script = """
        import sys, time
        from workbench.standin import spawn
        pendo = spawn()
        print(pendo.process.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()

    until = time.monotonic() + 30
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """Whether a process does anything still; one nobody has waited for does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_it_prints_one_line_and_stops_on_a_signal(number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench.standin", "--now", "2026-03-10T19:30:00+00:00"],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(number)
    rest, _errors = process.communicate()

    assert line.startswith("READY pendo=http://127.0.0.1:")
    assert f"pendo_key={PENDO_KEY} pendo_read_key={PENDO_READ_KEY}" in line
    assert (rest, process.returncode) == ("", 0)
