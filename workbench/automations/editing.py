"""An automation while it is edited: its change sheet, drawn again at every change of a control.

What Pendo holds is read once in a while, not at every change. Nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING

from workbench.automations.doctor import Diagnosis, examine
from workbench.automations.explain import Why, why
from workbench.automations.preparation import Preparation
from workbench.automations.reading import (
    MEMORY_MB,
    column_types,
    live_folder,
    read_inputs,
    remember,
)
from workbench.automations.sheet import Sheet, drawn_sheet
from workbench.errors import InputError
from workbench.store import duck

if TYPE_CHECKING:
    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan, PlanInputs
    from workbench.automations.preparation import Drawn
    from workbench.services import Services

FRESH_S = 60.0
"""How old what Pendo holds may be on a sheet; a push always reads it again."""


@dataclass(frozen=True)
class Look:
    """The sheet as it stands, and since when."""

    drawn: Drawn
    sheet: Sheet
    steps: tuple[tuple[int, int], ...]
    """Records in the base; then for each condition: passing it alone, and passing up to it."""
    read_at: datetime
    """When Pendo was read."""
    took_s: float


class Editing:
    """The live sheet of one automation, for one session.

    A page that is drawn again does not wait for the thread that drew it before: each takes its
    turn here, and one that comes late with an older sheet is told so.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        folder = live_folder(services) / "spill"
        self._preparation = Preparation(duck.connect(folder, memory_limit_mb=MEMORY_MB))
        self._inputs: PlanInputs | None = None
        self._key: object = None
        self._read_at: datetime | None = None
        self._read_clock = 0.0
        self._look: Look | None = None
        self._lock = RLock()
        self._drawings = 0

    @property
    def services(self) -> Services:
        """What it reads from."""
        return self._services

    def column_types(self, dataset: str) -> Mapping[str, str]:
        """The columns of a dataset with DuckDB's types.

        Raises:
            InputError: there is no such dataset.
        """
        version = self._services.datasets.summary(dataset).version
        return column_types(self._services, dataset, version)

    def look(self, automation: Automation, *, fresh: bool = False) -> Look:
        """The sheet of an automation as it is written now.

        Args:
            fresh: Whether Pendo is to be read again, however new the last reading is.

        Raises:
            InputError: the base, a column or a condition is not there or does not suit.
            RemoteError: Pendo did not answer.
        """
        with self._lock:
            began = time.perf_counter()
            self._drawings += 1
            drawn = self._preparation.draw(self._current(automation, fresh))
            steps = tuple(self._preparation.condition_counts(drawn))
            assert self._read_at is not None
            took_s = time.perf_counter() - began
            sheet = drawn_sheet(self._preparation, drawn, partial(self._turn, self._drawings))
            self._look = Look(drawn, sheet, steps, self._read_at, took_s)
            return self._look

    def keep(self, automation: Automation) -> Plan:
        """Make the sheet that was looked at a plan that is remembered, to be pushed as it is.

        Raises:
            InputError, RemoteError: as ``look``.
        """
        with self._lock:
            self._drawings += 1
            plan = self._preparation.plan(self._current(automation, False))
            remember(plan, self._services)
            return plan

    def diagnose(self) -> Diagnosis | None:
        """Why ids of the sheet are not found; None before the first look."""
        with self._lock:
            return examine(self._preparation, self._look.drawn) if self._look else None

    def why(self, record: str) -> list[Why]:
        """Why a record is in, or out; nothing before the first look."""
        with self._lock:
            return why(self._preparation, self._look.drawn, record) if self._look else []

    @contextmanager
    def _turn(self, drawing: int) -> Iterator[None]:
        with self._lock:
            if drawing != self._drawings:
                raise InputError("The sheet was drawn anew meanwhile", hint="Look at it again.")
            yield

    def _current(self, automation: Automation, fresh: bool) -> PlanInputs:
        """The inputs, read again where they are for something else, or old."""
        services = self._services
        update = automation.update
        version = services.datasets.summary(automation.read_from.dataset).version
        everything = automation.model_copy(
            update={"update": update.model_copy(update={"fields": None})}
        )
        key = (
            automation.name, automation.connection, automation.read_from.dataset, version,
            update.object, update.group, update.on_remove, tuple(everything.field_names.values()),
            services.state.ledger.pushes(automation.name)[:1],
        )  # fmt: skip
        old = time.monotonic() - self._read_clock > FRESH_S
        if fresh or old or key != self._key or self._inputs is None:
            with services.pendo(automation.connection) as client:
                self._inputs = read_inputs(everything, services, client, fresh=fresh)
            self._key, self._read_at = key, services.now()
            self._read_clock = time.monotonic()
        return replace(
            self._inputs,
            automation=automation,
            decisions=services.state.decisions.of(automation.name),
            now=services.now(),
        )
