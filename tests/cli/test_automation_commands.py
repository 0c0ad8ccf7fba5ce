"""``automation preview|run|activate|deactivate|undo`` and the rows of their runs."""

import csv
from pathlib import Path

import pytest

from tests.automations.by_hand import account_ids, held, writes
from tests.cli.conftest import CONNECTION, Cli
from workbench.standin import PendoStandIn

AUTOMATION = """\
kind: automation
name: churn-to-pendo
connection: acme
read_from:
  dataset: churn_scores
  source_id: account_id
  outputs: {score: label, state: state}
update: {object: account, prefix: predict, fields: [score, state]}
guardrails: {max_changed_percent: 30, floor: 1, max_not_found_percent: 50}
schedules: [{every: daily, hour: 6}]
"""
FIELDS = ("predict_score", "predict_state")


def load(cli: Cli, folder: Path, rows: list[tuple[str, str, str]]) -> None:
    path = folder / "scores.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("account_id", "label", "state"), *rows])
    assert cli("dataset", "import", "churn_scores", str(path)).code == 0


@pytest.fixture
def ids(cli: Cli, pendo: PendoStandIn, tmp_path: Path) -> list[str]:
    """An automation over the first four accounts and one id that nobody has; gives the four."""
    found = [each for each in account_ids(pendo) if each.startswith("acct-")][:4]
    load(cli, tmp_path, [*((each, "Good", "open") for each in found), ("nobody", "Poor", "open")])
    text = f"{CONNECTION.format(url=pendo.url)}---\n{AUTOMATION}"
    assert cli("apply", "-", given=text).code == 0
    return found


def test_a_preview_tells_the_sheet_and_writes_nothing(
    cli: Cli, ids: list[str], pendo: PendoStandIn
) -> None:
    done = cli("automation", "preview", "churn-to-pendo", "--json")

    assert done.code == 0
    counts = {key: done.value[key] for key in ("records", "new", "changed", "same", "not_found")}
    assert counts == {"records": 5, "new": 4, "changed": 0, "same": 0, "not_found": 1}
    assert done.value["conflict"] == done.value["held"] == 0
    assert done.value["fields"] == list(FIELDS)
    assert done.value["api_calls"] > 0
    assert done.value["rows"][0] == {
        "id": ids[0],
        "field": "predict_score",
        "before": None,
        "after": "Good",
        "status": "new",
        "reason": None,
    }
    assert writes(pendo) == []


