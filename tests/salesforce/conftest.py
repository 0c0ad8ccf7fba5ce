"""A client of the rehearsal org, and what tests look at beside it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from tests.conftest import NOW, QUICK
from workbench.salesforce.client import SalesforceClient
from workbench.salesforce.model import SalesforceConnection
from workbench.standin import SalesforceStandIn
from workbench.standin.salesforce.keys import CLIENT_ID, CLIENT_SECRET

Make = Callable[..., SalesforceClient]
IDS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def make(salesforce: SalesforceStandIn) -> Iterator[Make]:
    """Make clients of the stand-in; `auth` is the document's, the rest goes to the client."""
    made = []

    def client(
        auth: dict[str, Any] | None = None, secrets: dict[str, str] | None = None, **more: Any
    ) -> SalesforceClient:
        body = {"name": "acme-sf", "url": salesforce.url, "auth": auth or {}}
        connection = SalesforceConnection.model_validate(body)
        kept = {name: SecretStr(secret) for name, secret in (secrets or IDS).items()}
        more = {"patience": QUICK, "clock": lambda: NOW, **more}
        made.append(SalesforceClient(connection, kept, **more))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def client(make: Make) -> SalesforceClient:
    return make()


def rows(client: SalesforceClient, soql: str) -> list[dict[str, Any]]:
    """Every row of a query."""
    return [row for page in client.query(soql) for row in page]


def campaign(client: SalesforceClient, name: str) -> str:
    """The id of a campaign."""
    return str(rows(client, f"SELECT Id FROM Campaign WHERE Name = '{name}'")[0]["Id"])


def members(client: SalesforceClient, name: str, fields: str = "Id") -> list[dict[str, Any]]:
    """The members of a campaign."""
    where = f"CampaignId = '{campaign(client, name)}' ORDER BY Id"
    return rows(client, f"SELECT {fields} FROM CampaignMember WHERE {where}")


def leads(client: SalesforceClient, count: int) -> list[str]:
    """Leads that may join campaigns."""
    found = rows(client, f"SELECT Id FROM Lead WHERE IsConverted = false LIMIT {count}")
    return [row["Id"] for row in found]
