"""The automation pages: five steps, the live sheet, push, undo; nothing is sent before a click."""

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Open, said
from workbench.automations.model import Automation
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
    """The home with a decision base of twelve accounts, two of them unknown to Pendo."""
    ids = account_ids(bench)[:10]
    lines = ["opportunity,account,score_label,reasons,state,churn_date"]
    lines += [f"o-{n},{id},Good,renewal is near,Renewed,2026-04-01" for n, id in enumerate(ids)]
    lines += [f"o-98,{ids[0].upper()} ,Poor,left,Churned,2026-04-02", "o-99,nobody,Poor,x,y,2027-01-01"]
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


def writes(pendo: PendoStandIn) -> int:
    """How many requests that write the stand-in has had."""
    import requests

    told = requests.get(f"{pendo.url}/_standin/stats", timeout=10).json()
    return sum(n for name, n in told["requests"].items() if name.startswith("POST metadata"))


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

    assert [tab.label for tab in app.tabs][:5] == [
        "1 Source", "2 Destination", "3 Fields", "4 Schedule", "5 Activate",
    ]  # fmt: skip
    app.selectbox(key=f"{NEW}.id_field").select("account").run()
    assert "Read from" in said(app)
    assert "Define update source" in said(app)
    assert [app.checkbox(key=f"{NEW}.write.{name}").value for name in ("score", "state")] == [True] * 2
    app.checkbox(key=f"{NEW}.write.explain").uncheck().run()
    app.text_input(key=f"{NEW}.name").input("churn-to-pendo").run()
    app.button(key="automations.save").click().run()

    kept = based.documents.automation("churn-to-pendo")
    assert "explain" not in kept.outputs
    assert kept.update.id_field == "account"
    assert not app.exception
