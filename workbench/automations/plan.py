"""What a run of an automation would write: a value, with a row for each record.

Made by ``make_plan``; carried out, unchanged, by a pusher. Reads nothing and knows no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from workbench.automations.model import FieldType, Object
from workbench.plan import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

Status = Literal["new", "changed", "same", "not_found", "conflict", "blocked", "held"]
WRITTEN: tuple[Status, ...] = ("new", "changed")
"""Records of these have cells that are sent; of all others nothing is."""


@dataclass(frozen=True, slots=True)
class PlannedField:
    """One Pendo field of the plan."""

    name: str
    """The key in the schema, such as ``predict_score``."""
    output: str
    type: FieldType
    exists: bool
    """Whether the schema has it; otherwise it is created first."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Records by status: they add up to ``records``. Blocked records count as conflicts."""

    records: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    not_found: int = 0
    conflict: int = 0
    held: int = 0
    blocked: int = 0
    """How many of the conflicts are values or ids that Pendo cannot take."""
    values: int = 0
    """Cells that are sent."""

    @property
    def written(self) -> int:
        """Records of which something is sent."""
        return self.new + self.changed


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do, cell by cell.

    ``rows`` has a row per record: ``id`` (Pendo's), ``source_id``, ``status``, ``reason``,
    ``decision``, and for each field F ``F__before``, ``F__after`` (canonical text; null is empty)
    and ``F__write`` (whether this cell is sent). Texts are as ``values.py`` writes them.
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
    movement: Mapping[tuple[str | None, str | None], int]
    """(label before, label after) → records; before is what Pendo holds."""
    warnings: tuple[str, ...] = ()
    api_calls: int = 0
    """Requests that carrying it out costs, checks and verification included."""
    verdict: Verdict = field(default_factory=Verdict)
