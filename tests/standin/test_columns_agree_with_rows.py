"""What SQL says about a pipeline and what plain Python says about it are the same."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.standin.aggregation import columnar, rowops
from workbench.standin.aggregation.answer import _wire
from workbench.standin.aggregation.frame import Frame
from workbench.standin.aggregation.sql import NotColumnarError
from workbench.standin.pendo import PendoStandIn

FIELDS = [
    "visitorId",
    "metadata.custom.tier",
    "metadata.custom.score",
    "metadata.custom.healthscore",
    "metadata.custom.betatester",
    "metadata.auto.lastvisit",
    "metadata.auto.lastupdated",
    "metadata.agent.role",
    "metadata.agent",
    "metadata.nope.gone",
    "metadata.custom.score.deep",
]
LITERALS = ['"gold"', '"v-2"', "50", "0", "12.5", "1772000000000", "true", "null", '`O"Neil`']
OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||"]
CALLS = [
    "isNull({})",
    "isEmpty({})",
    "identified({})",
    'contains({}, "o")',
    'startsWith({}, "v-1")',
    "!{}",
    "-{}",
    "toString({})",
    'if({} > 10, "more", "less")',
]

simple = st.sampled_from(FIELDS + LITERALS)
expressions = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds(lambda call, one: call.format(one), st.sampled_from(CALLS), inner),
    ),
    max_leaves=5,
)
field = st.sampled_from(FIELDS[:8])
stages = st.one_of(
    st.builds(lambda text: {"filter": text}, expressions),
    st.builds(
        lambda keys: {"sort": keys},
        st.lists(
            st.builds("{}{}".format, st.sampled_from(["", "-", "+"]), field), min_size=1, max_size=3
        ),
    ),
    st.builds(lambda n: {"limit": n}, st.integers(0, 200)),
    st.builds(lambda n: {"skip": n}, st.integers(0, 50)),
    st.builds(
        lambda a, b: {"select": {"x": a, "y.z": b, "visitorId": "visitorId"}},
        expressions,
        expressions,
    ),
    st.builds(lambda a: {"eval": {"made.up": a}}, expressions),
    st.builds(
        lambda a: {
            "group": {
                "group": [a],
                "fields": {
                    "n": {"count": None},
                    "ids": {"count": "visitorId"},
                    "sum": {"sum": "metadata.custom.score"},
                },
            }
        },
        field,
    ),
    st.builds(lambda a: {"reduce": {"most": {"max": a}, "n": {"count": a}}}, field),
    st.just({"count": None}),
    st.just({"identified": "visitorId"}),
)


def agreed(pendo: PendoStandIn, pipeline: list[dict[str, Any]]) -> None:
    subscription = pendo.subscription
    # Sixty visitors hold every awkward case and keep this quick.
    frame, setting = subscription.entities.frame("visitor"), subscription.setting()
    frame = frame.filtered("_n < 60")
    read: Callable[[Frame], Any] = lambda f: f.rows(subscription.entities.connection)  # noqa: E731
    rows = read(frame)
    for stage in pipeline:
        ((name, argument),) = stage.items()
        try:
            frame = columnar.STEPS[name](frame, argument, setting, subscription.switches)
        except NotColumnarError:
            return
        rows = rowops.STEPS[name](rows, argument, setting, subscription.switches)
        assert comparable(read(frame)) == comparable(rows), stage


def comparable(rows: Any) -> Any:
    """Rows as they leave, with floats to twelve places: sums in another order differ beyond."""
    if isinstance(rows, float):
        return float(f"{rows:.12g}")
    if isinstance(rows, int) and not isinstance(rows, bool):
        return float(f"{rows:.12g}") if abs(rows) > 1e12 else rows
    if isinstance(rows, dict):
        return {key: comparable(value) for key, value in _wire(rows).items()}
    return [comparable(row) for row in rows] if isinstance(rows, list) else rows


@pytest.mark.parametrize("null_compare", ["false", "zero"])
@pytest.mark.parametrize("sort_missing", ["first", "last"])
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pipeline=st.lists(stages, min_size=1, max_size=3))
def test_both_ways_of_working_give_the_same_rows(
    pendo: PendoStandIn, sort_missing: str, null_compare: str, pipeline: list[dict[str, Any]]
) -> None:
    pendo.switches(sort_missing=sort_missing, null_compare=null_compare)
    agreed(pendo, pipeline)


def test_a_stage_after_a_limit_sees_only_what_is_left(pendo: PendoStandIn) -> None:
    group = {"group": {"group": ["visitorId"], "fields": {"n": {"count": None}}}}

    agreed(pendo, [{"limit": 5}, group])
    agreed(pendo, [{"sort": ["-visitorId"]}, {"limit": 9}, {"skip": 2}, {"filter": "true"}])
