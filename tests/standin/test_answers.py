"""Long answers are kept: the same again while nothing happened, and never after something did."""

import resource
from typing import Any

import pytest

from tests.standin.conftest import Talk, days, events
from workbench.standin.answers import LEAST_BYTES
from workbench.standin.pendo import PendoStandIn

MONTH = events("pageEvents", days("date(2026,2,9)", 28, "hourRange") | {"count": 24 * 28})


def test_the_same_question_gets_the_same_bytes_from_what_was_kept(
    talk: Talk, pendo: PendoStandIn
) -> None:
    # What other tests asked was kept too; a subscription that was touched begins anew.
    pendo.act({"do": "move_clock", "ms": 0})
    pendo.reset()
    made = talk.aggregation(MONTH).content
    assert len(made) > LEAST_BYTES
    kept = talk.aggregation(MONTH).content
    assert kept == made
    assert len(pendo.subscription.answers) == 1


@pytest.mark.parametrize(
    "act",
    [
        {"do": "add_events", "events": [{"visitorId": "somebody", "at": 1772946040049}]},
        {"do": "move_clock", "days": -20},
    ],
)
def test_whatever_somebody_does_shows_in_the_next_answer(
    talk: Talk, pendo: PendoStandIn, act: dict[str, Any]
) -> None:
    before = talk.aggregation(MONTH).content
    pendo.act(act)
    assert talk.aggregation(MONTH).content != before


def test_late_rows_and_moved_switches_are_other_questions(talk: Talk, pendo: PendoStandIn) -> None:
    before = talk.aggregation(MONTH)
    pendo.weather([{"fault": "late_rows", "hours": 400, "share": 0.5}])
    late = talk.rows(MONTH)
    assert len(late) < len(before.json()["results"])
    pendo.weather([])
    pendo.switches(extra_top_keys="on")
    assert set(talk.aggregation(MONTH).json()) > {"results"}
    pendo.switches(extra_top_keys="off")
    assert talk.aggregation(MONTH).content == before.content


def test_a_client_that_hung_up_leaves_nothing_half_kept(talk: Talk, pendo: PendoStandIn) -> None:
    whole = talk.aggregation(MONTH).content
    pendo.act({"do": "move_clock", "ms": 0})
    pendo.reset()
    body = {"response": {}, "request": {"pipeline": [MONTH]}}
    with talk.post("aggregation", body, stream=True) as answer:
        assert len(answer.raw.read(1000)) == 1000
    assert talk.aggregation(MONTH).content == whole
    assert talk.aggregation(MONTH).content == whole


def test_an_answer_that_the_disk_has_no_room_for_is_whole_and_made_again(
    talk: Talk, pendo: PendoStandIn
) -> None:
    whole = talk.aggregation(MONTH).content
    pendo.act({"do": "move_clock", "ms": 0})
    pendo.reset()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LEAST_BYTES + 1, limits[1]))
    try:
        assert talk.aggregation(MONTH).content == whole
        assert len(pendo.subscription.answers) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert talk.aggregation(MONTH).content == whole
    assert len(pendo.subscription.answers) == 1
