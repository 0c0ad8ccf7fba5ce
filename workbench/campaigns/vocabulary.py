"""The words of a campaign: what may happen to a member, states, reasons, editions by type. Pure."""

from typing import Literal

SyncKind = Literal["initial", "manual", "nightly", "hourly"]
SYNC_KINDS: tuple[SyncKind, ...] = ("initial", "manual", "nightly", "hourly")

ACTIONS = ("Sent", "Opened", "Clicked", "Completed")
"""What a member did last, weakest first: a later one never hides a stronger one."""
ACTION_OF_EVENT = {
    "sent": "Sent",
    "delivered": "Sent",
    "opened": "Opened",
    "clicked": "Clicked",
    "completed": "Completed",
}
"""What an event of the engagement dataset makes of a member; the other events make reasons."""
EVENTS = (*ACTION_OF_EVENT, "soft_bounced", "hard_bounced", "complained", "opted_out")
"""Every event an engagement dataset may hold."""

OPT_OUT_REASONS = (
    "Opt Out Direct",
    "Opt Out Indirect",
    "Opt Out Previous",
    "Opt Out Subscription",
)
REASONS = (
    *OPT_OUT_REASONS,
    "Complaint",
    "Hard Bounce",
    "Soft Bounce",
    "No address",
    "Invalid address",
    "Duplicate e-mail",
)
"""Why a member is inactive; the first that applies is shown (campaign-sync contract, section 11).
What the person said comes before what happened to a mail, and that before the address."""

ADAPTIVE_EDITIONS = ("Initial", "Not Opened", "Not Clicked", "Not Complete", "Complete")
"""What New Edition makes of an adaptive campaign (campaign-sync contract, section 4)."""
ADAPTIVE_AUDIENCE = {
    "Not Opened": "Sent, not opened",
    "Not Clicked": "Opened, not clicked",
    "Not Complete": "Clicked, not completed",
    "Complete": "Completed",
}
"""To whom each edition after the first goes."""
CampaignType = Literal["scheduled", "adaptive", "drip"]
"""How a campaign sends, which decides its first editions."""

MAIL_STATISTICS = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "completed",
    "bounced",
    "opted_out",
    "complained",
)
"""Members by what mails did to them, counted of a campaign and of each edition."""
STATISTICS = (
    "total",
    "active",
    "inactive",
    "leads",
    "contacts",
    "converted",
    *MAIL_STATISTICS,
    "open_rate",
    "click_rate",
    "click_to_open_rate",
    "completion_to_open_rate",
    "opt_out_rate",
    "complaint_rate",
    "bounce_rate",
)
"""What can be written to a field of the campaign; rates are fractions from 0 to 1."""

EDITION_STATISTICS = (*MAIL_STATISTICS, "active", "sent_rate", "open_rate", "click_rate")
"""What can be written to a field of an edition's record in Salesforce."""
MEMBER_FACTS = ("state", "reason", "last_action", "points")
"""What of a member, beside its status, can be written to a field of the campaign member."""
SCORED = ("opened", "clicked", "completed")
"""The actions that can give points (Q22)."""
PRODUCT_FIELDS = {
    "inactive": "PAM__Inactive_Members__c",
    "active": "PAM__Active_Members__c",
    "total": "PAM__Total_Members__c",
    "click_to_open_rate": "PAM__Click_to_Open_Rate__c",
    "completion_to_open_rate": "PAM__Completion_to_Open_Rate__c",
    "delivered": "PAM__Delivered__c",
}
"""The source product's own fields whose names are known (campaign-sync contract, section 3).
Salesforce computes them itself, so they are read and shown and never written."""
