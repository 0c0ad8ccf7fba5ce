"""The automation pages: five steps, the live sheet, push, undo; nothing is sent before a click."""

import time
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from tests.automations.by_hand import writes
from tests.pages.conftest import Open, said
from workbench.automations.model import Automation
from workbench.automations.run import run
from workbench.errors import HeldError
from workbench.services import Services
from workbench.standin import PendoStandIn

NEW = "automations.new.0"
OLD = "automations.churn.0"
LONG_S = 60.0
"""Seconds after which a run that has not ended counts as hanging."""


def account_ids(bench: Services) -> list[str]:
    with bench.pendo("acme") as client:
        rows = client.aggregate({"request": {"pipeline": [{"source": {"accounts": None}}]}})
    return sorted(str(row["accountId"]) for row in rows)


@pytest.fixture
def based(bench: Services, tmp_path: Path) -> Services:
    """The home with a decision base of twelve records, two of them unknown to Pendo."""
    ids = account_ids(bench)[:10]
    lines = ["opportunity,account,score_label,reasons,state,churn_date"]
    lines += [f"o-{n},{id},Good,renewal is near,Renewed,2026-04-01" for n, id in enumerate(ids)]
    lines += [
        f"o-98,{account_ids(bench)[11].upper()},Poor,left,Churned,2026-04-02",
        "o-99,nobody,Poor,left,Churned,2027-01-01",
    ]
    file = tmp_path / "scores.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bench.datasets.import_file("churn_scores", file)
    return bench


@pytest.fixture
def saved(based: Services) -> Services:
    """The same home with an automation, ``churn``, that is a draft."""
    document = {
        "name": "churn", "connection": "acme", "description": "Who may leave",
        "read_from": {
            "dataset": "churn_scores", "source_id": "opportunity",
            "conditions": {"all": [{"field": "churn_date", "op": "in_the_next", "value": 30,
                                    "unit": "days"}]},
            "outputs": {"score": "score_label", "explain": "reasons", "state": "state"},
        },
        "update": {"id_field": "account"},
        "guardrails": {"max_not_found_percent": 50},
    }  # fmt: skip
    based.documents.save(Automation.model_validate(document), "tests")
    return based


def posts(pendo: PendoStandIn) -> list[str]:
    """The requests that write metadata, as the stand-in counted them."""
    told = requests.get(f"{pendo.url}/_standin/stats", timeout=LONG_S).json()
    return [name for name in told["requests"] if name.startswith("POST") and "metadata" in name]


def finished(bench: Services, run_id: int) -> str:
    """How a run in a process of its own ended."""
    until = time.monotonic() + LONG_S
    while not (run := bench.state.runs.get(run_id)).is_finished:
        assert time.monotonic() < until, "the run hangs"
        time.sleep(0.1)
    return run.status


def test_a_home_without_datasets_says_what_an_automation_needs(page: Open, bench: Services) -> None:
    app = page("automations")

    assert "No dataset yet" in said(app)
    assert not app.exception


def test_the_page_teaches_where_there_is_no_automation(page: Open, based: Services) -> None:
    app = page("automations")

    assert "nothing is sent before you say so" in said(app)
    app.button(key="empty.go").click().run()
    assert "New automation" in said(app)
    assert not app.exception


def test_the_seeds_steps_lead_to_a_sheet(page: Open, based: Services) -> None:
    app = page("automations", new="1")
    for output in ("score", "explain", "state"):
        nothing = app.selectbox(key=f"{NEW}.column.{output}").options[0]
        app.selectbox(key=f"{NEW}.column.{output}").select(nothing)
    assert "Choose the column of an output" in said(app.run())
    assert not app.error
    app = page("automations", new="1")

    assert [tab.label for tab in app.tabs][:5] == [
        "1 Source", "2 Destination", "3 Fields", "4 Schedule", "5 Activate",
    ]  # fmt: skip
    app.selectbox(key=f"{NEW}.source_id.churn_scores").select("reasons").run()
    app.selectbox(key=f"{NEW}.source_id.churn_scores").select("account")
    app.selectbox(key=f"{NEW}.id_field").select("account").run()
    assert "Read from" in said(app)
    assert "Define update source" in said(app)
    assert all(app.checkbox(key=f"{NEW}.write.{name}").value for name in ("score", "state"))
    app.checkbox(key=f"{NEW}.write.explain").uncheck().run()
    app.text_input(key=f"{NEW}.name").input("My sync").run()
    assert "lower-case letters, digits and -" in said(app)
    assert "The sheet appears once the steps above can be read" in said(app)
    assert app.button(key="automations.write").disabled
    app.text_input(key=f"{NEW}.name").input("churn-to-pendo").run()
    app.button(key="automations.save").click().run()

    kept = based.documents.automation("churn-to-pendo")
    assert "explain" not in kept.outputs
    assert kept.update.id_field == "account"
    assert (kept.read_from.source_id, kept.update.object) == ("account", "account")
    assert not app.exception


