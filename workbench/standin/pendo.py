"""A rehearsal Pendo on loopback: start it, ask it, spoil it, look at what it was asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.standin.acts import ActError, perform
from workbench.standin.api import Api
from workbench.standin.clock import Clock
from workbench.standin.control import Record
from workbench.standin.keys import PENDO_KEY, PENDO_READ_KEY
from workbench.standin.seeds.sizes import SIZES
from workbench.standin.served import Served
from workbench.standin.subscription import Subscription
from workbench.standin.switches import SwitchError, Switches
from workbench.standin.weather import Weather

DEFAULT_ZONE = "America/New_York"
"""Not UTC on purpose: a day there is never a UTC day."""


class PendoStandIn(Served):
    """A rehearsal Pendo. Serves from when it is made until `close`.

    ``now`` freezes the clock; without it the real one runs. ``days`` is how many days back events
    go, ``accounts`` how many there are, when it is not the size's own number.
    """

    _switches: Switches

    def __init__(
        self,
        *,
        seed: int = 7,
        size: str = "small",
        now: datetime | None = None,
        zone: str = DEFAULT_ZONE,
        port: int = 0,
        days: int | None = None,
        accounts: int | None = None,
    ) -> None:
        if size not in SIZES:
            raise ValueError(f"A size is {', '.join(SIZES)}, not {size}")
        chosen = SIZES[size]
        chosen = chosen if days is None else chosen.lasting(days)
        self._size = chosen if accounts is None else chosen.holding(accounts)
        self._seed, self._now, self._zone = seed, now, zone
        self._switches = Switches(zone)
        self._weather = Weather()
        self._subscription = self._fresh()
        self._api = Api(lambda: self._subscription, self._weather)
        self._record = Record()
        self._serve(port, self._api.answer)

    @property
    def key(self) -> str:
        """A key that reads and writes."""
        return PENDO_KEY

    @property
    def read_key(self) -> str:
        """A key that only reads."""
        return PENDO_READ_KEY

    @property
    def subscription(self) -> Subscription:
        """What the stand-in holds, for tests that compare."""
        return self._subscription

    def switches(self, **wanted: Any) -> dict[str, Any]:
        """Move switches (`switches` lists them), and give where all of them stand.

        Moving a ``seed_…`` switch sows the subscription anew.

        Raises:
            SwitchError: no such switch or value.
        """
        sown = self._sown()
        self._switches.set(wanted)
        if self._sown() != sown:
            self._subscription = self._fresh()
        return self._switches.all

    def reset(self) -> None:
        """Everything as at the start: fair weather, default switches, untouched subscription."""
        sown = self._sown()
        self._weather.set([])
        self._switches.reset()
        if self._subscription.is_touched or self._sown() != sown:
            self._subscription = self._fresh()
        self._api.reset()
        self._forget()

    def act(self, act: Mapping[str, Any]) -> dict[str, Any]:
        """Let somebody do something in the subscription (`acts` lists what).

        Raises:
            ActError: nobody can do that.
        """
        self._subscription.is_touched = True
        return perform(self._subscription, act)

    def close(self) -> None:
        """Stop serving."""
        super().close()
        self._subscription.entities.close()

    def _fresh(self) -> Subscription:
        clock, before = Clock(self._now), getattr(self, "_subscription", None)
        return Subscription(self._seed, self._size, clock, self._zone, self._switches, before)


__all__ = ["ActError", "PendoStandIn", "SwitchError"]
