"""The four flows, the end of sessions, and what is never shown."""

import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr

from tests.salesforce.conftest import IDS, Make, members, rows
from workbench.errors import AccessError, OutageError, RemoteError, SettingsError
from workbench.salesforce.client import SalesforceClient
from workbench.salesforce.model import SalesforceConnection
from workbench.standin import SalesforceStandIn
from workbench.standin.salesforce.keys import (
    CLIENT_ID,
    PASSWORD,
    REFRESH_TOKEN,
    SECURITY_TOKEN,
    USERNAME,
)

REFRESH = {**IDS, "refresh_token": REFRESH_TOKEN}
BY_REFRESH = {"flow": "refresh_token"}


@pytest.mark.parametrize(
    ("auth", "secrets"),
    [
        ({}, IDS),
        (BY_REFRESH, REFRESH),
        (BY_REFRESH, {"client_id": CLIENT_ID, "refresh_token": REFRESH_TOKEN}),
        (
            {"flow": "username_password", "username": USERNAME},
            {**IDS, "password": PASSWORD, "security_token": SECURITY_TOKEN},
        ),
    ],
)
def test_every_flow_opens_a_session(
    make: Make, auth: dict[str, Any], secrets: dict[str, str]
) -> None:
    assert make(auth, secrets).count("SELECT COUNT() FROM Campaign") == 9


def test_an_assertion_is_signed_with_the_connections_key(
    make: Make, salesforce: SalesforceStandIn
) -> None:
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    auth = {"flow": "jwt_bearer", "username": USERNAME}
    secrets = {"client_id": CLIENT_ID, "private_key": pem}
    with pytest.raises(AccessError, match="invalid_grant"):
        make(auth, secrets).limits()

    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    salesforce.act({"do": "trust_key", "pem": public.decode()})

    assert make(auth, secrets).limits()
    with pytest.raises(SettingsError, match="not an RSA key"):
        make(auth, {**secrets, "private_key": "nonsense"}).limits()


@pytest.mark.parametrize("description", ["on", "off"])
@pytest.mark.parametrize(
    ("secret", "said"), [("client_id", "invalid_client_id"), ("client_secret", "invalid_client")]
)
def test_a_wrong_secret_is_a_sentence_that_does_not_show_it(
    make: Make, salesforce: SalesforceStandIn, description: str, secret: str, said: str
) -> None:
    salesforce.switches(oauth_error_description=description)
    client = make(secrets={**IDS, secret: "very-wrong-text"})

    with pytest.raises(AccessError, match=said) as refused:
        client.limits()

    shown = f"{refused.value} {refused.value.hint} {refused.value.details} {client!r}"
    assert "very-wrong-text" not in shown
    assert client.api_calls == 0


def test_a_missing_secret_is_said_before_anything_is_sent(make: Make) -> None:
    with pytest.raises(SettingsError, match="no client secret yet"):
        make(secrets={"client_id": CLIENT_ID})


def test_a_replaced_refresh_token_is_handed_over_at_once(
    make: Make, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(rotate_refresh_token="on")
    kept: list[SecretStr] = []
    client = make(BY_REFRESH, REFRESH, keep_refresh_token=kept.append)

    client.limits()
    salesforce.act({"do": "expire_sessions"})
    client.limits()

    assert len(kept) == 2
    with pytest.raises(AccessError):
        make(BY_REFRESH, REFRESH).limits()
    assert make(BY_REFRESH, {**IDS, "refresh_token": kept[-1].get_secret_value()}).limits()


@pytest.mark.parametrize("bulk_expired", [401, 400])
@pytest.mark.parametrize(
    "path", ["query", "page", "describe", "update", "insert", "bulk", "bulk query", "deleted"]
)
def test_a_session_that_ends_on_any_path_is_begun_again_once(
    make: Make, salesforce: SalesforceStandIn, bulk_expired: int, path: str
) -> None:
    if bulk_expired == 400 and not path.startswith("bulk"):
        pytest.skip("only bulk spells it in two ways")
    client = make(bulk_from=30 if path == "bulk" else 2000)
    there = members(client, "Customer Conference")
    salesforce.switches(bulk_expired=bulk_expired, page_rows=20, token_calls=2)
    salesforce.act({"do": "expire_sessions"})

    if path in ("update", "bulk"):
        changed = [{"Id": row["Id"], "Status": "Attended"} for row in there]
        assert all(one.ok for few in client.update("CampaignMember", changed) for one in few)
    elif path == "insert":
        assert [one.ok for few in client.insert("Campaign", [{"Name": "x"}]) for one in few]
    elif path == "page":
        assert len(rows(client, "SELECT Id FROM CampaignMember")) == 545
    elif path == "bulk query":
        pages = client.bulk_query("SELECT Id FROM CampaignMember")
        assert sum(len(page) for page in pages) == 545
    elif path == "describe":
        assert client.describe("Lead")["name"] == "Lead"
    else:
        assert client.count("SELECT COUNT() FROM Campaign") == 9

    logins = salesforce.stats()["requests"]["POST services/oauth2/token"]
    assert logins >= 2


def test_a_session_refused_twice_is_no_loop(make: Make, salesforce: SalesforceStandIn) -> None:
    client = make()
    salesforce.switches(token_ttl_s=0)

    with pytest.raises(AccessError, match="ended the session"):
        client.limits()

    assert salesforce.stats()["requests"] == {"POST services/oauth2/token": 2, "GET limits": 2}


def test_many_threads_share_one_new_login(make: Make, salesforce: SalesforceStandIn) -> None:
    client = make()
    client.limits()
    salesforce.act({"do": "expire_sessions"})
    threads = [threading.Thread(target=client.limits) for _ in range(6)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert salesforce.stats()["requests"]["POST services/oauth2/token"] == 2


def test_a_login_that_does_not_answer_is_tried_again(
    make: Make, salesforce: SalesforceStandIn
) -> None:
    salesforce.weather([{"fault": "5xx", "path": "oauth2", "times": 2}])

    assert make().limits()


def test_a_refresh_is_not_asked_twice_when_its_answer_is_lost(
    make: Make, salesforce: SalesforceStandIn
) -> None:
    salesforce.weather([{"fault": "reset", "path": "oauth2", "times": 1}])

    with pytest.raises(RemoteError):
        make(BY_REFRESH, REFRESH).limits()

    assert salesforce.stats()["requests"] == {"POST services/oauth2/token": 1}


def test_an_address_where_nobody_answers_is_said(salesforce: SalesforceStandIn) -> None:
    from tests.conftest import QUICK

    connection = SalesforceConnection(name="acme-sf", url="http://127.0.0.1:9")
    secrets = {name: SecretStr(secret) for name, secret in IDS.items()}

    with pytest.raises(OutageError, match="could not be reached"):
        SalesforceClient(connection, secrets, patience=QUICK).limits()