def test_done_closes_the_fields_and_opens_the_schedule(page: Open, saved: Services) -> None:
    app = page("automations", automation="churn")
    done = next(each for each in app.button if each.label == "Done")

    done.click().run()

    assert app.session_state[f"{OLD}.steps"] == "4 Schedule"
    assert not app.exception


def test_the_list_tells_where_it_writes_what_matches_and_when_it_ran_and_will_run(
    page: Open, saved: Services
) -> None:
    kept = saved.documents.automation("churn")
    daily = [{"every": "daily", "hour": 6, "timezone": "UTC"}]
    on = {**kept.model_dump(mode="json"), "schedules": daily, "active": True, "owner": "Ada"}
    saved.documents.save(Automation.model_validate(on), "tests")
    run(saved.documents.automation("churn"), saved)

    app = page("automations")

    told = said(app).replace("\u202f", " ")
    assert "churn_scores → Pendo accounts of acme, `predict_…`" in told
    assert "Ada" in told
    assert app.toggle(key="automations.on.churn").value is True
    assert "next 11 Mar 2026, 06:00 UTC" in told
    assert "done" in told
    assert not app.exception


def test_the_sheet_follows_every_control_and_writes_nothing(
    page: Open, saved: Services, pendo: PendoStandIn
) -> None:
    app = page("automations", automation="churn")

    assert app.button(key="automations.write").label == "Write 30\u202fvalues on 10\u202faccounts"
    assert "**11** pass so far" in said(app)
    near = f"{OLD}.where.churn_scores.0.value.date.in_the_next.count"
    app.number_input(key=near).set_value(3).run()

    assert "**0** pass so far" in said(app)
    assert "No record passes the conditions" in said(app)
    assert app.button(key="automations.write").disabled
    assert posts(pendo) == []
    assert not app.exception


def test_an_editor_stays_where_pendo_does_not_answer(page: Open, saved: Services) -> None:
    connection = saved.documents.connection("acme")
    saved.documents.save(connection, "tests", secrets={"key": SecretStr("another-key")})
    app = page("automations", automation="churn")

    assert [error for error in app.error if "Pendo" in str(error.value)]
    assert app.selectbox(key=f"{OLD}.dataset").value == "churn_scores"
    assert app.button(key="automations.write").disabled
    assert not app.exception


def test_writing_undoing_and_what_it_did_are_on_the_page(page: Open, saved: Services) -> None:
    app = page("automations", automation="churn")
    app.button(key="automations.write").click().run()
    [run] = saved.state.runs.latest("automation/churn")
    assert finished(saved, run.id) == "done"

    app = page("automations", automation="churn", run=str(run.id))
    assert "0 to write" in said(app) or "Nothing is to be written" in said(app)
    assert "It read version 0 of churn" in said(app)
    app.button(key="automations.undo").click().run()
    assert "Puts back 30 values on 10 accounts." in said(app).replace("\u202f", " ")
    app.button(key="automations.undo.yes").click().run()
    undone = saved.state.runs.latest("automation/churn")[0]
    assert undone.id != run.id
    assert finished(saved, undone.id) == "done"

    app = page("automations", automation="churn")
    assert not app.button(key="automations.write").disabled
    assert not app.exception


def test_the_doctors_advice_is_taken_with_one_click(page: Open, saved: Services) -> None:
    app = page("automations", automation="churn")
    assert "1 id" in said(app).replace("\u202f", " ")
    app.button(key="automations.use_rules").click().run()

    assert app.multiselect(key=f'{OLD}.match:"lower"').value == ['"lower"']
    assert app.button(key="automations.write").label == "Save and write " + (
        "33\u202fvalues on 11\u202faccounts"
    )
    assert not app.exception


def test_a_record_says_why_it_is_out_and_can_be_written_alone(page: Open, saved: Services) -> None:
    app = page("automations", automation="churn", record="o-99")

    told = said(app).replace("\\", "")
    assert "Out: o-99" in told
    assert "churn_date is in the next 30 days: it is 2027-01-01" in told
    assert "Nothing was ever written to" in told
    app = page("automations", automation="churn", record="o-1")
    app.button(key="automations.test").click().run()

    told = said(app).replace("\u202f", " ")
    assert "1 record written, 1 read back as written" in told
    assert any("predict_score" in str(code.value) for code in app.code)
    assert not app.exception


