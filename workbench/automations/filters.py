"""Conditions as an analyst writes them: a field, an operator, a value; all or any of them.

Whether a field exists and the operator suits its type is decided where the columns are known.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Operator = Literal[
    "is",
    "is_not",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "one_of",
    "not_one_of",
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "is_true",
    "is_false",
    "on",
    "before",
    "after",
    "on_or_before",
    "on_or_after",
    "in_the_last",
    "in_the_next",
    "more_than_ago",
    "contains_any",
    "contains_all",
    "contains_none",
    "empty",
    "not_empty",
]
Unit = Literal["days", "weeks", "months", "quarters", "years"]
Scalar = bool | int | float | str

WITHOUT_VALUE = frozenset({"empty", "not_empty", "is_true", "is_false"})
WITH_LIST = frozenset({"one_of", "not_one_of", "contains_any", "contains_all", "contains_none"})
WITH_SPAN = frozenset({"in_the_last", "in_the_next", "more_than_ago"})
LONGEST_SPAN: Mapping[str, int] = {
    "days": 36_600,
    "weeks": 5_200,
    "months": 1_200,
    "quarters": 400,
    "years": 100,
}
"""A hundred years: beyond it dates stop being arithmetic."""


class Condition(BaseModel):
    """One test that a record of the decision base passes or fails."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    op: Operator
    value: Scalar | tuple[Scalar, ...] | None = None
    unit: Unit | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _days_as_text(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return tuple(_day_as_text(item) for item in value)
        return _day_as_text(value)

    @model_validator(mode="after")
    def _value_suits_the_operator(self) -> Self:
        listed = isinstance(self.value, tuple)
        if self.op in WITHOUT_VALUE and self.value is not None:
            raise ValueError(f"`{self.op}` takes no value")
        if self.op not in WITHOUT_VALUE and self.value is None:
            raise ValueError(f"`{self.op}` needs a value")
        if self.op in WITH_LIST and not self.value_list:
            raise ValueError(f"`{self.op}` needs a list of values, such as [a, b]")
        if self.op == "between" and len(self.value_list) != 2:
            raise ValueError("`between` needs two values, such as [1, 10]")
        if listed and self.op not in WITH_LIST | {"between"}:
            raise ValueError(f"`{self.op}` takes one value; for several use one_of")
        if (self.unit is not None) != (self.op in WITH_SPAN):
            raise ValueError(
                "`unit` (days, weeks, months, quarters, years) belongs to "
                "in_the_last, in_the_next and more_than_ago, which need it"
            )
        if self.unit is not None:
            self._check_span(self.unit)
        return self

    def _check_span(self, unit: Unit) -> None:
        count = self.value
        if isinstance(count, bool) or not isinstance(count, int):
            raise ValueError(f"`{self.op}` counts whole {unit}: give a whole number")
        if not 0 <= count <= LONGEST_SPAN[unit]:
            raise ValueError(f"`{self.op}` takes 0 to {LONGEST_SPAN[unit]} {unit}")

    @property
    def value_list(self) -> tuple[Scalar, ...]:
        """The values of an operator that takes several; one value counts as a list of one."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)


def _day_as_text(value: Any) -> Any:
    # YAML reads 2026-03-01 as a date, and what is stored is JSON: one form for both.
    return value.isoformat() if isinstance(value, date) else value


class Group(BaseModel):
    """Conditions of which all, or any, must hold; inside other conditions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.all is None) == (self.any is None):
            raise ValueError("a group has either `all` or `any`")
        return self


class Conditions(BaseModel):
    """Which records an automation reads: conditions and groups of them, one level deep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: tuple[Condition | Group, ...] | None = None
    any: tuple[Condition | Group, ...] | None = None
    case_sensitive: bool = False
    """Whether ``Acme`` and ``acme`` are two texts (GAP-04)."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.all is not None and self.any is not None:
            raise ValueError("give `all` or `any`; the other goes inside as a group")
        return self

    @property
    def items(self) -> tuple[Condition | Group, ...]:
        """The conditions and groups, in the order written."""
        return self.all or self.any or ()

    @property
    def needs_all(self) -> bool:
        """Whether every item must hold, not just one."""
        return not self.any
