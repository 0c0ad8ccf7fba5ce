"""What Pendo's answers mean."""

import pytest

from workbench.errors import (
    AccessError,
    MissingError,
    OutageError,
    OverrunError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.pendo.answers import error_text, judge, unknown_key
from workbench.transport import Answer, Call, GaveUpError

AGGREGATION = Call("POST", "api/v1/aggregation", "aggregation", heavy=True)
REPORT = Call("GET", "x", "report/{id}/results.json", heavy=True)
LIST = Call("GET", "api/v1/guide", "guide")
WRITE = Call("PUT", "x", "metadata/{kind}/{group}/value/{id}/{field}", writes=True)
VERIFY = Call("GET", "x", "token/verify")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"error": "no field"}', "no field"),
        ('{"message": "no field"}', "no field"),
        ('{"error": "no field", "message": "other"}', "no field"),
        ('{"error": {"message": "no field"}}', "no field"),
        ('{"error": {"code": 5}}', '{"code": 5}'),
        ('{"error": "", "message": "no field"}', "no field"),
        ("no field", "no field"),
        ("404 page not found\n", "404 page not found"),
        ('{"other": 1}', '{"other": 1}'),
        ("[1]", "[1]"),
        ("", "Unprocessable"),
        ("<html>oops</html>", "Unprocessable"),
    ],
)
def test_pendos_words_are_found_in_any_body(body: str, text: str) -> None:
    assert error_text(Answer(422, "Unprocessable", body)) == text
    assert text in str(judge(Answer(422, "Unprocessable", body)))


def test_there_are_words_even_where_pendo_has_none() -> None:
    assert error_text(Answer(422)) == "status 422"


@pytest.mark.parametrize(
    ("status", "call", "kind"),
    [
        (400, LIST, RejectedError),
        (400, REPORT, MissingError),
        (400, VERIFY, AccessError),
        (401, LIST, AccessError),
        (403, LIST, AccessError),
        (404, LIST, MissingError),
        (404, REPORT, MissingError),
        (408, LIST, GaveUpError),
        (408, AGGREGATION, OverrunError),
        (409, LIST, RejectedError),
        (413, WRITE, OverrunError),
        (422, AGGREGATION, RejectedError),
        (429, AGGREGATION, ThrottledError),
        (500, AGGREGATION, OutageError),
        (502, AGGREGATION, GaveUpError),
        (503, AGGREGATION, GaveUpError),
        (504, AGGREGATION, OverrunError),
        (504, LIST, GaveUpError),
        (301, LIST, RejectedError),
    ],
)
def test_each_status_has_its_error(status: int, call: Call, kind: type[RemoteError]) -> None:
    error = judge(Answer(status, "reason", "text", call))

    assert type(error) is kind
    assert error.hint or status == 404 or call is REPORT
    assert f"{status} reason\ntext" in error.details


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, "Forbidden", '{"reason": "rateLimitExceeded"}'),
        Answer(403, "rateLimitExceeded", ""),
        Answer(429, "Too Many Requests", ""),
    ],
)
def test_slow_down_is_told_from_a_wrong_key(answer: Answer) -> None:
    assert isinstance(judge(answer, write_access=False), ThrottledError)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_any_refusal_of_a_write_to_a_read_key_is_about_the_key(status: int) -> None:
    error = judge(Answer(status, call=WRITE), write_access=False)

    assert isinstance(error, AccessError)
    assert "may only read" in str(error)
    assert "Allow Write Access" in error.hint


def test_an_aggregation_may_want_a_key_that_writes() -> None:
    error = judge(Answer(403, call=AGGREGATION), write_access=False)

    assert isinstance(error, AccessError)
    assert "aggregation" in str(error)
    assert "Allow Write Access" in error.hint


def test_a_good_key_that_is_refused_something_is_not_called_wrong() -> None:
    error = judge(Answer(403, call=LIST), write_access=True)

    assert str(error) == "Pendo knows the key, but does not let it use guide"


def test_a_read_key_that_asks_for_nonsense_is_told_about_the_nonsense() -> None:
    error = judge(Answer(422, "", "no such source", AGGREGATION), write_access=False)

    assert isinstance(error, RejectedError)


def test_the_hint_for_an_unknown_key_names_the_region() -> None:
    assert "region eu" in unknown_key("https://app.eu.pendo.io", "", "").hint
    assert "try https://app.eu.pendo.io" in unknown_key("https://app.pendo.io", "eu", "").hint
    assert "try" not in unknown_key("https://app.eu.pendo.io", "eu", "").hint
    assert "at http://127.0.0.1:1" in str(unknown_key("http://127.0.0.1:1", "", ""))