def test_the_whole_sheet_goes_to_a_file(cli: Cli, ids: list[str], tmp_path: Path) -> None:
    done = cli("automation", "preview", "churn-to-pendo", "--out", "sheet.csv")

    assert done.code == 0
    with (tmp_path / "sheet.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == {*ids, "nobody"}
    assert "4 new" in done.out


def test_a_sheet_goes_to_no_other_kind_of_file(cli: Cli, ids: list[str]) -> None:
    done = cli("automation", "preview", "churn-to-pendo", "--out", "sheet.doc")

    assert done.code == 2
    assert ids


def test_a_run_writes_the_plan_that_was_seen(cli: Cli, ids: list[str], pendo: PendoStandIn) -> None:
    fingerprint = cli("automation", "preview", "churn-to-pendo", "--json").value["fingerprint"]

    done = cli("automation", "run", "churn-to-pendo", "--fingerprint", fingerprint, "--json")

    assert done.code == 0
    assert done.value["fingerprint"] == fingerprint
    told = {key: done.value[key] for key in ("status", "sent", "verified", "failed", "not_found")}
    assert told == {"status": "done", "sent": 4, "verified": 4, "failed": 0, "not_found": 1}
    assert held(pendo, FIELDS)[ids[0]] == {"predict_score": "Good", "predict_state": "open"}


def test_another_plan_than_the_one_seen_exits_with_3_and_lists_what_moved(
    cli: Cli, ids: list[str], pendo: PendoStandIn, tmp_path: Path
) -> None:
    fingerprint = cli("automation", "preview", "churn-to-pendo", "--json").value["fingerprint"]
    load(cli, tmp_path, [(each, "Fair", "open") for each in ids])

    done = cli("automation", "run", "churn-to-pendo", "--fingerprint", fingerprint, "--json")

    assert done.code == 3
    assert done.value["status"] == "held"
    assert {each["id"] for each in done.value["moved"]} == set(ids)
    assert "no longer" in done.err
    assert writes(pendo) == []


def test_a_held_run_exits_with_3_says_which_limit_and_is_released(
    cli: Cli, ids: list[str], pendo: PendoStandIn, tmp_path: Path
) -> None:
    assert cli("automation", "run", "churn-to-pendo").code == 0
    load(cli, tmp_path, [(each, "Fair", "open") for each in ids])

    stopped = cli("automation", "run", "churn-to-pendo", "--json")
    shown = cli("run", "show", str(stopped.value["run"]), "--json").value
    released = cli("automation", "run", "churn-to-pendo", "--release", "--json")

    assert stopped.code == 3
    assert stopped.value["held"] == stopped.value["planned"] == 4
    assert "the limit is 30 %" in stopped.err
    assert shown["status"] == "held"
    assert (released.code, released.value["sent"]) == (0, 4)
    assert held(pendo, FIELDS)[ids[0]]["predict_score"] == "Fair"


def test_undo_shows_its_own_sheet_and_then_writes_what_stood_before(
    cli: Cli, ids: list[str], pendo: PendoStandIn
) -> None:
    run = str(cli("automation", "run", "churn-to-pendo", "--json").value["run"])
    pendo.act(
        {"do": "set_value", "kind": "account", "id": ids[0], "field": "custom.predict_score",
         "value": "Mine"}
    )  # fmt: skip

    sheet = cli("automation", "undo", run, "--preview", "--json")
    before = len(writes(pendo))
    undone = cli("automation", "undo", run, "--json")

    assert sheet.value["values"] == 7
    assert before == 1
    assert (undone.code, undone.value["sent"]) == (0, 4)
    assert held(pendo, FIELDS)[ids[0]] == {"predict_score": "Mine"}
    assert held(pendo, FIELDS)[ids[1]] == {}


def test_deleting_with_clear_shows_the_sheet_and_clears_only_when_it_was_read(
    cli: Cli, ids: list[str], pendo: PendoStandIn
) -> None:
    cli("automation", "run", "churn-to-pendo")
    pendo.act(
        {"do": "set_value", "kind": "account", "id": ids[0], "field": "custom.predict_score",
         "value": "Mine"}
    )  # fmt: skip
    before = len(writes(pendo))

    asked = cli("delete", "automation/churn-to-pendo", "--clear")
    told = cli("delete", "automation/churn-to-pendo", "--clear", "--json")

    assert (asked.code, told.code, told.value["values"]) == (3, 3, 7)
    assert "4 changed, 7 values" in asked.out
    assert "Empties 7 values on 4 accounts" in asked.err
    assert "--yes" in asked.err
    assert len(writes(pendo)) == before
    assert "churn-to-pendo" in cli("export", "automation").out
    done = cli("delete", "automation/churn-to-pendo", "--clear", "--yes", "--json")
    assert (done.code, done.value["sent"], done.value["verified"]) == (0, 4, 4)
    assert [held(pendo, FIELDS)[each] for each in ids] == [{"predict_score": "Mine"}, {}, {}, {}]
    assert "churn-to-pendo" not in cli("export", "automation").out


def test_an_automation_stays_where_a_value_could_not_be_cleared(
    cli: Cli, ids: list[str], pendo: PendoStandIn
) -> None:
    text = f"{CONNECTION.format(url=pendo.url)}---\n{AUTOMATION}"
    cli("apply", "-", given=text.replace("guardrails:", "write: {chunk: 1}\nguardrails:"))
    cli("automation", "run", "churn-to-pendo")
    pendo.weather([{"fault": "400", "path": "custom/value", "times": 1}])

    done = cli("delete", "churn-to-pendo", "--clear", "--yes")

    assert done.code == 4
    assert "stays: not every value could be cleared" in done.err
    assert "churn-to-pendo" in cli("export", "automation").out
    assert sum(bool(held(pendo, FIELDS)[each]) for each in ids) == 1


def test_only_an_automation_that_has_written_can_be_cleared(cli: Cli, ids: list[str]) -> None:
    nothing = cli("delete", "churn-to-pendo", "--clear", "--yes")
    connection = cli("delete", "connection/acme", "--clear", "--yes")

    assert (nothing.code, connection.code) == (2, 2)
    assert "has no values in Pendo" in nothing.err
    assert "writes nothing to Pendo" in connection.err
    assert ids


def test_a_run_that_wrote_nothing_cannot_be_undone(cli: Cli, ids: list[str]) -> None:
    done = cli("automation", "undo", "77")

    assert done.code == 2
    assert "Run 77 wrote nothing to Pendo" in done.err
    assert ids


def test_failed_rows_are_told_with_their_reason(
    cli: Cli, ids: list[str], pendo: PendoStandIn
) -> None:
    text = f"{CONNECTION.format(url=pendo.url)}---\n{AUTOMATION}"
    cli("apply", "-", given=text.replace("guardrails:", "write: {chunk: 1}\nguardrails:"))
    pendo.weather([{"fault": "400", "path": "custom/value", "times": 1}])

    done = cli("automation", "run", "churn-to-pendo", "--json")
    rows = cli("run", "show", str(done.value["run"]), "--rows", "failed", "--json").value["rows"]

    assert done.code == 4
    assert (done.value["status"], done.value["failed"], done.value["sent"]) == (
        "done with errors",
        1,
        3,
    )
    assert {row["id"] for row in rows} == {ids[0]}
    assert "rejected the request" in rows[0]["reason"]


def test_switching_on_shows_what_the_first_run_will_write(cli: Cli, ids: list[str]) -> None:
    on = cli("automation", "activate", "churn-to-pendo")
    off = cli("automation", "deactivate", "churn-to-pendo", "--json")

    assert on.code == 0
    assert "churn-to-pendo is on" in on.out
    assert "4 new" in on.out
    assert off.value == {"name": "churn-to-pendo", "active": False}
    assert ids


def test_an_automation_that_is_not_there_is_refused(cli: Cli, ids: list[str]) -> None:
    done = cli("automation", "run", "churn-to-pend")

    assert done.code == 2
    assert "did you mean churn-to-pendo" in done.err
    assert ids


def test_automations_survive_export_and_apply(cli: Cli, ids: list[str]) -> None:
    text = cli("export", "automation").out

    assert cli("apply", "-", given=text).out == "unchanged automation/churn-to-pendo\n"
    assert ids
