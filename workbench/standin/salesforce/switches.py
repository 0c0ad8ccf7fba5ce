"""What the org does where nobody knows what Salesforce does (contract, section 16), and faults."""

from workbench.standin.switchboard import Switchboard

CHOICES: dict[str, tuple[str | int, ...]] = {
    "oauth_error_description": ("on", "off"),
    "rotate_refresh_token": ("off", "on"),
    "deleted_members_in_queryall": ("on", "off"),
    "invalid_status": ("default", "error", "accept"),
    "member_status_writable": ("on", "off"),
    "member_upsert": ("reject", "accept"),
    "create_both_ids": ("contact_only", "error"),
    "batch_duplicates": ("second_fails", "both_fail"),
    "parent_touches_member": ("off", "on"),
    "replication_window_code": (
        "INVALID_REPLICATION_DATE",
        "INVALID_QUERY_FILTER_OPERATOR",
        "UNKNOWN_EXCEPTION",
    ),
    "composite_cost": ("one", "per_subrequest"),
    "bulk_counts": ("on", "off"),
    "bulk_expired": (401, 400),
    "campaign_objects": ("visible", "hidden"),
    "entity_deleted_status": (404, 400),
    "limits_forbidden": ("off", "on"),
    "limit_kind": ("daily", "concurrent"),
    "seed_equal_stamps": ("off", "on"),
}
"""Switches with a fixed list of values, the default first."""

NUMBERS: dict[str, float] = {
    "usage_jitter": 0,
    "page_rows": 0,
    "daily_limit": 15_000,
    "app_limit": 0,
    "member_status_max": 50,
    "lock_row_every_n": 0,
    "unavailable_every_n": 0,
    "query_timeout_every_n": 0,
    "refuse_every_n": 0,
    "late_commit_s": 0,
    "slow_response_ms": 0,
    "token_ttl_s": 7200,
    "token_calls": 0,
    "covered_lag_s": 0,
    "delete_log_days": 15,
    "bulk_poll_states": 2,
}
"""Switches that take a number of 0 or more.

``page_rows`` 0 is what the request asks for; ``token_calls`` ends a session after so many calls, so
that it expires in the middle; ``app_limit`` makes the usage header name our app's own share;
``refuse_every_n`` answers each n-th call with the 403 that ``limit_kind`` names.
"""

CUSTOM_FIELDS = (
    "Campaign.Auto_Sync__c boolean",
    "Campaign.Emails_Sent__c double",
    "Campaign.Emails_Delivered__c double",
    "Campaign.Emails_Opened__c double",
    "Campaign.Emails_Clicked__c double",
    "Lead.Test_Member__c boolean",
    "Contact.Test_Member__c boolean",
    "CampaignMember.Test_Member__c boolean",
)
"""The custom fields that the rehearsal org has from the start."""

LISTS: dict[str, tuple[str, ...]] = {
    "hidden_fields": (),
    "custom_fields": CUSTOM_FIELDS,
}
"""``hidden_fields`` such as ``Lead.HasOptedOutOfEmail``; ``custom_fields`` such as
``Campaign.Auto_Sync__c boolean``."""


class OrgSwitches(Switchboard):
    """The present position of every switch of the org."""

    def __init__(self) -> None:
        super().__init__(CHOICES, NUMBERS, LISTS)
