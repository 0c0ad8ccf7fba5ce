"""The rows of the reconcile sheet: views with their numbers, search, pages, decisions on rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench import in_memory
from workbench.sql import literal
from workbench.ui import formats
from workbench.ui.session import WHO, explained, note_for_later, services
from workbench.ui.table_file import offer

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync

VIEWS: Mapping[str, str] = {
    "all": "everything",
    "joins": "joins",
    "leaves": "leaves",
    "people": "addresses and names",
    "in": "statuses in",
    "states": "active or inactive",
    "out": "statuses out",
    "fields": "other fields out",
    "conflicts": "conflicts",
    "held": "held",
    "alone": "left alone",
    "tests": "test members",
}
"""The views of a sheet, in the order in which they are read."""
CONDITIONS: Mapping[str, str] = {
    "all": "TRUE",
    "joins": "what = 'joined'",
    "leaves": "what = 'left'",
    "people": "what IN ('address', 'name', 'person')",
    "in": "what = 'status' AND direction = 'in'",
    "states": "what = 'state'",
    "out": "what = 'status' AND direction = 'out' AND status NOT IN ('waits', 'dropped')",
    "fields": "what = 'field'",
    "conflicts": "status = 'conflict' OR reason LIKE 'both sides changed it%'",
    "held": "status = 'held'",
    "alone": "status IN ('waits', 'dropped')",
    "tests": "reason = 'global test member'",
}
SIGNS = {
    "new": "+ joins",
    "changed": "→ changes",
    "gone": "− leaves",
    "held": "‖ held",
    "conflict": "≠ conflict",
    "dropped": "= left alone",
    "waits": "◦ waits",
}
"""Statuses with a sign, so that colour is never the only one."""
DIRECTIONS = {"in": "to the mail side", "out": "to Salesforce"}
WORDS = {
    "": "member",
    "email": "address",
    "first_name": "first name",
    "last_name": "last name",
    "person_id": "person",
    "Status": "status",
    "State": "state",
}
"""Fields as a person calls them; a member that joins or leaves has none."""
DECISIONS = {
    "hold": ("Hold", "It comes again at the next sync."),
    "exclude": ("Exclude", "No sync touches it until that is forgotten."),
    "salesforce": ("Salesforce wins", "Salesforce's status is taken over."),
    "mail_side": ("The mail side wins", "Our status is written to Salesforce."),
}
"""What a person may decide about a row."""
PAGE_ROWS = 50
HEIGHT = 460


def counts(sheet: pa.Table) -> dict[str, int]:
    """Rows of each view."""
    told = ", ".join(f'count(*) FILTER ({text}) AS "{view}"' for view, text in CONDITIONS.items())
    with in_memory.connect({"sheet": sheet}) as connection:
        row: dict[str, int]
        [row] = connection.sql(f"SELECT {told} FROM sheet").to_arrow_table().to_pylist()
        return row


def rows_of(sheet: pa.Table, view: str, search: str) -> pa.Table:
    """The rows of a view that hold a text."""
    with in_memory.connect({"sheet": sheet}) as connection:
        found = f"SELECT * FROM sheet WHERE ({CONDITIONS[view]})"
        text = "lower(concat_ws(' ', name, email, member_id, before, after, reason))"
        holds = f"contains({text}, {literal(search.lower())})"
        ordered = f"{found} AND {holds} ORDER BY direction, what, name, member_id, field"
        return connection.sql(ordered).to_arrow_table()


def pick_view(sheet: pa.Table, key: str) -> str:
    """Which rows are shown; each view with its number, empty ones left out."""
    numbers = counts(sheet)
    there = [view for view in VIEWS if numbers[view] or view == "all"]
    view = st.segmented_control(
        "Show",
        there,
        default="all",
        format_func=lambda each: f"**{formats.number(numbers[each])}** {VIEWS[each]}",
        key=f"{key}.view.{','.join(there)}",
        label_visibility="collapsed",
    )
    return str(view or "all")


def show_rows(sheet: pa.Table, view: str, key: str) -> list[str]:
    """One page of a view with search; gives the members that are ticked."""
    if not sheet.num_rows:
        st.caption("Nothing would change on either side.")
        return []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", type="search", live="400ms", key=f"{key}.search", width=260,
            placeholder="Name, address, id or reason", label_visibility="collapsed",
        )  # fmt: skip
        number = st.number_input(
            "Page", 1, None, 1, key=f"{key}.page", width=130, label_visibility="collapsed"
        )
        place = st.empty()
    found = rows_of(sheet, view, (search or "").strip())
    pages = max(1, -(-found.num_rows // PAGE_ROWS))
    start = (min(int(number), pages) - 1) * PAGE_ROWS
    place.caption(
        f"Page {min(int(number), pages)} of {pages} · {formats.counted(found.num_rows, 'row')}",
        width="content",
    )
    page = found.slice(start, PAGE_ROWS)
    if not page.num_rows:
        st.caption("No row is like that.")
        return []
    ids = page["member_id"].to_pylist()
    event: Any = st.dataframe(
        readable(page),
        hide_index=True,
        height="auto" if page.num_rows <= 12 else HEIGHT,
        # Ticks are kept by place: other rows are another table, or they would move to them.
        key=f"{key}.rows.{view}.{hash(tuple(ids))}",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )
    offer(found, "reconcile-sheet", key)
    return list(dict.fromkeys(ids[at] for at in event.selection.rows if at < len(ids)))


def readable(page: pa.Table) -> dict[str, list[Any]]:
    """A page as a person reads it."""
    columns = {
        name: ["" if each is None else each for each in values]
        for name, values in page.to_pydict().items()
    }
    return {
        "Goes": [DIRECTIONS.get(each, each) for each in columns["direction"]],
        "What happens": [SIGNS.get(each, each) for each in columns["status"]],
        "Member": columns["name"],
        "E-mail": columns["email"],
        "What": [WORDS.get(each, each) for each in columns["field"]],
        "Now": columns["before"],
        "Afterwards": columns["after"],
        "Why": columns["reason"],
    }


def decide(
    sync: CampaignSync, campaign_id: str, ticked: Sequence[str], key: str, *, has_conflicts: bool
) -> bool:
    """Hold or exclude the ticked members, or choose who wins; True once something was decided."""
    standing = services().state.campaign_members.decisions(sync.name, [campaign_id])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(
            "Reason", key=f"{key}.reason", width=240, placeholder="Reason",
            label_visibility="collapsed",
        )  # fmt: skip
        for decision, (label, about) in DECISIONS.items():
            if decision in ("salesforce", "mail_side") and not has_conflicts:
                continue
            if st.button(
                label, key=f"{key}.{decision}", disabled=not ticked,
                help=about if ticked else "Tick rows first.",
            ):  # fmt: skip
                return _keep(sync, campaign_id, ticked, decision, reason or None)
        if standing and st.button(
            "Forget all decisions" if not ticked else "Forget",
            key=f"{key}.forget",
            help=f"{formats.counted(len(standing), 'member')} held, excluded or decided so far.",
        ):
            chosen = ticked or [row["member_id"] for row in standing]
            return _keep(sync, campaign_id, chosen, None, None)
    return False


def _keep(
    sync: CampaignSync,
    campaign_id: str,
    members: Sequence[str],
    decision: str | None,
    reason: str | None,
) -> bool:
    with explained():
        bench = services()
        bench.state.campaign_members.decide(
            sync.name, campaign_id, list(members), decision, who=WHO, at=bench.now(), reason=reason
        )
    words = {"hold": "held", "exclude": "excluded", None: "as the rules say"}
    told = words.get(decision, "decided")
    note_for_later(f"{formats.counted(len(members), 'member')} {told}")
    return True
