"""``connection test`` of a Salesforce connection."""

import pytest

from tests.cli.conftest import Cli
from workbench.standin import SalesforceStandIn

CONNECTION = """\
kind: connection
name: acme-sf
type: salesforce
url: {url}
auth: {{client_id_env: SF_ID, client_secret_env: SF_SECRET}}
"""


@pytest.fixture
def connected(cli: Cli, salesforce: SalesforceStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_ID", salesforce.client_id)
    monkeypatch.setenv("SF_SECRET", salesforce.client_secret)
    assert cli("apply", "-", given=CONNECTION.format(url=salesforce.url)).code == 0


@pytest.mark.usefixtures("connected")
def test_a_good_login_says_what_it_may_and_how_much_is_used(
    cli: Cli, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(usage_jitter=0)
    salesforce.act({"do": "use_calls", "calls": 1200})

    done = cli("connection", "test", "acme-sf", "--json")

    assert (done.code, done.value["ok"], done.value["scope"]) == (0, True, "write")
    assert done.value["latency_ms"] >= 0
    assert done.value["detail"] == (
        f"{salesforce.url} accepts the login: it may read and write members;"
        " 1 202 API calls of 15 000 used in 24 hours"
    )


@pytest.mark.usefixtures("connected")
def test_a_user_who_sees_no_campaigns_needs_to_be_a_marketing_user(
    cli: Cli, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(campaign_objects="hidden")

    done = cli("connection", "test", "acme-sf", "--json")

    assert (done.code, done.value["ok"], done.value["scope"]) == (1, False, None)
    assert done.value["detail"] == "Salesforce shows this user no campaigns"
    assert "must be a Marketing User" in done.err


@pytest.mark.usefixtures("connected")
def test_a_wrong_secret_fails_with_a_sentence(
    cli: Cli, salesforce: SalesforceStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SF_SECRET", "something-else")
    cli("apply", "-", given=CONNECTION.format(url=salesforce.url))

    done = cli("connection", "test", "acme-sf")

    assert done.code == 1
    assert done.err.startswith("error: Salesforce refused the login (invalid_client")
    assert "hint: Check the consumer secret" in done.err
    assert "something-else" not in done.out + done.err


@pytest.mark.usefixtures("connected")
def test_a_pull_cannot_use_it(cli: Cli) -> None:
    pull = "kind: pull\nname: p\nconnection: acme-sf\nsource: accounts\n"
    cli("apply", "-", given=pull)

    done = cli("pull", "run", "p")

    assert done.code == 2
    assert "acme-sf does not lead to Pendo" in done.err
