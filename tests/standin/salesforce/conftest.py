"""A rehearsal org for every test here, put back between tests, and a way to talk to it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.standin.conftest import NOW
from workbench.standin.salesforce.standin import SalesforceStandIn

VERSION = "v66.0"


class Talk:
    """A session with the org that checks nothing."""

    def __init__(self, org: SalesforceStandIn) -> None:
        self.standin = org
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"
        self.login()

    def token(self, **form: str) -> requests.Response:
        """A request for a session."""
        return requests.post(f"{self.standin.url}/services/oauth2/token", data=form)

    def login(self) -> None:
        """Begin a session by client credentials."""
        ids = {"client_id": self.standin.client_id, "client_secret": self.standin.client_secret}
        told = self.token(grant_type="client_credentials", **ids).json()
        self.session.headers["Authorization"] = f"Bearer {told['access_token']}"

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Any request below the version."""
        url = f"{self.standin.url}/services/data/{VERSION}/{path}"
        return self.session.request(method, url, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        """A GET below the version."""
        return self.call("GET", path, **more)

    def query(self, soql: str, kind: str = "query", **more: Any) -> requests.Response:
        """The first page of a query."""
        return self.get(kind, params={"q": soql}, **more)

    def rows(self, soql: str, kind: str = "query") -> list[dict[str, Any]]:
        """Every row of a query."""
        answer = self.query(soql, kind)
        assert answer.status_code == 200, answer.text
        page, rows = answer.json(), []
        while True:
            rows += page["records"]
            if page["done"]:
                return rows
            page = self.session.get(self.standin.url + page["nextRecordsUrl"]).json()

    def count(self, soql: str) -> int:
        """What a COUNT() says."""
        return int(self.query(soql).json()["totalSize"])

    def one(self, soql: str) -> dict[str, Any]:
        """The only row of a query."""
        (row,) = self.rows(soql)
        return row

    def campaign(self, name: str) -> str:
        """The id of a campaign."""
        return str(self.one(f"SELECT Id FROM Campaign WHERE Name = '{name}'")["Id"])

    def members(self, name: str, fields: str = "Id", more: str = "") -> list[dict[str, Any]]:
        """The members of a campaign."""
        return self.rows(
            f"SELECT {fields} FROM CampaignMember WHERE CampaignId = '{self.campaign(name)}' {more}"
        )

    def create(self, name: str, **values: Any) -> requests.Response:
        """Create one record."""
        return self.call("POST", f"sobjects/{name}", json=values)

    def insert(self, *records: dict[str, Any], name: str = "CampaignMember", **more: Any) -> Any:
        """Create several records."""
        typed = [{"attributes": {"type": name}, **record} for record in records]
        return self.call("POST", "composite/sobjects", json={"records": typed, **more}).json()

    def outsiders(self, name: str, kind: str = "Lead") -> list[str]:
        """People who are not members of a campaign, and could be."""
        unconverted = " AND IsConverted = false" if kind == "Lead" else ""
        inside = f"SELECT {kind}Id FROM CampaignMember WHERE CampaignId = '{self.campaign(name)}'"
        found = self.rows(f"SELECT Id FROM {kind} WHERE Id NOT IN ({inside}){unconverted}")
        return [row["Id"] for row in found]


def refused(answer: requests.Response) -> tuple[int, str]:
    """Status and errorCode of an answer that is an error."""
    (error,) = answer.json()
    return answer.status_code, error["errorCode"]


@pytest.fixture(scope="session")
def served_org() -> Iterator[SalesforceStandIn]:
    with SalesforceStandIn(now=NOW) as org:
        yield org


@pytest.fixture
def org(served_org: SalesforceStandIn) -> SalesforceStandIn:
    served_org.reset()
    return served_org


@pytest.fixture
def talk(org: SalesforceStandIn) -> Talk:
    return Talk(org)
