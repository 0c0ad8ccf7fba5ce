"""The reconcile sheet's views, and how campaign numbers are drawn."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from workbench.campaigns import shapes
from workbench.ui.campaign_editions import rate_words
from workbench.ui.campaign_mails import by_day, by_hour
from workbench.ui.campaign_product import before_after, curve
from workbench.ui.campaign_sheet_rows import CONDITIONS, VIEWS, counts, readable, rows_of
from workbench.ui.campaign_statistics import funnel
from workbench.ui.table_file import table_file


def row(**given: Any) -> dict[str, Any]:
    """One line of a sheet."""
    usual = {"direction": "in", "campaign_id": "701", "member_id": "00v1", "name": "Ada Ba"}
    return {**usual, **given}


@pytest.fixture
def sheet() -> pa.Table:
    """A line of every sort."""
    rows = [
        row(what="joined", status="new", after="a@example.com", member_id="00v2"),
        row(what="joined", status="new", reason="global test member", member_id="test:1"),
        row(what="left", status="gone", before="b@example.com", member_id="00v3"),
        row(what="left", status="held", reason="9 of 10 would leave", member_id="00v4"),
        row(what="address", field="email", status="changed", member_id="00v5"),
        row(what="status", field="Status", status="changed", before="Sent", after="Responded"),
        row(
            what="status",
            field="Status",
            status="changed",
            reason="both sides changed it (Responded here); Salesforce wins, rule salesforce",
        ),
        row(what="status", field="Status", status="conflict", reason="both sides changed it"),
        row(direction="out", what="status", field="Status", status="changed", after="Responded"),
        row(direction="out", what="status", field="Status", status="waits"),
        row(what="state", field="State", status="changed", before="Active", after="Inactive"),
        row(direction="out", what="field", field="Points__c", status="changed", after="12"),
    ]
    return shapes.table(rows, shapes.SHEET)


def test_every_view_counts_its_lines(sheet: pa.Table) -> None:
    assert list(VIEWS) == list(CONDITIONS)
    assert counts(sheet) == {
        "all": 12,
        "joins": 2,
        "leaves": 2,
        "people": 1,
        "in": 3,
        "states": 1,
        "out": 1,
        "fields": 1,
        "conflicts": 2,
        "held": 1,
        "alone": 1,
        "tests": 1,
    }


def test_a_conflict_is_shown_with_its_winner_and_the_reason(sheet: pa.Table) -> None:
    reasons = readable(rows_of(sheet, "conflicts", ""))["Why"]

    assert any("Salesforce wins, rule salesforce" in reason for reason in reasons)


@pytest.mark.parametrize("text", ["B@EXAMPLE", "00v3"])
def test_the_search_looks_into_addresses_and_ids(sheet: pa.Table, text: str) -> None:
    assert rows_of(sheet, "all", text)["member_id"].to_pylist() == ["00v3"]


def test_a_search_with_a_quote_finds_nothing_and_breaks_nothing(sheet: pa.Table) -> None:
    assert rows_of(sheet, "all", "' OR TRUE --").num_rows == 0


def test_nothing_stands_as_none_on_the_sheet(sheet: pa.Table) -> None:
    assert all(None not in column for column in readable(sheet).values())


def test_a_zero_denominator_is_a_dash_and_not_zero_per_cent() -> None:
    assert rate_words(None) == "–"
    assert rate_words(0.0) == "0\u202f%"


def test_the_funnel_says_numbers_and_shares_of_the_first() -> None:
    chart = funnel(["Active", "Sent"], [200, 50])

    assert list(chart.data[0].text) == ["200 · 100\u202f%", "50 · 25\u202f%"]


def test_sends_are_laid_out_by_day_and_hour() -> None:
    sends = pa.table(
        {"day": [date(2026, 3, 5), date(2026, 3, 6)], "hour": [9, 10], "count": [3, 4]}
    )

    chart = by_hour(sends).data[0]

    assert list(chart.x) == ["Thu 5 Mar", "Fri 6 Mar"]
    assert (chart.z[9][0], chart.z[10][1], chart.z[9][1]) == (3, 4, None)


def test_each_kind_of_happening_is_a_line() -> None:
    days = pa.table({"day": [date(2026, 3, 5)] * 2, "event": ["opened", "sent"], "count": [1, 2]})

    assert [trace.name for trace in by_day(days).data] == ["Sent", "Opened"]


def test_product_use_is_drawn_as_shares_of_the_measured_members() -> None:
    groups = pa.Table.from_pylist(
        [
            {"grouping": "edition", "label": "Edition 1", "measured": 4, "active_before": 1,
             "active_after": 2},
            {"grouping": "edition", "label": None, "measured": 0, "active_before": 0,
             "active_after": 0},
            {"grouping": "status", "label": "Sent", "measured": 4, "active_before": 4,
             "active_after": 4},
        ]
    )  # fmt: skip
    before, after = before_after(groups).data
    line = curve(pa.table({"edition": ["E"], "day": [1], "measured": [4], "active": [3]})).data[0]

    assert (list(before.x), list(before.y), list(after.y)) == (["Edition 1"], [25], [50])
    assert (line.name, list(line.y)) == ("E", [75])


@pytest.mark.parametrize(("suffix", "start"), [("csv", b"direction,"), ("xlsx", b"PK")])
def test_a_table_on_the_screen_is_taken_as_a_file(
    sheet: pa.Table, suffix: str, start: bytes
) -> None:
    with table_file(lambda: sheet, "sheet", suffix) as file:
        assert file.read().startswith(start)
