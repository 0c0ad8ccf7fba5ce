"""Ids, SOQL and answers: values in, values out."""

from datetime import UTC, date, datetime
from urllib.parse import quote_plus

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.errors import (
    AccessError,
    InputError,
    MissingError,
    OutageError,
    OverrunError,
    QuotaError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.salesforce import ids, soql
from workbench.salesforce.answers import (
    SessionEndedError,
    answered,
    judge,
    judge_login,
    usage,
)
from workbench.salesforce.model import Answered, SalesforceConnection, Usage
from workbench.transport.answer import Answer

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_the_contracts_ids_are_spelled_out() -> None:
    assert ids.to_18("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert ids.to_18("701000000000001") == "701000000000001AAA"


@settings(max_examples=40)
@given(st.lists(st.text(BASE62, min_size=13, max_size=19) | st.none() | st.just("v-1"), max_size=8))
def test_a_column_is_spelled_as_each_of_its_ids(texts: list[str | None]) -> None:
    spelled = ids.column_to_18(pa.array(texts, pa.string())).to_pylist()

    assert spelled == [None if text is None else ids.to_18(text) for text in texts]


def test_literals_are_quoted_and_moments_are_in_utc() -> None:
    assert soql.quoted("O'Neil \\ 'x'") == r"'O\'Neil \\ \'x\''"
    assert soql.moment(datetime(2026, 3, 10, 19, 30, 5, 99, UTC)) == "2026-03-10T19:30:05Z"
    assert soql.day(date(2026, 3, 1)) == "2026-03-01"
    with pytest.raises(InputError, match="no time zone"):
        soql.moment(datetime(2026, 3, 10))


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=400), max_size=120))
def test_lists_are_cut_so_that_every_query_fits(texts: list[str]) -> None:
    around = "SELECT Id FROM Lead WHERE Email IN "

    chunks = list(soql.chunked(texts, around))

    assert [text for chunk in chunks for text in chunk] == texts
    for chunk in chunks:
        assert soql.fits(around + soql.listed(chunk))
        assert len(quote_plus(around + soql.listed(chunk))) < 16_384


def test_two_hundred_ids_fit_into_one_address() -> None:
    many = [f"701Ax{n:010d}IAB" for n in range(200)]

    assert len(list(soql.chunked(many, "x" * 1500))) == 1
    assert [len(few) for few in soql.chunked(many, "", most=150)] == [150, 50]
    with pytest.raises(InputError, match="too long"):
        list(soql.chunked(["x" * 20_000], ""))


def said(code: str, message: str = "words") -> str:
    return f'[{{"message":"{message}","errorCode":"{code}"}}]'


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (401, said("INVALID_SESSION_ID"), SessionEndedError),
        (400, '{"exceptionCode":"InvalidSessionId","exceptionMessage":"x"}', SessionEndedError),
        (403, said("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), QuotaError),
        (403, said("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit."), ThrottledError),
        (403, said("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit"), ThrottledError),
        (403, said("API_DISABLED_FOR_ORG"), AccessError),
        (403, "", AccessError),
        (400, said("UNABLE_TO_LOCK_ROW"), OutageError),
        (400, said("QUERY_TIMEOUT"), OverrunError),
        (404, said("NOT_FOUND"), MissingError),
        (400, said("ENTITY_IS_DELETED"), MissingError),
        (404, said("ENTITY_IS_DELETED"), MissingError),
        (400, said("INVALID_TYPE", "sObject type 'CampaignMember' is not"), AccessError),
        (400, said("INVALID_TYPE", "sObject type 'XYZZY' is not"), RejectedError),
        (400, said("MALFORMED_QUERY"), RejectedError),
        (302, "", RejectedError),
        (503, said("SERVER_UNAVAILABLE"), OutageError),
        (500, "<html>oops</html>", OutageError),
    ],
)
def test_each_answer_is_told_by_what_the_reader_can_do(
    status: int, text: str, kind: type[RemoteError]
) -> None:
    assert type(judge(Answer(status, text=text))) is kind


@pytest.mark.parametrize("status", [200, 201, 204, 304])
def test_good_answers_are_good(status: int) -> None:
    assert judge(Answer(status)) is None


def test_a_refused_login_says_why_even_without_a_description() -> None:
    bare = judge_login(Answer(400, text='{"error":"invalid_client"}'))
    told = judge_login(Answer(400, text='{"error":"invalid_grant","error_description":"expired"}'))

    assert (str(bare), type(bare)) == ("Salesforce refused the login (invalid_client)", AccessError)
    assert bare is not None and "consumer secret" in bare.hint
    assert str(told) == "Salesforce refused the login (invalid_grant: expired)"
    assert type(judge_login(Answer(404, text="<html>"))) is RejectedError
    assert type(judge_login(Answer(503))) is OutageError


def test_both_forms_of_the_usage_header_are_read() -> None:
    both = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)"

    assert usage("api-usage=18/5000") == Usage(18, 5000)
    assert usage(both) == Usage(25, 5000, "sample-connected-app", 17, 250)
    assert usage("per-app-api-usage=17/250; api-usage=25/5000") == Usage(25, 5000, "", 17, 250)
    assert usage(None) is usage("something else") is None


def test_both_spellings_of_row_errors_are_read() -> None:
    row = {"success": False, "errors": [{"statusCode": "A", "message": "b", "fields": ["C"]}]}

    assert answered(row, "003") == Answered("003", False, "A", "b", ("C",))
    assert answered({"errorCode": "A", "message": "b"}) == Answered("", False, "A", "b")
    assert answered({"id": "00v", "success": True, "errors": []}) == Answered("00v", True)
    assert answered("nonsense").ok is False


def connection(**more: object) -> SalesforceConnection:
    body = {"name": "acme-sf", "url": "https://acme.my.salesforce.com", **more}
    return SalesforceConnection.model_validate(body)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"url": "http://acme.my.salesforce.com"}, "plain http"),
        ({"url": "https://login.salesforce.com"}, "the org's own address"),
        ({"auth": {"flow": "magic"}}, "flow"),
        ({"auth": {"flow": "jwt_bearer"}}, "needs a username"),
        ({"auth": {"flow": "username_password"}}, "needs a username"),
        ({"auth": {"password": "hidden"}}, "Extra inputs"),
        ({"api_version": "66"}, "api_version"),
        ({"api_budget": {"share_percent": 0}}, "share_percent"),
        ({"api_budget": {"resume_percent": 90}}, "must hold"),
    ],
)
def test_an_impossible_connection_is_refused(more: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        connection(**more)


def test_a_connection_has_the_contracts_defaults() -> None:
    made = connection()

    budget = made.api_budget
    assert (made.auth.flow, made.api_version) == ("client_credentials", "66.0")
    assert (budget.share_percent, budget.warn_percent) == (20, 80)
    assert (budget.pause_percent, budget.resume_percent) == (95, 75)
    assert connection(url="https://login.salesforce.com", auth={"flow": "refresh_token"})
    assert connection(url="http://127.0.0.1:8123").url == "http://127.0.0.1:8123"
