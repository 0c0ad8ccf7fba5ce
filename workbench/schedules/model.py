"""A schedule as an analyst writes it: how often, at what hour, in whose zone. Pure."""

from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.words import nearest

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MonthDay = Annotated[int, Field(ge=1, le=28)] | Literal["last"]
"""28 is the last day every month has; ``last`` says the rest."""


class Schedule(BaseModel):
    """One rhythm of a job; a document may have several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Literal["daily", "weekly", "monthly", "hourly", "cron"]
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    minute: Annotated[int, Field(ge=0, le=59)] = 0
    on: tuple[Weekday | MonthDay, ...] = ()
    cron: str | None = None
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.timezone not in available_timezones():
            guess = nearest(self.timezone, available_timezones())
            raise ValueError(f"unknown time zone {self.timezone}{guess}")
        if self.every in ("daily", "weekly", "monthly") and self.hour is None:
            raise ValueError(f"a {self.every} schedule needs an hour from 0 to 23")
        if (self.every == "cron") != (self.cron is not None):
            raise ValueError("a cron schedule needs `cron`, and only a cron schedule has one")
        kinds = {"weekly": str, "monthly": (int, str)}
        if self.every in kinds and not self.on:
            raise ValueError(f"a {self.every} schedule needs its days in `on`")
        weekly_days = all(isinstance(day, str) and day != "last" for day in self.on)
        monthly_days = all(isinstance(day, int) or day == "last" for day in self.on)
        if self.every == "weekly" and not weekly_days:
            raise ValueError("`on` of a weekly schedule takes mon, tue, wed, thu, fri, sat, sun")
        if self.every == "monthly" and not monthly_days:
            raise ValueError("`on` of a monthly schedule takes days 1 to 28, or last")
        return self


class Retry(BaseModel):
    """How often, and how long apart, a failed run is tried again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: Annotated[int, Field(ge=0, le=20)] = 3
    """0 is never."""
    wait_minutes: Annotated[float, Field(ge=0, le=1440)] = 5
