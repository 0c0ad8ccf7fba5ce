"""The pull page: menus as they are needed, absolute days, preview, run, record."""

import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Open, said
from workbench.services import Services
from workbench.standin import PendoStandIn

NEW = "pulls.new.0"
LONG_S = 60.0
"""Seconds after which a run that has not ended counts as hanging."""


def labels(app: AppTest) -> set[str]:
    """The labels of all controls on the page."""
    kinds: tuple[Any, ...] = (
        app.selectbox,
        app.text_input,
        app.number_input,
        app.date_input,
        app.checkbox,
        app.toggle,
        app.text_area,
        app.multiselect,
        app.button_group,
    )
    return {str(element.label) for kind in kinds for element in kind}


def beside(app: AppTest) -> list[str]:
    """The sentences that stand beside controls."""
    found = [str(each.value) for each in app.markdown if str(each.value).startswith(":red[")]
    return [sentence.replace("\\", "") for sentence in found]


def start(page: Open, source: str = "page_events", report: str = "row_aggregation") -> AppTest:
    """A new pull with a source chosen."""
    app = page("pulls", new="1")
    app.selectbox(key=f"{NEW}.report").select(report).run()
    if report == "row_aggregation":
        app.selectbox(key=f"{NEW}.source").select(source).run()
    return app


def test_the_list_finds_pulls_by_any_word(page: Open, sampled: Services) -> None:
    app = page("pulls")
    assert "weekly" in said(app)

    app.text_input(key="pulls.search").input("weekly").run()

    assert "Accounts from acme" in said(app)
    assert "Page events from acme" not in said(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("report", "source", "shown", "hidden"),
    [
        ("report_contents", "", {"Pendo report", "Use report schema"}, {"Source", "Duration"}),
        ("guide_history", "", {"Guide ID or URL"}, {"Source", "Duration", "Pendo report"}),
        ("public_reports", "", set(), {"Source", "Duration", "Pendo report", "Guide ID or URL"}),
        ("row_aggregation", "custom", {"Source", "Custom aggregation"}, {"Duration"}),
        (
            "row_aggregation",
            "page_events",
            {"Source", "Duration", "Days back"},
            {"Guide ID or URL"},
        ),
        ("row_aggregation", "accounts", {"Anonymous accounts too", "Duration"}, {"Days back"}),
        ("row_aggregation", "guides", {"Duration", "Applications"}, {"Metadata"}),
    ],
)
def test_menus_appear_as_the_report_needs_them(
    page: Open, bench: Services, report: str, source: str, shown: set[str], hidden: set[str]
) -> None:
    app = start(page, source, report)

    assert shown <= labels(app)
    assert not hidden & labels(app)
    assert not app.exception


def test_the_days_are_absolute_before_anything_is_sent(
    page: Open, bench: Services, pendo: PendoStandIn
) -> None:
    app = start(page)
    app.button_group(key=f"{NEW}.duration.events").set_value("Date range").run()
    app.number_input(key=f"{NEW}.start.back").set_value(10)
    app.number_input(key=f"{NEW}.end.back").set_value(5).run()

    # 10 to 5 days before 10 March in New York, and three more for late rows.
    assert "**25 Feb to 5 Mar 2026**, 9\u202fdays in America/New_York" in said(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("control", "value", "sentence"),
    [
        ("days_back", -3, "at least 1"),
        ("days_back", 99999, "at most 3660"),
        ("lookback_days", 1000, "at most 90"),
    ],
)
def test_absurd_days_are_said_beside_their_control(
    page: Open, bench: Services, control: str, value: int, sentence: str
) -> None:
    app = start(page)

    app.number_input(key=f"{NEW}.{control}").set_value(value).run()

    assert any(sentence in each for each in beside(app)), beside(app)
    assert app.button(key="pulls.run").disabled
    assert not app.exception


