"""The connection as a document, and the way from it to a client."""

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from workbench.documents import DocumentsError, Text
from workbench.errors import AccessError, InputError, SettingsError
from workbench.services import Services
from workbench.standin import SalesforceStandIn
from workbench.standin.salesforce.keys import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

DOCUMENT = """\
kind: connection
name: acme-sf
type: salesforce
url: {url}
auth: {{flow: {flow}, client_id_env: SF_ID, client_secret_env: SF_SECRET{more}}}
api_version: "66.0"
api_budget: {{share_percent: 20, warn_percent: 80, pause_percent: 95, resume_percent: 75}}
"""
VARIABLES = {"SF_ID": CLIENT_ID, "SF_SECRET": CLIENT_SECRET, "SF_REFRESH": REFRESH_TOKEN}


def apply(
    services: Services,
    url: str,
    flow: str = "client_credentials",
    more: str = "",
    environment: Mapping[str, str] = VARIABLES,
) -> None:
    text = DOCUMENT.format(url=url, flow=flow, more=more)
    services.documents.apply([Text("here.yaml", text)], "tests", environment=environment)


def test_the_contracts_document_is_applied_and_connects(
    services: Services, salesforce: SalesforceStandIn
) -> None:
    apply(services, salesforce.url)

    with services.salesforce("acme-sf") as client:
        assert client.count("SELECT COUNT() FROM Campaign") == 9
    assert services.documents.connections("salesforce") == ["acme-sf"]
    assert services.documents.connections("pendo") == ["acme"]


def test_its_export_applies_unchanged_and_shows_no_secret(
    services: Services, salesforce: SalesforceStandIn
) -> None:
    apply(services, salesforce.url)

    exported = services.documents.export("connection", "acme-sf")

    assert "SF_SECRET" in exported
    assert CLIENT_SECRET not in exported
    (again,) = services.documents.apply([Text("again", exported)], "tests", environment=VARIABLES)
    assert again.outcome == "unchanged"


def test_an_unset_variable_is_told_with_its_line(
    services: Services, salesforce: SalesforceStandIn
) -> None:
    with pytest.raises(DocumentsError) as refused:
        apply(services, salesforce.url, environment={"SF_ID": CLIENT_ID})

    text = str(refused.value)
    assert "client_secret_env: the environment variable SF_SECRET is not set" in text
    assert "here.yaml:5" in text


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("api_version: 66", "api_version"),
        ("api_budgt: {}", "did you mean api_budget"),
        ("auth: {flow: jwt_bearer}", "needs a username"),
        ("auth: {client_secret: hidden}", "client_secret"),
    ],
)
def test_a_wrong_key_is_refused_with_the_nearest(services: Services, line: str, fault: str) -> None:
    text = f"kind: connection\nname: x\ntype: salesforce\nurl: https://a.example.com\n{line}\n"

    with pytest.raises(DocumentsError, match=fault) as refused:
        services.documents.apply([Text("here.yaml", text)], "tests", environment={})

    assert "hidden" not in str(refused.value)


def test_a_replaced_refresh_token_is_kept_for_the_next_time(
    services: Services, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(rotate_refresh_token="on")
    apply(services, salesforce.url, "refresh_token", ", refresh_token_env: SF_REFRESH")

    for _ in range(2):
        with services.salesforce("acme-sf") as client:
            assert client.limits()

    kept = services.documents.secret("connection", "acme-sf", "refresh_token")
    assert kept is not None
    assert kept != SecretStr(REFRESH_TOKEN)


def test_a_connection_leads_only_to_its_own_system(with_salesforce: Services) -> None:
    with pytest.raises(InputError, match="acme-sf does not lead to Pendo"):
        with_salesforce.documents.connection("acme-sf")
    with (
        pytest.raises(InputError, match="acme does not lead to Salesforce"),
        with_salesforce.salesforce("acme"),
    ):
        pass
    with (
        pytest.raises(InputError, match="does not lead to Pendo"),
        with_salesforce.pendo("acme-sf"),
    ):
        pass


def test_without_its_secrets_a_connection_says_which_one_is_missing(
    services: Services, salesforce: SalesforceStandIn
) -> None:
    text = f"kind: connection\nname: bare\ntype: salesforce\nurl: {salesforce.url}\n"
    services.documents.apply([Text("here", text)], "tests", environment={})

    with (
        pytest.raises(SettingsError, match="bare has no client id yet"),
        services.salesforce("bare"),
    ):
        pass


def test_a_user_without_campaigns_is_told_what_is_missing(
    with_salesforce: Services, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(campaign_objects="hidden")

    with (
        with_salesforce.salesforce("acme-sf") as client,
        pytest.raises(AccessError) as refused,
    ):
        client.require_campaigns()

    assert "Marketing User" in refused.value.hint
