"""What the pages, the command line and the scheduler share: stores and clients, opened once.

The one thing that tests replace.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.errors import SettingsError
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.documents import Catalogue
    from workbench.pendo.client import PendoClient
    from workbench.salesforce.client import SalesforceClient
    from workbench.store.datasets import Datasets
    from workbench.store.state import State
    from workbench.transport import Patience, RateLimit


@dataclass(frozen=True)
class Services:
    """The open stores of one installation, and the way to its clients."""

    settings: Settings
    state: "State"
    datasets: "Datasets"
    documents: "Catalogue"
    patience: "Patience | None" = None
    """How long clients wait and how often they retry; None is their own default."""
    _limits: dict[tuple[str, int], "RateLimit"] = field(default_factory=dict, repr=False)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self.settings.clock()

    @contextmanager
    def pendo(
        self, connection: str, *, cancelled: Callable[[], bool] = lambda: False
    ) -> "Iterator[PendoClient]":
        """A client of one Pendo connection, closed afterwards.

        Clients of the same connection share one rate limit, whoever opened them here.

        Raises:
            InputError: there is no such connection.
            SettingsError: its key is not set.
        """
        from workbench.pendo.client import PendoClient
        from workbench.transport import RateLimit

        document = self.documents.connection(connection)
        key = self.documents.secret("connection", connection)
        if key is None:
            raise SettingsError(
                f"The connection {connection} has no key yet",
                hint="Set its integration key in Connections, or apply it with key_env.",
            )
        pace = (connection, document.calls_per_minute)
        limit = self._limits.setdefault(pace, RateLimit(document.calls_per_minute))
        client = PendoClient(
            document.url, key, patience=self.patience, limit=limit, cancelled=cancelled
        )
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def salesforce(
        self, connection: str, *, cancelled: Callable[[], bool] = lambda: False
    ) -> "Iterator[SalesforceClient]":
        """A client of one Salesforce connection, closed afterwards.

        A refresh token that Salesforce replaces on the way is kept at once.

        Raises:
            InputError: there is no such connection.
            SettingsError: a secret that its login needs is not set.
        """
        from workbench.salesforce.client import SalesforceClient

        document = self.documents.salesforce(connection)
        kept_as = f"connection/{connection}/refresh_token"
        client = SalesforceClient(
            document,
            self.documents.secrets("connection", connection),
            clock=self.now,
            keep_refresh_token=lambda token: self.state.secrets.set(kept_as, token),
            patience=self.patience,
            cancelled=cancelled,
        )
        try:
            yield client
        finally:
            client.close()

    def close(self) -> None:
        """Give back what is open; the object cannot be used afterwards."""
        self.state.close()


def open_services(settings: Settings, *, patience: "Patience | None" = None) -> Services:
    """Open the stores of an installation, creating its home where there is none.

    Raises:
        SettingsError: the home or the database cannot be used.
        StorageError: another process holds the database, or the disk is full.
    """
    from workbench.documents import Catalogue
    from workbench.store.datasets import Datasets
    from workbench.store.state import State, prepare_home, read_key

    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    prepare_home(settings.home)
    state = State.open(settings.state_url, secret_key=read_key(settings.home, given))
    datasets = Datasets(settings.datasets_root, spool=settings.spool_root)
    return Services(settings, state, datasets, Catalogue(state), patience)
