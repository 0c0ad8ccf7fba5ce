"""Bulk API 2.0: thousands of rows in one job (salesforce-api contract, section 9).

Rows are matched to their answers by what they carry: nobody promises an order.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import orjson

from workbench.errors import (
    BrokenAnswerError,
    CancelledError,
    OutageError,
    RejectedError,
    RemoteError,
)
from workbench.salesforce.answers import GONE
from workbench.salesforce.desk import Desk
from workbench.salesforce.model import Answered
from workbench.salesforce.rows import Row
from workbench.transport import Call, Incoming

Operation = Literal["insert", "update", "delete"]
FROM_ROWS = 2_000
"""From here on a job is worth its five calls and its waiting (observed practice)."""
MOST_BYTES = 90_000_000
"""Of one upload; Salesforce takes 100 MB."""
SET_NULL = "#N/A"
LONGEST_POLL_S = 30.0
CSV_TYPE = {"Content-Type": "text/csv; charset=UTF-8"}
JSON_TYPE = {"Content-Type": "application/json"}
UPLOADS = 3
"""Jobs begun for one upload whose answer is lost again and again."""

Key = tuple[str, ...]


class Jobs:
    """Runs bulk jobs of one org."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def write(
        self, operation: Operation, name: str, rows: Sequence[Row]
    ) -> Iterator[list[Answered]]:
        """Insert, update or delete rows; one list of answers for each job, in the rows' order.

        Raises:
            RemoteError: a job as a whole failed; rows answered before it were written.
            CancelledError: somebody cancelled; a job that was not finished is aborted.
        """
        columns = list(dict.fromkeys(key for row in rows for key in row))
        for start, end in _uploads(columns, rows):
            keys = [tuple(_cell(row.get(name_)) for name_ in columns) for row in rows[start:end]]
            # Rows of one parent side by side: parallel batches then meet fewer locks.
            parents = [str(row.get("CampaignId", "")) for row in rows[start:end]]
            order = sorted(range(len(keys)), key=parents.__getitem__)
            told = self._run(operation, name, columns, [keys[place] for place in order])
            yield _matched(keys, told, operation)

    def read(self, soql: str, *, everything: bool = False) -> Iterator[list[dict[str, str]]]:
        """The rows of a query as texts, page by page; parents as ``Lead.Email``.

        Raises:
            RemoteError: the query was refused, or the job failed.
        """
        body = {"operation": "queryAll" if everything else "query", "query": soql}
        job = self._job("jobs/query", body)
        self._finished(f"jobs/query/{job}")
        locator = ""
        while locator != "null":
            params = {"locator": locator} if locator else {}
            path = self._desk.path(f"jobs/query/{job}/results")
            call = Call("GET", path, "jobs/query/{id}/results", params=params)
            rows, locator = self._desk.send(call, _page)
            if rows:
                yield rows

    def _run(
        self, operation: Operation, name: str, columns: list[str], keys: list[Key]
    ) -> dict[str, list[dict[str, str]]]:
        job = self._uploaded(operation, name, _csv([tuple(columns), *keys]))
        try:
            told = self._finished(f"jobs/ingest/{job}")
        except CancelledError:
            with suppress(RemoteError, CancelledError):
                self._moved(job, "Aborted")
            raise
        failed = int(told.get("numberRecordsFailed") or 0)
        good = int(told.get("numberRecordsProcessed") or 0) - failed
        counts = {"successfulResults": good, "failedResults": failed}
        return {kind: self._results(job, kind, count) for kind, count in counts.items()}

    def _uploaded(self, operation: Operation, name: str, body: bytes) -> str:
        """A job with its rows, closed. One whose upload got lost is left open: it does nothing."""
        wanted = {"object": name, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        for upload in range(UPLOADS):
            job = self._job("jobs/ingest", wanted)
            path = self._desk.path(f"jobs/ingest/{job}/batches")
            call = Call(
                "PUT",
                path,
                "jobs/ingest/{id}/batches",
                body=body,
                headers=CSV_TYPE,
                repeatable=False,
                writes=True,
            )
            try:
                self._desk.send(call, lambda came: came.read())
            except (OutageError, BrokenAnswerError):
                if upload + 1 == UPLOADS:
                    raise
                self._desk.pause(self._desk.patience.first_wait_s * 2.0**upload)
                continue
            self._closed(job)
            return job
        raise AssertionError("the last upload returns or raises")

    def _closed(self, job: str) -> None:
        try:
            self._moved(job, "UploadComplete")
        except (OutageError, BrokenAnswerError):
            # Whether it was closed is not known until it says so itself.
            if self._info(f"jobs/ingest/{job}").get("state") == "Open":
                self._moved(job, "UploadComplete")

    def _moved(self, job: str, state: str) -> None:
        path = self._desk.path(f"jobs/ingest/{job}")
        call = Call(
            "PATCH",
            path,
            "jobs/ingest/{id}",
            body=orjson.dumps({"state": state}),
            headers=JSON_TYPE,
            repeatable=False,
            writes=True,
        )
        self._desk.json(call)

    def _job(self, path: str, body: dict[str, str]) -> str:
        """A new job; made twice when the answer is lost, which does no harm."""
        call = Call("POST", self._desk.path(path), path, body=orjson.dumps(body), headers=JSON_TYPE)
        said = self._desk.json(call)
        if not isinstance(said, dict) or not said.get("id"):
            raise BrokenAnswerError("Salesforce began no job")
        return str(said["id"])

    def _info(self, path: str) -> dict[str, Any]:
        said = self._desk.json(
            Call("GET", self._desk.path(path), f"{path.rpartition('/')[0]}/{{id}}")
        )
        if not isinstance(said, dict):
            raise BrokenAnswerError("Salesforce does not say how far the job is")
        return said

    def _finished(self, path: str) -> dict[str, Any]:
        """Wait until a job is complete; gives what it says then.

        Raises:
            RejectedError: it failed, or somebody aborted it.
        """
        pause_s = self._desk.patience.first_wait_s
        while (said := self._info(path)).get("state") not in ("JobComplete", "Failed", "Aborted"):
            self._desk.pause(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)
        if said["state"] != "JobComplete":
            why = said.get("errorMessage") or "Salesforce does not say why"
            raise RejectedError(f"The bulk job ended as {said['state']}: {why}")
        return said

    def _results(self, job: str, kind: str, count: int) -> list[dict[str, str]]:
        path = self._desk.path(f"jobs/ingest/{job}/{kind}/")
        call = Call("GET", path, f"jobs/ingest/{{id}}/{kind}")
        return self._desk.send(call, lambda came: _table(came.read(), count))


def _uploads(columns: Sequence[str], rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """From which row to which each upload goes, so that none is too large."""
    start = size = 0
    for place, row in enumerate(rows):
        # Each cell with its quotes, comma and worst-case doubled quotes.
        cells = (_cell(row.get(column)) for column in columns)
        row_bytes = sum(len(cell.encode()) + cell.count('"') + 3 for cell in cells)
        if place > start and size + row_bytes > MOST_BYTES:
            yield start, place
            start, size = place, 0
        size += row_bytes
    if rows:
        yield start, len(rows)


def _matched(
    keys: list[Key], told: dict[str, list[dict[str, str]]], operation: Operation
) -> list[Answered]:
    """The answer to each row, by all that the row carries."""
    waiting: dict[Key, list[Answered]] = defaultdict(list)
    for kind, lines in told.items():
        for line in lines:
            record_id, error = line.pop("sf__Id", ""), line.pop("sf__Error", "")
            line.pop("sf__Created", None)
            ok = kind == "successfulResults"
            waiting[tuple(line.values())].append(_answer(record_id, ok, error, operation))
    lost = Answered("", ok=False, code="UNPROCESSED", message="Salesforce did not get to this row")
    return [waiting[key].pop() if waiting.get(key) else lost for key in keys]


def _answer(record_id: str, ok: bool, error: str, operation: Operation) -> Answered:
    """``UNABLE_TO_LOCK_ROW:unable to obtain …:--`` as code, message and fields."""
    if ok:
        return Answered(record_id, ok=True)
    code, _, rest = error.partition(":")
    message, _, fields = rest.rpartition(":")
    named = tuple(name for name in fields.removesuffix("--").split(",") if name)
    gone = operation == "delete" and code in GONE
    return Answered(record_id, gone, code, message or rest, named)


def _cell(value: Any) -> str:
    """A value as a cell: an empty one would say "unchanged"."""
    if value is None or value == "":
        return SET_NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _csv(lines: Sequence[Key]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def _page(came: Incoming) -> tuple[list[dict[str, str]], str]:
    """A page of results, and where the next one is; ``null`` is nowhere."""
    count = came.headers.get("Sforce-NumberOfRecords", "")
    rows = _table(came.read(), int(count) if count.isdigit() else None)
    return rows, came.headers.get("Sforce-Locator", "null")


def _table(body: bytes, count: int | None) -> list[dict[str, str]]:
    """The rows of a CSV.

    A CSV that was cut looks like a shorter one, so its rows and their cells are counted.

    Raises:
        BrokenAnswerError: it is not whole.
    """
    text = body.decode("utf-8-sig", "replace")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        rows, count = [], -1
    is_short = count is not None and len(rows) != count
    if is_short or (rows and None in rows[-1].values()):
        raise BrokenAnswerError("The results of the bulk job did not come whole", hint="Try again.")
    return rows
