"""Connections are added, tested, edited and deleted; their keys never come back."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Open, said
from workbench.automations.model import Automation
from workbench.services import Services
from workbench.standin import PendoStandIn

NEW = "connections.new.0"


def fill(app: AppTest, pendo: PendoStandIn, **given: str) -> AppTest:
    """Fill in the form of a new connection to the stand-in, and save it."""
    app.text_input(key=f"{NEW}.name").input(given.get("name", "acme"))
    app.selectbox(key=f"{NEW}.region").select("own").run()
    app.text_input(key=f"{NEW}.url").input(given.get("url", pendo.url))
    app.text_input(key=f"{NEW}.key").input(given.get("key", pendo.key))
    return app.button(key=f"{NEW}.save").click().run()


def test_a_connection_is_added_tested_and_its_key_never_shown(
    page: Open, pendo: PendoStandIn
) -> None:
    app = fill(page("connections", new="1"), pendo)

    assert "**acme**" in said(app)
    assert "key set" in said(app)
    app.button(key="connections.test.acme").click().run()
    assert "it may read and write" in app.success[0].value
    app.button(key="connections.edit.acme").click().run()
    assert app.text_input(key="connections.acme.0.key").value == ""
    assert app.text_input(key="connections.acme.0.key").placeholder.startswith("Set.")
    assert pendo.key not in said(app)
    assert not app.exception


def test_a_read_key_is_told_apart_from_one_that_may_write(page: Open, pendo: PendoStandIn) -> None:
    app = fill(page("connections", new="1"), pendo, key=pendo.read_key)

    app.button(key="connections.test.acme").click().run()

    assert "it may read only" in app.success[0].value
    assert not app.exception


def test_a_wrong_key_is_said_with_what_to_do(page: Open, pendo: PendoStandIn) -> None:
    app = fill(page("connections", new="1"), pendo, key="not-the-key")

    app.button(key="connections.test.acme").click().run()

    assert "region" in app.error[0].value
    assert not app.exception


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "give it a name"),
        ({"name": "Acme Pendo"}, "is not a name"),
        ({"key": ""}, "paste the integration key"),
        ({"url": "http://app.pendo.io"}, "http"),
        ({"url": "nonsense"}, "nonsense"),
    ],
)
def test_bad_input_is_said_beside_its_control(
    page: Open, pendo: PendoStandIn, given: dict[str, str], sentence: str
) -> None:
    app = fill(page("connections", new="1"), pendo, **given)

    beside = [each.value for each in app.markdown if each.value.startswith(":red[")]
    assert any(sentence in each.replace("\\", "") for each in beside), beside
    assert not app.exception


def test_editing_keeps_the_key(page: Open, bench: Services, pendo: PendoStandIn) -> None:
    app = page("connections", connection="acme")
    app.text_input(key="connections.acme.0.description").input("Our own product")
    app.selectbox(key="connections.acme.0.timezone").select("Europe/Berlin")

    app.button(key="connections.acme.0.save").click().run()

    assert bench.documents.connection("acme").timezone == "Europe/Berlin"
    secret = bench.documents.secret("connection", "acme")
    assert secret is not None
    assert secret.get_secret_value() == pendo.key
    assert not app.exception


def test_deleting_lists_the_pulls_that_would_stop(page: Open, sampled: Services) -> None:
    app = page("connections")

    app.button(key="connections.delete.acme").click().run()

    assert "pull accounts, pull page-events would stop" in app.warning[0].value
    assert app.button(key="connections.delete.yes.acme").disabled
    assert not app.exception


def test_a_connection_tells_everything_that_needs_it(page: Open, sampled: Services) -> None:
    automation = Automation.model_validate(
        {
            "name": "churn",
            "connection": "acme",
            "read_from": {
                "dataset": "scores",
                "source_id": "account_id",
                "outputs": {"score": "label"},
            },
        }
    )
    sampled.documents.save(automation, "me")

    app = page("connections")

    assert "needed by 1\u202fautomation and 2\u202fpulls" in said(app)
    app.button(key="connections.delete.acme").click().run()
    assert "automation churn, pull accounts, pull page-events would stop" in app.warning[0].value
    assert app.button(key="connections.delete.yes.acme").disabled
    for pull in sampled.documents.names("pull"):
        sampled.documents.delete("pull", pull, "me")
    app.run()
    assert app.button(key="connections.delete.yes.acme").disabled
    sampled.documents.delete("automation", "churn", "me")
    app.run()
    assert "nothing needs it yet" in said(app)
    assert not app.button(key="connections.delete.yes.acme").disabled
    assert not app.exception


def test_a_connection_nobody_needs_can_be_deleted(page: Open, bench: Services) -> None:
    app = page("connections")
    app.button(key="connections.delete.acme").click().run()

    app.button(key="connections.delete.yes.acme").click().run()

    assert bench.documents.names("connection") == []
    assert "No connection yet" in said(app)
    assert not app.exception
