"""The state database of one installation, opened and brought up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Connection

from workbench.store.state.alerts import Alerts
from workbench.store.state.campaign_history import CampaignHistory
from workbench.store.state.campaign_members import CampaignMembers
from workbench.store.state.campaigns import Campaigns
from workbench.store.state.database import Database, open_database, sqlite_path
from workbench.store.state.decisions import Decisions
from workbench.store.state.documents import Documents
from workbench.store.state.jobs import Jobs
from workbench.store.state.lease import Lease
from workbench.store.state.ledger import Ledger
from workbench.store.state.migrate import upgrade
from workbench.store.state.plans import Plans
from workbench.store.state.runs import Runs
from workbench.store.state.secrets import Secrets, prepare_home
from workbench.store.state.slots import Slots


class State:
    """Documents, secrets and runs, in one database."""

    def __init__(self, database: Database, *, secret_key: bytes | str) -> None:
        self._database = database
        self.documents = Documents(database)
        self.secrets = Secrets(database, secret_key)
        self.runs = Runs(database)
        self.jobs = Jobs(database)
        self.slots = Slots(database)
        self.lease = Lease(database)
        self.alerts = Alerts(database)
        self.ledger = Ledger(database)
        self.decisions = Decisions(database)
        self.plans = Plans(database)
        self.campaigns = Campaigns(database)
        self.campaign_members = CampaignMembers(database)
        self.campaign_history = CampaignHistory(database)

    @classmethod
    def open(cls, database_url: str, *, secret_key: bytes | str) -> Self:
        """Open the database, creating or upgrading its tables.

        Args:
            database_url: ``sqlite:////path/state.db`` or ``postgresql+psycopg://…``.
            secret_key: A passphrase or a Fernet key; see ``read_key``.

        Raises:
            SettingsError: the URL cannot be used, nothing answers there, or a newer version
                of the workbench wrote it (then nothing is changed).
            StorageError: another process holds it, or the disk is full.
        """
        database = open_database(database_url)
        if (path := sqlite_path(database.engine.url)) is not None:
            prepare_home(path.absolute().parent)
        upgrade(database)
        return cls(database, secret_key=secret_key)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction over documents and secrets: pass it to them as ``within``."""
        with self._database.writes() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back; the object cannot be used afterwards."""
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
