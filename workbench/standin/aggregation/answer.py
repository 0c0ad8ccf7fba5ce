"""The envelope of an aggregation, and its answer in the form asked for."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from workbench.standin.aggregation.frame import Frame
from workbench.standin.aggregation.pipeline import Pipeline, Result
from workbench.standin.aggregation.sources import asked
from workbench.standin.aggregation.timeseries import Span
from workbench.standin.events.raw import Late
from workbench.standin.replies import JSON, Block, RefusedError, Reply
from workbench.standin.subscription import Subscription
from workbench.standin.switches import Switches
from workbench.standin.zones import starts_between, step_ms

JSONL = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")
ROWS_PER_S = 10_000
"""The pace it pretends to work at, so that ``max_run_s`` does not depend on the machine."""


class OverrunError(Exception):
    """The request asked for more than the scaled limits allow (U08)."""

    def __init__(self, sent: bytes) -> None:
        super().__init__("over the limit")
        self.sent = sent
        """What would have been sent, whole."""


def aggregate(subscription: Subscription, body: bytes, late: Late | None = None) -> Reply:
    """Answer ``POST /aggregation``.

    Raises:
        RefusedError: the request is not one.
        OverrunError: it is over a limit.
    """
    switches = subscription.switches
    question = (body, late, str(switches.all))
    if _is_settled(subscription) and (kept := subscription.answers.find(question)) is not None:
        return Reply(body=kept, content_type=JSON)
    envelope = _loads(body)
    stages = _stages(envelope, switches)
    form = _form(envelope, switches)
    pipeline = Pipeline(subscription, late=late)
    iterated = _iterated(subscription, pipeline, stages, switches)
    result = pipeline.run(stages) if iterated is None else iterated
    if form == "csv":
        return Reply(body=_csv(pipeline.rows(result), stages), content_type="text/csv")
    blocks = _blocks(result, subscription)
    if form == "jsonl":
        lines = [orjson.dumps(_wire(row)) for row in pipeline.rows(result)]
        return Reply(body=b"\n".join(lines) + b"\n", content_type=JSONL[0])
    answer = _wrapped(_limited(blocks, switches), subscription)
    if _is_settled(subscription):
        answer = subscription.answers.keep(question, answer)
    return Reply(body=answer, content_type=JSON)


def _is_settled(subscription: Subscription) -> bool:
    """Whether the same question has the same answer: nobody did anything, and no time passes."""
    return subscription.clock.stands_still and not subscription.is_touched


def sources_named(body: bytes) -> frozenset[str]:
    """The sources a request asks for, for the weather; empty when it cannot be told."""
    try:
        pipeline = orjson.loads(body)["request"]["pipeline"]
        return frozenset(name for name in pipeline[0]["source"] if name != "timeSeries")
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        return frozenset()


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "the body is not JSON") from error


def _stages(envelope: Any, switches: Switches) -> list[Any]:
    loose = switches.is_at("loose_envelope", "on")
    request = envelope.get("request") if isinstance(envelope, Mapping) else None
    if isinstance(request, list) and loose:
        return request
    if request is None and loose and isinstance(envelope, Mapping):
        request = envelope
    if not isinstance(request, Mapping) or not isinstance(request.get("pipeline"), list):
        raise RefusedError(422, "no request with a pipeline")
    beside = [key for key in ("source", "filter", "timeSeries") if key in request]
    stages = list(request["pipeline"])
    if beside and not loose:
        raise RefusedError(422, f"{beside[0]} does not belong beside pipeline")
    if "source" in request and loose:
        source = dict(request["source"])
        if "timeSeries" in request:
            source["timeSeries"] = request["timeSeries"]
        stages.insert(0, {"source": source})
    if not stages:
        raise RefusedError(422, "the pipeline is empty")
    return stages


def _form(envelope: Any, switches: Switches) -> str:
    response = envelope.get("response") if isinstance(envelope, Mapping) else None
    wanted = (response or {}).get("mimeType") if isinstance(response or {}, Mapping) else None
    mime = str(wanted or JSON).split(";")[0].strip()
    if mime == JSON:
        return "json"
    if mime == "text/csv" and switches.is_at("csv", "on"):
        return "csv"
    if mime in JSONL and switches.is_at("jsonl", "on"):
        return "jsonl"
    raise RefusedError(422, f"cannot answer with {mime}")


def _iterated(
    subscription: Subscription, pipeline: Pipeline, stages: list[Any], switches: Switches
) -> Result | None:
    """One element per period when the switch lets iterative periods through (U17)."""
    first = stages[0]
    if not isinstance(first, Mapping) or not isinstance(first.get("source"), Mapping):
        return None
    source = asked(first["source"])
    if source.series is None or switches.is_at("iterative_periods", "reject"):
        return None
    span = pipeline.sources.span(source.series)
    if not span.is_iterative or span.period is None:
        return None
    made = []
    zone = subscription.zone
    for start in starts_between(span.period, span.start_ms, span.end_ms, zone):
        one = Span(span.period, start, step_ms(span.period, start, 1, zone))
        inner = Pipeline(subscription, pipeline.sources.within(one))
        made.append({"startTime": start, "rows": inner.rows(inner.run(stages))})
    return made


def _blocks(result: Result, subscription: Subscription) -> Iterator[tuple[Block, int]]:
    """JSON text with a comma before each row, and how many rows it holds."""
    if isinstance(result, Frame):
        yield from result.blocks(subscription.entities.connection)
        return
    for start in range(0, len(result), 1000):
        part = result[start : start + 1000]
        text = b"".join(b"," + orjson.dumps(_wire(row)) for row in part)
        yield text, len(part)


def _limited(blocks: Iterator[tuple[Block, int]], switches: Switches) -> Iterable[Block]:
    most_rows = switches.number("max_rows")
    most_bytes = switches.number("max_output_bytes")
    most_s = switches.number("max_run_s")
    if not (most_rows or most_bytes or most_s):
        return (block for block, _rows in blocks)
    held, rows, size = [], 0, 0
    for block, count in blocks:
        held.append(block)
        rows, size = rows + count, size + len(block)
    over = (most_rows and rows > most_rows) or (most_bytes and size > most_bytes)
    if over or (most_s and rows / ROWS_PER_S > most_s):
        raise OverrunError(b'{"results":[' + b"".join(held)[1:] + b"]}")
    return held


def _wrapped(blocks: Iterable[Block], subscription: Subscription) -> Iterator[Block]:
    """The whole body around the rows. Works out the first block at once, to fail before a 200."""
    every = iter(blocks)
    first = next(every, None)
    return _body(first, every, subscription)


def _body(
    first: Block | None, rest: Iterator[Block], subscription: Subscription
) -> Iterator[Block]:
    switches = subscription.switches
    extra = switches.is_at("extra_top_keys", "on")
    head = b'{"startTime":%d,' % subscription.clock.now_ms() if extra else b"{"
    tail = b',"requestId":"rehearsal"}' if extra else b"}"
    if first is None:
        empty = {"array": b'"results":[]', "null": b'"results":null', "absent": b""}
        inside = empty[switches.text("empty_results")]
        text = head + inside + tail
        yield (
            text if inside else text.replace(b",,", b",").replace(b"{,", b"{").replace(b",}", b"}")
        )
        return
    yield head + b'"results":['
    yield memoryview(first)[1:]
    yield from rest
    yield b"]" + tail


def _wire(value: Any) -> Any:
    """A value as Go writes it: whole numbers have no point."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e18 else value
    if isinstance(value, int) and abs(value) >= 2**63:
        return float(value)
    if isinstance(value, dict):
        return {key: _wire(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_wire(inner) for inner in value]
    return value


def _csv(rows: list[dict[str, Any]], stages: list[Any]) -> bytes:
    picked = [
        stage["select"] for stage in stages if isinstance(stage, Mapping) and "select" in stage
    ]
    names = list(picked[-1]) if picked else sorted({name for row in rows for name in row})
    return csv_text(names, names, rows)


def csv_text(header: list[str], names: list[str], rows: list[dict[str, Any]]) -> bytes:
    """Rows as CSV with a header row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    value = _wire(value)
    if isinstance(value, dict | list | bool):
        return orjson.dumps(value).decode()
    return "" if value is None else value
