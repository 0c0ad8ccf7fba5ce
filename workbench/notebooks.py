"""What a notebook imports: open the workbench, look, preview, run. The same code as the pages.

from workbench.notebooks import open_workbench

bench = open_workbench()
bench.sql("SELECT day, sum(numEvents) AS views FROM page_events GROUP BY day ORDER BY day")
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.services import Services, open_services
from workbench.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd

    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.automations.run import AutomationResult
    from workbench.campaigns.looked import Looked
    from workbench.campaigns.model import CampaignSync
    from workbench.campaigns.product_use import ProductUse
    from workbench.campaigns.results import SyncResult
    from workbench.campaigns.vocabulary import SyncKind
    from workbench.pulls.model import Pull
    from workbench.pulls.preview import Preview
    from workbench.pulls.run import PullResult


class Workbench:
    """One installation, as a notebook sees it: datasets as pandas frames, pulls as documents."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def __repr__(self) -> str:
        return f"Workbench({self.services.settings.home.name!r})"

    def connections(self) -> list[str]:
        """The names of the connections."""
        return self.services.documents.names("connection")

    def pulls(self) -> list[str]:
        """The names of the saved pulls."""
        return self.services.documents.names("pull")

    def datasets(self) -> "pd.DataFrame":
        """One row per dataset: name, rows, columns, size in bytes, version, last update."""
        import pandas as pd

        rows = [
            {
                "name": each.name,
                "rows": each.rows,
                "columns": len(each.columns),
                "size_bytes": each.size_bytes,
                "version": each.version,
                "updated_at": each.updated_at,
                "source": each.source,
            }
            for each in self.services.datasets.list()
        ]
        return pd.DataFrame(rows)

    def read(self, dataset: str, *, version: int | None = None) -> "pd.DataFrame":
        """A dataset, or one of its versions, as a frame in memory.

        Raises:
            InputError: there is no such dataset or version.
        """
        frame: pd.DataFrame = self.services.datasets.read(dataset, version).to_pandas()
        return frame

    def sql(self, text: str) -> "pd.DataFrame":
        """One SELECT over all datasets by name; nothing can be changed by it.

        Raises:
            InputError: it is not one SELECT, or names something that is not there.
        """
        from workbench.explore.sql import query

        frame: pd.DataFrame = query(self.services.datasets, text).to_pandas()
        return frame

    def pull(self, given: "str | Pull | Mapping[str, Any]") -> "Pull":
        """A saved pull by its name, or one written here as its document's keys."""
        from workbench.pulls.model import Pull

        if isinstance(given, Pull):
            return given
        if isinstance(given, str):
            return self.services.documents.pull(given)
        return Pull.model_validate(given)

    def preview(self, pull: "str | Pull | Mapping[str, Any]", *, rows: int = 20) -> "Preview":
        """First rows, absolute days, the request and the effect of a pull. Changes nothing."""
        from workbench.pulls.preview import preview

        return preview(self.pull(pull), self.services, rows=rows)

    def run(self, pull: "str | Pull | Mapping[str, Any]") -> "PullResult":
        """Carry out a pull: one new version of its dataset, recorded as a run."""
        from workbench.pulls.run import run

        return run(self.pull(pull), self.services)

    def automations(self) -> list[str]:
        """The names of the saved automations."""
        return self.services.documents.names("automation")

    def automation(self, given: "str | Automation | Mapping[str, Any]") -> "Automation":
        """A saved automation by its name, or one written here as its document's keys."""
        from workbench.automations.model import Automation

        if isinstance(given, Automation):
            return given
        if isinstance(given, str):
            return self.services.documents.automation(given)
        return Automation.model_validate(given)

    def preview_sync(self, automation: "str | Automation | Mapping[str, Any]") -> "Plan":
        """What an automation would write now, cell by cell. Sends nothing that writes."""
        from workbench.automations.run import preview

        return preview(self.automation(automation), self.services, fresh=True)

    def sync(
        self,
        automation: "str | Automation | Mapping[str, Any]",
        *,
        plan: "Plan | None" = None,
        release: bool = False,
    ) -> "AutomationResult":
        """Push predictions and read them back, recorded as a run.

        Args:
            plan: A plan that was previewed: exactly it is written.
            release: Let a plan go that a guardrail holds.

        Raises:
            HeldError: a guardrail holds it; nothing was sent.
        """
        from workbench.automations.run import run

        return run(self.automation(automation), self.services, plan=plan, release=release)

    def undo(self, run: int) -> "AutomationResult":
        """Write what stood before a run, except where somebody changed it since."""
        from workbench.automations.run import undo

        return undo(run, self.services)

    def written(self, run: int) -> "pd.DataFrame":
        """The ledger of a run: one row per value, before, after, and what became of it."""
        frame: pd.DataFrame = self.services.state.ledger.cells(run).to_pandas()
        return frame

    def movements(self, plan: "Plan") -> "pd.DataFrame":
        """How many records move from which label to which: before, after, records."""
        import pandas as pd

        rows = [
            {"before": before or "(none)", "after": after or "(none)", "records": records}
            for (before, after), records in plan.movement.items()
        ]
        return pd.DataFrame(rows, columns=["before", "after", "records"])

    def campaigns(self, sync: "str | CampaignSync | None" = None) -> "pd.DataFrame":
        """One row per campaign as it was read last, those that need somebody first."""
        import pandas as pd

        from workbench.campaigns.board import listed

        rows = []
        for each in listed(self.campaign_sync(sync), self.services):
            told = each.as_json()
            told |= {f"members_{name}": number for name, number in told.pop("members").items()}
            told |= {f"last_{kind}": at for kind, at in told.pop("last_sync").items()}
            rows.append(told)
        return pd.DataFrame(rows)

    def campaign_sync(self, given: "str | CampaignSync | None" = None) -> "CampaignSync":
        """A campaign sync by its name; without one, the only one there is.

        Raises:
            InputError: there is none, or there are several and none is named.
        """
        from workbench.campaigns.model import CampaignSync
        from workbench.errors import InputError

        if isinstance(given, CampaignSync):
            return given
        names = self.services.documents.names("campaign_sync")
        if given is None and len(names) != 1:
            raise InputError(
                f"There are {len(names)} campaign syncs", hint=f"Name one: {', '.join(names)}."
            )
        return self.services.documents.campaign_sync(given or names[0])

    def preview_campaign(
        self,
        campaign: str,
        *,
        kind: "SyncKind" = "manual",
        sync: "str | CampaignSync | None" = None,
    ) -> "Looked":
        """What a sync of a campaign, by id or name, would change on both sides; changes nothing."""
        from workbench.campaigns.run import preview

        return preview(self.campaign_sync(sync), campaign, self.services, kind=kind)

    def synchronize(
        self,
        campaign: str,
        *,
        kind: "SyncKind" = "manual",
        seen: "Looked | None" = None,
        release: bool = False,
        sync: "str | CampaignSync | None" = None,
    ) -> "SyncResult":
        """Sync one campaign both ways, recorded as a run.

        Args:
            seen: A sheet that was previewed: it goes only if it would still be that one.
            release: Let members leave although there are more than the limits allow.

        Raises:
            HeldError: the sheet is no longer the one that was seen; nothing was sent.
        """
        from workbench.campaigns.run import sync_one

        return sync_one(
            self.campaign_sync(sync),
            campaign,
            self.services,
            kind=kind,
            fingerprint=seen.fingerprint if seen else None,
            release=release,
        )

    def product_use(
        self,
        campaign: str,
        *,
        events: str,
        visitors: str | None = None,
        days: int = 7,
        sync: "str | CampaignSync | None" = None,
    ) -> "ProductUse":
        """What members did in the product so many days before and after a campaign's mails.

        Args:
            events: A dataset of what visitors did, such as page events.
            visitors: One with their e-mail addresses; None matches by visitor id alone.

        Raises:
            InputError: no such campaign or dataset, or no day to measure from.
        """
        from workbench.campaigns.choosing import find
        from workbench.campaigns.product_use import product_use
        from workbench.errors import InputError

        document = self.campaign_sync(sync)
        row = find(self.services, document, campaign)
        if row is None:
            raise InputError(f"No campaign {campaign[:80]} is known here", hint="See campaigns().")
        return product_use(
            document, row, self.services, events=events, visitors=visitors, days=days
        )

    def close(self) -> None:
        """Give back what is open."""
        self.services.close()


def open_workbench(home: str | Path | None = None) -> Workbench:
    """Open the installation in ``home``, or where ``WORKBENCH_HOME`` says.

    Raises:
        SettingsError: the home cannot be used.
    """
    return Workbench(open_services(load_settings(**({"home": Path(home)} if home else {}))))


@contextmanager
def rehearsal(*, size: str = "small", now: datetime | None = None) -> Iterator[Workbench]:
    """A workbench of its own with one connection, ``rehearsal``, to a stand-in of Pendo.

    Everything in it is gone afterwards. For notebooks that should run anywhere.
    """
    from workbench.rehearsal import begin

    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"home": Path(folder) / "home", **({"now": now} if now else {})}
        bench = Workbench(open_services(load_settings(**given)))
        standin = begin(bench.services, who=os.environ.get("USER", "notebook"), size=size)
        try:
            yield bench
        finally:
            standin.stop()
            bench.close()
