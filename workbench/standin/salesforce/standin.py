"""A rehearsal Salesforce on loopback: start it, ask it, spoil it, look at what it was asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from workbench.standin.clock import Clock
from workbench.standin.control import Record
from workbench.standin.salesforce.acts import perform
from workbench.standin.salesforce.api import Api, endpoint
from workbench.standin.salesforce.fields import custom_field
from workbench.standin.salesforce.keys import CLIENT_ID, CLIENT_SECRET
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.plans import SIZES
from workbench.standin.salesforce.sowing import sow
from workbench.standin.salesforce.switches import OrgSwitches
from workbench.standin.served import Served
from workbench.standin.weather import Weather

LENT_SIZES = ("small", "medium")
"""Sizes whose start is kept for the next reset; a large one is sown anew instead."""


class SalesforceStandIn(Served):
    """A rehearsal org. Serves from when it is made until `close`.

    ``now`` freezes the clock; without it the real one runs. ``custom_fields`` are texts such as
    ``Campaign.Auto_Sync__c boolean``; None takes those of the switch of that name.
    """

    _switches: OrgSwitches

    def __init__(
        self,
        *,
        seed: int = 7,
        size: str = "small",
        now: datetime | None = None,
        port: int = 0,
        custom_fields: Sequence[str] | None = None,
    ) -> None:
        if size not in SIZES:
            raise ValueError(f"A size is {', '.join(SIZES)}, not {size}")
        self._seed, self._size, self._now = seed, size, now
        self._given = {} if custom_fields is None else {"custom_fields": list(custom_fields)}
        self._switches = OrgSwitches()
        self._start: Org | None = None
        self._start_sown: dict[str, Any] = {}
        self._set(self._given)
        self._weather = Weather()
        self._org = self._fresh()
        self._api = Api(self._org, self._weather, lambda: self.url)
        self._record = Record(endpoint)
        self._serve(port, self._api.answer)

    @property
    def client_id(self) -> str:
        """The consumer key of the connected app."""
        return CLIENT_ID

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return CLIENT_SECRET

    @property
    def org(self) -> Org:
        """What the stand-in holds, for tests that compare."""
        return self._org

    def switches(self, **wanted: Any) -> dict[str, Any]:
        """Move switches (`switches` lists them), and give where all of them stand.

        Moving a ``seed_…`` switch sows the org anew.

        Raises:
            SwitchError: no such switch or value.
        """
        with self._org.lock:
            sown = self._sown()
            self._set(wanted)
            if self._sown() != sown:
                self._replace()
            elif {"custom_fields", "hidden_fields", "member_status_writable"} & set(wanted):
                self._org.refresh_schema()
        return self._switches.all

    def reset(self) -> None:
        """Everything as at the start: fair weather, default switches, untouched records."""
        with self._org.lock:
            sown = self._sown()
            self._weather.set([])
            self._switches.reset()
            self._set(self._given)
            if self._org.touched or self._org.late or self._sown() != sown:
                self._replace()
            self._org.clock = Clock(self._now)
            self._org.rows_written = 0
            self._org.refresh_schema()
            self._api.restart()
        self._forget()

    def act(self, act: Mapping[str, Any]) -> dict[str, Any]:
        """Let somebody do something in the org (`acts` lists what).

        Raises:
            ActError: nobody can do that.
        """
        with self._org.lock:
            self._org.commit_due()
            return perform(self._api, act)

    def stats(self) -> dict[str, Any]:
        """What was asked: ``requests`` by endpoint, ``statuses``, ``bytes``, ``last``;
        ``api_calls`` are those that count against the limit."""
        told = super().stats()
        return {**told, "api_calls": self._api.usage.counted}

    def close(self) -> None:
        """Stop serving."""
        super().close()
        self._org.close()
        if self._start is not None:
            self._start.close()

    def _set(self, wanted: Mapping[str, Any]) -> None:
        for text in wanted.get("custom_fields", ()):
            custom_field(str(text))
        self._switches.set(wanted)

    def _replace(self) -> None:
        fresh = self._fresh()
        lock = self._org.lock
        self._org.close()
        fresh.lock = lock
        self._org = self._api.org = fresh
        self._api.restart()

    def _fresh(self) -> Org:
        """An org as it was at the start."""
        if self._start is not None and self._start_sown == self._sown():
            org = Org(Clock(self._now), self._switches)
            org.copied_from(self._start)
            return org
        org = Org(Clock(self._now), self._switches)
        sow(org, self._seed, self._size)
        if self._size in LENT_SIZES:
            if self._start is not None:
                self._start.close()
            self._start, self._start_sown = Org(Clock(self._now), self._switches), self._sown()
            self._start.copied_from(org)
        return org
