"""What pages read of datasets, remembered by name and version: a version never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import services

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.explore.charts import ChartSpec
    from workbench.explore.columns import Part
    from workbench.explore.rows import Look, Rows
    from workbench.explore.statistics import Statistics
    from workbench.services import Services

SETTLED_S = 3600
"""Seconds after which even what cannot change is let go, so that memory comes back."""


# Tables are kept as resources, which are handed out as they are: `cache_data` would copy them.


@st.cache_resource(max_entries=24, ttl=SETTLED_S, show_spinner="Reading rows…")
def _rows(home: str, name: str, version: int, asked: str, _look: Look, _on: Services) -> Rows:
    from workbench.explore.rows import rows

    return rows(_on.datasets, name, version, _look)


@st.cache_resource(max_entries=64, ttl=SETTLED_S, show_spinner=False)
def _parts(home: str, name: str, version: int, _on: Services) -> list[Part]:
    from workbench.explore.rows import parts

    return parts(_on.datasets, name, version)


@st.cache_resource(max_entries=48, ttl=SETTLED_S, show_spinner="Adding up…")
def _points(
    home: str, name: str, version: int, asked: str, _spec: ChartSpec, _on: Services
) -> pa.Table:
    from workbench.explore.rows import points

    return points(_on.datasets, name, version, _spec)


@st.cache_resource(max_entries=24, ttl=SETTLED_S, show_spinner="Reading every column…")
def _statistics(home: str, name: str, version: int, _on: Services) -> Statistics:
    from workbench.explore.statistics import column_statistics

    return column_statistics(_on.datasets, name, version)


def rows(name: str, version: int, look: Look) -> Rows:
    """The rows a look asks for."""
    found: Rows = _rows(_home(), name, version, repr(look), look, services())
    return found


def parts(name: str, version: int) -> list[Part]:
    """The columns of a version, nested ones also taken apart."""
    found: list[Part] = _parts(_home(), name, version, services())
    return found


def points(name: str, version: int, spec: ChartSpec) -> pa.Table:
    """The points of a chart."""
    return _points(_home(), name, version, repr(spec), spec, services())


def statistics(name: str, version: int) -> Statistics:
    """What every column holds."""
    found: Statistics = _statistics(_home(), name, version, services())
    return found


def _home() -> str:
    return str(services().settings.home.absolute())
