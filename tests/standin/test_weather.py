"""Weather: each fault spoils exactly the requests it should, in the way it says."""

import time
from typing import Any

import pytest
import requests

from tests.standin.conftest import Talk, days, events
from workbench.standin.weather import FAULTS, WeatherError

PAGES = events("pageEvents", days("now()", -2))


def whole(talk: Talk) -> bytes:
    return talk.aggregation(PAGES).content


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"fault": "429"}, 429),
        ({"fault": "408"}, 408),
        ({"fault": "5xx"}, 503),
        ({"fault": "5xx", "status": 502}, 502),
        ({"fault": "504"}, 504),
    ],
)
def test_a_status_fault_answers_instead(talk: Talk, fault: dict[str, Any], status: int) -> None:
    talk.pendo.weather([fault | {"times": 1}])

    assert talk.aggregation(PAGES).status_code == status
    assert talk.aggregation(PAGES).status_code == 200


def test_retry_after_is_sent_only_when_asked_for(talk: Talk) -> None:
    talk.pendo.weather([{"fault": "429", "times": 1}, {"fault": "429", "retry_after_s": 7}])

    assert "Retry-After" not in talk.get("page").headers
    assert talk.get("page").headers["Retry-After"] == "7"


@pytest.mark.parametrize("fault", ["reset", "reset_before", "wrong_length"])
def test_a_broken_connection_is_seen_by_the_client(talk: Talk, fault: str) -> None:
    talk.pendo.weather([{"fault": fault, "times": 1}])

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        talk.aggregation(PAGES)
    assert talk.aggregation(PAGES).status_code == 200


@pytest.mark.parametrize("at_byte", [0, 1, 12, 200, 10**9])
def test_a_truncated_answer_is_framed_well_and_is_no_json(talk: Talk, at_byte: int) -> None:
    talk.pendo.weather([{"fault": "truncate", "at_byte": at_byte}])

    answer = talk.aggregation(PAGES)

    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_malformed_answer_is_right_at_both_ends(talk: Talk) -> None:
    good = whole(talk)
    talk.pendo.weather([{"fault": "malformed"}])

    bad = talk.aggregation(PAGES)

    assert (bad.content[:20], bad.content[-20:]) == (good[:20], good[-20:])
    with pytest.raises(requests.JSONDecodeError):
        bad.json()


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "slow_first_byte", "ms": 150},
        {"fault": "drip", "ms": 15, "bytes": 8000},
    ],
)
def test_a_slow_answer_is_late_and_whole(talk: Talk, fault: dict[str, Any]) -> None:
    good = whole(talk)
    talk.pendo.weather([fault])
    begun = time.monotonic()

    assert whole(talk) == good
    assert time.monotonic() - begun > 0.1


def test_null_results_take_the_place_of_rows(talk: Talk) -> None:
    talk.pendo.weather([{"fault": "null_results"}])

    assert talk.aggregation(PAGES).json() == {"results": None}


def test_a_fault_meets_only_the_requests_it_names(talk: Talk) -> None:
    talk.pendo.weather([{"fault": "5xx", "path": "aggregation", "source": "pageEvents"}])

    assert talk.aggregation(PAGES).status_code == 503
    assert talk.aggregation({"source": {"accounts": None}}).status_code == 200
    assert talk.get("page").status_code == 200


def test_after_every_and_times_count_requests(talk: Talk) -> None:
    talk.pendo.weather([{"fault": "5xx", "after": 1, "every": 2, "times": 2}])

    seen = [talk.get("page").status_code for _turn in range(8)]

    assert seen == [200, 200, 503, 200, 503, 200, 200, 200]


def test_an_empty_list_is_fair_weather(talk: Talk) -> None:
    talk.pendo.weather([{"fault": "5xx"}])
    talk.pendo.weather([])

    assert talk.get("page").ok


@pytest.mark.parametrize(
    "fault",
    [{}, {"fault": "hail"}, {"fault": "429", "colour": 1}, {"fault": "429", "times": -1}, "429"],
)
def test_weather_that_does_not_exist_is_refused_in_words(talk: Talk, fault: Any) -> None:
    with pytest.raises(WeatherError):
        talk.pendo.weather([fault])
    answer = requests.post(f"{talk.pendo.url}/_standin/weather", json=[fault])

    assert answer.status_code == 400
    assert len(answer.json()["error"].split()) > 3


def test_every_fault_is_tested_here_or_with_the_events() -> None:
    tested = "429 5xx 408 reset reset_before truncate wrong_length malformed null_results"

    assert {*tested.split(), "slow_first_byte", "drip", "late_rows"} == FAULTS
