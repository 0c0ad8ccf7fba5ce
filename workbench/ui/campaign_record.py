"""The sync history of a campaign: every run with its counts and calls; a run opens to its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.campaign_kept import open_sheet
from workbench.ui.chips import column as state_column
from workbench.ui.session import services, zone
from workbench.ui.table_file import offer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_history import SyncedRow
    from workbench.store.state.campaign_rows import CampaignRow

SYNCS_SHOWN = 200
ROWS_SHOWN = 2_000
"""Changes of a run on the screen; the file has all of them."""
FEW = 8
HEIGHT = 320
"""Of a list of refused rows, where there are more than a few."""


def show_record(sync: CampaignSync, row: CampaignRow) -> None:
    """Every sync of the campaign, and what the one that is picked changed."""
    syncs = services().state.campaign_history.syncs(sync.name, row.id, limit=SYNCS_SHOWN)
    if not syncs:
        st.caption("Not synced yet.")
        return
    st.caption("Pick a line to see what that sync changed.")
    picked = syncs_table(syncs, pick="campaign.syncs")
    if picked is not None:
        _changes(sync, row, picked)


def syncs_table(
    syncs: Sequence[SyncedRow], *, pick: str | None = None, height: int | None = None
) -> SyncedRow | None:
    """Syncs, newest first, one line each; gives the one that is picked."""
    if not syncs:
        st.caption("Not synced yet.")
        return None
    event: Any = st.dataframe(
        [_line(each) for each in syncs],
        hide_index=True,
        height=height if height and len(syncs) > 5 else "auto",
        key=f"{pick}.{syncs[0].id}" if pick else None,
        on_select="rerun" if pick else "ignore",
        selection_mode="single-row",
        column_config={
            "Run": st.column_config.LinkColumn(width=60, display_text=r"run=(\d+)"),
            "Status": state_column(),
            "Started": st.column_config.DatetimeColumn(
                f"Started ({zone()})", timezone=zone(), format="D MMM YYYY, HH:mm:ss"
            ),
            "Warnings and errors": st.column_config.TextColumn(width="large"),
        },
    )
    picked = list(event.selection.rows) if pick else []
    return syncs[picked[0]] if picked and picked[0] < len(syncs) else None


def _line(each: SyncedRow) -> dict[str, Any]:
    counts = each.counts or {}
    took = (each.finished_at - each.started_at).total_seconds() if each.finished_at else None
    words = [*([each.error] if each.error else []), *(each.warnings or ())]
    return {
        "Run": f"/runs?run={each.run_id}",
        "Kind": each.kind,
        "Started by": each.trigger,
        "Status": [each.status],
        "Started": each.started_at,
        "Took": formats.duration(took),
        "Joined": counts.get("joined"),
        "Left": counts.get("left"),
        "Changed": counts.get("updated"),
        "Statuses in": counts.get("statuses_in"),
        "Statuses out": counts.get("statuses_out"),
        "Conflicts": counts.get("conflicts"),
        "Held": counts.get("held"),
        "Failed": counts.get("failed"),
        "API calls": round(each.calls, 1),
        "Warnings and errors": "; ".join(map(str, words)),
    }


def _changes(sync: CampaignSync, row: CampaignRow, picked: SyncedRow) -> None:
    history = services().state.campaign_history
    changes = history.changes(picked.run_id, campaign_id=row.id, limit=ROWS_SHOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"What run {picked.run_id} changed", anchor=False)
        frame.link("runs", "Open the run", icon=":material/open_in_new:", run=str(picked.run_id))
    if not changes.num_rows:
        st.caption("Nothing: both sides agreed, or it ended before it changed anything.")
        return
    _errors(sync, row, picked.run_id)
    st.dataframe(
        changes_table(changes),
        hide_index=True,
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )
    if changes.num_rows == ROWS_SHOWN:
        st.caption(f"The first {formats.number(ROWS_SHOWN)}; the file has all of them.")

    def whole() -> pa.Table:
        return services().state.campaign_history.changes(picked.run_id, campaign_id=row.id)

    offer(whole, f"sync-{picked.run_id}", f"campaign.sync.{picked.run_id}", rows=changes.num_rows)


def _errors(sync: CampaignSync, row: CampaignRow, run_id: int) -> None:
    """What Salesforce refused, by its code: the rows, a file of them, and those to try again."""
    import pyarrow as pa

    from workbench.campaigns.again import refused, whom

    every = refused(services(), row.id, run_id, limit=ROWS_SHOWN)
    ticked: list[str] = []
    for each in every:
        st.error(
            f"**{formats.counted(each.rows.num_rows, 'row')}** · {formats.plain(each.code)}: "
            f"{formats.plain(each.example)}",
            icon=":material/error:",
        )
        key = f"campaign.refused.{run_id}.{each.code}"
        event: Any = st.dataframe(
            changes_table(each.rows),
            hide_index=True,
            height="auto" if each.rows.num_rows <= FEW else HEIGHT,
            key=key,
            on_select="rerun",
            selection_mode="multi-row",
            column_config={"Why": st.column_config.TextColumn(width="large")},
        )
        picked = [at for at in event.selection.rows if at < each.rows.num_rows]
        ticked += whom(each.rows.take(picked)) if picked else []
    if not every:
        return
    rows = pa.concat_tables([each.rows for each in every])
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f" {formats.number(len(set(ticked)))}" if ticked else ""
        if st.button(
            f"Try the ticked{count} again", icon=":material/replay:", key="campaign.retry.ticked",
            disabled=not ticked,
            help="Shows first what would be written." if ticked else "Tick rows first.",
        ):  # fmt: skip
            open_sheet(sync, row, "manual", sorted(set(ticked)))
        if st.button("Try all of these again", key="campaign.retry"):
            open_sheet(sync, row, "manual", whom(rows))
        offer(rows, f"sync-{run_id}-errors", f"campaign.errors.{run_id}", label="Errors")


def changes_table(changes: pa.Table) -> dict[str, list[Any]]:
    """Changes as a person reads them."""
    columns = changes.to_pydict()
    for name in ("field", "before", "after", "reason"):
        columns[name] = [each or "" for each in columns[name]]
    return {
        "Member": columns["member_id"],
        "Goes": [
            "to Salesforce" if each == "out" else "to the mail side"
            for each in columns["direction"]
        ],
        "What": columns["what"],
        "Field": columns["field"],
        "Before": columns["before"],
        "After": columns["after"],
        "Became": columns["state"],
        "Why": columns["reason"],
    }
