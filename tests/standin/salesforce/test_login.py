"""Sessions: four ways in, and how they end (contract, section 1)."""

import base64
import json
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.standin.conftest import NOW
from tests.standin.salesforce.conftest import Talk, refused
from workbench.standin.salesforce.keys import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    REFRESH_TOKEN,
    SECURITY_TOKEN,
    USERNAME,
)

APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def assertion(key: RSAPrivateKey, **claims: Any) -> str:
    every = {"iss": CLIENT_ID, "sub": USERNAME, "aud": "https://login.example.com"}
    every |= {"exp": int(NOW.timestamp()) + 180} | claims
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, every)]
    head = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signed = base64.urlsafe_b64encode(key.sign(head, PKCS1v15(), SHA256())).rstrip(b"=")
    return (head + b"." + signed).decode()


def trust(talk: Talk, key: RSAPrivateKey) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    talk.standin.act({"do": "trust_key", "pem": pem.decode()})


def works(talk: Talk, token: str) -> bool:
    answer = requests.get(
        f"{talk.standin.url}/services/data/v66.0/limits",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "username": USERNAME, "password": PASSWORD + SECURITY_TOKEN},
        {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN},
    ],
)
def test_a_login_opens_a_session(talk: Talk, form: dict[str, str]) -> None:
    answer = talk.token(**APP, **form)

    told = answer.json()
    assert (answer.status_code, told["token_type"]) == (200, "Bearer")
    assert told["instance_url"] == talk.standin.url
    assert told["issued_at"].isdigit()
    assert "refresh_token" not in told
    assert works(talk, told["access_token"])


def test_the_client_may_name_itself_in_the_header(talk: Talk) -> None:
    url = f"{talk.standin.url}/services/oauth2/token"
    answer = requests.post(
        url, data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, CLIENT_SECRET)
    )

    assert works(talk, answer.json()["access_token"])


def test_an_assertion_is_believed_only_with_a_trusted_key(talk: Talk, key: RSAPrivateKey) -> None:
    before = talk.token(grant_type=BEARER, assertion=assertion(key))
    trust(talk, key)
    after = talk.token(grant_type=BEARER, assertion=assertion(key))

    assert (before.status_code, before.json()["error"]) == (400, "invalid_grant")
    assert works(talk, after.json()["access_token"])
    assert not {"refresh_token", "issued_at", "signature"} & set(after.json())


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW.timestamp()) - 1},
        {"exp": int(NOW.timestamp()) + 4000},
        {"iss": "somebody"},
        {"sub": "somebody@example.com"},
        {"aud": "nowhere"},
    ],
)
def test_a_wrong_assertion_is_refused(
    talk: Talk, key: RSAPrivateKey, claims: dict[str, Any]
) -> None:
    trust(talk, key)

    assert talk.token(grant_type=BEARER, assertion=assertion(key, **claims)).status_code == 400


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({**APP, "client_id": "x", "grant_type": "client_credentials"}, "invalid_client_id"),
        ({**APP, "client_secret": "x", "grant_type": "client_credentials"}, "invalid_client"),
        ({**APP, "grant_type": "magic"}, "unsupported_grant_type"),
        (
            {**APP, "grant_type": "password", "username": USERNAME, "password": "x"},
            "invalid_grant",
        ),
        ({**APP, "grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ],
)
def test_a_wrong_login_is_refused(talk: Talk, form: dict[str, str], error: str) -> None:
    answer = talk.token(**form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]
    talk.standin.switches(oauth_error_description="off")
    assert talk.token(**form).json() == {"error": error}


def test_a_rotated_refresh_token_ends_the_former(talk: Talk) -> None:
    talk.standin.switches(rotate_refresh_token="on")
    form = {**APP, "grant_type": "refresh_token"}

    new = talk.token(**form, refresh_token=REFRESH_TOKEN).json()["refresh_token"]

    assert talk.token(**form, refresh_token=REFRESH_TOKEN).status_code == 400
    assert talk.token(**form, refresh_token=new).status_code == 200


def test_a_session_ends_after_its_time_or_its_calls(talk: Talk) -> None:
    talk.standin.switches(token_ttl_s=60)
    talk.login()
    talk.standin.act({"do": "move_clock", "seconds": 59})
    assert talk.get("limits").status_code == 200
    talk.standin.act({"do": "move_clock", "seconds": 1})
    assert refused(talk.get("limits")) == (401, "INVALID_SESSION_ID")

    talk.standin.switches(token_calls=2)
    talk.login()
    assert [talk.get("limits").status_code for _ in range(3)] == [200, 200, 401]


@pytest.mark.parametrize(("position", "status"), [(401, 401), (400, 400)])
def test_bulk_says_in_its_own_way_that_a_session_ended(
    talk: Talk, position: int, status: int
) -> None:
    talk.standin.switches(bulk_expired=position)
    talk.standin.act({"do": "expire_sessions"})

    answer = talk.get("jobs/ingest")

    assert answer.status_code == status
    assert ("InvalidSessionId" in answer.text) == (position == 400)


def test_nothing_is_told_without_a_session(talk: Talk) -> None:
    del talk.session.headers["Authorization"]

    for path in ("query?q=SELECT+Id+FROM+Lead", "sobjects", "limits", "jobs/query", ""):
        assert refused(talk.get(path)) == (401, "INVALID_SESSION_ID")
    versions = talk.session.get(f"{talk.standin.url}/services/data")
    assert "66.0" in {one["version"] for one in versions.json()}
    assert "Sforce-Limit-Info" not in versions.headers
