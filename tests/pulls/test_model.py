"""What a pull may say, and what it is told when it says something impossible."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from workbench.pulls.model import DaysBack, Duration, Pull


def pull(**given: Any) -> Pull:
    base = {"name": "views", "connection": "acme", "source": "visitors"}
    return Pull.model_validate({**base, **given})


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        pull(**given)
    return str(refused.value)


def test_the_update_method_suits_the_source_unless_it_is_chosen() -> None:
    days = {"days_back": 1}

    assert pull(source="page_events", duration=days).update_method.method == "partition"
    assert pull(source="page_events", duration=days).update_method.key == ("day",)
    assert pull(source="accounts").update_method.key == ("accountId",)
    assert pull(source="guides").update_method.method == "replace"
    assert pull(source="guides", update={"method": "append"}).update_method.method == "append"


def test_the_dataset_is_named_after_the_pull() -> None:
    assert pull(name="page-events").dataset_name == "page_events"
    assert pull(dataset="other").dataset_name == "other"


def test_a_custom_request_may_be_given_as_text() -> None:
    given = pull(source="custom", request='{"pipeline": [], "source": {"pages": null}}')

    assert given.request == {"pipeline": [], "source": {"pages": None}}


def test_ends_of_a_range_keep_their_sort() -> None:
    duration = Duration.model_validate({"from": {"days_back": 10}, "to": "2026-03-05"})

    assert duration.start == DaysBack(days_back=10)
    assert duration.end == date(2026, 3, 5)
    assert duration.starts_relative


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"source": "page_events"}, "needs a `duration`"),
        ({"source": None}, "needs a `source`"),
        ({"source": "custom"}, "needs its `request`"),
        ({"source": "custom", "request": "{not json"}, "not JSON"),
        ({"request": {}}, "belongs to `source: custom`"),
        ({"duration": {"days_back": -1}}, "greater than or equal to 1"),
        ({"duration": {"days_back": 1_000_000}}, "less than or equal to 3660"),
        ({"duration": {"from": {"days_back": 5}, "to": {"days_back": 10}}}, "ends before"),
        ({"duration": {"from": "2026-03-10", "to": "2026-03-01"}}, "ends before"),
        ({"duration": {"from": "2026-03-01"}}, "`from` and `to` together"),
        ({"duration": {"days_back": 1, "date": "2026-03-01"}}, "give one of"),
        ({"report": "report_contents", "source": None}, "needs a `report_id`"),
        ({"report": "guide_history", "source": None}, "needs a `guide`"),
        ({"dataset": "../elsewhere"}, "pattern"),
        ({"name": "Two Words"}, "pattern"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(**given)
