"""A campaign sync as an analyst writes it: which org, what is written where, within which limits.

The documents of ``kind: campaign_sync``. Every open question of the contract is a key.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from workbench.campaigns import choices
from workbench.campaigns.batches import Hourly, Nightly
from workbench.campaigns.choices import CampaignId, FieldName
from workbench.campaigns.pam import Pam, checked_statistics
from workbench.names import DocumentName
from workbench.schedules.model import Retry, Schedule
from workbench.zones import ZoneName


class CampaignSync(BaseModel):
    """Keep the campaigns of one Salesforce org and our mail side in step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["campaign_sync"] = "campaign_sync"
    name: DocumentName
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    connection: DocumentName
    timezone: ZoneName | None = None
    """Whose today decides that a campaign has ended; None is the workspace's zone."""

    auto_sync_field: FieldName | None = None
    """A checkbox field on Campaign; None keeps the checkbox here (Q17)."""
    closed_when: choices.ClosedWhen = choices.ClosedWhen()
    skip_closed: bool = True
    """Batch runs leave closed campaigns out, count them and list them (Q09)."""
    test_members: choices.TestMembers = choices.TestMembers()
    status_map: choices.StatusMap = choices.StatusMap()
    campaigns: dict[CampaignId, choices.Special] = {}
    """What single campaigns do in their own way."""
    statistics: Annotated[dict[str, FieldName | None], AfterValidator(checked_statistics)] = {}
    """Statistic → field on Campaign; null keeps it on our side."""
    engagement: choices.Engagement = choices.Engagement()

    nightly: Nightly = Nightly()
    hourly: Hourly = Hourly()
    writeback: choices.Writeback = choices.Writeback()
    conflict: choices.Conflict = choices.Conflict()
    campaign_fields: choices.CampaignFields = choices.CampaignFields()
    conversion: choices.Follow = choices.Follow()
    merge: choices.Follow = choices.Follow()
    deletes: choices.Deletes = choices.Deletes()
    new_edition: choices.NewEdition = choices.NewEdition()
    manual: choices.Manual = choices.Manual()
    status: choices.Status = choices.Status()
    members: choices.Members = choices.Members()
    pam: Pam = Pam()
    drip: choices.Drip = choices.Drip()
    scoring: choices.Scoring = choices.Scoring()
    notify: choices.Notify = choices.Notify()
    bounce: choices.Bounce = choices.Bounce()
    run: choices.Overlap = choices.Overlap()
    optout: choices.OptOut = choices.OptOut()
    stats: choices.Stats = choices.Stats()
    api: choices.Api = choices.Api()
    catch_up: Literal["ask", "once", "each", "skip"] = "ask"
    """What becomes of batch runs that were missed (Q24)."""
    retry: Retry = Retry()

    @model_validator(mode="after")
    def _special_campaigns_are_told_apart(self) -> Self:
        short = [campaign[:15] for campaign in self.campaigns]
        if len(set(short)) < len(short):
            raise ValueError("`campaigns` names one campaign twice, with 15 and with 18 characters")
        return self

    @model_validator(mode="after")
    def _everything_goes_to_one_place(self) -> Self:
        named, more = self.statistics, self.pam.statistics
        if twice := sorted({name for name, field in named.items() if field} & set(more)):
            raise ValueError(f"`statistics` and `pam` both say where {twice[0]} goes")
        fields = [field.lower() for field in (*named.values(), *more.values()) if field]
        if len(set(fields)) < len(fields):
            raise ValueError("two statistics of `statistics` and `pam` go to one field")
        if self.auto_sync_field is not None and "auto_sync" in self.pam.fields:
            raise ValueError("`auto_sync_field` and `pam` both say where the checkbox is")
        return self

    @property
    def auto_sync_box(self) -> str | None:
        """The checkbox field on Campaign, whichever key names it; None keeps the box here."""
        return self.auto_sync_field or self.pam.fields.get("auto_sync")

    def status_map_of(self, campaign_id: str) -> choices.StatusMap:
        """The mapping of one campaign, by its 15 or 18 characters: its own, or everybody's."""
        special = self.special(campaign_id)
        return (special.status_map if special else None) or self.status_map

    def special(self, campaign_id: str) -> choices.Special | None:
        """What one campaign does in its own way, None if nothing."""
        for named, special in self.campaigns.items():
            if named[:15] == campaign_id[:15]:
                return special
        return None

    @property
    def nightly_schedule(self) -> Schedule:
        """When the nightly batch runs."""
        hour, minute = self.nightly.at
        return Schedule(every="daily", hour=hour, minute=minute, timezone="UTC")

    @property
    def hourly_schedule(self) -> Schedule:
        """When the hourly batch runs, if it is on."""
        return Schedule(
            every="hourly",
            minute=self.hourly.minute,
            active_hours=self.hourly.active_hours,
            timezone="UTC",
        )
