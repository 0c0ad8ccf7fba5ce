"""Any condition keeps the rows that a plain reading of SOQL would keep, whatever its shape."""

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.standin.salesforce.conftest import Talk

Row = dict[str, Any]
Test = Callable[[Row], bool]
FIELDS = {
    "Status": ["Sent", "sent", "Opened", "Nowhere", "no show"],
    "Lead.FirstName": ["Ava", "ava", "Noah", "O'Brien"],
    "Lead.LastName": ["O'Brien", "Martin", "okafor"],
    "Contact.Title": ["Engineer", "Director", "x"],
}
STAMPS = ["2026-02-20T00:00:00Z", "2026-03-01T12:30:00Z", "2026-03-09T10:36:54Z"]


def value(row: Row, path: str) -> Any:
    """A field of a row, perhaps of its parent; None where there is no parent."""
    found: Any = row
    for part in path.split("."):
        found = None if found is None else found[part]
    return found


def folded(text: str | None) -> str | None:
    return None if text is None else text.lower()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Test]:
    kind = draw(st.sampled_from(["is", "in", "like", "null", "flag", "stamp"]))
    path = draw(st.sampled_from(list(FIELDS)))
    text = draw(st.sampled_from(FIELDS[path]))
    no = draw(st.booleans())
    if kind == "is":
        test = lambda row: (folded(value(row, path)) == folded(text)) != no  # noqa: E731
        return f"{path} {'!=' if no else '='} {quoted(text)}", test
    if kind == "in":
        texts = draw(st.lists(st.sampled_from(FIELDS[path]), min_size=1, max_size=3))
        known = {folded(one) for one in texts}
        test = lambda row: (folded(value(row, path)) in known) != no  # noqa: E731
        listed = ", ".join(map(quoted, texts))
        return f"{path} {'NOT IN' if no else 'IN'} ({listed})", test
    if kind == "like":
        start = text[:2]
        test = lambda row: (folded(value(row, path)) or "").startswith(start.lower())  # noqa: E731
        return f"{path} LIKE {quoted(start + '%')}", test
    if kind == "null":
        test = lambda row: (value(row, path) is None) != no  # noqa: E731
        return f"{path} {'!=' if no else '='} null", test
    if kind == "flag":
        test = lambda row: bool(row["HasResponded"]) == no  # noqa: E731
        return f"HasResponded = {str(no).lower()}", test
    stamp = draw(st.sampled_from(STAMPS))
    parent = draw(st.sampled_from(["SystemModstamp", "Lead.SystemModstamp"]))
    test = lambda row: (value(row, parent) or "") >= stamp[:19]  # noqa: E731
    return f"{parent} >= {stamp}", test


def joined(word: str, parts: list[tuple[str, Test]]) -> tuple[str, Test]:
    every = all if word == "AND" else any
    text = "(" + f" {word} ".join(text for text, _ in parts) + ")"
    return text, lambda row: every(test(row) for _, test in parts)


def opposite(part: tuple[str, Test]) -> tuple[str, Test]:
    text, test = part
    return f"(NOT {text})", lambda row: not test(row)


def wider(inner: st.SearchStrategy[tuple[str, Test]]) -> st.SearchStrategy[tuple[str, Test]]:
    words = st.sampled_from(["AND", "OR"])
    several = st.lists(inner, min_size=2, max_size=3)
    return st.builds(joined, words, several) | st.builds(opposite, inner)


CONDITIONS = st.recursive(comparisons(), wider, max_leaves=6)


@cache
def everyone(url: str) -> tuple[Row, ...]:
    return tuple(TALKS[url].rows(f"SELECT {SELECTED} FROM CampaignMember"))


SELECTED = "Id, HasResponded, SystemModstamp, Lead.SystemModstamp, " + ", ".join(FIELDS)
TALKS: dict[str, Talk] = {}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(condition=CONDITIONS)
def test_a_condition_of_any_shape_agrees_with_its_plain_reading(
    talk: Talk, condition: tuple[str, Test]
) -> None:
    text, test = condition
    TALKS[talk.standin.url] = talk

    found = talk.rows(f"SELECT Id FROM CampaignMember WHERE {text}")

    wanted = {row["Id"] for row in everyone(talk.standin.url) if test(row)}
    assert {row["Id"] for row in found} == wanted
