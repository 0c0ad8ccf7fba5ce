"""``schedule list|next|missed|catchup|on|off``, ``scheduler``, ``run retry``."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Cli, command
from workbench.services import Services, open_services
from workbench.settings import load_settings
from workbench.store.state import NewSlot

PULL = """\
kind: pull
name: guides
connection: acme
source: guides
retry: {attempts: 0}
schedules:
- {every: daily, hour: 6, timezone: America/New_York}
- {every: weekly, "on": [mon, thu], hour: 20}
"""
JOB = "pull/guides"
DUE = datetime(2026, 3, 11, 10, tzinfo=UTC)
"""Six o'clock in New York, two days after its clocks went forward."""


@pytest.fixture
def opened(home: Path) -> Iterator[Services]:
    opened = open_services(load_settings())
    yield opened
    opened.close()


@pytest.fixture
def scheduled(cli: Cli, documents: str) -> str:
    """A pull with two schedules beside one with none."""
    assert cli("apply", "-", given=PULL).code == 0
    return JOB


def test_every_schedule_is_listed_with_its_next_fire_and_the_last_run(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    with opened.state.runs.recorded(JOB):
        pass

    [daily, weekly] = cli("schedule", "list", "--json").value

    assert list(daily) == ["job", "schedule", "on", "next_at", "last_at", "last_status"]
    assert (daily["job"], daily["on"], daily["next_at"]) == (JOB, True, "2026-03-11T10:00:00Z")
    assert weekly["next_at"] == "2026-03-12T20:00:00Z"
    assert daily["last_status"] == "done"
    assert daily["last_at"].endswith("Z")
    assert "New_York" in daily["schedule"]
    assert daily["schedule"] in cli("schedule", "list").out


def test_the_next_fires_of_all_jobs_come_soonest_first(cli: Cli, scheduled: str) -> None:
    fires = cli("schedule", "next", "-n", "3", "--json").value

    assert [list(fire) for fire in fires] == [["at", "job", "schedule"]] * 3
    assert [fire["at"] for fire in fires] == [
        "2026-03-11T10:00:00Z",
        "2026-03-12T10:00:00Z",
        "2026-03-12T20:00:00Z",
    ]
    assert {fire["job"] for fire in fires} == {JOB}
    assert len(cli("schedule", "next", "--json").value) == 10


def test_off_fires_nothing_and_on_resumes_what_was_paused(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    assert cli("schedule", "off", "guides").out == "pull/guides is off\n"
    assert {row["on"] for row in cli("schedule", "list", "--json").value} == {False}
    assert cli("schedule", "next", "--json").value == []
    opened.state.jobs.pause(JOB, "It failed 5 times in a row")

    assert cli("schedule", "on", JOB, "--json").value == {"job": JOB, "on": True}

    assert opened.state.jobs.stopped() == {}
    assert cli("schedule", "list", "--json").value[0]["next_at"] is not None


def test_missed_slots_are_listed_also_before_a_scheduler_saw_them_and_are_caught_up(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    assert cli("schedule", "missed", "--json").value == []
    opened.state.jobs.see({JOB: (opened.now() - timedelta(days=3), [])})
    before = [
        {"job": JOB, "due_at": f"2026-03-{day}Z"}
        for day in ("08T10:00:00", "09T10:00:00", "09T20:00:00", "10T10:00:00")
    ]
    assert cli("schedule", "missed", "--json").value == before
    assert opened.state.slots.missed() == []

    [run] = cli("schedule", "catchup", "guides", "once", "--json").value

    assert (run["job"], run["status"]) == (JOB, "queued")
    queued = opened.state.runs.get(run["run"])
    assert (queued.trigger, queued.due_at) == ("catch-up", datetime(2026, 3, 10, 10, tzinfo=UTC))
    assert cli("schedule", "missed", "--json").value == []
    again = cli("schedule", "catchup", JOB, "skip")
    assert (again.code, again.err.splitlines()[0]) == (
        2,
        f"error: {JOB} has no missed slots",
    )
    shown = cli("run", "show", str(run["run"]), "--json").value
    assert shown["due_at"] == "2026-03-10T10:00:00Z"
    assert len(shown["slots"]) == 4
    assert shown["attempt"] == 1


def test_catching_up_can_be_waited_for(cli: Cli, scheduled: str, opened: Services) -> None:
    opened.state.slots.take([NewSlot(JOB, DUE - timedelta(days=n), "missed") for n in (1, 2)])

    done = cli("schedule", "catchup", JOB, "each", "--wait")

    assert done.code == 0
    assert done.out == f"run 1 of {JOB}: done\nrun 2 of {JOB}: done\n"
    assert [run.trigger for run in opened.state.runs.latest()] == ["catch-up", "catch-up"]


def test_a_name_that_is_no_job_is_told_with_the_nearest(cli: Cli, scheduled: str) -> None:
    done = cli("schedule", "catchup", "guide", "once")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: There is no job 'guide' with schedules")
    assert "hint: Jobs with schedules: pull/guides." in done.err
    assert cli("schedule", "catchup", JOB, "twice").code == 2


def scheduler(*words: str, now: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {key: each for key, each in os.environ.items() if key != "WORKBENCH_NOW"}
    return subprocess.run(
        command("scheduler", "--once", *words, *(["--now", now] if now else [])),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def test_what_is_due_at_a_moment_runs_once_as_if_it_were_now(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    done = scheduler("--json", now="2026-03-11T10:05:00Z")

    assert done.returncode == 0, done.stderr
    [run] = json.loads(done.stdout)
    assert (run["job"], run["status"], run["trigger"]) == (JOB, "done", "schedule")
    assert run["due_at"] == "2026-03-11T10:00:00Z"
    assert opened.datasets.summary("guides").rows == run["rows"] > 0
    again = scheduler(now="2026-03-11T10:06:00Z")
    assert (again.returncode, again.stdout) == (0, "Nothing is due\n")
    assert len(opened.state.runs.latest()) == 1


def test_a_run_that_fails_is_told_by_the_exit_code_and_tried_again_by_hand(
    cli: Cli, scheduled: str, opened: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENDO_KEY", "a-key-nobody-knows")
    assert cli("apply", "-", given=cli("export", "connection/acme").out).code == 0

    done = scheduler(now="2026-03-11T10:05:00Z")

    assert done.returncode == 1
    [run] = opened.state.runs.latest()
    assert (run.status, run.error_kind) == ("failed", "AccessError")
    queued = cli("run", "retry", str(run.id))
    assert (queued.code, queued.out) == (0, f"{run.id + 1}\n")
    monkeypatch.setenv("PENDO_KEY", "rehearsal-write-key")
    assert cli("apply", "-", given=cli("export", "connection/acme").out).code == 0
    waited = cli("run", "retry", str(run.id), "--wait", "--json")
    assert waited.code == 0
    assert waited.value == {"run": run.id + 2, "job": JOB, "status": "done", "error": None}
    retried = opened.state.runs.get(run.id + 2)
    assert (retried.trigger, retried.due_at, retried.retry_of) == ("retry", DUE, run.id)
    assert cli("run", "retry", str(run.id + 1)).code == 2
    assert cli("run", "retry", "99").err.startswith("error: There is no run 99")


def test_a_second_scheduler_for_one_moment_is_refused_while_one_runs(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    from workbench.store.state.processes import this_process

    opened.state.lease.take(this_process())

    done = cli("scheduler", "--once")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: The scheduler is running already (process {os.getpid()}")
    assert cli("scheduler", "--once", "--now", "yesterday").code == 2


def test_a_waiting_run_is_carried_out_by_its_number(
    cli: Cli, scheduled: str, opened: Services
) -> None:
    number = opened.state.runs.queue(JOB, "schedule")

    assert cli("run", "carry-out", str(number)).code == 0
    assert opened.state.runs.get(number).status == "done"

    assert cli("run", "carry-out", str(number)).code == 2
    gone = opened.state.runs.queue("pull/gone", "schedule")
    assert cli("run", "carry-out", str(gone)).code == 2
    assert "There is no pull 'gone'" in str(opened.state.runs.get(gone).error)
    waiting = opened.state.runs.queue(JOB, "schedule")
    with opened.state.runs.recorded(JOB):
        assert cli("run", "carry-out", str(waiting)).code == 75
    assert opened.state.runs.get(waiting).status == "queued"
