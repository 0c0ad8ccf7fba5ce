"""The third rehearsal: two campaigns taken over, and what their members did with the mails."""

import json
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.services import Services

CONNECTION = "rehearsal-salesforce"
SYNC = "rehearsal-campaigns"
DATASET = "campaign_engagement"
STARTED = ("Spring Webinar", "Onboarding Drip")
"""Campaigns that have had their first edition when a person looks for the first time."""
ID_VARIABLE, SECRET_VARIABLE = "REHEARSAL_CLIENT_ID", "REHEARSAL_CLIENT_SECRET"
DOCUMENTS = """\
kind: connection
name: rehearsal-salesforce
type: salesforce
description: A stand-in on this machine that plays Salesforce. Nothing real is behind it.
url: {url}
auth:
  flow: client_credentials
  client_id_env: REHEARSAL_CLIENT_ID
  client_secret_env: REHEARSAL_CLIENT_SECRET
---
kind: campaign_sync
name: rehearsal-campaigns
description: Campaigns of the rehearsal org and our mail side, kept in step.
connection: rehearsal-salesforce
auto_sync_field: Auto_Sync__c
test_members: {{field: Test_Member__c}}
status_map: {{sent: Sent, opened: Opened, clicked: Clicked, completed: Responded}}
statistics:
  sent: Emails_Sent__c
  delivered: Emails_Delivered__c
  opened: Emails_Opened__c
  clicked: Emails_Clicked__c
engagement: {{dataset: campaign_engagement}}
"""
CHANCES = {
    "delivered": 97,
    "soft_bounced": 2,
    "hard_bounced": 1,
    "opened": 45,
    "clicked": 14,
    "completed": 5,
    "opted_out": 1,
}
"""Of a hundred members that were sent a mail, to how many each thing happened."""


def are_wanted(services: "Services") -> bool:
    """Whether the sample sync is there, and nothing was done with it yet."""
    there = SYNC in services.documents.names("campaign_sync")
    return there and not services.datasets.exists(DATASET)


def begin_campaigns(services: "Services") -> list[str]:
    """Make the first editions and what happened to their mails; gives the campaigns' ids."""
    from workbench.campaigns.choices import Engagement
    from workbench.campaigns.run import refresh, sync_one

    sync = services.documents.campaign_sync(SYNC)
    # There is nothing to look at yet: what happened is made of the members that come.
    plain = sync.model_copy(update={"engagement": Engagement()})
    refresh(plain, services)
    rows = {row.name: row for row in services.state.campaigns.all(SYNC)}
    begun = []
    for name in STARTED:
        row = rows.get(name)
        if row is not None:
            begun.append(row.id)
            if row.initial_at is None:
                sync_one(plain, row.id, services, kind="initial")
    make_engagement(services, begun)
    return begun


def make_engagement(services: "Services", campaign_ids: list[str]) -> int:
    """Make the engagement dataset of the members there are, always the same; how many rows."""
    import pyarrow.parquet as pq

    from workbench.store.duck import connect

    connection = connect(memory_limit_mb=256)
    try:
        connection.register("members", services.state.campaign_members.all(SYNC, campaign_ids))
        now = services.now().isoformat()
        rows = connection.sql(_happenings(now)).to_arrow_table()
    finally:
        connection.close()
    with TemporaryDirectory(dir=services.settings.home) as folder:
        path = Path(folder) / "engagement.parquet"
        pq.write_table(rows, path)
        services.datasets.import_file(DATASET, path)
    return int(rows.num_rows)


def _happenings(now: str) -> str:
    happened = "\nUNION ALL\n".join(
        f"SELECT campaign_id, person_id, email, '{event}' AS event, "
        f"sent_at + INTERVAL {hours} HOUR AS occurred_at, edition FROM mailed "
        f"WHERE (hash(member_id, '{event}') % 100)::INTEGER < {chance}"
        for hours, (event, chance) in enumerate(CHANCES.items(), start=1)
    )
    return f"""
    WITH mailed AS (
        SELECT *, 'Edition 1' AS edition,
               TIMESTAMPTZ '{now}' - INTERVAL 10 DAY
                   + (hash(member_id) % 36)::INTEGER * INTERVAL 1 HOUR AS sent_at
        FROM members WHERE state = 'Active'
    )
    SELECT campaign_id, person_id, email, 'sent' AS event, sent_at AS occurred_at, edition
    FROM mailed
    UNION ALL
    {happened}
    """


def act(url: str, do: str, **more: Any) -> dict[str, Any]:
    """Let somebody in the rehearsal org do something."""
    body = json.dumps({"do": do, **more}).encode()
    request = urllib.request.Request(f"{url}/_standin/act", data=body, method="POST")  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 -- the stand-in's own door
        told: dict[str, Any] = json.loads(answer.read() or b"{}")
    return told
