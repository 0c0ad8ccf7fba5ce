"""How many of what the rehearsal org holds, by size."""

from dataclasses import dataclass

Labels = tuple[tuple[str, bool], ...]
"""Member statuses: the label, and whether it counts as a response; the first is the default."""

PLAIN: Labels = (("Sent", False), ("Responded", True))
MAILING: Labels = (("Sent", False), ("Opened", False), ("Clicked", True), ("Responded", True))
EVENT: Labels = (("Invited", False), ("Registered", True), ("Attended", True), ("No Show", False))


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """One campaign; days count from today."""

    name: str
    type: str
    status: str
    is_active: bool
    starts: int | None
    ends: int | None
    members: int
    labels: Labels = PLAIN
    auto_sync: bool = False


@dataclass(frozen=True, slots=True)
class OrgSize:
    """One size of org."""

    leads: int
    contacts: int
    accounts: int
    campaigns: tuple[CampaignPlan, ...]

    @property
    def people(self) -> int:
        """Leads and contacts together."""
        return self.leads + self.contacts


def _every_kind(factor: float) -> tuple[CampaignPlan, ...]:
    """Campaigns of every kind: open, ended, closed, planned, with and without auto-sync."""

    def size(members: int) -> int:
        return int(members * factor)

    return (
        CampaignPlan(
            "Spring Webinar", "Webinar", "In Progress", True, -20, 20, size(200), MAILING, True
        ),
        CampaignPlan(
            "Onboarding Drip", "Email", "In Progress", True, -60, None, size(120), MAILING, True
        ),
        CampaignPlan("Customer Conference", "Conference", "Planned", True, 10, 12, size(40), EVENT),
        CampaignPlan(
            "Trade Show Berlin", "Trade Show", "Completed", False, -90, -60, size(80), EVENT, True
        ),
        CampaignPlan(
            "Referral Push", "Referral Program", "Aborted", False, -40, -10, size(25), PLAIN
        ),
        CampaignPlan(
            "Partner Newsletter", "Partners", "In Progress", True, -200, -5, size(60), PLAIN, True
        ),
        CampaignPlan("Banner Test", "Banner Ads", "Planned", False, None, None, 5),
        CampaignPlan("Win-back", "Direct Mail", "In Progress", True, -10, 60, size(15), EVENT),
        CampaignPlan("Telemarketing Pilot", "Telemarketing", "Planned", True, None, None, 0),
    )


_MORE = (
    CampaignPlan("Product Launch", "Email", "In Progress", True, -15, 45, 2_400, MAILING, True),
    CampaignPlan("Press Tour", "Public Relations", "Planned", True, 20, 40, 150),
    CampaignPlan("Autumn Upsell", "Email", "Completed", True, -180, -90, 900, MAILING),
)

SIZES = {
    "small": OrgSize(leads=150, contacts=90, accounts=20, campaigns=_every_kind(1)),
    "medium": OrgSize(
        leads=4_000, contacts=2_500, accounts=300, campaigns=(*_every_kind(25), *_MORE)
    ),
    "large": OrgSize(
        leads=90_000,
        contacts=45_000,
        accounts=5_000,
        campaigns=(
            *(
                CampaignPlan(
                    f"Always On {number:02d}",
                    "Email",
                    "In Progress",
                    True,
                    -30,
                    60,
                    2_000,
                    MAILING,
                    True,
                )
                for number in range(1, 51)
            ),
            CampaignPlan(
                "Everybody", "Advertisement", "In Progress", True, -10, 30, 100_000, MAILING
            ),
        ),
    ),
}
"""``small`` for tests, ``medium`` for the demo, ``large`` for the worked example of the campaign
sync contract (section 9): fifty campaigns of 2,000 members and one of 100,000."""
