"""What a preview says is what a commit then does: random tables, sequences of random updates."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.datasets.conftest import Bench
from tests.store.datasets.naive import Incoming, Table, freeze
from workbench.errors import InputError
from workbench.store.datasets import Effect, Part, Update
from workbench.store.duck import literal

TODAY = date(2026, 3, 10)
KINDS = {
    "whole": (st.integers(-3, 3), "BIGINT"),
    "number": (st.sampled_from([0.5, 1.5, -2.25]), "DOUBLE"),
    "text": (st.sampled_from(["x", "y", "é'"]), "VARCHAR"),
    "day": (st.integers(0, 4).map(lambda n: TODAY - timedelta(days=n)), "DATE"),
}
"""Few different values, so that rows repeat and keys meet."""


@st.composite
def incoming(draw: st.DrawFn) -> Incoming:
    kinds = {"id": "whole", "day": "day"}
    for name in draw(st.sets(st.sampled_from(["a", "b", "c"]))):
        kinds[name] = draw(st.sampled_from(["whole", "number", "text"]))
    row = {name: _value(name, kind) for name, kind in kinds.items()}
    rows: list[dict[str, Any]] = draw(st.lists(st.fixed_dictionaries(row), max_size=5))
    return Incoming(kinds, rows)


def _value(name: str, kind: str) -> st.SearchStrategy[Any]:
    values, _ = KINDS[kind]
    rarely_none = st.sampled_from([False] * 19 + [True])
    if name in ("id", "day"):
        wide = st.integers(0, 12) if name == "id" else values
        return rarely_none.flatmap(lambda none: st.none() if none else wide)
    return st.none() | values


STEP = st.tuples(
    st.sampled_from(["replace", "replace by id", "append", "merge", "partition", "window"]),
    st.lists(incoming(), min_size=1, max_size=3),
)


def meant(method: str) -> Update:
    return {
        "replace": Update("replace"),
        "replace by id": Update("replace", ("id",)),
        "append": Update("append"),
        "merge": Update("merge", ("id",)),
        "partition": Update("partition", ("day",)),
        "window": Update("partition", ("day",), keep_days=2),
    }[method]


def part_of(bench: Bench, part: Incoming) -> Part:
    """The part as a Parquet file with the given types, whatever its values."""
    columns = ", ".join(
        f"{literal(name)}: {literal(KINDS[kind][1])}" for name, kind in part.kinds.items()
    )
    path = bench.spool / "rows.json"
    path.write_text(json.dumps(part.rows, default=str), encoding="utf-8")
    source = f"read_json({literal(str(path))}, columns={{{columns}}}, format='array')"
    return bench.part(f"SELECT * FROM {source}")


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=1, max_size=4))
def test_the_effect_shown_before_is_the_difference_measured_after(
    make_bench: Callable[[], Bench], steps: list[tuple[str, list[Incoming]]]
) -> None:
    bench, model = make_bench(), Table()
    for method, parts in steps:
        update, before = meant(method), model.frozen()
        rows_before = model.rows
        files = [part_of(bench, part) for part in parts]
        effect = bench.datasets.effect("t", files, update, today=TODAY)
        refusal = model.update(
            update.method, (*update.key, "")[0], parts, keep_days=update.keep_days, today=TODAY
        )
        if refusal:
            assert effect.refusal
            with pytest.raises(InputError):
                bench.commit("t", update, *files, today=TODAY)
        else:
            committed = bench.commit("t", update, *files, today=TODAY)
            assert committed.rows == effect.rows_after == len(model.rows)
            _agree(effect, update, rows_before, model)
        assert effect.rows_before == before.total()
        assert _stored(bench, model) == model.frozen()
    bench.duck.close()


def _stored(bench: Bench, model: Table) -> Counter[Any]:
    if not bench.datasets.exists("t"):
        return Counter()
    return Counter(freeze(row, model.kinds) for row in bench.rows("t"))


def _agree(effect: Effect, update: Update, standing: list[dict[str, Any]], model: Table) -> None:
    """Compare every number of the effect with one counted here, row by row."""
    columns = model.kinds
    before = Counter(freeze(row, columns) for row in standing)
    after = model.frozen()
    if update.method == "merge" or (update.key == ("id",) and _keyed(standing, model.rows)):
        changed, gone, new, same = _by_id(standing, model.rows, columns)
    else:
        changed, gone, new = 0, (before - after).total(), (after - before).total()
        same = (before & after).total()
    found = (effect.changed, effect.gone, effect.new, effect.same)
    assert found == (changed, gone, new, same)
    if update.method == "append":
        assert effect.duplicates_created == _repeated(after) - _repeated(before)


def _repeated(rows: Counter[Any]) -> int:
    return rows.total() - len(rows)


def _keyed(*sides: list[dict[str, Any]]) -> bool:
    keys = [[row["id"] for row in side] for side in sides]
    return all(None not in side and len(set(side)) == len(side) for side in keys)


def _by_id(
    before: list[dict[str, Any]], after: list[dict[str, Any]], columns: Any
) -> tuple[int, int, int, int]:
    """By key, as people count: a row that still stands somewhere is the same row."""
    changed = gone = new = same = 0
    for value in {row["id"] for row in before + after}:
        was = Counter(freeze(row, columns) for row in before if row["id"] == value)
        now = Counter(freeze(row, columns) for row in after if row["id"] == value)
        kept = (was & now).total()
        altered = min(was.total(), now.total()) - kept
        same, changed = same + kept, changed + altered
        gone += max(was.total() - now.total(), 0)
        new += max(now.total() - was.total(), 0)
    return changed, gone, new, same
