"""A schedule as an analyst writes it: how often, at what hour, in whose zone. Pure."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from workbench.schedules.cron import fault_of
from workbench.words import listed, nearest
from workbench.zones import ZoneName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of ``date.weekday``."""
LAST_SHARED_DAY = 28
"""The last day that every month has; ``last`` says the rest."""
CatchUp = Literal["ask", "once", "each", "skip"]
"""What becomes of slots that nobody was there to run."""
MOST_APART = {"hourly": (23, "hours"), "daily": (365, "days"), "weekly": (52, "weeks")}
"""The longest interval of each rhythm: a day less an hour, about a year."""
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""Between which a rhythm may start; outside, a year was mistyped."""


def _is_hour(value: int) -> int:
    if 0 <= value <= 23:
        return value
    least = "midnight is 0" if value == 24 else f"nearest: {min(max(value, 0), 23)}"
    raise ValueError(f"there is no hour {value}: hours go from 0 to 23, {least}")


def _is_minute(value: int) -> int:
    if 0 <= value <= 59:
        return value
    raise ValueError(
        f"there is no minute {value}: minutes go from 0 to 59, nearest: {min(max(value, 0), 59)}"
    )


Hour = Annotated[int, AfterValidator(_is_hour)]
Minute = Annotated[int, AfterValidator(_is_minute)]


class ActiveHours(BaseModel):
    """The hours of the day in which an hourly schedule fires; both ends are included.

    From 22 to 6 goes over midnight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    first: Hour = Field(alias="from")
    last: Hour = Field(alias="to")


class Schedule(BaseModel):
    """One rhythm of a job; a document may have several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Literal["daily", "weekly", "monthly", "hourly", "cron"]
    hour: Hour | None = None
    minute: Minute = 0
    on: tuple[Weekday | int | Literal["last"], ...] = ()
    active_hours: ActiveHours | None = None
    """Hourly only; None is all day."""
    interval: Annotated[int, Field(ge=1)] = 1
    """Every so many hours, counted from the first active hour of each day; or every so many days
    or weeks, counted from the day, or the Monday before the day, that ``starts`` names."""
    starts: date | None = None
    """The first day, in the schedule's zone, on which it may fire; None is at once."""
    cron: str | None = None
    timezone: ZoneName = "UTC"

    @field_validator("on", mode="before")
    @classmethod
    def _days_suit(cls, value: Any, info: ValidationInfo) -> Any:
        every = info.data.get("every")
        if isinstance(value, list | tuple) and every in _DAY_FAULT:
            for day in value:
                if fault := _DAY_FAULT[every](day):
                    raise ValueError(fault)
        return value

    @field_validator("cron")
    @classmethod
    def _cron_is_possible(cls, value: str | None) -> str | None:
        if value is not None and (fault := fault_of(value)):
            raise ValueError(fault)
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.every == "cron") != (self.cron is not None):
            raise ValueError("a cron schedule needs `cron`, and only a cron schedule has one")
        if self.every in ("daily", "weekly", "monthly") and self.hour is None:
            raise ValueError(f"a {self.every} schedule needs an hour from 0 to 23")
        if self.every in _DAY_FAULT and not self.on:
            raise ValueError(f"a {self.every} schedule needs its days in `on`")
        for key, kinds in _BELONGS.items():
            if key in self.model_fields_set and getattr(self, key) and self.every not in kinds:
                raise ValueError(f"`{key}` belongs to {listed(kinds)}, not to {self.every}")
        return self

    @model_validator(mode="after")
    def _counts_from_somewhere(self) -> Self:
        if self.interval > 1 and self.every in MOST_APART:
            most, noun = MOST_APART[self.every]
            if self.interval > most:
                raise ValueError(
                    f"`interval` {self.interval} is too long for {self.every}: "
                    f"1 to {most} {noun}, nearest: {most}"
                )
            if self.every != "hourly" and self.starts is None:
                raise ValueError(
                    f"every {self.interval} {noun} needs the day it is counted from: "
                    "`starts: 2026-03-02`"
                )
        if self.starts is not None and not FIRST_DAY <= self.starts <= LAST_DAY:
            near = min(max(self.starts, FIRST_DAY), LAST_DAY)
            raise ValueError(f"`starts` cannot be {self.starts}: nearest: {near}")
        return self

    @property
    def hours(self) -> tuple[int, ...]:
        """The hours of a day at which it fires, ascending; empty for cron."""
        if self.every != "hourly":
            return () if self.hour is None else (self.hour,)
        first, last = 0, 23
        if self.active_hours is not None:
            first, last = self.active_hours.first, self.active_hours.last
        span = (last - first) % 24
        return tuple(sorted((first + hour) % 24 for hour in range(0, span + 1, self.interval)))


_BELONGS = {
    "on": ("weekly", "monthly"),
    "hour": ("daily", "weekly", "monthly"),
    "minute": ("daily", "weekly", "monthly", "hourly"),
    "active_hours": ("hourly",),
    "interval": ("hourly", "daily", "weekly"),
    "starts": ("hourly", "daily", "weekly", "monthly"),
}
"""A key that would mean nothing is refused: its writer expects something of it."""


def _weekday_fault(day: Any) -> str:
    if day in WEEKDAYS:
        return ""
    word = str(day)[:20].lower()
    close = word[:3] if word[:3] in WEEKDAYS else ""
    guess = f"; did you mean {close}?" if close else nearest(word, WEEKDAYS)
    return f"{day!r} is not a weekday: weekly takes {', '.join(WEEKDAYS)}{guess}"


def _month_day_fault(day: Any) -> str:
    is_number = isinstance(day, int) and not isinstance(day, bool)
    if day == "last" or (is_number and 1 <= day <= LAST_SHARED_DAY):
        return ""
    known = f"monthly takes days 1 to {LAST_SHARED_DAY}, or last"
    if not is_number:
        return f"{day!r} is not a day of the month: {known}"
    close: int | str = 1 if day < 1 else "last"
    why = "is not in every month" if LAST_SHARED_DAY < day <= 31 else "does not exist"
    return f"day {day} {why}: {known}; nearest: {close}"


_DAY_FAULT = {"weekly": _weekday_fault, "monthly": _month_day_fault}


class Retry(BaseModel):
    """How often, and how long apart, a failed run is tried again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: Annotated[int, Field(ge=0, le=20)] = 3
    """0 is never."""
    wait_minutes: Annotated[float, Field(ge=0, le=1440)] = 5


class Period(BaseModel):
    """A time span in one unit: `{hours: 6}`, `{days: 2}`, `{weeks: 1}`, `{months: 3}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Annotated[int, Field(ge=1, le=2160)] | None = None
    days: Annotated[int, Field(ge=1, le=90)] | None = None
    weeks: Annotated[int, Field(ge=1, le=12)] | None = None
    months: Annotated[int, Field(ge=1, le=3)] | None = None
    """Of thirty days each."""

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        given = (self.hours, self.days, self.weeks, self.months)
        if sum(number is not None for number in given) != 1:
            raise ValueError("give one of: `hours`, `days`, `weeks` or `months`")
        return self

    @property
    def span(self) -> timedelta:
        """How long it is: one hour to three months (predict-and-pulls contract, B-33)."""
        days = (self.days or 0) + 30 * (self.months or 0)
        return timedelta(hours=self.hours or 0, days=days, weeks=self.weeks or 0)


StaleAfter = Literal["never"] | Period
"""How long a job may go without success before people hear of it; ``never`` is no such notice."""
