"""A Salesforce connection is added, tested and edited; its secrets never come back."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Open, said
from workbench.campaigns.model import CampaignSync
from workbench.services import Services
from workbench.standin import SalesforceStandIn

NEW = "salesforce.new.0"


def fill(app: AppTest, salesforce: SalesforceStandIn, **given: str) -> AppTest:
    """Fill in the form of a new connection to the stand-in, and save it."""
    app.text_input(key=f"{NEW}.name").input(given.get("name", "acme-sf"))
    app.text_input(key=f"{NEW}.url").input(given.get("url", salesforce.url))
    app.text_input(key=f"{NEW}.client_id").input(salesforce.client_id)
    secret = given.get("client_secret", salesforce.client_secret)
    app.text_input(key=f"{NEW}.client_secret").input(secret)
    return app.button(key=f"{NEW}.save").click().run()


def test_a_salesforce_connection_is_added_tested_and_its_secret_never_shown(
    page: Open, salesforce: SalesforceStandIn
) -> None:
    app = fill(page("connections", new="salesforce"), salesforce)

    assert "**acme-sf**" in said(app)
    assert "login set" in said(app)
    app.button(key="connections.test.acme-sf").click().run()
    assert "it may read and write campaign members" in app.success[0].value
    app.button(key="connections.edit.acme-sf").click().run()
    field = app.text_input(key="salesforce.acme-sf.0.client_secret")
    assert (field.value, field.placeholder[:4]) == ("", "Set.")
    assert salesforce.client_secret not in said(app)
    assert not app.exception


def test_a_user_without_campaigns_is_told_what_to_do(
    page: Open, salesforce: SalesforceStandIn
) -> None:
    salesforce.switches(campaign_objects="hidden")
    app = fill(page("connections", new="salesforce"), salesforce)

    app.button(key="connections.test.acme-sf").click().run()

    assert "Marketing User" in app.error[0].value
    assert not app.exception


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "give it a name"),
        ({"url": "http://acme.my.salesforce.com"}, "plain http"),
        ({"url": "https://login.salesforce.com"}, "own address"),
        ({"client_secret": ""}, "paste the consumer secret"),
    ],
)
def test_bad_input_is_a_sentence(
    page: Open, salesforce: SalesforceStandIn, given: dict[str, str], sentence: str
) -> None:
    app = fill(page("connections", new="salesforce"), salesforce, **given)

    told = [each.value for each in app.markdown if each.value.startswith(":red[")]
    told += [each.value for each in app.error]
    assert any(sentence in each.replace("\\", "") for each in told), told
    assert not app.exception


def test_editing_keeps_the_secrets(
    page: Open, with_salesforce: Services, salesforce: SalesforceStandIn
) -> None:
    app = page("connections", connection="acme-sf")
    app.number_input(key="salesforce.acme-sf.0.share_percent").set_value(35.0)

    app.button(key="salesforce.acme-sf.0.save").click().run()

    assert with_salesforce.documents.salesforce("acme-sf").api_budget.share_percent == 35
    with with_salesforce.salesforce("acme-sf") as client:
        assert client.limits()
    assert not app.exception


def test_an_org_tells_the_campaign_sync_that_needs_it(
    page: Open, with_salesforce: Services
) -> None:
    sync = CampaignSync(name="acme-campaigns", connection="acme-sf")
    with_salesforce.documents.save(sync, "me")

    app = page("connections")
    app.button(key="connections.delete.acme-sf").click().run()

    assert "needed by 1\u202fcampaign sync" in said(app)
    assert "campaign sync acme-campaigns would stop" in app.warning[0].value
    assert app.button(key="connections.delete.yes.acme-sf").disabled
    assert not app.exception
