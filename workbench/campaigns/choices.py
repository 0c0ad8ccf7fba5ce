"""The groups of settings of a campaign sync, each with the default the contract decided. Pure.

A name such as Q14 is the line of the campaign-sync contract, section 13, that a key answers.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workbench.names import DatasetName

_ID = re.compile(r"701[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")


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
