"""What Pendo holds is read in one request, for every record, as canonical text."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.automations.by_hand import account_ids, held
from tests.automations.conftest import act
from tests.conftest import QUICK
from workbench.automations import live
from workbench.automations.live import Live, read_live
from workbench.pendo.client import PendoClient
from workbench.standin import PendoStandIn

FIELDS = ("planlevel", "arr", "renewaldate", "strategic", "employees")


@pytest.fixture
def client(pendo: PendoStandIn) -> Iterator[PendoClient]:
    made = PendoClient(pendo.url, SecretStr(pendo.key), patience=QUICK)
    yield made
    made.close()


def read(client: PendoClient, folder: Path, names: Sequence[str] = FIELDS, **more: Any) -> Live:
    kind = more.pop("kind", "account")
    schema = client.metadata_schema(kind)
    return read_live(client, kind, "custom", names, schema, folder, **more)


def rows(found: Live) -> dict[str, dict[str, Any]]:
    return {row.pop("id"): row for row in found.rows.to_pylist()}


def aggregations(pendo: PendoStandIn) -> int:
    return int(pendo.stats()["requests"].get("POST /api/v1/aggregation", 0))


def test_every_record_comes_in_one_request(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    there = account_ids(pendo)
    before = aggregations(pendo)

    found = read(client, tmp_path)

    assert aggregations(pendo) - before == found.calls == 1
    assert sorted(rows(found)) == there


def test_values_are_canonical_text_and_nothing_is_null(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    raw = held(pendo, FIELDS)

    for record, told in rows(read(client, tmp_path)).items():
        assert told["planlevel"] == raw[record].get("planlevel")
        assert told["strategic"] == (str(raw[record]["strategic"]).lower())
        assert told["employees"] == str(raw[record]["employees"])
        if "arr" in raw[record]:
            assert float(told["arr"]) == raw[record]["arr"]
        assert (told["renewaldate"] is None) == ("renewaldate" not in raw[record])
        assert told["renewaldate"] is None or told["renewaldate"].endswith("T00:00:00Z")


def test_fields_that_pendo_lacks_or_has_deleted_are_left_out(
    client: PendoClient, tmp_path: Path
) -> None:
    found = read(client, tmp_path, ["planlevel", "predict_score"])

    assert found.rows.column_names == ["id", "planlevel"]


def test_ids_with_quotes_and_backslashes_are_found(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    pendo.switches(seed_quoted_ids="on")
    odd = [one for one in account_ids(pendo) if '"' in one or "\\" in one]
    assert odd

    found = read(client, tmp_path, ids=odd)

    assert sorted(rows(found)) == sorted(odd)


def test_a_few_records_are_read_by_their_ids(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    some = account_ids(pendo)[3:6]

    assert sorted(rows(read(client, tmp_path, ids=some))) == some


def test_visitors_without_an_id_are_not_records(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    found = rows(read(client, tmp_path, [], kind="visitor"))

    assert found
    assert not any(one.startswith("_PENDO_T_") for one in found)


def test_where_one_request_is_too_much_it_is_asked_in_pages(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows(read(client, tmp_path / "whole"))
    # A constant of ours, not a function: 50 000 records would take the stand-in too long.
    monkeypatch.setattr(live, "PAGE", 25)
    pendo.weather([{"fault": "408", "path": "aggregation", "times": 2}])

    found = read(client, tmp_path / "pages")

    assert found.calls == 3
    assert rows(found) == whole


def changed_since_it_was_read(client: PendoClient, pendo: PendoStandIn, folder: Path) -> str:
    """One account is read with all others, then changed in Pendo; gives its id."""
    one = account_ids(pendo)[0]
    read(client, folder)
    act(pendo, one, "custom.planlevel", "changed")
    return one


def test_a_reading_is_shown_again_for_a_minute_unless_it_must_be_fresh(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    one = changed_since_it_was_read(client, pendo, tmp_path)

    again = read(client, tmp_path, fresh=False)
    fresh = read(client, tmp_path, fresh=True)

    assert again.calls == 0
    assert rows(again)[one]["planlevel"] != "changed"
    assert rows(fresh)[one]["planlevel"] == "changed"


def test_a_reading_is_forgotten_when_something_was_written(
    client: PendoClient, pendo: PendoStandIn, tmp_path: Path
) -> None:
    one = changed_since_it_was_read(client, pendo, tmp_path)
    live.forget(tmp_path)

    assert rows(read(client, tmp_path, fresh=False))[one]["planlevel"] == "changed"


def test_nothing_is_left_behind_but_the_columns(client: PendoClient, tmp_path: Path) -> None:
    read(client, tmp_path)

    assert [path.suffix for path in tmp_path.iterdir() if path.is_file()] == [".arrow"]


def test_a_subscription_may_have_any_number_of_accounts(tmp_path: Path) -> None:
    with PendoStandIn(accounts=1234) as large:
        made = PendoClient(large.url, SecretStr(large.key), patience=QUICK)
        found = read(made, tmp_path)
        made.close()

        assert found.rows.num_rows == len(account_ids(large)) > 1200
