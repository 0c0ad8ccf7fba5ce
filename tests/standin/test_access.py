"""Who may ask what, and what Pendo says to the others."""

import pytest
import requests

from tests.standin.conftest import Talk
from workbench.standin import PENDO_READ_KEY
from workbench.standin.pendo import PendoStandIn

WRITES = [
    ("POST", "metadata/visitor/custom/value"),
    ("PUT", "metadata/visitor/custom/value/v-101/tier"),
    ("POST", "metadata/schema/visitor/custom"),
    ("DELETE", "metadata/schema/visitor/custom/tier"),
    ("POST", "segment/upload"),
    ("POST", "guide/all/visitor/v-101/reset"),
]


@pytest.mark.parametrize("path", ["token/verify", "aggregation", "page", "nowhere"])
def test_a_missing_or_unknown_key_is_403_without_a_body(pendo: PendoStandIn, path: str) -> None:
    for headers in ({}, {"x-pendo-integration-key": "rehearsal-unknown-key"}):
        answer = requests.get(f"{pendo.url}/api/v1/{path}", headers=headers)

        assert (answer.status_code, answer.content) == (403, b"")


def test_the_header_name_is_read_in_any_case(pendo: PendoStandIn) -> None:
    answer = requests.get(
        f"{pendo.url}/api/v1/token/verify", headers={"X-PENDO-Integration-Key": pendo.key}
    )

    assert answer.json() == {"valid": True, "writeAccess": True}


def test_a_key_without_write_access_says_so_and_cannot_write(pendo: PendoStandIn) -> None:
    talk = Talk(pendo, PENDO_READ_KEY)

    assert talk.get("token/verify").json() == {"valid": True, "writeAccess": False}
    assert talk.rows({"source": {"accounts": None}}, {"limit": 1})
    for method, path in WRITES:
        answer = talk.call(method, path, json=[])
        assert (answer.status_code, answer.content) == (403, b""), path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "visitor"),
        ("GET", "account"),
        ("GET", "page/abc"),
        ("GET", "feature/abc"),
        ("GET", "guide/abc"),
        ("OPTIONS", "page"),
        ("PATCH", "metadata/visitor/custom/value"),
        ("GET", "nowhere/at/all"),
    ],
)
def test_an_unknown_route_is_404_in_plain_text(talk: Talk, method: str, path: str) -> None:
    answer = talk.call(method, path)

    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["visitor/nobody", "account/nobody"])
def test_an_unknown_visitor_or_account_is_404_without_a_body(talk: Talk, path: str) -> None:
    answer = talk.get(path)

    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_aggregation_is_400(talk: Talk, method: str) -> None:
    assert talk.call(method, "aggregation").status_code == 400


def test_one_connection_serves_many_requests(talk: Talk) -> None:
    for _turn in range(3):
        assert talk.get("token/verify").ok

    adapter = talk.session.get_adapter(talk.pendo.url)
    pools = adapter.poolmanager.pools  # type: ignore[attr-defined]
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118
