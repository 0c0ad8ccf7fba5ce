"""Members of a campaign: state, reason, last action; search, export, what ever changed of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.campaigns.vocabulary import REASONS
from workbench.ui import formats
from workbench.ui.campaign_record import changes_table
from workbench.ui.session import services, zone
from workbench.ui.table_file import offer

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow

PAGE_ROWS = 100
HEIGHT = 460
STATES = ("Active", "Inactive")


def show_members(sync: CampaignSync, row: CampaignRow) -> None:
    """Filters, a page of members, the file, and the history of the one that is picked."""
    chosen = _filters()
    store = services().state.campaign_members
    number = chosen.pop("page")
    total, members = store.page(
        sync.name, row.id, **chosen, offset=(number - 1) * PAGE_ROWS, limit=PAGE_ROWS
    )
    pages = max(1, -(-total // PAGE_ROWS))
    st.caption(f"{formats.counted(total, 'member')} · page {number} of {pages}")
    if not members.num_rows:
        st.caption("No member is like that.")
        return
    event: Any = st.dataframe(
        readable(members),
        hide_index=True,
        height="auto" if members.num_rows <= 12 else HEIGHT,
        # A picked line is kept by place: other members are another table.
        key=f"campaign.members.{hash(tuple(members['member_id'].to_pylist()))}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Last action at": st.column_config.DatetimeColumn(
                timezone=zone(), format="D MMM YYYY, HH:mm", help=f"In your time zone, {zone()}"
            ),
            "Test": st.column_config.CheckboxColumn(width="small"),
        },
    )

    def whole() -> pa.Table:
        return services().state.campaign_members.page(sync.name, row.id, **chosen, limit=None)[1]

    offer(whole, "members", "campaign.members", rows=total)
    picked = list(event.selection.rows)
    if picked and picked[0] < members.num_rows:
        _history(sync, members.slice(picked[0], 1).to_pylist()[0])


def _filters() -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", type="search", live="400ms", key="campaign.members.search", width=280,
            placeholder="Name, address or id", label_visibility="collapsed",
        )  # fmt: skip
        state = st.segmented_control(
            "State", STATES, key="campaign.members.state", label_visibility="collapsed"
        )
        reason = st.selectbox(
            "Reason", REASONS, index=None, key="campaign.members.reason", width=240,
            placeholder="Any reason", label_visibility="collapsed",
        )  # fmt: skip
        page = st.number_input(
            "Page", 1, None, 1, key="campaign.members.page", width=130,
            label_visibility="collapsed",
        )  # fmt: skip
    return {
        "search": (search or "").strip(),
        "state": state,
        "reason": reason,
        "page": int(page),
    }


def readable(members: pa.Table) -> dict[str, list[Any]]:
    """Members as a person reads them."""
    columns = members.to_pydict()
    for name in ("email", "reason", "status", "wanted", "last_action"):
        columns[name] = [each or "" for each in columns[name]]
    names = zip(columns["first_name"], columns["last_name"], strict=True)
    people = zip(columns["lead_id"], columns["contact_id"], strict=True)
    return {
        "Name": [" ".join(filter(None, each)) for each in names],
        "E-mail": columns["email"],
        "State": columns["state"],
        "Reason": columns["reason"],
        "Status in Salesforce": columns["status"],
        "Wanted instead": columns["wanted"],
        "Last action": columns["last_action"],
        "Last action at": columns["last_action_at"],
        **(
            {"Points": columns["points"]}
            if any(each is not None for each in columns["points"])
            else {}
        ),
        "Is a": [
            "converted lead" if lead and contact else "contact" if contact else "lead"
            for lead, contact in people
        ],
        "Test": columns["is_test"],
        "Member id": columns["member_id"],
    }


def _history(sync: CampaignSync, member: dict[str, Any]) -> None:
    """Everything that syncs ever changed of one member."""
    name = " ".join(filter(None, (member["first_name"], member["last_name"])))
    st.subheader(formats.plain(name or member["email"] or member["member_id"]), anchor=False)
    if member["wanted"]:
        st.caption(
            f"The next sync writes {formats.plain(member['wanted'])}: "
            f"{formats.plain(member['wanted_why'] or 'changed here')}."
        )
    changes = services().state.campaign_history.changes_of(sync.name, member["member_id"])
    if not changes.num_rows:
        st.caption("No sync has changed anything of this member.")
        return
    told = changes_table(changes)
    told["Member"] = changes["run_id"].to_pylist()
    st.dataframe({"Run": told.pop("Member"), "At": changes["at"].to_pylist(), **told},
                 hide_index=True)  # fmt: skip
