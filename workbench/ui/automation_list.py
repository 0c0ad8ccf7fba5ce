"""All automations: on or off, where they write, what would be written, how the last run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.schedules.fires import next_fires
from workbench.ui import formats, frame
from workbench.ui.lines import Line, lines_of
from workbench.ui.run_view import launch_run
from workbench.ui.search import searched
from workbench.ui.session import WHO, explained, services, show, zone

if TYPE_CHECKING:
    from workbench.automations.model import Automation

NEW = "1"
"""Stands in the address for a new automation; none can be named so."""
TROUBLED = ("failed", "held", "done with errors")


def lines() -> list[Line[Automation]]:
    """Every automation, those that need attention first."""
    found = lines_of("automation", services().documents.automation)
    return sorted(found, key=lambda line: (not _needs_attention(line), line.name))


def _needs_attention(line: Line[Automation]) -> bool:
    """Whether a person should look at it."""
    return bool(line.trouble) or line.status in TROUBLED


def _text(line: Line[Automation]) -> str:
    """What the search looks into."""
    if line.document is None:
        return line.name
    given = line.document
    words = (line.name, given.description, given.owner, given.read_from.dataset,
             given.update.prefix, given.connection, *given.tags)  # fmt: skip
    return " ".join((*words, line.status, "on" if given.active else "draft")).lower()


def automation_list() -> None:
    """The page without an automation chosen."""
    about = "Predictions written into Pendo's metadata, on a schedule, after a look at the sheet."
    actions = frame.header("Automations", about)
    if not services().documents.names("connection"):
        frame.empty(
            "No connection yet. An automation needs one to write to.",
            "connections", "Add a connection", ":material/add:",
        )  # fmt: skip
        return
    if not services().datasets.names():
        frame.empty(
            "No dataset yet. An automation reads predictions from one: pull it, or import a file.",
            "pulls", "Define a pull", ":material/add:",
        )  # fmt: skip
        return
    with actions:
        if st.button(
            "New automation", type="primary", icon=":material/add:", key="automations.new"
        ):
            show(new=NEW)
            st.rerun()
    found = lines()
    if not found:
        frame.empty(
            "No automations yet. Choose a decision base and see what would be written: "
            "nothing is sent before you say so.",
            "automations", "Define the first automation", ":material/add:", new=NEW,
        )  # fmt: skip
        return
    searched(
        found,
        _draw,
        thing="automation",
        places="Name, dataset, prefix, owner, tag or status",
        text=_text,
    )


def _draw(line: Line[Automation]) -> None:
    with st.container(border=True, key=f"automation-line-{line.name}"):
        name, where, rows, last, act = st.columns([4, 4, 3, 3, 2], vertical_alignment="center")
        with name:
            frame.link("automations", line.name, icon=":material/sync_alt:", automation=line.name)
            if line.document and line.document.description:
                st.caption(formats.plain(line.document.description))
        if line.document is None:
            where.error(line.trouble)
            return
        given = line.document
        where.markdown(
            f"{given.read_from.dataset} → Pendo {given.update.object}s of {given.connection}, "
            f"`{given.update.prefix}_…`"
            + (f"  \n<small>{formats.plain(given.owner)}</small>" if given.owner else ""),
            unsafe_allow_html=True,
        )
        with rows:
            _seen(line.name)
        with last:
            _times(given, line)
        with act.container(horizontal=True):
            _act(given)


def _seen(name: str) -> None:
    """What the newest preview counted."""
    plans = services().state.plans.latest(name)
    if not plans:
        st.caption("Not previewed yet")
        return
    counts = plans[0].counts
    st.markdown(
        f"{formats.counted(int(counts['matching']), 'record')} match, "
        f"{formats.number(counts['new'] + counts['changed'])} to write"
    )
    st.caption(f"as of {formats.moment(plans[0].made_at, zone()).text}")


def _times(given: Automation, line: Line[Automation]) -> None:
    st.markdown(line.ended, unsafe_allow_html=True)
    coming = next_fires(given.schedules, services().now(), 1) if given.active else []
    if coming:
        st.caption(f"next {formats.moment(coming[0].at, zone()).text}")


def _act(given: Automation) -> None:
    from workbench.automations.run import switch

    on = st.toggle(
        "On" if given.active else "Off", given.active, key=f"automations.on.{given.name}"
    )
    if on != given.active:
        with explained(), st.spinner("Comparing with Pendo…"):
            switch(given, services(), on=on, who=WHO)
        st.rerun()
    if st.button("Run now", icon=":material/play_arrow:", key=f"automations.run.{given.name}"):
        run_id = launch_run(f"automation/{given.name}")
        if run_id is not None:
            show(automation=given.name, run=run_id)
            st.rerun()
