"""The reconcile sheet that is open in this session, and the run of a campaign under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import ask as open_question
from workbench.ui.session import explained, remember, remembered, services

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workbench.campaigns.looked import Looked
    from workbench.campaigns.model import CampaignSync
    from workbench.campaigns.vocabulary import SyncKind
    from workbench.store.state.campaign_rows import CampaignRow


@dataclass(frozen=True, slots=True)
class Kept:
    """A sheet of this session and when both sides were read for it."""

    looked: Looked
    at: datetime


def kept_sheet(campaign_id: str) -> Kept | None:
    """The sheet of a campaign that is open in this session."""
    kept = remembered(f"campaign-sheet/{campaign_id}")
    return kept if isinstance(kept, Kept) else None


def close_sheet(campaign_id: str) -> None:
    """Put the sheet away."""
    remember(f"campaign-sheet/{campaign_id}", None)
    open_question(leaving(campaign_id), False)


def open_sheet(
    sync: CampaignSync, row: CampaignRow, kind: SyncKind, only: Sequence[str] | None = None
) -> None:
    """Read both sides and keep the sheet; where that fails, the page says why.

    Args:
        only: Members whose failed writes are tried again, "" for statistics; None is everybody.
    """
    from workbench.campaigns.run import preview

    with explained(stop=False), st.spinner("Reading both sides…", show_time=True):
        looked = preview(sync, row.id, services(), kind=kind, only=only)
        remember(f"campaign-sheet/{row.id}", Kept(looked, services().now()))
        open_question(leaving(row.id), False)
        st.rerun()


def keep(campaign_id: str, kept: Kept) -> None:
    """Show this sheet from now on."""
    remember(f"campaign-sheet/{campaign_id}", kept)


def leaving(campaign_id: str) -> str:
    """The question whether members are deleted here."""
    return f"let members of {campaign_id} leave"


def running(sync: str, campaign_id: str) -> int | None:
    """The run of this campaign that is under way or waits."""
    for run in services().state.runs.latest(f"campaign/{sync}", limit=20):
        if not run.is_finished and (run.options or {}).get("campaign") == campaign_id:
            return run.id
    return None
