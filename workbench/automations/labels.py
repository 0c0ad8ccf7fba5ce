"""Score labels and trends: which words there are, and their order.

The keys ``labels`` and ``trend`` of an automation.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrendWords(BaseModel):
    """What is written for each trend (GAP-17)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up: str = "up"
    down: str = "down"
    no_change: str = "no change"


class Trend(BaseModel):
    """How Trend is filled when the base has no column for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compute: bool = True
    """Compare with the score pushed last; off, a base without the column has no Trend."""
    words: TrendWords = TrendWords()


OUTLOOK = ("Excellent", "Good", "Fair", "Poor")
RISK = ("Critical", "High", "Low", "Minimal")
LabelSet = Annotated[tuple[str, ...], Field(min_length=2, max_length=20)]


class Labels(BaseModel):
    """Ordered label sets, each from the highest score to the lowest (GAP-17)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sets: Annotated[tuple[LabelSet, ...], Field(min_length=1)] = (OUTLOOK, RISK)

    @model_validator(mode="after")
    def _labels_are_distinct(self) -> Self:
        for labels in self.sets:
            if len({label.lower() for label in labels}) < len(labels):
                raise ValueError(f"a label set names a label twice: {', '.join(labels)}")
        return self
