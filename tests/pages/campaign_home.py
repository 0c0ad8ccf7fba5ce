"""A home with campaigns of every kind: synced, closed, not started; mails and product use."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tests.campaigns.conftest import Desk
from tests.conftest import NOW, QUICK, ZONE
from workbench.campaigns.model import CampaignSync
from workbench.pendo.model import PendoConnection
from workbench.pulls.model import Pull
from workbench.pulls.run import run
from workbench.salesforce.model import SalesforceConnection
from workbench.services import open_services
from workbench.settings import Settings
from workbench.standin import PendoStandIn
from workbench.standin.salesforce.standin import SalesforceStandIn

WEBINAR, DRIP, SHOW = "Spring Webinar", "Onboarding Drip", "Trade Show Berlin"
STARTED = (WEBINAR, DRIP, SHOW)
STEPS = (("sent", 120), ("delivered", 116), ("opened", 60), ("clicked", 25), ("completed", 9))
"""How many members got how far."""


def build(home: Path, org: SalesforceStandIn, pendo: PendoStandIn) -> Desk:
    """Fill a home of its own; the caller closes its services."""
    opened = open_services(Settings(home=home, now=NOW), patience=QUICK)
    secrets = {"client_id": org.client_id, "client_secret": org.client_secret}
    opened.documents.save(
        SalesforceConnection(name="acme-sf", url=org.url),
        "tests",
        secrets={name: SecretStr(each) for name, each in secrets.items()},
    )
    opened.documents.save(
        PendoConnection(name="acme", url=pendo.url, timezone=ZONE, calls_per_minute=6000),
        "tests",
        secrets={"key": SecretStr(pendo.key)},
    )
    sync = CampaignSync(name="acme-campaigns", connection="acme-sf")
    opened.documents.save(sync, "tests")
    for name, more in (("visitors", {}), ("page_events", {"duration": {"days_back": 12}})):
        pull: dict[str, Any] = {"name": name.replace("_", "-"), "source": name, **more}
        run(Pull.model_validate({**pull, "connection": "acme", "dataset": name}), opened)
    desk = Desk(org, opened, sync)
    ids = desk.campaigns()
    for name in STARTED:
        desk.run(ids[name], "initial")
    for name in (WEBINAR, SHOW):
        opened.state.campaigns.change(sync.name, ids[name], auto_sync=True)
    mail(desk, ids[WEBINAR])
    desk.run(ids[WEBINAR])
    return desk


def mail(desk: Desk, campaign: str) -> None:
    """Most members of a campaign got its first edition five days ago, and some went on."""
    members = [row for row in desk.ours(campaign).values() if row["email"]]
    at = NOW - timedelta(days=5)
    rows = [
        {
            "campaign_id": campaign,
            "person_id": row["person_id"],
            "event": event,
            "occurred_at": at + timedelta(minutes=7 * place + 90 * step),
            "edition": "Edition 1",
        }
        for step, (event, count) in enumerate(STEPS)
        for place, row in enumerate(members[:count])
    ]
    desk.engage(rows)


def reopened(home: Path, built: Desk) -> Desk:
    """The same, over a copy of its home."""
    opened = open_services(Settings(home=home, now=NOW), patience=QUICK)
    return dataclasses.replace(built, opened=opened)
