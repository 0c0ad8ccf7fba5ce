"""Which chart suits a dataset, and the SQL that adds its rows up for it. Pure.

A chart never sees rows, only sums of them: at most a few hundred points, whatever the dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.explore.columns import Part
from workbench.sql import literal

Kind = Literal["line", "bar", "histogram"]
Measure = Literal["rows", "sum", "average", "distinct"]
Bucket = Literal["hour", "day", "week", "month"]

TOP_CATEGORIES = 15
"""Bars that can still be read with their names; the rest are added up as one."""
TOP_SPLITS = 5
"""Lines that can be told apart by colour-blind eyes and labelled directly."""
BINS = 30
"""Bars of a histogram."""
MOST_POINTS = 5_000
"""A browser draws so many at once; a finer axis over a longer time is cut there."""
OTHERS = "everything else"
EMPTY = "(empty)"
TIME_NAMES = ("day", "hour", "browserTime", "receivedTime", "firstTime", "week", "month")
"""Pendo's own columns to lay on a time axis, best first."""
COUNT_NAMES = ("numEvents", "numMinutes")
"""Pendo's own columns to add up, best first."""
IDENTIFIERS = ("appId", "id", "visitorId", "accountId", "latitude", "longitude")
"""Numbers and texts that name something: adding them up or grouping by them says little."""


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """One chart, as chosen."""

    kind: Kind
    x: Part
    measure: Measure = "rows"
    of: Part | None = None
    """The column that is summed, averaged or counted distinct; None counts rows."""
    split: Part | None = None
    """One line or bar colour per value of it."""
    bucket: Bucket = "day"
    zone: str = "UTC"
    """Whose days and hours the moments of a time column fall into."""

    @property
    def measure_title(self) -> str:
        """What the value axis says."""
        if self.of is None:
            return "rows"
        words = {
            "sum": "sum of",
            "average": "average",
            "distinct": "different",
            "rows": "rows with",
        }
        return f"{words[self.measure]} {self.of.title}"

    @property
    def x_title(self) -> str:
        """What the other axis says."""
        if self.x.sort == "time":
            return f"{self.x.title} by {self.bucket} ({self.zone})"
        return self.x.title


def x_choices(parts: Sequence[Part]) -> list[Part]:
    """Columns that can be laid along the axis, the likeliest first."""
    able = [part for part in parts if part.sort in ("day", "time", "text", "yes/no", "number")]
    return sorted(able, key=_x_rank)


def number_choices(parts: Sequence[Part]) -> list[Part]:
    """Columns that can be added up, the likeliest first."""
    able = [part for part in parts if part.sort == "number"]
    return sorted(able, key=lambda part: (_rank(part, COUNT_NAMES), part.path[-1] in IDENTIFIERS))


def split_choices(parts: Sequence[Part]) -> list[Part]:
    """Columns that can divide a chart into colours."""
    able = [part for part in parts if part.sort in ("text", "yes/no") or part.path[-1] == "appId"]
    return sorted(able, key=lambda part: part.path[-1] in ("visitorId", "id"))


def kinds_for(x: Part) -> list[Kind]:
    """The charts that make sense along a column, best first."""
    if x.sort in ("day", "time"):
        return ["line", "bar"]
    if x.sort == "number":
        return ["histogram", "bar"]
    return ["bar"]


def default_chart(parts: Sequence[Part]) -> ChartSpec | None:
    """The chart to show before anybody chose: over time, else by category, else a distribution."""
    choices = x_choices(parts)
    if not choices:
        return None
    x = choices[0]
    counts = [part for part in number_choices(parts) if part.path[-1] in COUNT_NAMES]
    if counts and x.sort in ("day", "time"):
        return ChartSpec("line", x, "sum", counts[0])
    return ChartSpec(kinds_for(x)[0], x)


def chart_sql(spec: ChartSpec, scan: str) -> str:
    """SQL for the points of a chart: ``x``, ``value`` and, where it is split, ``series``.

    A histogram answers ``x`` (where a bin starts), ``until`` (where it ends) and ``value``.
    """
    if spec.kind == "histogram":
        return _histogram(spec, scan)
    x, value, order = _x(spec), _value(spec), "1"
    if spec.x.sort not in ("day", "time"):
        x = _folded(spec.x, scan, TOP_CATEGORIES, value)
        order = f"(x = '{OTHERS}'), value DESC"
    series = _folded(spec.split, scan, TOP_SPLITS, value) if spec.split else ""
    beside = f", {series} AS series" if series else ""
    groups = "x, series" if series else "x"
    present = f"WHERE {spec.x.sql} IS NOT NULL " if spec.x.sort in ("day", "time") else ""
    return (
        f"SELECT {x} AS x{beside}, {value} AS value FROM {scan} "
        f"{present}GROUP BY {groups} ORDER BY {order} LIMIT {MOST_POINTS}"
    )


def _x(spec: ChartSpec) -> str:
    if spec.x.sort == "day":
        bucket = "day" if spec.bucket == "hour" else spec.bucket
        return f"date_trunc('{bucket}', {spec.x.sql})"
    if spec.x.sort == "time":
        moment = f"timezone({literal(spec.zone)}, {spec.x.sql}::TIMESTAMPTZ)"
        return f"date_trunc('{spec.bucket}', {moment})"
    return spec.x.sql


def _value(spec: ChartSpec) -> str:
    if spec.of is None or spec.measure == "rows":
        return "count(*)"
    functions = {"sum": "sum({})", "average": "avg({})", "distinct": "count(DISTINCT {})"}
    value = functions[spec.measure].format(spec.of.sql)
    # Sums of whole numbers are 128 bits wide in DuckDB; no chart takes those.
    return f"{value}::DOUBLE" if spec.measure != "distinct" else value


def _folded(part: Part, scan: str, most: int, value: str) -> str:
    """SQL for a category whose rarer values are put together."""
    text = f"coalesce({part.sql}::VARCHAR, '{EMPTY}')"
    top = (
        f"SELECT {text} AS kept FROM {scan} GROUP BY 1 "
        f"ORDER BY {value} DESC NULLS LAST, kept LIMIT {most}"
    )
    return f"CASE WHEN {text} IN (SELECT kept FROM ({top})) THEN {text} ELSE '{OTHERS}' END"


def _histogram(spec: ChartSpec, scan: str) -> str:
    column = f"{spec.x.sql}::DOUBLE"
    return (
        f"WITH ends AS (SELECT min({column}) AS low, max({column}) AS high FROM {scan} "
        f"WHERE isfinite({column})), "
        f"steps AS (SELECT low, greatest(high - low, 1e-9) / {BINS} AS step FROM ends), "
        f"binned AS (SELECT least(floor(({column} - low) / step), {BINS - 1}) AS bin, low, step "
        f"FROM {scan}, steps WHERE isfinite({column})) "
        "SELECT low + bin * step AS x, low + (bin + 1) * step AS until, count(*) AS value "
        "FROM binned GROUP BY bin, low, step ORDER BY 1"
    )


def _x_rank(part: Part) -> tuple[int, int, int]:
    order = {"day": 0, "time": 1, "text": 2, "yes/no": 3, "number": 4}
    named = part.path[-1] in IDENTIFIERS or part.path[-1].lower().endswith("id")
    return (order[part.sort], _rank(part, TIME_NAMES), int(named))


def _rank(part: Part, known: tuple[str, ...]) -> int:
    return known.index(part.path[-1]) if part.path[-1] in known else len(known)