def test_a_range_that_ends_before_it_starts_is_said(page: Open, bench: Services) -> None:
    app = start(page)
    app.button_group(key=f"{NEW}.duration.events").set_value("Date range").run()
    app.number_input(key=f"{NEW}.start.back").set_value(2)
    app.number_input(key=f"{NEW}.end.back").set_value(9).run()

    assert any("ends before it starts" in each for each in beside(app)), beside(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{nonsense", "not JSON"), ('{"source": {}}', "pipeline"), ("[1]", "")],
)
def test_a_malformed_request_is_said_beside_its_editor(
    page: Open, bench: Services, text: str, sentence: str
) -> None:
    app = start(page, "custom")

    app.text_area(key=f"{NEW}.request").input(text).run()

    assert any(sentence in each for each in beside(app)), beside(app)
    assert app.button(key="pulls.preview").disabled
    assert not app.exception


def test_a_bare_custom_request_is_shown_as_it_will_be_sent(page: Open, bench: Services) -> None:
    app = start(page, "custom")

    assert "put into the envelope Pendo accepts" in said(app)
    assert any('"mimeType"' in each.value for each in app.code)
    assert not app.exception


@pytest.mark.parametrize(
    ("control", "value", "sentence"),
    [
        ("name", "../evil", "is not a name"),
        ("dataset", "../../etc", "is not a dataset name"),
        ("dataset", "Robert'); DROP TABLE", "is not a dataset name"),
    ],
)
def test_names_that_would_leave_their_folder_are_refused(
    page: Open, bench: Services, control: str, value: str, sentence: str
) -> None:
    app = start(page, "accounts")

    app.text_input(key=f"{NEW}.{control}").input(value).run()

    assert any(sentence in each for each in beside(app)), beside(app)
    assert not app.exception


def test_preview_shows_rows_types_days_request_and_effect(page: Open, sampled: Services) -> None:
    app = page("pulls", pull="page-events")

    app.button(key="pulls.preview").click().run()

    metrics = {each.label: each.value for each in app.metric}
    assert metrics["Days in America/New_York"] == "5 to 9 Mar 2026"
    assert metrics["Same"] == metrics["Rows now"] != "0"
    assert any('"pageEvents"' in each.value for each in app.code)
    assert {"day", "pageId", "numEvents"} <= set(app.dataframe[0].value.columns)
    assert not app.exception


def test_a_preview_says_when_the_pull_has_changed_since(page: Open, sampled: Services) -> None:
    app = page("pulls", pull="page-events")
    app.button(key="pulls.preview").click().run()

    app.number_input(key="pulls.page-events.0.days_back").set_value(1).run()

    assert "Preview, from before the last change" in said(app)
    assert not app.exception


def test_preview_explains_when_pendo_refuses(
    page: Open, sampled: Services, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "403"}])
    app = page("pulls", pull="accounts")

    app.button(key="pulls.preview").click().run()

    assert "refused" in app.error[0].value
    assert not app.exception


def test_a_picker_that_cannot_read_pendo_takes_text(
    page: Open, bench: Services, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "403"}])

    app = start(page, report="report_contents")

    assert app.text_input(key=f"{NEW}.report_id.text").label == "Pendo report"
    assert "type the id instead" in said(app)
    assert not app.exception


def test_a_pull_is_saved_run_and_recorded(page: Open, bench: Services) -> None:
    app = start(page, "guides")

    app.button(key="pulls.run").click().run()

    assert bench.documents.names("pull") == ["guides"]
    deadline = time.monotonic() + LONG_S
    while not bench.state.runs.latest()[0].is_finished and time.monotonic() < deadline:
        time.sleep(0.1)
    app.run()
    run = bench.state.runs.latest()[0]
    assert (run.job, run.status) == ("pull/guides", "done")
    assert f"**Run {run.id}**" in said(app)
    assert list(app.dataframe[-1].value["Run"]) == [run.id]
    assert not app.exception


def test_changes_are_saved_and_their_history_shown(page: Open, sampled: Services) -> None:
    app = page("pulls", pull="accounts")
    app.text_input(key="pulls.accounts.0.description").input("Every single account").run()

    app.button(key="pulls.save").click().run()

    assert sampled.documents.pull("accounts").description == "Every single account"
    assert "**changed** by page" in said(app)
    assert any("+description: Every single account" in each.value for each in app.code)
    assert not app.exception


def test_opening_a_pull_changes_nothing(page: Open, sampled: Services) -> None:
    for name in sampled.documents.names("pull"):
        app = page("pulls", pull=name)
        assert app.button(key="pulls.run").label == "Run"
        assert "pulls.save" not in [button.key for button in app.button]
        assert not app.exception


def test_a_duplicate_is_a_new_pull_with_the_same_settings(page: Open, sampled: Services) -> None:
    app = page("pulls", pull="page-events")
    app.button(key="pulls.duplicate").click().run()

    app.button(key="pulls.save").click().run()

    copy = sampled.documents.pull("page-events-copy")
    assert copy.duration == sampled.documents.pull("page-events").duration
    assert copy.dataset_name == "page_events_copy"
    assert not app.exception


def test_a_pull_is_deleted_only_after_a_question(page: Open, sampled: Services) -> None:
    app = page("pulls", pull="accounts")
    app.button(key="pulls.delete").click().run()
    assert "accounts" in sampled.documents.names("pull")

    app.button(key="pulls.delete.yes").click().run()

    assert "accounts" not in sampled.documents.names("pull")
    assert sampled.datasets.exists("accounts")
    assert not app.exception
