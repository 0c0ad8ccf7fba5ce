"""A pull killed at any moment and started again ends with exactly the rows of one clean pull."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import NOW, ZONE
from workbench.pulls.model import Pull
from workbench.pulls.plan import plan_pull, span_ms
from workbench.pulls.preview import preview
from workbench.pulls.run import run
from workbench.services import Services
from workbench.standin import PendoStandIn

MakePull = Callable[..., Pull]
KILLS = 6
"""Enough that some fall into fetching, some into writing; the soak does more."""


def command(services: Services, name: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "WORKBENCH_HOME": str(services.settings.home),
        "WORKBENCH_NOW": NOW.isoformat(),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", "pull", "run", name, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def killed_until_done(services: Services, name: str, kills: int, chance: random.Random) -> None:
    """Start, kill, start again; the last start is left alone."""
    for _ in range(kills):
        process = command(services, name)
        time.sleep(chance.uniform(0.5, 2.5))
        process.kill()
        process.communicate()
        # Killed after its end was recorded, it did all it should: another start is another pull.
        if services.state.runs.latest(f"pull/{name}", "done"):
            return
    process = command(services, name)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error.decode()


def rounds(services: Services, pull: MakePull, pendo: PendoStandIn, kills: int, seed: int) -> None:
    clean = pull(name="clean", source="page_events", duration={"days_back": 12})
    run(clean, services)
    # Append is the strictest: what is written twice is there twice.
    services.documents.save(
        pull(
            name="killed",
            source="page_events",
            duration={"days_back": 12},
            update={"method": "append"},
        ),
        "tests",
    )
    pendo.switches(slow_response_ms=120)

    killed_until_done(services, "killed", kills, random.Random(seed))

    def content(dataset: str) -> list[str]:
        rows = services.datasets.read(dataset).to_pylist()
        return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)

    types = [services.datasets.summary(name).columns for name in ("killed", "clean")]
    assert sorted(types[0], key=str) == sorted(types[1], key=str)
    assert content("killed") == content("clean")
    services.state.runs.close_interrupted()
    statuses = {each.status for each in services.state.runs.latest("pull/killed")}
    assert statuses <= {"done", "failed"}, "no run is left running"


def test_a_pull_killed_again_and_again_ends_with_the_rows_of_one_clean_pull(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    rounds(services, pull, pendo, KILLS, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_pulls_killed_many_times(
    seed: int, services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    rounds(services, pull, pendo, 15, seed)


def days_asked(pendo: PendoStandIn) -> list[int]:
    """The first moment of each day that was asked for, in order."""
    bodies = [each["body"] for each in pendo.stats()["last"] if each.get("body")]
    parsed = [json.loads(body) if isinstance(body, str) else body for body in bodies]
    stages = [body["request"]["pipeline"][0]["source"] for body in parsed]
    return [stage["timeSeries"]["first"] for stage in stages if "timeSeries" in stage]


def test_a_pull_goes_on_from_its_finished_slices(
    services: Services, pull: MakePull, pendo: PendoStandIn
) -> None:
    services.documents.save(
        pull(name="killed", source="page_events", duration={"days_back": 12}), "tests"
    )
    pendo.switches(slow_response_ms=400)
    process = command(services, "killed")
    folder = services.settings.spool_root / "killed"
    while len(list(folder.glob("*.done"))) < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    process.communicate()
    finished = [date.fromisoformat(path.stem) for path in folder.glob("*.done")]

    process = command(services, "killed")
    output, error = process.communicate(timeout=120)

    assert process.returncode == 0, error.decode()
    asked = days_asked(pendo)
    for day in finished:
        assert asked.count(span_ms(day, ZONE)[0]) == 1
    assert json.loads(output)["rows"] == services.datasets.summary("killed").rows
    log = services.state.runs.log_lines(services.state.runs.latest()[0].id)
    assert any("that an earlier run had finished" in line.text for line in log)


def test_a_pull_killed_between_its_commit_and_its_end_is_not_written_twice(
    services: Services, pull: MakePull, tmp_path: Path
) -> None:
    made = pull(source="guides", update={"method": "append"})
    preview(made, services)
    spool = services.settings.spool_root / "views"
    shutil.copytree(spool, tmp_path / "kept")
    first = run(made, services)
    # As a kill leaves it: committed, and everything fetched still there.
    shutil.copytree(tmp_path / "kept", spool)

    second = run(made, services)

    assert second.version == first.version
    assert services.datasets.summary("views").rows == first.rows


def test_what_a_finished_run_left_behind_is_not_taken_for_the_next_one(
    services: Services, pull: MakePull
) -> None:
    made = pull(source="guides", update={"method": "append"})
    spool = services.settings.spool_root / "views"
    first = run(made, services)
    # As a kill leaves it that falls between the end of the run and tidying up.
    spool.mkdir()
    plan = {"fingerprint": "", "token": "x", "run": first.run, "started_at": NOW.isoformat()}
    fingerprint = plan_pull(made, services.documents.connection("acme"), NOW).fingerprint
    (spool / "plan.json").write_text(json.dumps({**plan, "fingerprint": fingerprint}))

    second = run(made, services)

    assert second.version == first.version + 1
    assert second.requests > 0
