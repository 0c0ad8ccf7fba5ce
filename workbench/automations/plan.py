"""What a run of an automation would write: a value, with a row for each record.

Made by ``make_plan``; carried out, unchanged, by a pusher. Reads nothing and knows no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from workbench.automations.limits import Write
from workbench.automations.model import Automation, FieldType, Object
from workbench.plan import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.fields import Other, Schema

Status = Literal["new", "changed", "same", "not_found", "conflict", "blocked", "held"]
WRITTEN: tuple[Status, ...] = ("new", "changed")
"""Records of these have cells that are sent; of all others nothing is."""


@dataclass(frozen=True, slots=True)
class PlannedField:
    """One Pendo field of the plan."""

    name: str
    """The key in the schema, such as ``predict_score``."""
    output: str
    """The output it holds; "" for a field that is no longer written, only cleared."""
    type: FieldType
    exists: bool
    """Whether the schema has it; otherwise it is created first."""
    writable: bool = True
    """False for a list, which no value of ours can fill."""
    whole: bool = False
    """Whether it holds whole numbers only."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Records by status; ``new changed same not_found conflict held`` add up to ``records``."""

    records: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    not_found: int = 0
    conflict: int = 0
    """Blocked records, whose values or ids Pendo cannot take, are counted here."""
    held: int = 0
    blocked: int = 0
    """How many of the conflicts are blocked."""
    values: int = 0
    """Cells that are sent."""
    matching: int = 0
    """Records of the base that pass the conditions."""
    departed: int = 0
    """Records written before that match no more, and are on the sheet."""

    @property
    def written(self) -> int:
        """Records of which something is sent."""
        return self.new + self.changed


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do, cell by cell.

    ``rows`` has a row per record: ``id`` (Pendo's), ``source_id``, ``status``, ``reason``,
    ``decision``, ``stamp`` and for each field F ``F__before``, ``F__after`` (canonical text; null
    is empty) and ``F__write`` (whether this cell is sent). Texts are as ``values.py`` writes them.
    """

    automation: str
    object: Object
    group: str
    fingerprint: str
    """Differs when what would be written differs; not with the time it was made."""
    made_at: datetime
    fields: tuple[PlannedField, ...]
    rows: pa.Table
    counts: Counts
    movement: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(label in Pendo now, label to be written) → records; "" is no label."""
    warnings: tuple[str, ...] = ()
    api_calls: int = 0
    """Requests that carrying it out costs, checks and verification included."""
    verdict: Verdict = field(default_factory=Verdict)
    base_version: int | None = None
    """The version of the decision base it was made from."""
    write: Write = field(default_factory=Write)
    """How much goes into one request."""

    def only(self, ids: Iterable[str]) -> Plan:
        """The same plan for these of Pendo's ids alone; no guardrail holds what a person chose."""
        from workbench.automations.rows import only

        return only(self, ids)


@dataclass(frozen=True)
class PlanInputs:
    """Everything a plan is made from; the same inputs make the same plan."""

    automation: Automation
    base: pa.Table | str
    """The decision base, or SQL to stand after FROM that reads it."""
    live: pa.Table
    """Every record of the object in Pendo: ``id``, and the canonical text of each field."""
    schema: Schema
    """The object's metadata fields by group and name."""
    now: datetime
    last: pa.Table | None = None
    """What this automation wrote last, by record: ``id``, and the canonical text of each field."""
    previous: Counts | None = None
    """The counts of the last run that wrote."""
    decisions: pa.Table | None = None
    """On single records: ``record_id``, ``decision`` (hold, exclude, approve), ``reason``,
    ``approved``: the stamp of what was approved."""
    others: tuple[Other, ...] = ()
    """Other automations of the same connection."""
    budget_left: int | None = None
    """API calls left today; None where nobody counts them."""
    zone: str = "UTC"
    """The workspace's zone, for automations without one of their own."""
    base_version: int | None = None

    @property
    def day_zone(self) -> str:
        """Whose days relative dates mean."""
        return self.automation.timezone or self.zone
