"""Rehearsal mode: the stand-in as a connection, with pulls and a prediction sync to try."""

from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.rehearsal import campaigns
from workbench.rehearsal.children import LOOPBACK
from workbench.rehearsal.standin import SIZE, ZONE, StandIn, start_standin

if TYPE_CHECKING:
    from workbench.services import Services

CONNECTION = "rehearsal"
"""The connection to the stand-in; no other may have this name."""
KEY_VARIABLE = "REHEARSAL_PENDO_KEY"
SAMPLES = ("accounts", "visitors", "page-events", "feature-events")
"""In the order in which they are pulled: the quick ones first."""
AUTOMATION = "churn-to-pendo"
"""The sample prediction sync; its base is made of the pulled accounts."""
DOCUMENTS = """\
kind: connection
name: rehearsal
type: pendo
description: A stand-in on this machine that plays Pendo. Nothing real is behind it.
url: {url}
key_env: REHEARSAL_PENDO_KEY
timezone: {zone}
apps: all
calls_per_minute: 6000
---
kind: pull
name: accounts
description: Every account with its metadata, one row each.
connection: rehearsal
source: accounts
---
kind: pull
name: visitors
description: Every visitor with their metadata, one row each.
connection: rehearsal
source: visitors
---
kind: pull
name: page-events
description: Page views of the last two weeks, one row per visitor, page and day.
connection: rehearsal
source: page_events
duration: {{days_back: 14}}
---
kind: pull
name: feature-events
description: Feature clicks of the last two weeks, one row per visitor, feature and day.
connection: rehearsal
source: feature_events
duration: {{days_back: 14}}
---
kind: automation
name: churn-to-pendo
description: Scores of the accounts whose contract ends soon, written into Pendo. Still a draft.
connection: rehearsal
read_from:
  dataset: churn_scores
  source_id: opportunity_id
  conditions:
    all: [{{field: churn_date, op: in_the_next, value: 90, unit: days}}]
  outputs:
    score: score_label
    date: scored_at
    explain: reasons
    state: state
    adoption: adoption
update: {{object: account, id_field: pendo_account_id, prefix: predict}}
schedules: [{{every: weekly, on: [mon], hour: 7, timezone: {zone}}}]
"""


def is_wanted(services: "Services") -> bool:
    """Whether the stand-in should run: nothing is connected yet, or the rehearsal still is."""
    names = services.documents.names("connection")
    return not names or (CONNECTION in names and _is_ours(services))


def begin(services: "Services", who: str, *, size: str = SIZE) -> StandIn:
    """Start the stand-in and connect it; on the first time with the samples.

    Raises:
        InputError: something real has the name of the rehearsal.
        StorageError: the stand-in did not start.
    """
    from workbench.documents import Text

    known = CONNECTION in services.documents.names("connection")
    if known and not _is_ours(services):
        raise InputError(
            f"The connection {CONNECTION} is not a stand-in, and is left as it is",
            hint=f"Rehearse in another home (WORKBENCH_HOME), or delete connection/{CONNECTION}.",
        )
    url = services.documents.connection(CONNECTION).url if known else ""
    org = _salesforce_url(services)
    standin = start_standin(services.settings, like=url, like_salesforce=org, size=size)
    if known:
        _reconnect(services, standin, who)
    else:
        text = DOCUMENTS.format(url=standin.url, zone=ZONE)
        environment = {KEY_VARIABLE: standin.key}
        services.documents.apply([Text("rehearsal", text)], who, environment=environment)
    _connect_salesforce(services, standin, who)
    return standin


def sample_bodies() -> list[dict[str, Any]]:
    """The sample pulls as they are at first."""
    from workbench.documents import Text
    from workbench.documents.yaml_text import written

    documents, _ = written(Text("rehearsal", DOCUMENTS.format(url="", zone="")))
    return [document.value for document in documents if document.value["kind"] == "pull"]


def needs_scores(services: "Services") -> bool:
    """Whether the sample automation is there, and its decision base is not."""
    from workbench.rehearsal.scores import ACCOUNTS, SCORES

    there = services.datasets.exists
    sample = AUTOMATION in services.documents.names("automation")
    return sample and there(ACCOUNTS) and not there(SCORES)


def never_pulled(services: "Services") -> list[str]:
    """The sample pulls that have not yet brought anything."""
    there = set(services.documents.names("pull"))
    return [
        name
        for name in SAMPLES
        if name in there and not services.state.runs.latest(f"pull/{name}", "done", 1)
    ]


def _is_ours(services: "Services") -> bool:
    """Whether the connection of that name leads to this machine, where no real Pendo is."""
    return services.documents.connection(CONNECTION).url.startswith(f"http://{LOOPBACK}:")


def _reconnect(services: "Services", standin: StandIn, who: str) -> None:
    from pydantic import SecretStr

    connection = services.documents.connection(CONNECTION)
    if connection.url != standin.url:
        connection = connection.model_copy(update={"url": standin.url})
    services.documents.save(connection, who, secrets={"key": SecretStr(standin.key)})


def _salesforce_url(services: "Services") -> str:
    """Where the stand-in for Salesforce answered before; empty if it never did."""
    if campaigns.CONNECTION not in services.documents.names("connection"):
        return ""
    return services.documents.salesforce(campaigns.CONNECTION).url


def _connect_salesforce(services: "Services", standin: StandIn, who: str) -> None:
    """The other stand-in's connection and sample sync; what a person deleted stays away."""
    from pydantic import SecretStr

    from workbench.documents import Text

    if not standin.salesforce_url:
        return
    secrets = {"client_id": standin.client_id, "client_secret": standin.client_secret}
    if campaigns.CONNECTION in services.documents.names("connection"):
        connection = services.documents.salesforce(campaigns.CONNECTION)
        moved = connection.model_copy(update={"url": standin.salesforce_url})
        given = {name: SecretStr(value) for name, value in secrets.items()}
        services.documents.save(moved, who, secrets=given)
    elif not services.state.documents.history("connection", campaigns.CONNECTION):
        text = campaigns.DOCUMENTS.format(url=standin.salesforce_url)
        variables = (campaigns.ID_VARIABLE, campaigns.SECRET_VARIABLE)
        environment = dict(zip(variables, secrets.values(), strict=True))
        services.documents.apply([Text("rehearsal", text)], who, environment=environment)
