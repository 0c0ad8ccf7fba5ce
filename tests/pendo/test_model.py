"""The connection document and the shapes of answers."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from workbench.errors import BrokenAnswerError, InputError
from workbench.pendo.model import REGIONS, FieldDescriptor, PendoConnection, pendo_url, region
from workbench.pendo.paths import named, record
from workbench.pendo.receipts import read_receipt

DOCUMENT: dict[str, Any] = {
    "kind": "connection",
    "name": "acme-pendo",
    "type": "pendo",
    "url": "https://app.pendo.io",
    "key_env": "PENDO_KEY",
    "timezone": "America/New_York",
    "apps": "all",
}


def test_the_document_reads_as_the_contract_writes_it() -> None:
    connection = PendoConnection.model_validate(DOCUMENT)

    assert connection.calls_per_minute == 60
    assert connection.zone.key == "America/New_York"
    assert PendoConnection.model_validate_json(connection.model_dump_json()) == connection


@pytest.mark.parametrize("apps", ["all", "default", [-323232, 55]])
def test_apps_are_a_word_or_a_list(apps: Any) -> None:
    connection = PendoConnection.model_validate({**DOCUMENT, "apps": apps})

    assert json.loads(connection.model_dump_json())["apps"] == apps


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "Acme"}, "pattern"),
        ({"name": "../acme"}, "pattern"),
        ({"name": "a" * 64}, "pattern"),
        ({"key": "x"}, "Extra inputs"),
        ({"url": "http://app.pendo.io"}, "plain http"),
        ({"url": "https://engageapi.pendo.io"}, "The regions are https://app.pendo.io"),
        ({"url": "https://data.eu.pendo.io"}, "does not answer"),
        ({"timezone": "America/NewYork"}, "did you mean America/New_York"),
        ({"timezone": "new york"}, "did you mean America/New_York|not an IANA"),
        ({"timezone": "New York"}, "did you mean America/New_York"),
        ({"timezone": "America"}, "not an IANA"),
        ({"timezone": "../../etc/passwd"}, "not an IANA"),
        ({"timezone": ""}, "not an IANA"),
        ({"apps": []}, "at least 1"),
        ({"apps": "some"}, "all"),
        ({"apps": [1, 1]}, "twice"),
        ({"calls_per_minute": 0}, "greater than or equal to 1"),
        ({"key_env": "PENDO KEY"}, "pattern"),
        ({"type": "salesforce"}, "pendo"),
    ],
)
def test_a_fault_in_the_document_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PendoConnection.model_validate({**DOCUMENT, **change})


def test_a_document_is_never_changed_in_place() -> None:
    connection = PendoConnection.model_validate(DOCUMENT)
    with pytest.raises(ValidationError):
        connection.name = "other"


def test_all_five_regions_and_a_stand_in_are_addresses() -> None:
    assert len(REGIONS) == 5
    for name, url in REGIONS.items():
        assert pendo_url(url + "/") == url
        assert region(url) == name
    assert region(pendo_url("http://127.0.0.1:8123")) is None
    with pytest.raises(InputError):
        pendo_url("https://app.pendo.io/reports")


def test_an_odd_id_travels_encoded_and_a_plain_one_as_it_is() -> None:
    assert record("v-1.x") == ("v-1.x", {})
    for odd in ("a/b", "..", ".", "100%", "é", 'q"', "\\", "a b", "x@y.org", "?"):
        step, headers = record(odd)
        assert not set(step) & set("/%?#\\ ")
        assert headers == {"x-pendo-base64-encoded-params": "true"}
    with pytest.raises(InputError):
        record("")


@pytest.mark.parametrize("text", ["", "..", "a/b", "a?b", "a b", "é", "a\n"])
def test_an_id_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        named(text, "report")


SENT = ["v-1", "v-10", "v-7"]


@pytest.mark.parametrize("empty", [{"missing": None, "errors": None}, {}, {"missing": []}])
def test_nothing_to_list_comes_in_three_shapes(empty: dict[str, Any]) -> None:
    receipt = read_receipt({"total": 3, "updated": 3, "failed": 0, **empty}, SENT)

    assert (receipt.updated, receipt.missing, receipt.errors) == (3, (), ())


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"id": "v-10", "error": "wrong type"}, "wrong type"),
        ({"id": "v-10", "message": "wrong type"}, "wrong type"),
        ({"visitorId": "v-10"}, '{"visitorId": "v-10"}'),
        ({"id": "v-10"}, '{"id": "v-10"}'),
        ({"record": "v-10", "reason": "no"}, "no"),
        ("v-10: wrong type", "v-10: wrong type"),
        ({"error": "v-10 is bad"}, "v-10 is bad"),
    ],
)
def test_a_refused_record_is_found_in_any_shape(item: Any, text: str) -> None:
    receipt = read_receipt({"total": 3, "updated": 2, "failed": 1, "errors": [item]}, SENT)

    assert receipt.errors == (("v-10", text),)


def test_a_refusal_that_names_nobody_is_kept() -> None:
    receipt = read_receipt({"updated": 2, "errors": ["something"]}, SENT)

    assert (receipt.total, receipt.failed, receipt.errors) == (3, 1, (("", "something"),))


@pytest.mark.parametrize("said", [None, [], {}, {"total": 3}, "ok", {"updated": "3"}])
def test_a_receipt_without_counters_is_no_success(said: Any) -> None:
    with pytest.raises(BrokenAnswerError):
        read_receipt(said, SENT)


@pytest.mark.parametrize("said", [{"Type": "odd"}, {"Type": None}, {}, None, [], {"Type": 5}])
def test_no_schema_is_odd_enough_to_fail(said: Any) -> None:
    assert isinstance(FieldDescriptor.read(said).type, str)
