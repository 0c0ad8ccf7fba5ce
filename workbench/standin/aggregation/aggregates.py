"""The aggregators of ``group`` and ``reduce``, over rows."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from workbench.standin.expressions.evaluate import Setting, compiled, truth
from workbench.standin.expressions.functions import is_number
from workbench.standin.expressions.parser import parse

Row = Mapping[str, Any]
MINUTE_MS = 60_000
Aggregate = Callable[[Sequence[Row]], Any]


class UnknownAggregateError(ValueError):
    """No aggregator of that name, or not with that argument."""


def aggregate(spec: Any, setting: Setting) -> Aggregate:
    """The function of ``{"sum": "numEvents"}``.

    Raises:
        UnknownAggregateError: no such aggregator.
        ParseError: its argument is no expression.
    """
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise UnknownAggregateError("an aggregator is an object with one key")
    (name, argument), *_rest = spec.items()
    if name == "count":
        return _count(argument, setting)
    if name in ("countIf", "listIf"):
        return _conditional(name, argument, setting)
    if name == "percentiles":
        return _percentiles(argument, setting)
    if name not in _PLAIN or not isinstance(argument, str):
        raise UnknownAggregateError(f"unknown aggregator {name}")
    value, reduce = compiled(parse(argument), setting), _PLAIN[name]
    return lambda rows: reduce([found for row in rows if (found := value(row)) is not None])


def _count(argument: Any, setting: Setting) -> Aggregate:
    if argument is None:
        return len
    fields = argument if isinstance(argument, list) else [argument]
    values = [compiled(parse(str(field)), setting) for field in fields]

    def count(rows: Sequence[Row]) -> int:
        seen = {
            orjson.dumps(found)
            for row in rows
            if (found := [v(row) for v in values]) and None not in found
        }
        return len(seen)

    return count


def _conditional(name: str, argument: Any, setting: Setting) -> Aggregate:
    """``{"countIf": "expr"}``, ``{"countIf": ["field", "expr"]}``, ``{"listIf": [...]}``."""
    parts = argument if isinstance(argument, list) else [None, argument]
    if len(parts) != 2:
        raise UnknownAggregateError(f"{name} takes a condition, or a field and a condition")
    keep = compiled(parse(str(parts[1])), setting)
    field = compiled(parse(str(parts[0])), setting) if parts[0] else None

    def apply(rows: Sequence[Row]) -> Any:
        kept = [row for row in rows if truth(keep(row))]
        values = [row if field is None else field(row) for row in kept]
        if name == "listIf":
            return values
        return (
            len(kept) if field is None else len({orjson.dumps(v) for v in values if v is not None})
        )

    return apply


def _percentiles(argument: Any, setting: Setting) -> Aggregate:
    if not isinstance(argument, Mapping) or "field" not in argument:
        raise UnknownAggregateError("percentiles takes a field and percentiles")
    value = compiled(parse(str(argument["field"])), setting)
    wanted = [float(p) for p in argument.get("percentiles", [50])]

    def apply(rows: Sequence[Row]) -> list[Any]:
        numbers = sorted(_numbers(value(row) for row in rows))
        if not numbers:
            return [None for _p in wanted]
        return [numbers[round((len(numbers) - 1) * min(max(p, 0), 100) / 100)] for p in wanted]

    return apply


def _numbers(values: Iterable[Any]) -> list[float]:
    return [value for value in values if is_number(value)]


def _of_numbers(reduce: Callable[[list[float]], Any], least: int = 1) -> Callable[[list[Any]], Any]:
    def apply(values: list[Any]) -> Any:
        numbers = _numbers(values)
        return reduce(numbers) if len(numbers) >= least else None

    return apply


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    def apply(values: list[Any]) -> Any:
        numbers = _numbers(values)
        texts = [value for value in values if isinstance(value, str)]
        return choose(numbers) if numbers else choose(texts) if texts else None

    return apply


def _average(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _list_average(values: list[Any]) -> Any:
    return _of_numbers(_average)(
        [item for value in values if isinstance(value, list) for item in value]
    )


def _minutes(values: list[Any]) -> list[int]:
    return sorted({int(value // MINUTE_MS) for value in _numbers(values)})


def _days(values: list[Any]) -> list[int]:
    return sorted({int(value) for value in _numbers(values)})


_PLAIN: dict[str, Callable[[list[Any]], Any]] = {
    "sum": lambda values: sum(_numbers(values)),
    "avg": _of_numbers(_average),
    "mean": _of_numbers(_average),
    "min": _extreme(min),
    "max": _extreme(max),
    "median": _of_numbers(statistics.median),
    "stddev": _of_numbers(statistics.pstdev),
    "var": _of_numbers(statistics.pvariance),
    "first": lambda values: values[0] if values else None,
    "list": list,
    "listAverage": _list_average,
    "concat": lambda values: [i for v in values for i in (v if isinstance(v, list) else [v])],
    "sequence": list,
    "daysActiveCreate": _days,
    "daysActiveUnion": _days,
    "daysActiveCount": lambda values: len(_days(values)),
    "minutesActiveUnion": _minutes,
    "minutesActiveCount": lambda values: len(_minutes(values)),
}
