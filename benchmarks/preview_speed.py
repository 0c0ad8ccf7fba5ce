"""How long the change sheet takes to be drawn again. Run by hand, on a quiet machine.

    python -m benchmarks.preview_speed [--records 100000 1000000] [--json FILE]

Base and live values are in memory already, as they are between two changes of a control. Beside it
the script one would write in pandas for the same counts and the same first page. Wall seconds are
what a person waits; processor seconds tell the work also where the machine is busy.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from workbench.automations.model import Automation
from workbench.automations.plan import PlanInputs
from workbench.automations.preparation import Preparation
from workbench.automations.sheet import View, drawn_sheet
from workbench.pendo.model import FieldDescriptor
from workbench.store import duck

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OUTPUTS = ("score", "date", "trend", "explain", "state")
REPEATS = 3
MEMORY_MB = 768
"""What a page's live sheet is given."""
LABELS = "['Excellent', 'Good', 'Fair', 'Poor']"
REASONS = "'Usage fell by ' || (i % 90) || ' percent; open tickets are ' || (i % 9)"
COLUMNS = {
    "label": f"{LABELS}[1 + (i * 7) % 4]",
    "scored": "TIMESTAMP '2025-12-01' + INTERVAL (i % 86400) SECOND",
    "trend": "['up', 'down', 'no change'][1 + i % 3]",
    "why": REASONS,
    "state": "['Churned', 'Renewed', 'Up for renewal'][1 + i % 3]",
}


@dataclass(frozen=True)
class Timed:
    """The best of a few tries."""

    records: int
    what: str
    wall_s: float
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: list[Timed] = []
    for records in options.records:
        found += measured(records)
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in found], indent=2))


def measured(records: int) -> list[Timed]:
    """Every change of a control, at one size."""
    base, live = tables(records)
    found: list[Timed] = []

    def say(
        what: str,
        work: Callable[[], Any],
        repeats: int = REPEATS,
        before: Callable[[], Any] = lambda: None,
    ) -> Timed:
        tries = ((before(), timed(work))[1] for _ in range(repeats))
        best = min(tries, key=lambda pair: pair[0])
        told = Timed(records, what, *best)
        found.append(told)
        print(f"{records:>9,}  {what:<34} {told.wall_s:7.3f} s wall {told.cpu_s:7.3f} s processor")
        return told

    with tempfile.TemporaryDirectory() as folder:
        connection = duck.connect(Path(folder), memory_limit_mb=MEMORY_MB)
        preparation = Preparation(connection)
        draw = drawer(preparation, base, live)
        say("opening it: base joined with Pendo", lambda: draw(), 1)
        days = iter(range(40, 1000))
        redraw = say("another condition", lambda: draw(days=next(days) * 9))
        every = iter([("score", "date"), ("score",), ("score", "state", "explain")])
        say("an output cleared", lambda: draw(fields=next(every)))
        say("a page of another filter", lambda: draw(view=View("same", offset=5_000)))
        rules = iter([["trim"], ["strip_leading_zeros"], []])
        say("a rule that finds nothing more", lambda: draw(match=next(rules)))
        more = iter([["lower"], [], ["lower"]])
        say("a rule that finds one id in fifty", lambda: draw(match=next(more)))
        other = iter([[{"replace": {"-": each}}] for each in "_.:"])
        say("a rule that rewrites every id", lambda: draw(match=next(other)))
        connection.close()
    with tempfile.TemporaryDirectory() as folder:
        connection = duck.connect(Path(folder), memory_limit_mb=MEMORY_MB)
        account = base.column_names.index("account")
        strange = base.set_column(account, "account", pc.utf8_upper(base["account"]))
        draw = drawer(Preparation(connection), strange, live)
        say(
            "a rule that finds all, none before",
            lambda: draw(match=["lower"]),
            before=lambda: draw(match=[]),
        )
        connection.close()
    script = say("the same counts and page in pandas", pandas_script(base, live))
    print(f"{records:>9,}  pandas takes {script.wall_s / redraw.wall_s:.1f} times as long\n")
    return found


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and processor seconds of some work."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def tables(records: int) -> tuple[pa.Table, pa.Table]:
    """A decision base and what Pendo holds; one record in a hundred has another label,
    and one in fifty an id in capitals.
    """
    base = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
    scored = "strftime(TIMESTAMP '2025-12-01' + INTERVAL (i % 86400) SECOND, '%Y-%m-%dT%H:%M:%SZ')"
    moved = f"{LABELS}[1 + (i * 7 + (i % 100 = 0)::INTEGER) % 4]"
    with duckdb.connect() as made:
        rows = f"FROM range({records}) AS rows(i)"
        return (
            made.sql(
                "SELECT 'opportunity-' || i AS opportunity, "
                "CASE WHEN i % 50 = 0 THEN 'ACCOUNT-' ELSE 'account-' END || i AS account, "
                f"DATE '2026-01-01' + (i % 365)::INTEGER AS churn_date, {base} {rows}"
            ).to_arrow_table(),
            made.sql(
                f"SELECT 'account-' || i AS id, {moved} AS predict_score, "
                f"{scored} AS predict_date, {COLUMNS['trend']} AS predict_trend, "
                f"{REASONS} AS predict_explain, {COLUMNS['state']} AS predict_state {rows}"
            ).to_arrow_table(),
        )


def drawer(preparation: Preparation, base: pa.Table, live: pa.Table) -> Callable[..., None]:
    """What one change of a control sets off on the server: sheet, counts and a page."""
    schema = {
        "custom": {
            f"predict_{output}": FieldDescriptor("time" if output == "date" else "string")
            for output in OUTPUTS
        }
    }

    def draw(
        days: int = 400,
        fields: tuple[str, ...] = OUTPUTS,
        match: list[Any] | None = None,
        view: View | None = None,
    ) -> None:
        near = {"field": "churn_date", "op": "in_the_next", "value": days, "unit": "days"}
        automation = Automation.model_validate(
            {
                "name": "churn",
                "connection": "acme",
                "read_from": {
                    "dataset": "scores",
                    "source_id": "opportunity",
                    "conditions": {"all": [near]},
                    "outputs": dict(zip(OUTPUTS, COLUMNS, strict=True)),
                },
                "update": {"id_field": "account", "match": match or [], "fields": fields},
            }
        )
        drawn = preparation.draw(PlanInputs(automation, base, live, schema, NOW))
        preparation.condition_counts(drawn)
        drawn_sheet(preparation, drawn).page(view or View("write"))

    return draw


def pandas_script(base: pa.Table, live: pa.Table) -> Callable[[], Any]:
    """The same in pandas, frames in memory as well."""
    left, right = base.to_pandas(), live.to_pandas()

    def script() -> Any:
        until = date(2026, 1, 1) + timedelta(days=400)
        near = left[(left["churn_date"] >= NOW.date()) & (left["churn_date"] <= until)].copy()
        near["date"] = near["scored"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        both = near.merge(right, left_on="account", right_on="id", how="left", indicator=True)
        asked = {"score": "label", "date": "date", "trend": "trend", "explain": "why",
                 "state": "state"}  # fmt: skip
        changed = False
        for output, column in asked.items():
            changed |= both[column] != both[f"predict_{output}"]
        both["changed"] = changed
        counts = both.groupby(["_merge", "changed"], observed=True).size()
        return counts, both[both["changed"]].sort_values("account").head(50)

    return script


if __name__ == "__main__":
    main()
