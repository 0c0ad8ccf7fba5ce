"""The groups of settings of a campaign sync, each with the default the contract decided. Pure.

A name such as Q14 is the line of the campaign-sync contract, section 13, that a key answers.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from workbench.campaigns.vocabulary import EDITION_STATISTICS, MEMBER_FACTS, STATISTICS
from workbench.names import DatasetName
from workbench.schedules.model import ActiveHours
from workbench.words import nearest

Data = Literal["members", "deleted", "status", "statistics"]
"""What a batch run carries: changed members, deleted ones, statuses out, statistics out."""
ALL_DATA: tuple[Data, ...] = ("members", "deleted", "status", "statistics")
Hour = Annotated[int, Field(ge=0, le=23)]
Minute = Annotated[int, Field(ge=0, le=59)]

_ID = re.compile(r"701[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Group(BaseModel):
    """Settings that belong together; nothing unknown is let in."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _checked_field(text: str) -> str:
    if _FIELD.fullmatch(text):
        return text
    raise ValueError(f"{text[:60]!r} is not the API name of a field, such as Auto_Sync__c")


def _checked_id(text: str) -> str:
    if _ID.fullmatch(text):
        return text
    raise ValueError(f"{text[:40]!r} is not a campaign id: 15 or 18 characters, 701 first")


FieldName = Annotated[str, AfterValidator(_checked_field)]
CampaignId = Annotated[str, AfterValidator(_checked_id)]
Label = Annotated[str, Field(min_length=1, max_length=765)]


class StatusMap(Group):
    """Which status label a mail action becomes; null changes nothing (Q13)."""

    sent: Label | None = "Sent"
    opened: Label | None = None
    clicked: Label | None = "Responded"
    completed: Label | None = "Responded"
    bounced: Label | None = None
    opted_out: Label | None = None
    never_downgrade: bool = True
    """A member that has responded never returns to a label that means "not responded"."""


class Special(Group):
    """What one campaign does in its own way."""

    status_map: StatusMap | None = None
    sends: Literal["scheduled", "adaptive", "drip"] | None = None
    """How it sends, where its type in Salesforce does not say."""


class ClosedWhen(Group):
    """What closes a campaign; any one of them is enough (Q08)."""

    status: tuple[str, ...] = ("Completed", "Aborted")
    inactive: bool = True
    ended: bool = True
    """Its end date lies before today in the workspace's zone."""


class TestMembers(Group):
    """Who joins every campaign at its first sync, to be mailed before anybody else (Q23)."""

    field: FieldName | None = None
    """A checkbox on Lead and Contact."""
    group_field: FieldName | None = None
    """A text field on Lead and Contact that must also say ``group``."""
    group: str = "PAM"
    member_field: FieldName | None = None
    """A checkbox on the campaign member: a test member of that campaign alone."""
    people: tuple[str, ...] = ()
    """E-mail addresses, where Salesforce has no such field."""


class GuideEvents(Group):
    """Pendo guide events as engagement: a guide stands for a campaign's edition."""

    dataset: DatasetName
    guides: Annotated[dict[str, CampaignId], Field(min_length=1)]
    """Guide id → campaign id."""
    events: dict[str, Literal["sent", "delivered", "opened", "clicked", "completed"]] = {
        "guideSeen": "opened",
        "guideAdvanced": "clicked",
        "guideActivity": "clicked",
    }
    """What an event of a guide counts as; the others are not counted."""
    email_of: DatasetName | None = None
    """A dataset of visitors whose e-mail addresses match members; None takes the visitor id."""
    email_field: str = "email"


class Engagement(Group):
    """Where sends, opens, clicks and bounces come from."""

    dataset: DatasetName | None = None
    guide_events: GuideEvents | None = None

    @property
    def is_named(self) -> bool:
        """Whether anything tells what happened to mails."""
        return self.dataset is not None or self.guide_events is not None


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


class Writeback(Group):
    """Which syncs carry statuses and statistics to Salesforce (Q02); never the initial one."""

    on: tuple[Literal["manual", "nightly", "hourly"], ...] = ("manual", "nightly", "hourly")


class Conflict(Group):
    """Who wins when both sides changed one status since the last sync (Q04)."""

    member_status: Literal["salesforce", "mail_side", "newest", "hold"] = "salesforce"


class CampaignFields(Group):
    """Name, type and dates that Salesforce changed after the first sync (Q05)."""

    later: Literal["show", "apply"] = "show"


class Follow(Group):
    """Whether a person is followed through a conversion (Q06) or a merge (Q07)."""

    follow: bool = True


class Deletes(Group):
    """How many members may leave without a person looking (Q10)."""

    confirm_manual: bool = True
    hold_above_pct: Annotated[float, Field(ge=0, le=100)] = 5
    hold_above_n: Annotated[int, Field(ge=0)] = 100


class NewEdition(Group):
    """What a second press of New Edition does (Q11)."""

    again: Literal["add_editions"] = "add_editions"


class Manual(Group):
    """When Synchronize can be pressed (Q12)."""

    enabled_when: Literal["initial_done"] = "initial_done"


