"""Which statistics would be written to fields of the campaigns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from workbench.campaigns.fields import as_written
from workbench.campaigns.statistics import CampaignFigures, Figures
from workbench.campaigns.warnings import Warned

ROWS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("statistic", pa.string()),
        ("field", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class StatisticsOut:
    """Statistics to write, one row per campaign and field that would change."""

    rows: pa.Table
    warnings: tuple[Warned, ...] = ()

    @staticmethod
    def none() -> StatisticsOut:
        """Nothing to write."""
        return StatisticsOut(ROWS.empty_table())


def statistics_out(
    counted: Figures,
    fields: Mapping[str, str],
    types: Mapping[str, str],
    there: Mapping[str, Mapping[str, Any]],
    warned: Sequence[Warned],
    *,
    stop_pct: float,
) -> StatisticsOut:
    """Compare the figures with what stands in the fields they go to.

    Args:
        fields: Statistic → field that may be written.
        types: Field → its type in Salesforce.
        there: Campaign → field → value that stands.
    """
    rows = []
    for campaign, each in sorted(counted.campaigns.items()):
        told = each.as_json()
        for statistic, name in fields.items():
            after = as_written(told.get(statistic), types.get(name, ""))
            before = there.get(campaign, {}).get(name)
            if after is not None and (before is None or float(before) != float(after)):
                rows.append(
                    {
                        "campaign_id": campaign,
                        "statistic": statistic,
                        "field": name,
                        "before": None if before is None else float(before),
                        "after": float(after),
                    }
                )
    bounced = [
        _bounced(campaign, each, stop_pct)
        for campaign, each in counted.campaigns.items()
        if (each.rates["bounce_rate"] or 0) * 100 > stop_pct
    ]
    return StatisticsOut(pa.Table.from_pylist(rows, schema=ROWS), (*warned, *bounced))


def _bounced(campaign: str, each: CampaignFigures, stop_pct: float) -> Warned:
    percent = (each.rates["bounce_rate"] or 0) * 100
    text = f"{percent:.1f} % of its mails bounced: above {stop_pct:g} % sending should stop"
    return Warned("bounce rate", text, campaign)
