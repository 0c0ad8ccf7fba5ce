"""The stand-ins: local servers that play the other systems for rehearsal, demo and tests.

Nothing here is needed to talk to the real ones. `spawn` is light; `PendoStandIn` and
`SalesforceStandIn` load the libraries they need only when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from workbench.standin.keys import PENDO_KEY, PENDO_READ_KEY, TRACK_SECRET
from workbench.standin.spawning import Spawned, spawn

if TYPE_CHECKING:
    from workbench.standin.pendo import PendoStandIn
    from workbench.standin.salesforce.standin import SalesforceStandIn

__all__ = [
    "PENDO_KEY",
    "PENDO_READ_KEY",
    "TRACK_SECRET",
    "PendoStandIn",
    "SalesforceStandIn",
    "Spawned",
    "spawn",
]


def __getattr__(name: str) -> Any:
    if name == "PendoStandIn":
        from workbench.standin.pendo import PendoStandIn

        return PendoStandIn
    if name == "SalesforceStandIn":
        from workbench.standin.salesforce.standin import SalesforceStandIn

        return SalesforceStandIn
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
