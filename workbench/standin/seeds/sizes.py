"""How much the rehearsal subscription holds."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Size:
    """One size of subscription."""

    accounts: int
    visitors: int
    days: int
    sessions_per_day: int
    """On a middling weekday; each makes about three page rows."""
    address_pool: int
    """Distinct IP addresses."""

    def lasting(self, days: int) -> "Size":
        """The same, with events going back another number of days."""
        return replace(self, days=days)

    def holding(self, accounts: int) -> "Size":
        """The same, with another number of accounts."""
        return replace(self, accounts=accounts)


SIZES = {
    "small": Size(accounts=60, visitors=300, days=14, sessions_per_day=110, address_pool=1_000),
    "medium": Size(
        accounts=600, visitors=6_000, days=45, sessions_per_day=1_700, address_pool=8_192
    ),
    "large": Size(
        accounts=20_000, visitors=200_000, days=30, sessions_per_day=40_000, address_pool=65_536
    ),
}
"""``small`` for tests, ``medium`` for the demo, ``large`` for benchmarks: two million
page rows in a month."""
DEFAULT_APP = -323232
SECOND_APP = 5_629_499_534_213_120
"""The default app has Pendo's own fixed id; others have large positive ones."""
APPS = (DEFAULT_APP, SECOND_APP)
"""Every app of the subscription; an app's place here is its bit in app masks."""
HOSTS = ("app.example.com", "mobile.example.com")
"""The server each app runs on."""
