"""What a stand-in does where nobody knows what Pendo does (pendo-api contract, section 11).

Every row of the contract's last table is a switch; its first value is the default. The fault and
seed switches of section 9 are here too. A value is text or a whole number; anything else, an
unknown name, or a value that the table does not know is refused with a sentence.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.standin.switchboard import Switchboard, Value
from workbench.standin.switchboard import SwitchError as SwitchError

CHOICES: dict[str, tuple[str | int, ...]] = {
    "wrong_region_status": (403, 400),
    "bad_key_status": (403, 401),
    "aggregation_requires_write": ("off", "on"),
    "readonly_write_status": (403, 400),
    "rate_limit_status": (429, 403),
    "error_body": ("error", "message", "text", "empty"),
    "overrun": (408, 504, 502, "cut_body", "reset"),
    "report_unknown_status": (404, 400),
    "report_kind_status": (400, 404),
    "report_fields": ("present", "absent"),
    "csv": ("on", "off"),
    "jsonl": ("off", "on"),
    "loose_envelope": ("off", "on"),
    "empty_results": ("array", "null", "absent"),
    "extra_top_keys": ("off", "on"),
    "iterative_periods": ("reject", "emit"),
    "last_included": ("on", "off"),
    "timeseries_required": ("off", "on"),
    "nested_timeseries": ("ignore", "apply", "reject"),
    "visitors_window": ("lastvisit", "ignore"),
    "event_class": ("filter", "ignore"),
    "email_events": ("empty", "guide_like"),
    "unknown_stage_status": (422, 400),
    "per_app_key": ("auto_id", "auto__id"),
    "poll_event_type": ("pollResponse", "ui:web:pollResponse"),
    "single_host_field": ("server", "serverName"),
    "object_filter": ("reject", "accept"),
    "set_operator": ("constants", "reject"),
    "skip_operator": ("on", "off"),
    "join_mode": ("outer", "inner"),
    "null_compare": ("false", "zero"),
    "guide_state_param": ("ignore", "filter"),
    "guide_history": ("array", "wrapped", "empty"),
    "guide_write_body": ("empty", "object"),
    "segment_export": ("off", "on"),
    "parent_account": ("off", "on"),
    "odd_schema_type": ("off", "on"),
    "field_create_body": ("empty", "object"),
    "field_delete_body": ("empty", "object"),
    "value_unknown": (404, "null"),
    "bulk_empty_lists": ("null", "absent", "array"),
    "bulk_error_item": ("error", "message", "id_only", "string"),
    "bulk_408_applied": ("none", "part"),
    "create_scope": ("all", "agent"),
    "undefined_custom": (400, "per_record", "create", "ignore"),
    "undefined_agent": ("create", 400),
    "type_mismatch": ("per_record", 400, "coerce"),
    "null_write": ("clear", "ignore", "error"),
    "bulk_duplicates": ("last", "first", "error"),
    "agent_overwrite": ("off", "on"),
    "readonly_group_status": (400, 403),
    "name_normalise": ("none", "lower", "lower_strip"),
    "write_bumps_lastupdated": ("on", "off"),
    "bulk_delete": ("off", "on"),
    "track_body": ("empty", "ok"),
    "long_string": ("store", "truncate", "per_record"),
    "report_csv_header": ("field", "title"),
    "sort_missing": ("first", "last"),
    "field_duplicate": ("noop", 400),
    "time_forms": ("both", "rfc3339", "ms"),
    "reset_mid_body": ("off", "on"),
    "seed_missing_lastupdated": ("on", "off"),
    "seed_dnp_without_auto": ("on", "off"),
    "seed_equal_timestamps": ("on", "off"),
    "seed_quoted_ids": ("on", "off"),
    "seed_empty_account": ("on", "off"),
}
"""Switches with a fixed list of values, the default first."""

NUMBERS: dict[str, float] = {
    "rate_limit_per_min": 0,
    "retry_after_s": 0,
    "bulk_max_records": 0,
    "bulk_max_bytes": 0,
    "bulk_max_run_s": 0,
    "write_visible_after_s": 0,
    "fault_429_every_n": 0,
    "max_run_s": 0,
    "max_output_bytes": 0,
    "max_rows": 0,
    "slow_response_ms": 0,
    "late_events_h": 0,
}
"""Switches that take a number of 0 or more; 0, the default, is off."""


class Switches(Switchboard):
    """The present position of every switch."""

    def __init__(self, zone: str) -> None:
        self._zone = _zone_name(zone)
        super().__init__(CHOICES, NUMBERS)

    def reset(self) -> None:
        """Put every switch back to its default."""
        super().reset()
        self._values["time_zone"] = self._zone

    def _checked(self, name: str, value: object) -> Value | tuple[str, ...]:
        if name == "time_zone":
            return _zone_name(str(value))
        return super()._checked(name, value)


def _zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SwitchError(
            f"{name} is not a time zone; take a name such as Europe/Berlin"
        ) from error
    return name
