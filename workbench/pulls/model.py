"""A pull as an analyst writes it: what to ask Pendo for, which days, into which dataset.

The documents of ``kind: pull``. Nothing here knows how a request is sent.
"""

import json
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from workbench.names import DatasetName, DocumentName
from workbench.pulls.sources import SOURCES, SourceName
from workbench.schedules.model import Retry, Schedule, StaleAfter
from workbench.store.datasets.model import Update

MOST_DAYS = 3660
"""Ten years. Pendo keeps less; a larger number is a slip of the keyboard."""

ReportKind = Literal["row_aggregation", "report_contents", "public_reports", "guide_history"]


class DaysBack(BaseModel):
    """A day said from today: 1 is yesterday, in the subscription's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days_back: Annotated[int, Field(ge=0, le=MOST_DAYS)]


Day = date
"""The type, under a name that a field called ``date`` does not hide."""
End = Day | DaysBack


class Duration(BaseModel):
    """Which days a pull covers: one date, the last N complete days, or a range.

    Both ends of a range are included, and each may be a date or relative (GAP-23, GAP-24).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    date: Day | None = None
    days_back: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None
    start: End | None = Field(default=None, alias="from")
    end: End | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (self.date is not None, self.days_back is not None, self.start is not None)
        if sum(forms) != 1 or (self.start is None) != (self.end is None):
            raise ValueError("give one of: `date`, `days_back`, or `from` and `to` together")
        if _backwards(self.start, self.end):
            raise ValueError("the range ends before it starts: `from` is the earlier day")
        return self

    @property
    def starts_relative(self) -> bool:
        """Whether the first day moves as time passes."""
        return self.days_back is not None or isinstance(self.start, DaysBack)


def _backwards(start: End | None, end: End | None) -> bool:
    """Whether two ends of the same sort are the wrong way round; mixed ones need today's date."""
    if isinstance(start, DaysBack) and isinstance(end, DaysBack):
        return start.days_back < end.days_back
    if isinstance(start, date) and isinstance(end, date):
        return end < start
    return False


class Pull(BaseModel):
    """A saved request for Pendo data, and the dataset its rows go to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["pull"] = "pull"
    name: DocumentName
    description: str = ""
    tags: tuple[str, ...] = ()
    connection: DocumentName
    report: ReportKind = "row_aggregation"

    source: SourceName | None = None
    duration: Duration | None = None
    """None is everything, for sources that need no window."""
    include_today: bool = False
    """Whether `days_back` counts on to today, which is not complete (GAP-23)."""
    apps: Literal["all", "default"] | tuple[int, ...] | None = None
    """None is the connection's own choice."""
    anonymous: bool = False
    """Accounts and Visitors only: whether to keep those without an id (GAP-32)."""
    date_field: Literal["lastvisit", "lastupdated"] = "lastvisit"
    """Accounts and Visitors only: which of Pendo's dates the window is laid on (GAP-26)."""
    period: Literal["day", "hour"] = "day"
    """Event sources only: one row per day or per hour."""
    metadata: Literal["struct", "flat"] = "struct"
    """Metadata groups as nested columns, or one column per field (`custom_tier`)."""

    report_id: str | None = None
    use_report_schema: bool = False
    guide: str | None = None
    request: dict[str, Any] | None = None

    dataset: DatasetName | None = None
    update: Update | None = None
    lookback_days: Annotated[int, Field(ge=0, le=90)] = 3
    """Days re-read before the first day of a relative window: Pendo's recent rows arrive late."""
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 4_000
    """Visitors or accounts asked for at once: with wide metadata some 4 MB, which DuckDB takes
    apart within the memory a pull may have."""
    parallel: Annotated[int, Field(ge=1, le=8)] = 2
    """Requests under way at once."""

    schedules: tuple[Schedule, ...] = ()
    catch_up: Literal["ask", "once", "each", "skip"] = "ask"
    retry: Retry = Retry()
    stale_after: StaleAfter | None = None
    """None is as its schedules say: two fires without success (B-33, B-37)."""

    @field_validator("request", mode="before")
    @classmethod
    def _request_is_an_object(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"the custom request is not JSON: {error.msg} at line {error.lineno}, "
                f"column {error.colno}"
            ) from None

    @model_validator(mode="after")
    def _has_what_its_report_needs(self) -> Self:
        needs = {
            "row_aggregation": ("source", "a row aggregation needs a `source`"),
            "report_contents": ("report_id", "contents of reports needs a `report_id`"),
            "guide_history": ("guide", "change history needs a `guide`: its id or its URL"),
        }
        if self.report in needs:
            key, sentence = needs[self.report]
            if not getattr(self, key):
                raise ValueError(sentence)
        if self.source == "custom" and self.request is None:
            raise ValueError("a custom source needs its `request`")
        if self.request is not None and self.source != "custom":
            raise ValueError("`request` belongs to `source: custom`")
        if self.source and SOURCES[self.source].is_events and self.duration is None:
            raise ValueError(f"{self.source} needs a `duration`: event rows are asked for by day")
        if self.duration and self.source == "custom":
            raise ValueError("a custom request says its own days: leave `duration` out")
        if self.duration and self.report != "row_aggregation":
            raise ValueError("`duration` belongs to a row aggregation: reports say their own days")
        return self

    @property
    def dataset_name(self) -> str:
        """Where the rows go: the dataset named, or the pull's own name."""
        return self.dataset or self.name.replace("-", "_")

    @property
    def update_method(self) -> Update:
        """The update method chosen, or the one that suits the source (B-42)."""
        if self.update is not None:
            return self.update
        if self.source is None:
            return Update(method="replace")
        source = SOURCES[self.source]
        if source.is_events:
            return Update(method="partition", key=("day",))
        if source.id_field and source.paged:
            return Update(method="merge", key=(source.id_field,))
        return Update(method="replace")
