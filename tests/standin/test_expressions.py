"""The expression language: what it reads, what it refuses, what it gives."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.conftest import NOW_MS
from workbench.standin.expressions import ParseError, Setting, evaluate, parse

SETTING = Setting(NOW_MS, ZoneInfo("America/New_York"), (-323232, 55))
ROW: dict[str, Any] = {
    "name": "Acme",
    "n": 4,
    "half": 0.5,
    "yes": True,
    "tags": ["a", "b"],
    "empty": "",
    "metadata": {"auto": {"lastvisit": 10}},
    "polls": [{"id": "P1"}],
    "_PENDO": "_PENDO_T_x",
}


def value(text: str, row: dict[str, Any] | None = None) -> Any:
    return evaluate(text, SETTING, ROW if row is None else row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 3 - 2", 5),
        ("8 / 2 / 2", 2),
        ("7 % 4", 3),
        ("-2 * -3", 6),
        ("!false && true", True),
        ("true || false && false", True),
        ("1 < 2 == true", True),
        ("1 + 1 == 2", True),
        ("n >= 4 && n <= 4", True),
        ("2025-10-01", 2014),
        ("now() - 30 * 1000 * 60 *60 * 24", NOW_MS - 30 * 86_400_000),
        ('"a" + "b"', "ab"),
        ("1.5e3", 1500),
        ("1 / 0", None),
    ],
)
def test_operators_bind_as_in_c(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', "a\\b"),
        (r'"\\\""', '\\"'),
        (r"`a\b`", r"a\b"),
        ('`say "hi"`', 'say "hi"'),
        (r'"caf\u00e9"', "café"),
        ('"日本"', "日本"),
        ('""', ""),
    ],
)
def test_both_kinds_of_quotes_and_their_escapes(text: str, expected: str) -> None:
    assert value(text) == expected


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_an_id_escaped_by_the_contracts_rule_comes_back_whole(identity: str) -> None:
    escaped = identity.replace("\\", "\\\\").replace('"', '\\"')

    assert value(f'"{escaped}"') == identity


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x in [1]",
        'x == "a',
        "1 +",
        "(1",
        "a b",
        "nope(1)",
        "len()",
        "'a'",
        "a..b",
        "x = 1",
        "#",
        "(" * 300 + "1" + ")" * 300,
        r'"\q"',
        "if(true, 1)",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metadata.auto.lastvisit", 10),
        ("metadata.auto.nope", None),
        ("polls[0].id", "P1"),
        ("polls[3].id", None),
        ("name.first", None),
    ],
)
def test_paths_reach_into_objects_and_lists(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nope == null", True),
        ("nope != null", False),
        ('nope != "a"', True),
        ('nope == "a"', False),
        ("nope >= 0", False),
        ("nope < 5", False),
        ("n == `4`", False),
        ("yes == 1", False),
        ("yes == true", True),
        ('name > "Abc"', True),
        ('"a" < "B"', False),
    ],
)
def test_a_missing_field_compares_false_but_for_unequal_and_null(text: str, expected: bool) -> None:
    assert value(text) is expected


def test_the_other_reading_takes_missing_for_zero() -> None:
    zero = Setting(NOW_MS, SETTING.zone, null_is_zero=True)

    assert evaluate("nope >= 0", zero, {}) is True
    assert evaluate('nope == ""', zero, {}) is True
    assert evaluate("nope == null", zero, {}) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('contains(name, "cm")', True),
        ('contains(tags, "b")', True),
        ('startsWith(name, "Ac")', True),
        ("len(name)", 4),
        ("len(tags)", 2),
        ('split("a,b", ",")', ["a", "b"]),
        ("toLowerCase(name)", "acme"),
        ("toString(n)", "4"),
        ("toString(yes)", "true"),
        ("isNull(nope)", True),
        ("isNil(name)", False),
        ("isEmpty(empty)", True),
        ("isBoolean(yes)", True),
        ("isNumber(half)", True),
        ("isString(name)", True),
        ("isList(tags)", True),
        ('if(n > 3, "big", "small")', "big"),
        ("identified(name)", True),
        ("identified(_PENDO)", False),
        ("identified(empty)", False),
        ("hash(name) == hash(`Acme`)", True),
        ("date(2026, 3, 7)", 1772859600000),
        ('date("2026-03-07")', 1772859600000),
        ("date(2026, 3)", 1772341200000),
        ("date(2026, 13, 1)", None),
        ('startOfPeriod("daily", now())', 1773115200000),
        ('startOfPeriod("weekly", now())', 1772946000000),
        ('startOfPeriod("monthly", now())', 1772341200000),
        ('dateAdd(date(2026, 3, 7), 2, "days")', 1773028800000),
        ('dateAdd(date(2026, 1, 31), 1, "months")', 1772254800000),
        ('dateAdd(now(), -1, "hours")', NOW_MS - 3_600_000),
        ('dateDist(date(2026, 3, 1), date(2026, 3, 10), "days")', 9),
        ('formatTime("2006-01-02 15:04", now())', "2026-03-10 15:30"),
        ('formatTime("Mon Jan 2006 -07:00", now())', "Tue Mar 2026 -04:00"),
        ("list(1, 2)", [1, 2]),
        ('expandAppIds("*")', [-323232, 55]),
        ('eventSubType("ui:web:click")', "click"),
    ],
)
def test_every_function_gives_what_the_contract_says(text: str, expected: Any) -> None:
    assert value(text) == expected