def test_turned_on_from_the_list_it_says_what_it_will_do_and_what_a_change_would(
    page: Open, saved: Services
) -> None:
    app = page("automations")
    assert "Not previewed yet" in said(app)
    assert app.toggle(key="automations.on.churn").label == "Off"
    app.toggle(key="automations.on.churn").set_value(True).run()

    assert app.toggle(key="automations.on.churn").label == "On"
    assert saved.documents.automation("churn").active
    assert "11 records match, 10 to write" in said(app).replace("\u202f", " ")
    assert not app.exception
    app = page("automations", automation="churn")
    app.checkbox(key=f"{OLD}.write.explain").uncheck().run()
    told = said(app).replace("\u202f", " ")
    assert "its next run would write 20 values on 10 records" in told
    assert not app.exception


def test_an_older_version_is_restored_after_a_look_at_what_it_would_write(
    page: Open, saved: Services, pendo: PendoStandIn
) -> None:
    first = saved.documents.automation("churn")
    update = first.update.model_copy(update={"fields": ("score",)})
    saved.documents.save(first.model_copy(update={"update": update, "active": True}), "Ada")
    app = page("automations", automation="churn")
    assert app.button(key="automations.write").label == "Write 10\u202fvalues on 10\u202faccounts"

    app.button(key="history.automation.churn.0").click().run()

    told = said(app).replace("\u202f", " ")
    assert "its next run would write 30 values on 10 records" in told
    assert saved.documents.automation("churn").update.fields == ("score",)
    app.button(key="automations.restored.leave").click().run()
    assert app.button(key="automations.write").label == "Write 10\u202fvalues on 10\u202faccounts"
    app.button(key="history.automation.churn.0").click().run()
    app.button(key="automations.save").click().run()
    kept = saved.documents.automation("churn")
    assert kept == first.model_copy(update={"active": True})
    assert "its next run would write" not in said(app)
    assert len(saved.documents.history("automation", "churn")) == 3
    assert posts(pendo) == []
    assert not app.exception


def test_deleting_asks_what_happens_to_the_values_and_clears_them_after_a_sheet(
    page: Open, saved: Services, pendo: PendoStandIn
) -> None:
    run(saved.documents.automation("churn"), saved)
    written = len(writes(pendo))
    app = page("automations", automation="churn")
    app.button(key="automations.delete").click().run()
    assert app.radio(key="automations.delete.churn").value == "keep"
    app.radio(key="automations.delete.churn").set_value("clear").run()

    assert "Empties 30 values on 10 accounts." in said(app).replace("\u202f", " ")
    assert len(writes(pendo)) == written
    app.button(key="automations.clear.yes").click().run()
    cleared = saved.state.runs.latest("automation/churn")[0]
    assert finished(saved, cleared.id) == "done"
    until = time.monotonic() + LONG_S
    while "churn" in saved.documents.names("automation"):
        assert time.monotonic() < until, "it is not deleted"
        time.sleep(0.1)

    app = page("automations", automation="churn", run=str(cleared.id))
    assert "Deleted. Its runs and versions are kept." in said(app)
    assert not app.exception


def test_an_automation_is_deleted_and_its_values_stay_unless_asked(
    page: Open, saved: Services, pendo: PendoStandIn
) -> None:
    run(saved.documents.automation("churn"), saved)
    written = len(writes(pendo))
    app = page("automations", automation="churn")
    app.button(key="automations.delete").click().run()
    app.button(key="automations.delete.yes").click().run()

    assert "churn" not in saved.documents.names("automation")
    assert len(writes(pendo)) == written
    assert not app.exception


def test_a_held_run_is_let_go_with_one_click(page: Open, saved: Services) -> None:
    kept = saved.documents.automation("churn")
    limits = kept.guardrails.model_copy(update={"min_rows": 1000})
    strict = kept.model_copy(update={"guardrails": limits})
    saved.documents.save(strict, "tests")
    with pytest.raises(HeldError):
        run(strict, saved)
    [held] = saved.state.runs.latest("automation/churn")

    app = page("automations", automation="churn", run=str(held.id))
    assert "11 records would be read; at least 1000 must be" in said(app).replace("\u202f", " ")
    app.button(key="automations.release").click().run()
    let_go = saved.state.runs.latest("automation/churn")[0]
    assert let_go.id != held.id
    assert finished(saved, let_go.id) == "done"
    assert not app.exception
