"""A fault finds the control it is about."""

import pytest

from workbench.pulls.sources import SOURCES
from workbench.ui.applications import numbers
from workbench.ui.beside import split
from workbench.ui.pull_target import free_name, suggestion, usual_update


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name: 'X' is not a name", "name"),
        ("duration.from.days_back: must be at least 0", "duration"),
        ("apps.0: must be a whole number", "apps"),
        ("page_events needs a `duration`: event rows are asked for by day", ""),
        ("a custom source needs its `request`", ""),
    ],
)
def test_the_key_is_read_from_the_sentence(text: str, key: str) -> None:
    assert split(text)[0] == key


def test_ids_are_numbers_and_what_is_not_stays_to_be_told() -> None:
    assert numbers(" -323232,55  x1 ") == [-323232, 55, "x1"]
    assert numbers("") == []


def test_names_are_suggested_and_never_taken_twice() -> None:
    assert suggestion({"report": "guide_history"}) == "guide-history"
    assert free_name("accounts", ["accounts"]) == "accounts-2"


def test_each_source_has_the_update_method_that_suits_it() -> None:
    assert usual_update(SOURCES["page_events"]) == ("partition", ["day"])
    assert usual_update(SOURCES["visitors"]) == ("merge", ["visitorId"])
    assert usual_update(SOURCES["guides"]) == ("replace", [])
    assert usual_update(None) == ("replace", [])
