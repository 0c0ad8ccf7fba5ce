"""What Salesforce refused of a run, by its code, and whom to try again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services

NO_CODE = "NO_CODE"
"""Stands for a refusal whose answer named none."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows that Salesforce refused for one reason."""

    code: str
    example: str
    """What it said of the first of them."""
    rows: pa.Table
    """As the store keeps changes: member_id, what, field, before, after, reason."""


def refused(
    services: Services, campaign_id: str, run_id: int, *, limit: int | None = None
) -> list[Refused]:
    """The rows of a run that failed, by code, the most frequent first.

    Args:
        limit: Rows that are read; None is all of them.
    """
    failed = services.state.campaign_history.changes(
        run_id, campaign_id=campaign_id, state="failed", limit=limit
    )
    codes = pc.fill_null(failed["code"], NO_CODE)
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(codes).to_pylist()}
    found = []
    for code in sorted(counts, key=lambda each: (-counts[each], each)):
        rows = failed.filter(pc.equal(codes, code))
        found.append(Refused(code, str(rows["reason"][0].as_py() or ""), rows))
    return found


def whom(rows: pa.Table) -> list[str]:
    """What ``sync_one`` is told to try again: members, and "" for the campaign's statistics."""
    of_members = pc.not_equal(rows["what"], "statistic")
    told = pc.if_else(of_members, rows["member_id"], "")
    return sorted(set(told.to_pylist()))


def failed_of(
    sync: CampaignSync,
    campaign_id: str,
    run_id: int,
    services: Services,
    *,
    codes: Sequence[str] = (),
) -> list[str]:
    """What to try again of a run, of some codes or of all.

    Raises:
        InputError: nothing like that failed in this run.
    """
    services.state.runs.get(run_id)
    every = refused(services, campaign_id, run_id)
    wanted = [each for each in every if not codes or each.code in codes]
    if not wanted:
        known = ", ".join(each.code for each in every) or "none"
        raise InputError(
            f"Run {run_id} of {sync.name} has no failed write of this campaign"
            + (f" with the code {', '.join(codes)}" if codes else ""),
            hint=f"Codes of its failed writes: {known}.",
        )
    return whom(pa.concat_tables([each.rows for each in wanted]))
