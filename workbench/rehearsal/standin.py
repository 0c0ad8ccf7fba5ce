"""The stand-ins as one process of this home, at the same addresses each time if they can be."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from workbench.errors import StorageError
from workbench.rehearsal.children import LOOPBACK, Child, answers, is_free

if TYPE_CHECKING:
    from workbench.settings import Settings

SIZE = "medium"
"""Enough rehearsal data to look like a subscription, little enough to pull in seconds."""
ZONE = "America/New_York"
"""The rehearsal subscription's own: not UTC, and its clocks change."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A running stand-in: where it answers, and with which keys."""

    url: str
    key: str = field(repr=False)
    read_key: str = field(repr=False)
    child: Child | None
    """None where another process of this home already runs it."""
    salesforce_url: str = ""
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)

    def stop(self) -> None:
        """End it, if it is ours."""
        if self.child is not None:
            self.child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_standin(
    settings: "Settings", *, like: str = "", like_salesforce: str = "", size: str = SIZE
) -> StandIn:
    """Start the stand-ins, at the addresses they had before if those are free.

    Args:
        like: Pendo's former URL; if a stand-in answers there, that one is taken.
        like_salesforce: The same of Salesforce.
        size: How much data it makes up: small, medium or large.

    Raises:
        StorageError: it did not start.
    """
    from workbench.standin import PENDO_KEY, PENDO_READ_KEY
    from workbench.standin.salesforce.keys import CLIENT_ID, CLIENT_SECRET

    if like and _is_standin(like):
        ids = (CLIENT_ID, CLIENT_SECRET)
        return StandIn(like, PENDO_KEY, PENDO_READ_KEY, None, like_salesforce, *ids)
    arguments = ["-m", "workbench.standin", "--pendo-port", _port(like)]
    arguments += ["--salesforce-port", _port(like_salesforce)]
    arguments += ["--size", size, "--zone", ZONE, "--until-stdin-closes"]
    if settings.now is not None:
        arguments += ["--now", settings.now.isoformat()]
    child = Child(arguments, log=settings.home / "logs" / "standin.log", heard=True)
    assert child.process.stdout is not None
    line = child.process.stdout.readline().decode()
    told = dict(word.split("=", 1) for word in line.split() if "=" in word)
    if not line.startswith("READY") or "pendo" not in told:
        child.stop()
        raise StorageError(
            f"The stand-in did not start: {child.last_words() or 'it said nothing'}",
            hint=f"See {child.log}.",
        )
    return StandIn(
        told["pendo"],
        told["pendo_key"],
        told["pendo_read_key"],
        child,
        told["salesforce"],
        told["salesforce_client_id"],
        told["salesforce_client_secret"],
    )


def _port(like: str) -> str:
    """The port of a former URL if it is free, else any."""
    port = like.rpartition(":")[2]
    return port if port.isdigit() and is_free(int(port)) else "0"


def _is_standin(url: str) -> bool:
    return url.startswith(f"http://{LOOPBACK}:") and answers(f"{url}/_standin/stats")
