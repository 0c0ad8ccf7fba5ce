"""Which status label a mail action becomes, checked against the labels the campaign has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats
from workbench.ui.session import WHO, explained, note_for_later, services

if TYPE_CHECKING:
    from workbench.campaigns.choices import StatusMap
    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow

ACTIONS = {
    "sent": "Sent",
    "opened": "Opened",
    "clicked": "Clicked",
    "completed": "Completed",
    "bounced": "Bounced",
    "opted_out": "Opted out",
}
NO_CHANGE = "no change"
"""Stands in the menus for an action that changes no status."""
UNKNOWN = {
    "hold": "is held, with a warning",
    "default": "becomes the campaign's default label",
    "create": "is added to the campaign, where Salesforce allows it",
}


def show_mapping(sync: CampaignSync, row: CampaignRow) -> None:
    """A menu per action; a label that the campaign does not have is said beside it."""
    labels = {label["label"]: label for label in row.labels or ()}
    special = sync.special(row.id)
    is_own = special is not None and special.status_map is not None
    stands = sync.status_map_of(row.id)
    whose = "This campaign's own." if is_own else "The same for every campaign, until it is saved."
    st.caption(f"What a member did decides the status that is written to Salesforce. {whose}")
    _labels(labels)
    chosen = {
        action: _ask(sync, row, action, getattr(stands, action), labels) for action in ACTIONS
    }
    keeps = st.toggle(
        "Never back from a response",
        stands.never_downgrade,
        key=f"campaign.map.{row.id}.never",
        help="A member that has responded never gets a label that means not responded.",
    )
    wanted = stands.model_copy(update={**chosen, "never_downgrade": keeps})
    with st.container(horizontal=True):
        if st.button(
            "Save the mapping",
            type="primary",
            icon=":material/save:",
            key="campaign.map.save",
            disabled=wanted == stands,
        ):
            _save(sync, row, wanted)
        if is_own and st.button(
            "Use everybody's", icon=":material/undo:", key="campaign.map.forget"
        ):
            _save(sync, row, None)


def _labels(labels: dict[str, dict[str, Any]]) -> None:
    if not labels:
        st.info(
            "The campaign's labels are not known yet: they are read with its first sheet.",
            icon=":material/info:",
        )
        return
    told = [
        formats.plain(name)
        + (" (default)" if label["is_default"] else "")
        + (" (responded)" if label["has_responded"] else "")
        for name, label in labels.items()
    ]
    st.markdown(f"Labels of this campaign in Salesforce: {', '.join(told)}")


def _ask(
    sync: CampaignSync,
    row: CampaignRow,
    action: str,
    stands: str | None,
    labels: dict[str, dict[str, Any]],
) -> str | None:
    options = [NO_CHANGE, *labels]
    if stands is not None and stands not in options:
        options.append(stands)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    label = left.selectbox(
        ACTIONS[action],
        options,
        index=options.index(stands or NO_CHANGE),
        accept_new_options=True,
        key=f"campaign.map.{row.id}.{action}",
    )
    if label in (None, NO_CHANGE):
        return None
    if labels and label not in labels:
        rule = UNKNOWN[sync.status.unknown_label]
        right.markdown(
            f":orange[:material/warning: The campaign has no label {formats.plain(str(label))}: "
            f"it {rule}]"
        )
    return str(label)


def _save(sync: CampaignSync, row: CampaignRow, wanted: StatusMap | None) -> None:
    from workbench.campaigns.choices import Special

    named = next((each for each in sync.campaigns if each[:15] == row.id[:15]), row.id)
    special = sync.campaigns.get(named, Special()).model_copy(update={"status_map": wanted})
    kept = {**sync.campaigns, named: special}
    if special == Special():
        del kept[named]
    with explained():
        services().documents.save(sync.model_copy(update={"campaigns": kept}), WHO)
    note_for_later(f"Saved the mapping of {row.name}")
    st.rerun()
