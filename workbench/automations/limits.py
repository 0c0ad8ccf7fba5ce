"""How much one run may do before a person looks, and in what portions it is sent.

The keys ``guardrails``, ``review`` and ``write`` of an automation.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[float, Field(ge=0, le=100)]


class Guardrails(BaseModel):
    """How much a run may do before a person must look (GAP-16); percentages of its records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_changed_percent: Percent = 15
    """Records whose standing values would change; a record written for the first time is new."""
    max_two_step_flips_percent: Percent = 5
    """Records whose label would move two steps or more."""
    min_rows: Annotated[int, Field(ge=0)] = 1
    """Fewest records that must match: an empty base never means "clear everything"."""
    max_drop_percent: Percent = 20
    """Fewer matching records than in the last run."""
    max_null_percent: Percent = 10
    """Empty predictions among all that could be written."""
    max_not_found_percent: Percent = 10
    """Records whose id Pendo does not know."""
    max_api_calls: Annotated[int, Field(ge=1)] | None = None
    """Calls one run may cost; None asks only what is left of the day."""
    floor: Annotated[int, Field(ge=0)] = 10
    """Up to this many records a percentage does not hold: 1 of 3 is 33 %, and no disaster."""
    hold_first_run: bool = True
    """Whether a scheduled first run waits until a person has previewed it."""


class AutoApprove(BaseModel):
    """Which records need no approval although approval is required; either rule is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_label_steps: Annotated[int, Field(ge=0, le=20)] | None = None
    """Records whose label moves by at most this many steps."""
    fewer_than: Annotated[int, Field(ge=1)] | None = None
    """Every record, when fewer than this many would be written."""


class Review(BaseModel):
    """Whether single records wait for a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool = False
    auto_approve: AutoApprove = AutoApprove()


class Write(BaseModel):
    """How much goes into one request (GAP-13)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk: Annotated[int, Field(ge=1, le=500)] = 500
    max_bytes: Annotated[int, Field(ge=10_000, le=5_000_000)] = 5_000_000
