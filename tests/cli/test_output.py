"""What is printed: aligned for people, exact for machines, harmless for terminals."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from workbench.cli.output import cell, json_text, pairs, table, utc, width


def test_a_table_is_aligned_with_numbers_to_the_right() -> None:
    rows = [{"name": "a", "n": 1, "none": None}, {"name": "日本", "n": 1000, "none": None}]

    assert table(rows) == [
        "name     n  none",
        "----  ----  ----",
        "a        1",
        "日本  1000",
    ]
    assert table([], ["a", "b"]) == ["a  b", "-  -"]
    assert table([]) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        (1.5, "1.5"),
        ("a\nb\x1b[0m", "a\\nb\\x1b[0m"),
        ("x" * 100, "x" * 59 + "…"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (
            datetime(2026, 3, 10, 19, 30, tzinfo=timezone(timedelta(hours=2))),
            "2026-03-10 17:30:00Z",
        ),
        (date(2026, 3, 10), "2026-03-10"),
    ],
)
def test_a_cell_is_one_safe_line(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_json_says_what_json_can_and_no_more() -> None:
    value = {
        "whole": Decimal("12"),
        "part": Decimal("1.5"),
        "large": 2**70,
        "at": datetime(2026, 3, 10, 19, 30, tzinfo=UTC),
        "day": date(2026, 3, 10),
        "bytes": b"\x00\xff",
        "span": timedelta(hours=1),
    }

    assert json.loads(json_text(value)) == {
        "whole": 12,
        "part": 1.5,
        "large": 2**70,
        "at": "2026-03-10T19:30:00Z",
        "day": "2026-03-10",
        "bytes": "AP8=",
        "span": "1:00:00",
    }
    assert (
        json_text({"nan": float("nan"), 1: "number as key"}) == '{"nan":null,"1":"number as key"}'
    )


def test_times_are_utc_with_z() -> None:
    assert (
        utc(datetime(2026, 3, 10, 21, 30, 0, 5, timezone(timedelta(hours=2))))
        == "2026-03-10T19:30:00Z"
    )
    assert utc(None) is None


def test_width_counts_what_a_terminal_shows() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]


def test_pairs_stand_below_each_other() -> None:
    assert pairs({"a": 1, "long": None}) == ["a     1", "long  "]
