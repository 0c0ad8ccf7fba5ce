"""The reconcile sheet: both directions before anything changes, decisions on rows, and the go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats
from workbench.ui.campaign_kept import Kept, close_sheet, keep, leaving, open_sheet, running
from workbench.ui.campaign_sheet_rows import decide, pick_view, show_rows
from workbench.ui.chips import STATES
from workbench.ui.session import (
    WHO,
    asked,
    explained,
    services,
    show,
    shown,
    zone,
)
from workbench.ui.session import ask as open_question

if TYPE_CHECKING:
    from workbench.campaigns.looked import Looked
    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow

AGAIN = "Failed writes, once more"
TITLES: dict[str, str] = {"manual": "Synchronize", "initial": "New Edition: the initial sync"}


def show_sheet(sync: CampaignSync, row: CampaignRow, kept: Kept) -> None:
    """The whole sheet; its button carries out exactly what it shows."""
    looked = kept.looked
    key = f"campaigns.sheet.{row.id}"
    with st.container(border=True, key="campaign-sheet"):
        with st.container(horizontal=True, vertical_alignment="center"):
            again = None if looked.only is None else sorted(looked.only)
            title = TITLES.get(looked.kind, looked.kind) if again is None else AGAIN
            st.subheader(title, anchor=False)
            if st.button("Read again", icon=":material/refresh:", key=f"{key}.again"):
                open_sheet(sync, row, looked.kind, again)
            if st.button("Close", icon=":material/close:", key=f"{key}.close"):
                close_sheet(row.id)
                st.rerun()
        _numbers(sync, looked)
        _warnings(looked)
        release = _leave(sync, row, looked, key)
        if release and not looked.plan.inputs.rules.release:
            keep(row.id, replace(kept, looked=looked.replanned(looked.plan.released())))
            st.rerun()
        _go(sync, row, looked, key)
        view = pick_view(looked.plan.sheet, key)
        ticked = show_rows(looked.plan.sheet, view, key)
        if decide(sync, row.id, ticked, key, has_conflicts=view == "conflicts"):
            keep(row.id, replace(kept, looked=_decided(sync, row, looked)))
            st.rerun()
        _statistics(looked)
        at = formats.moment(kept.at, zone())
        st.caption(
            f"Both sides as of {at.text} · sheet {looked.fingerprint} · "
            f"{formats.counted(looked.calls, 'call')} expected, by the contract's sum "
            f"{formats.number(looked.estimate.calls)}"
        )
        if looked.notices:
            with st.expander("What stays here", type="compact"):
                st.caption("  \n".join(map(formats.plain, looked.notices)))


def _decided(sync: CampaignSync, row: CampaignRow, looked: Looked) -> Looked:
    """The same reading with what was decided about rows since; nobody is asked again."""
    from workbench.campaigns import shapes

    rows = services().state.campaign_members.decisions(sync.name, [row.id])
    return looked.replanned(looked.plan.with_decisions(shapes.table(rows, shapes.DECISIONS)))


def _numbers(sync: CampaignSync, looked: Looked) -> None:
    """What comes in, what goes out, what is disputed, what it costs."""
    counts = looked.plan.counts
    left, right = st.columns(2)
    told = {
        left: (
            "From Salesforce to the mail side",
            {
                "join": counts.joined,
                "leave": counts.left,
                "address or name": counts.updated,
                "status": counts.statuses_in,
                "active or inactive": counts.states,
            },
        ),
        right: (
            "From the mail side to Salesforce",
            {
                "status": counts.statuses_out,
                **({"with other fields": counts.fields_out} if counts.fields_out else {}),
                "statistics": looked.statistics.campaigns,
                **(
                    {"of editions": looked.statistics.editions}
                    if looked.statistics.editions
                    else {}
                ),
                "conflict": counts.conflicts,
                "held": counts.held,
            },
        ),
    }
    for place, (title, numbers) in told.items():
        words = " · ".join(f"**{formats.number(n)}** {name}" for name, n in numbers.items())
        place.markdown(f"**{title}**  \n{words}")
    rest = _calls_left(sync)
    tests = _test_members(looked)
    st.caption(
        f"{formats.counted(looked.calls, 'API call')} to carry it out"
        + (f" · {formats.number(rest)} of our share left" if rest is not None else "")
        + (f" · {formats.counted(tests, 'test member')}" if tests else "")
        + (" · nothing goes to Salesforce at the initial sync" if looked.kind == "initial" else "")
    )


def _calls_left(sync: CampaignSync) -> int | None:
    from workbench.campaigns.calls import DAY, allocation

    history = services().state.campaign_history
    usage = history.usage(sync.connection)
    share = allocation(sync, services()).calls(usage.limit if usage else None)
    if share is None:
        return None
    return max(share - history.calls_since(sync.connection, services().now() - DAY), 0)


def _test_members(looked: Looked) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(looked.plan.states["is_test"]).as_py() or 0)


def _warnings(looked: Looked) -> None:
    verdict = looked.plan.verdict
    if verdict.held:
        colour, icon = STATES["held"]
        st.markdown(f":{colour}-badge[:material/{icon}: held] {formats.plain(verdict.words)}")
    if looked.all_warnings:
        told = " · ".join(map(str, looked.all_warnings))
        st.caption(f":material/warning: {formats.plain(told)}")


def _leave(sync: CampaignSync, row: CampaignRow, looked: Looked, key: str) -> bool:
    """Members that leave are counted and confirmed; gives whether held ones are let go."""
    counts = looked.plan.counts
    if looked.plan.verdict.held:
        return st.checkbox(
            "Let all of them leave although they are so many",
            key=f"{key}.release.{looked.fingerprint}",
        )
    if counts.left and sync.deletes.confirm_manual:
        told = formats.counted(counts.left, "member")
        confirmed = st.checkbox(
            f"Yes, {told} shall be deleted on the mail side, as in Salesforce",
            # Said of this sheet alone: another one asks again.
            key=f"{key}.confirm.{looked.fingerprint}",
        )
        open_question(leaving(row.id), confirmed)
    return looked.plan.inputs.rules.release


def _why_not(sync: CampaignSync, row: CampaignRow, looked: Looked) -> str:
    """Why it cannot go now; "" where it can."""
    if looked.plan.counts.left and sync.deletes.confirm_manual and not asked(leaving(row.id)):
        return "Confirm first that members are deleted here"
    if (run := running(sync.name, row.id)) is not None:
        return f"Run {run} is syncing it already"
    return ""


def _go(sync: CampaignSync, row: CampaignRow, looked: Looked, key: str) -> None:
    """The button says what it will do; the run it starts is followed on this page."""
    why_not = _why_not(sync, row, looked)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _label(looked), type="primary", icon=":material/sync:", key=f"{key}.go",
            disabled=bool(why_not),
        ):  # fmt: skip
            _launch(sync, row, looked)
        if why_not:
            st.caption(why_not, width="content")


def _label(looked: Looked) -> str:
    counts = looked.plan.counts
    inward = counts.joined + counts.left + counts.updated + counts.statuses_in + counts.states
    beside = counts.fields_out + looked.statistics.rows.num_rows
    if looked.kind == "initial":
        return f"Make the first edition: {formats.counted(counts.joined, 'member')} join"
    told = (
        f"{formats.counted(inward, 'change')} in, "
        f"{formats.counted(counts.statuses_out, 'status', 'statuses')} out"
        + (f", {formats.counted(beside, 'other value')} out" if beside else "")
    )
    verb = "Synchronize" if looked.only is None else "Try again"
    is_any = inward or counts.statuses_out or beside
    return f"{verb}: {told}" if is_any else f"{verb}: both sides agree"


def _launch(sync: CampaignSync, row: CampaignRow, looked: Looked) -> None:
    from workbench.jobs import launch

    options: dict[str, Any] = {
        "campaign": row.id,
        "kind": looked.kind,
        "fingerprint": looked.fingerprint,
        "release": looked.plan.inputs.rules.release,
        **({"only": sorted(looked.only)} if looked.only is not None else {}),
    }
    with explained():
        run_id = launch(services(), f"campaign/{sync.name}", options, who=WHO)
    close_sheet(row.id)
    show(campaign=row.id, run=run_id, show=shown("show"))
    st.rerun()


def _statistics(looked: Looked) -> None:
    rows = looked.statistics.rows
    if not rows.num_rows:
        return
    with st.expander(f"Statistics to write ({rows.num_rows})", type="compact"):
        st.dataframe(
            rows.drop_columns(["campaign_id", "record_id"]),
            hide_index=True,
            column_config={"object": "Of", "edition": "Edition", "statistic": "Statistic",
                           "field": "Field in Salesforce", "before": "Now",
                           "after": "To be written"},
        )  # fmt: skip
