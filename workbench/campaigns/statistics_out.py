"""Which statistics would be written to fields of campaigns and of their editions. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa

from workbench.campaigns.fields import as_written
from workbench.campaigns.mapped import EditionObject
from workbench.campaigns.statistics import CampaignFigures, Figures
from workbench.campaigns.warnings import Warned

FINGERPRINT_CHARS = 12
"""As much as nobody meets twice by chance among the sheets of a day."""
ROWS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("object", pa.string()),
        ("record_id", pa.string()),
        ("edition", pa.string()),
        ("statistic", pa.string()),
        ("field", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class StatisticsOut:
    """Statistics to write, one row per record and field that would change."""

    rows: pa.Table
    """``object`` and ``record_id`` say where to; ``edition`` is null for a campaign's own."""
    warnings: tuple[Warned, ...] = ()

    @property
    def campaigns(self) -> int:
        """Statistics of campaigns to write."""
        own: int = self.rows["edition"].null_count
        return own

    @property
    def editions(self) -> int:
        """Statistics of editions to write."""
        every: int = self.rows.num_rows
        return every - self.campaigns

    @property
    def records(self) -> Mapping[str, int]:
        """Records to write, by their object."""
        pairs = zip(*(self.rows[name].to_pylist() for name in ("object", "record_id")), strict=True)
        return Counter(name for name, _ in set(pairs))

    @property
    def fingerprint(self) -> str:
        """Of everything that would be written; "" for nothing."""
        names = ("record_id", "field", "after")
        told = sorted(zip(*(self.rows[name].to_pylist() for name in names), strict=True))
        return sha256(repr(told).encode()).hexdigest()[:FINGERPRINT_CHARS] if told else ""

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
    editions: EditionObject | None = None,
    records: Sequence[Mapping[str, Any]] = (),
) -> StatisticsOut:
    """Compare the figures with what stands in the fields they go to.

    Args:
        fields: Statistic → field that may be written.
        types: Field → its type in Salesforce.
        there: Campaign → field → value that stands.
        editions: The object of e-mail editions, where one is named.
        records: Its records of these campaigns, with the values that stand.
    """
    rows = []
    for campaign, each in sorted(counted.campaigns.items()):
        where = {"campaign_id": campaign, "object": "Campaign", "record_id": campaign}
        rows += _changed(where, each.as_json(), fields, types, there.get(campaign, {}))
    if editions is not None:
        more, missing = _of_editions(counted, editions, records)
        rows, warned = [*rows, *more], [*warned, *missing]
    bounced = [
        _bounced(campaign, each, stop_pct)
        for campaign, each in counted.campaigns.items()
        if (each.rates["bounce_rate"] or 0) * 100 > stop_pct
    ]
    return StatisticsOut(pa.Table.from_pylist(rows, schema=ROWS), (*warned, *bounced))


def _changed(
    where: Mapping[str, Any],
    told: Mapping[str, Any],
    fields: Mapping[str, str],
    types: Mapping[str, str],
    there: Mapping[str, Any],
) -> list[dict[str, Any]]:
    rows = []
    for statistic, name in fields.items():
        after = as_written(told.get(statistic), types.get(name, ""))
        before = there.get(name)
        if after is not None and (before is None or float(before) != float(after)):
            standing = None if before is None else float(before)
            values = {"statistic": statistic, "field": name, "before": standing}
            rows.append({**where, **values, "after": float(after)})
    return rows


def _of_editions(
    counted: Figures, editions: EditionObject, records: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[Warned]]:
    """Statistics of editions whose record is found, by its name or external id; else a warning.

    No record is made: over there a new one may be mailed.
    """
    by_name: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        names = {_spelled(record.get(editions.edition))}
        names |= {_spelled(record.get(editions.external_id))} if editions.external_id else set()
        for name in names - {""}:
            by_name.setdefault((record[editions.campaign], name), []).append(record)
    rows, warned = [], []
    for campaign, several in sorted(counted.editions.items()):
        for each in several:
            found = by_name.get((campaign, _spelled(each.edition)), [])
            if each.edition is None:
                continue
            if len(found) == 1:
                where = {"campaign_id": campaign, "object": editions.name}
                where |= {"record_id": found[0]["Id"], "edition": each.edition}
                told = each.as_json()
                rows += _changed(where, told, editions.statistics, editions.types, found[0])
            elif editions.statistics:
                many = "no" if not found else "more than one"
                text = f"Salesforce has {many} edition {each.edition[:80]}: its statistics stay"
                warned.append(Warned("statistics not written", f"{text} here", campaign))
    return rows, warned


def _spelled(name: Any) -> str:
    return str(name or "").strip().casefold()


def _bounced(campaign: str, each: CampaignFigures, stop_pct: float) -> Warned:
    percent = (each.rates["bounce_rate"] or 0) * 100
    text = f"{percent:.1f} % of its mails bounced: above {stop_pct:g} % sending should stop"
    return Warned("bounce rate", text, campaign)
