"""When the batches run, and what they carry. Pure.

A name such as Q03 is the line of the campaign-sync contract, section 13, that a key answers.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from workbench.campaigns.choices import CampaignId, Group
from workbench.schedules.model import ActiveHours

Data = Literal["members", "deleted", "status", "statistics"]
"""What a batch run carries: changed members, deleted ones, statuses out, statistics out."""
ALL_DATA: tuple[Data, ...] = ("members", "deleted", "status", "statistics")
Hour = Annotated[int, Field(ge=0, le=23)]
Minute = Annotated[int, Field(ge=0, le=59)]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _with_members(data: tuple[Data, ...]) -> tuple[Data, ...]:
    if "members" not in data:
        raise ValueError(
            "`data` needs members: a status can only be written beside the one that stands there"
        )
    return data


Carried = Annotated[tuple[Data, ...], AfterValidator(_with_members)]


class Nightly(Group):
    """The nightly batch (Q03, Q25)."""

    enabled: bool = True
    hour_utc: Hour = 1
    minute_utc: Minute = 0
    time_utc: str | None = None
    """The same as one text such as "01:30"."""
    data: Carried = ALL_DATA
    reconcile: bool = True
    """Read every member, so that nothing missed by day stays missed."""

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if self.time_utc is not None and not _CLOCK.fullmatch(self.time_utc):
            raise ValueError('`time_utc` is hours and minutes, such as "01:30"')
        if self.time_utc is not None and {"hour_utc", "minute_utc"} & self.model_fields_set:
            raise ValueError("give the time once: `time_utc`, or `hour_utc` and `minute_utc`")
        return self

    @property
    def at(self) -> tuple[int, int]:
        """Hour and minute, UTC."""
        if self.time_utc is None:
            return self.hour_utc, self.minute_utc
        return int(self.time_utc[:2]), int(self.time_utc[3:])


class Hourly(Group):
    """The hourly batch: documented only in the older manual, its rules not public (Q01)."""

    enabled: bool = False
    campaigns: Literal["auto_sync", "auto_sync_open", "all_active", "list"] = "auto_sync_open"
    list: tuple[CampaignId, ...] = ()
    minute: Minute = 5
    active_hours: ActiveHours = ActiveHours.model_validate({"from": 0, "to": 23})
    """Hours of the day, UTC; the last run hour is included."""
    directions: Literal["in", "out", "both"] = "both"
    """``out`` is not carried out: what is written depends on what was read and taken over."""
    data: Carried = ALL_DATA
    reconcile: bool = False
    max_calls: Annotated[int, Field(ge=1)] | None = None
    """Most calls of one run; None leaves it to the allocation."""

    @model_validator(mode="after")
    def _list_is_given(self) -> Self:
        if (self.campaigns == "list") != bool(self.list):
            raise ValueError("`campaigns: list` needs `list` with the campaign ids, and only it")
        if self.directions == "out":
            raise ValueError(
                "`directions: out` alone cannot be carried out safely: statuses are written beside "
                "those that were read; take both"
            )
        return self
