"""A rehearsal org, a home of its own and a sync document between them."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.conftest import NOW, QUICK
from workbench.campaigns.model import CampaignSync
from workbench.campaigns.results import SyncResult
from workbench.campaigns.run import run_batch, sync_one
from workbench.campaigns.vocabulary import SyncKind
from workbench.salesforce.model import SalesforceConnection
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.standin.salesforce.standin import SalesforceStandIn


@dataclasses.dataclass
class Desk:
    """Both sides of a campaign sync, and the person who uses them."""

    org: SalesforceStandIn
    opened: Services
    sync: CampaignSync

    @property
    def services(self) -> Services:
        """The installation, at the org's present moment."""
        now = self.org.org.clock.now()
        settings = self.opened.settings.model_copy(update={"now": now})
        return dataclasses.replace(self.opened, settings=settings)

    def document(self, **changes: Any) -> CampaignSync:
        """Change the sync document."""
        body = self.sync.model_dump(mode="json", by_alias=True, exclude_unset=True)
        self.sync = CampaignSync.model_validate({**body, **changes})
        self.opened.documents.save(self.sync, "tests")
        return self.sync

    def act(self, do: str, **more: Any) -> dict[str, Any]:
        """Let somebody in Salesforce do something; a minute and a half passes."""
        return self.org.act({"do": do, "then_s": 90, **more})

    def run(self, campaign: str, kind: SyncKind = "manual", **more: Any) -> SyncResult:
        """Sync one campaign."""
        return sync_one(self.sync, campaign, self.services, kind=kind, **more)

    def batch(self, kind: SyncKind = "nightly", **more: Any) -> SyncResult:
        """Run a batch."""
        return run_batch(self.sync, kind, self.services, **more)

    def campaigns(self) -> dict[str, str]:
        """Campaign ids of the org by name."""
        return dict(self.org.org.rows("SELECT Name, Id FROM Campaign WHERE IsDeleted = 0"))

    def theirs(self, campaign: str) -> dict[str, dict[str, Any]]:
        """The members of a campaign as Salesforce has them, by id."""
        rows = self.org.org.rows(
            """
            SELECT m.Id, m.Status, m.HasResponded, m.LeadId, m.ContactId,
                   CASE WHEN m.ContactId IS NOT NULL THEN c.Email ELSE l.Email END,
                   CASE WHEN m.ContactId IS NOT NULL THEN c.FirstName ELSE l.FirstName END,
                   CASE WHEN m.ContactId IS NOT NULL THEN c.LastName ELSE l.LastName END
            FROM CampaignMember m
            LEFT JOIN Lead l ON l.Id = m.LeadId LEFT JOIN Contact c ON c.Id = m.ContactId
            WHERE m.CampaignId = ? AND m.IsDeleted = 0
            """,
            campaign,
        )
        names = "status has_responded lead_id contact_id email first_name last_name".split()
        found = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
        return {
            each: {**row, "has_responded": bool(row["has_responded"])}
            for each, row in found.items()
        }

    def ours(self, campaign: str) -> dict[str, dict[str, Any]]:
        """The members of a campaign as the mail side has them, by id."""
        table = self.opened.state.campaign_members.all(self.sync.name, [campaign])
        return {row["member_id"]: row for row in table.to_pylist()}

    def agree(self, campaign: str) -> bool:
        """Whether both sides have the same members, people and statuses."""
        theirs, ours = self.theirs(campaign), self.ours(campaign)
        if theirs.keys() != ours.keys():
            return False
        return all(
            ours[each][name] == value for each, row in theirs.items() for name, value in row.items()
        )

    def calls(self) -> int:
        """API calls that Salesforce counted."""
        counted: int = self.org.stats()["api_calls"]
        return counted

    def engage(self, rows: list[dict[str, Any]], name: str = "campaign_engagement") -> None:
        """Make the engagement dataset of these happenings."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.opened.settings.home / "engagement.parquet"
        names = ("campaign_id", "person_id", "email", "event", "occurred_at", "edition")
        schema = pa.schema([(each, pa.string()) for each in names])
        told = [{**row, "occurred_at": row["occurred_at"].isoformat()} for row in rows]
        pq.write_table(pa.Table.from_pylist(told, schema=schema), path)
        self.opened.datasets.import_file(name, path)
        if self.sync.engagement.dataset is None:
            self.document(engagement={"dataset": name})


@pytest.fixture(scope="session")
def _org() -> Iterator[SalesforceStandIn]:
    with SalesforceStandIn(seed=7, size="small", now=NOW) as standin:
        yield standin


@pytest.fixture
def org(_org: SalesforceStandIn) -> SalesforceStandIn:
    """The rehearsal org as it was sown, in fair weather; its usage header jitters as real ones."""
    _org.reset()
    _org.switches(usage_jitter=10)
    return _org


@pytest.fixture(scope="session")
def _salesforce_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("campaigns") / "home"
    open_services(Settings(home=home, now=NOW)).close()
    return home


@pytest.fixture(scope="session")
def begun(
    _org: SalesforceStandIn, tmp_path_factory: pytest.TempPathFactory, _salesforce_home: Path
) -> Path:
    """A home in which one campaign has had its initial sync, which changes nothing over there."""
    _org.reset()
    folder = tmp_path_factory.mktemp("begun")
    for desk in open_desk(_org, folder, _salesforce_home):
        desk.run(desk.campaigns()["Spring Webinar"], "initial")
    return folder / "home"


@pytest.fixture
def after(org: SalesforceStandIn, tmp_path: Path, begun: Path) -> Iterator[Desk]:
    """The desk after the initial sync of Spring Webinar."""
    yield from open_desk(org, tmp_path / "after", begun)


@pytest.fixture
def desk(org: SalesforceStandIn, tmp_path: Path, _salesforce_home: Path) -> Iterator[Desk]:
    """A home with a connection ``acme-sf`` and a campaign sync ``acme-campaigns``."""
    yield from open_desk(org, tmp_path, _salesforce_home)


def open_desk(org: SalesforceStandIn, folder: Path, like: Path) -> Iterator[Desk]:
    """A home connected to an org, closed afterwards."""
    home = folder / "home"
    folder.mkdir(exist_ok=True)
    shutil.copytree(like, home)
    opened = open_services(Settings(home=home, now=NOW), patience=QUICK)
    connection = SalesforceConnection(name="acme-sf", url=org.url)
    secrets = {"client_id": org.client_id, "client_secret": org.client_secret}
    opened.documents.save(
        connection, "tests", secrets={name: SecretStr(each) for name, each in secrets.items()}
    )
    if "acme-campaigns" not in opened.documents.names("campaign_sync"):
        sync = CampaignSync(name="acme-campaigns", connection="acme-sf")
        opened.documents.save(sync, "tests")
    yield Desk(org, opened, opened.documents.campaign_sync("acme-campaigns"))
    opened.close()