class Status(Group):
    """A mapped label that the campaign does not have (Q14)."""

    unknown_label: Literal["hold", "default", "create"] = "hold"


class Members(Group):
    """How changed people are found (Q15)."""

    parent_stamps: Literal["one_query", "three_queries"] = "one_query"
    lookback_s: Annotated[int, Field(ge=0, le=3600)] = 10
    """Seconds read again before the cursor: rows commit late with an older stamp."""
    clock_margin_s: Annotated[int, Field(ge=0, le=3600)] = 300
    """How wrong this machine's clock may be: a quiet cursor follows it this far behind."""
    whole_up_to: Annotated[int, Field(ge=0)] = 6000
    """Members up to which a run reads everybody: three pages, one call more than changes and
    deletions, and exact to the second, which the log of deletions is not."""


EDITION_KEYS = ("object", "campaign", "name", "external_id")
"""How the records of e-mail editions are found; ``name`` is Name unless said."""
PAM_KEYS = (
    "auto_sync",
    *STATISTICS,
    *(f"member.{fact}" for fact in MEMBER_FACTS),
    *(f"edition.{key}" for key in (*EDITION_KEYS, *EDITION_STATISTICS)),
)
"""What ``pam.fields`` can name: things of campaigns, of members, of editions."""


class Pam(Group):
    """Where the source product's package, or an org's own fields, take what we know (Q16)."""

    fields: dict[str, FieldName] = {}
    """A statistic → field of Campaign, ``member.points`` → field of CampaignMember,
    ``edition.object`` → the object of e-mail editions, ``edition.sent`` → a field of it."""

    @model_validator(mode="after")
    def _known_and_told_apart(self) -> Self:
        for key in self.fields:
            if key not in PAM_KEYS:
                raise ValueError(f"`fields` knows no {key[:60]!r}{nearest(key, PAM_KEYS)}")
        for start in ("member.", "edition."):
            self._require_one_each(start)
        keys = {key.removeprefix("edition.") for key in self.fields if key.startswith("edition.")}
        if keys and not {"object", "campaign"} <= keys:
            raise ValueError(
                "`fields` with edition.… also needs edition.object and edition.campaign: the "
                "object of e-mail editions, and its field that names the campaign"
            )
        return self

    def _require_one_each(self, start: str) -> None:
        names = [name.lower() for key, name in self.fields.items() if key.startswith(start)]
        if len(set(names)) < len(names):
            raise ValueError(f"two of {start}… go to one field")

    def of(self, start: str) -> dict[str, str]:
        """The fields of members or editions, by what goes there."""
        named = self.fields.items()
        return {key.removeprefix(start): name for key, name in named if key.startswith(start)}

    @property
    def statistics(self) -> dict[str, str]:
        """Statistic → field of Campaign."""
        return {key: name for key, name in self.fields.items() if key in STATISTICS}


class Drip(Group):
    """Editions that New Edition makes of a drip campaign (Q21)."""

    default_editions: Annotated[int, Field(ge=1, le=50)] = 1


MOST_POINTS = 1_000_000
"""Of one action: beyond it a member's sum could leave the database's whole numbers."""


class Scoring(Group):
    """Points of an e-mail action, given once for each edition; 0 is not scored (Q22)."""

    opened: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 0
    clicked: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 0
    completed: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 0

    @property
    def points(self) -> dict[str, int]:
        """Action → points, of those that give any."""
        return {name: points for name, points in self.model_dump().items() if points}


class Notify(Group):
    """What is told beside the notices of each sync; no mail goes to owners themselves."""

    member_activity: bool = False
    """A notice of each run whose members opened, clicked or completed since (Q26)."""
    sync_completed: bool = False
    """What owners of campaigns are told also goes where alerts go: webhook, mail."""


class Bounce(Group):
    """The bounce rate above which a warning says that sending should stop (Q30)."""

    stop_pct: Annotated[float, Field(ge=0, le=100)] = 5


class Overlap(Group):
    """What a run does while another one has its campaign (Q31)."""

    overlap: Literal["queue", "skip"] = "queue"


class OptOut(Group):
    """Whether a global opt-out ticks Email Opt Out on the lead or contact (Q32)."""

    write_person: bool = False


class Stats(Group):
    """What a click rate is a share of (campaign-sync contract, section 6)."""

    click_base: Literal["delivered", "opened"] = "delivered"


class Api(Group):
    """How calls are counted (Q27); shares and limits are the connection's ``api_budget``."""

    count_bulk: bool = True


def checked_statistics(given: dict[str, str | None]) -> dict[str, str | None]:
    """Statistic → field of Campaign, every name a known one.

    Raises:
        ValueError: there is no such statistic, or two go to one field.
    """
    for name in given:
        if name not in STATISTICS:
            raise ValueError(f"there is no statistic {name[:40]!r}{nearest(name, STATISTICS)}")
    fields = [field.lower() for field in given.values() if field]
    if len(set(fields)) < len(fields):
        raise ValueError("two statistics go to one field")
    return given
