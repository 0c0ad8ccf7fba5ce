"""Fixtures for every room: a stand-in over real HTTP, and services over a home of their own."""

import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from pydantic import SecretStr

from workbench.pendo.model import PendoConnection
from workbench.salesforce.model import SalesforceConnection
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.standin import PendoStandIn, SalesforceStandIn
from workbench.transport import Patience

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
# The same examples each time, so that a change is judged by what it changed; `make soak` looks for
# new ones.

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background lets them, and every process they start,
    # ignore Ctrl-C; the tests that press it would then wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
"""The contract's present moment: two days after the clocks of New York went forward."""
ZONE = "America/New_York"

QUICK = Patience(first_wait_s=0.01, longest_wait_s=0.05, throttled_wait_s=0.01, read_timeout_s=20.0)
"""Waits as the real ones are, only short."""


@pytest.fixture(scope="session")
def _pendo() -> Iterator[PendoStandIn]:
    with PendoStandIn(seed=7, size="small", now=NOW, zone=ZONE) as standin:
        yield standin


@pytest.fixture
def pendo(_pendo: PendoStandIn) -> PendoStandIn:
    """Pendo's stand-in with its seeded data, in fair weather, no request counted yet."""
    _pendo.reset()
    return _pendo


@pytest.fixture(scope="session")
def _salesforce() -> Iterator[SalesforceStandIn]:
    with SalesforceStandIn(seed=7, size="small", now=NOW) as standin:
        yield standin


@pytest.fixture
def salesforce(_salesforce: SalesforceStandIn) -> SalesforceStandIn:
    """Salesforce's stand-in as it was sown; its usage header moves as those of real orgs do."""
    _salesforce.reset()
    _salesforce.switches(usage_jitter=10)
    return _salesforce


@pytest.fixture(scope="session")
def _new_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with current tables and nothing in them: making one takes most of a test."""
    home = tmp_path_factory.mktemp("new") / "home"
    open_services(Settings(home=home, now=NOW)).close()
    return home / "state.db"


@pytest.fixture
def settings(tmp_path: Path, _new_state: Path) -> Settings:
    """A home of its own, at the stand-in's present moment."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(_new_state, home / "state.db")
    return Settings(home=home, now=NOW)


@pytest.fixture
def services(settings: Settings, pendo: PendoStandIn) -> Iterator[Services]:
    """An installation with one connection, ``acme``, to the stand-in."""
    opened = open_services(settings, patience=QUICK)
    connection = PendoConnection(name="acme", url=pendo.url, timezone=ZONE, calls_per_minute=6000)
    opened.documents.save(connection, "tests", secrets={"key": SecretStr(pendo.key)})
    yield opened
    opened.close()


@pytest.fixture
def with_salesforce(services: Services, salesforce: SalesforceStandIn) -> Services:
    """The same installation with a second connection, ``acme-sf``."""
    connection = SalesforceConnection(name="acme-sf", url=salesforce.url)
    secrets = {"client_id": salesforce.client_id, "client_secret": salesforce.client_secret}
    kept = {name: SecretStr(secret) for name, secret in secrets.items()}
    services.documents.save(connection, "tests", secrets=kept)
    return services
