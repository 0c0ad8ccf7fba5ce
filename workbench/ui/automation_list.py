"""All automations: on or off, where they write, what would be written, how the last run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.schedules.fires import next_fires
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.run_view import launch_run
from workbench.ui.search import searched
from workbench.ui.session import WHO, explained, services, show, zone

if TYPE_CHECKING:
    from workbench.automations.model import Automation
    from workbench.store.state import Run

NEW = "1"
"""Stands in the address for a new automation; none can be named so."""
TROUBLED = ("failed", "held", "done with errors")


@dataclass(frozen=True, slots=True)
class Line:
    """One automation in the list."""

    name: str
    automation: Automation | None
    trouble: str
    last: Run | None

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look at it."""
        return bool(self.trouble) or (self.last is not None and self.last.status in TROUBLED)

    @property
    def text(self) -> str:
        """What the search looks into."""
        if self.automation is None:
            return self.name
        given = self.automation
        words = (self.name, given.description, given.owner, given.read_from.dataset,
                 given.update.prefix, given.connection, *given.tags)  # fmt: skip
        status = self.last.status if self.last else "not run yet"
        return " ".join((*words, status, "on" if given.active else "draft")).lower()


def lines() -> list[Line]:
    """Every automation, those that need attention first."""
    found = []
    bench = services()
    for name in bench.documents.names("automation"):
        runs = bench.state.runs.latest(f"automation/{name}", limit=1)
        last = runs[0] if runs else None
        try:
            found.append(Line(name, bench.documents.automation(name), "", last))
        except WorkbenchError as error:
            found.append(Line(name, None, str(error), last))
    return sorted(found, key=lambda line: (not line.needs_attention, line.name))


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
        text=lambda line: line.text,
    )


def _draw(line: Line) -> None:
    with st.container(border=True, key=f"automation-line-{line.name}"):
        name, where, rows, last, act = st.columns([4, 4, 3, 3, 2], vertical_alignment="center")
        with name:
            frame.link("automations", line.name, icon=":material/sync_alt:", automation=line.name)
            if line.automation and line.automation.description:
                st.caption(formats.plain(line.automation.description))
        if line.automation is None:
            where.error(line.trouble)
            return
        given = line.automation
        where.markdown(
            f"{given.read_from.dataset} → Pendo {given.update.object}s of {given.connection}, "
            f"`{given.update.prefix}_…`"
            + (f"  \n<small>{formats.plain(given.owner)}</small>" if given.owner else ""),
            unsafe_allow_html=True,
        )
        with rows:
            _seen(line.name)
        with last:
            _times(given, line.last)
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


def _times(given: Automation, last: Run | None) -> None:
    at = last and (last.finished_at or last.started_at)
    told = formats.moment(at, zone()).text if at else ""
    st.markdown(
        f"{chip_text(last.status if last else 'not run yet')} <small>{told}</small>",
        unsafe_allow_html=True,
    )
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
