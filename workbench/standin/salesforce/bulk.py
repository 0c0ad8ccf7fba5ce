"""Bulk API 2.0: jobs that take their time (contract, section 9)."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workbench.standin.replies import Reply, json_reply
from workbench.standin.salesforce import ids, rules
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.queries import Queries
from workbench.standin.salesforce.refusals import Refusal, not_found
from workbench.standin.salesforce.several import check_upsert

CSV = "text/csv; charset=UTF-8"
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
DELIMITERS = {
    "COMMA": ",",
    "TAB": "\t",
    "SEMICOLON": ";",
    "PIPE": "|",
    "CARET": "^",
    "BACKQUOTE": "`",
}
MOST_BYTES = 100_000_000
"""Of one upload."""
SET_NULL = "#N/A"
Line = dict[str, str]


@dataclass
class Job:
    """One job and how far it is."""

    id: str
    kind: str
    facts: dict[str, Any]
    version: str
    state: str = "Open"
    upload: bytes | None = None
    polls: int = 0
    error: str = ""
    columns: list[str] = field(default_factory=list)
    good: list[tuple[str, bool, Line]] = field(default_factory=list)
    bad: list[tuple[str, str, Line]] = field(default_factory=list)
    found: list[list[str]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """The job as the API shows it."""
        told: dict[str, Any] = {
            "id": self.id,
            **self.facts,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "apiVersion": float(self.version.removeprefix("v")),
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query",
        }
        if self.kind == "ingest" and self.state == "Open":
            told["contentUrl"] = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        if self.state in ("JobComplete", "Failed", "InProgress"):
            done = len(self.good) + len(self.bad) + len(self.found)
            told |= {"numberRecordsProcessed": done, "retries": 0, "totalProcessingTime": done}
            if self.kind == "ingest":
                told |= {"numberRecordsFailed": len(self.bad), "apiActiveProcessingTime": done}
                told["apexProcessingTime"] = 0
        if self.error:
            told["errorMessage"] = self.error
        return told


class Bulk:
    """The org's bulk jobs."""

    def __init__(self, org: Org, queries: Queries) -> None:
        self.org, self.queries = org, queries
        self.jobs: dict[str, Job] = {}

    def create(self, kind: str, version: str, body: Any) -> Reply:
        """``POST …/jobs/ingest`` or ``…/jobs/query``."""
        if not isinstance(body, dict):
            raise Refusal("JSON_PARSER_ERROR", "The body is an object")
        facts = self._ingest(body) if kind == "ingest" else self._query(body)
        job = Job(ids.minted(ids.JOB_PREFIX, len(self.jobs) + 1), kind, facts, version)
        stamp = wire(self.org.clock.now())
        job.facts |= {"createdById": self.org.user_id, "createdDate": stamp}
        job.facts |= {"systemModstamp": stamp}
        if kind == "query":
            job.state = "UploadComplete"
        self.jobs[job.id] = job
        return json_reply(job.told())

    def _ingest(self, body: dict[str, Any]) -> dict[str, Any]:
        operation = body.get("operation")
        if operation not in OPERATIONS:
            raise Refusal("INVALIDJOB", f"Unsupported operation {operation}")
        name = self.org.table(str(body.get("object"))).name
        if operation == "upsert":
            check_upsert(self.org, name)
        delimiter = body.get("columnDelimiter", "COMMA")
        if delimiter not in DELIMITERS:
            raise Refusal("INVALIDJOB", f"Unsupported columnDelimiter {delimiter}")
        return {
            "object": name,
            "operation": operation,
            "contentType": "CSV",
            "lineEnding": body.get("lineEnding", "LF"),
            "columnDelimiter": delimiter,
        }

    def _query(self, body: dict[str, Any]) -> dict[str, Any]:
        operation = body.get("operation")
        if operation not in ("query", "queryAll"):
            raise Refusal("INVALIDJOB", f"Unsupported operation {operation}")
        text = str(body.get("query", ""))
        compiled = self.queries.compiled(text, everything=operation == "queryAll")
        if compiled.is_count or compiled.is_grouped:
            raise Refusal("API_ERROR", "Aggregate queries are not supported by bulk queries")
        facts = {"operation": operation, "object": compiled.source, "query": text}
        return {**facts, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}

    def upload(self, job: Job, body: bytes) -> Reply:
        """``PUT …/batches``: once for each job."""
        if job.state != "Open" or job.upload is not None:
            raise Refusal("INVALIDJOBSTATE", "The job takes no (second) upload")
        if len(body) > MOST_BYTES:
            raise Refusal("REQUEST_SIZE_LIMIT_EXCEEDED", "More than 100 MB", status=413)
        job.upload = body
        return Reply(201)

    def move(self, job: Job, body: Any) -> Reply:
        """``PATCH …``: close or abort."""
        state = body.get("state") if isinstance(body, dict) else None
        if state == "Aborted" and job.state != "JobComplete":
            job.state = "Aborted"
        elif state == "UploadComplete" and job.state == "Open" and job.upload is not None:
            job.state = "UploadComplete"
        else:
            raise Refusal("INVALIDJOBSTATE", f"Cannot go from {job.state} to {state}")
        return json_reply(job.told())

    def info(self, job: Job) -> Reply:
        """``GET …``: each look moves the job on, until it is done."""
        if job.state in ("UploadComplete", "InProgress"):
            job.polls += 1
            job.state = "InProgress"
            if job.polls > self.org.switches.whole("bulk_poll_states"):
                self._run(job)
        return json_reply(job.told())

    def drop(self, job: Job) -> Reply:
        """``DELETE …``."""
        del self.jobs[job.id]
        return Reply(204)

    def results(self, job: Job, name: str) -> Reply:
        """``…/successfulResults`` and its like."""
        if job.state not in ("JobComplete", "Failed", "Aborted"):
            raise not_found("The job has no results yet")
        if name == "successfulResults":
            head = ["sf__Id", "sf__Created"]
            lines = [([i, str(made).lower()], line) for i, made, line in job.good]
        elif name == "failedResults":
            head = ["sf__Id", "sf__Error"]
            lines = [([i, error], line) for i, error, line in job.bad]
        else:
            head, lines = [], []
        rows = [[*front, *(line.get(c, "") for c in job.columns)] for front, line in lines]
        # Nobody promises that results come in the order of the upload, so they do not.
        return Reply(body=_csv([[*head, *job.columns], *reversed(rows)]), content_type=CSV)

    def query_results(self, job: Job, version: str, locator: str | None, most: int) -> Reply:
        """``GET …/jobs/query/{id}/results``."""
        if version != job.version:
            raise Refusal("API_ERROR", "Read with the version the job was made with", status=409)
        if job.state != "JobComplete":
            raise not_found("The job has no results yet")
        start = int(locator) if locator and locator.isdigit() else 0
        rows = job.found[start : start + most]
        more = start + len(rows) < len(job.found)
        reply = Reply(body=_csv([job.columns, *rows]), content_type=CSV)
        reply.headers["Sforce-Locator"] = str(start + len(rows)) if more else "null"
        reply.headers["Sforce-NumberOfRecords"] = str(len(rows))
        return reply

    def _run(self, job: Job) -> None:
        job.state = "JobComplete"
        if job.kind == "query":
            self._read(job)
            return
        delimiter = DELIMITERS[job.facts["columnDelimiter"]]
        text = (job.upload or b"").decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            lines = list(reader)
        except csv.Error as error:
            job.state, job.error = "Failed", f"InvalidBatch : {error}"
            return
        job.columns = list(reader.fieldnames or [])
        for line in lines:
            self._write(job, {name: value or "" for name, value in line.items() if name})

    def _write(self, job: Job, line: Line) -> None:
        record_id = line.get("Id", "")
        write = _WRITES[job.facts["operation"]]
        try:
            with self.org.undone_on_error():
                written, made = write(self.org, job.facts["object"], record_id, _record(line))
        except Refusal as refusal:
            fields = ",".join(refusal.fields)
            job.bad.append((record_id, f"{refusal.code}:{refusal.message}:{fields}--", line))
        else:
            job.good.append((written, made, line))

    def _read(self, job: Job) -> None:
        everything = job.facts["operation"] == "queryAll"
        compiled = self.queries.compiled(job.facts["query"], everything=everything)
        numbers = [number for (number,) in self.org.rows(compiled.found, *compiled.values)]
        job.columns = [".".join(column.path) for column in compiled.columns]
        for start in range(0, len(numbers), 10_000):
            part = numbers[start : start + 10_000]
            for record in self.queries.records(compiled, part, job.version):
                job.found.append([_cell(record, column.path) for column in compiled.columns])


def _record(line: Line) -> Record:
    """A line of CSV as a record: an empty cell says nothing, ``#N/A`` clears."""
    given: Record = {}
    for name, value in line.items():
        if name != "Id" and value != "":
            given[name] = None if value == SET_NULL else value
    return given


def _cell(record: dict[str, Any], path: tuple[str, ...]) -> str:
    value: Any = record
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _insert(org: Org, name: str, _id: str, record: Record) -> tuple[str, bool]:
    return rules.create(org, name, record), True


def _update(org: Org, name: str, record_id: str, record: Record) -> tuple[str, bool]:
    rules.update(org, name, record_id, record)
    return record_id, False


def _delete(org: Org, name: str, record_id: str, _record: Record) -> tuple[str, bool]:
    rules.delete(org, name, record_id)
    return record_id, False


def _upsert(org: Org, name: str, record_id: str, record: Record) -> tuple[str, bool]:
    write = _update if record_id else _insert
    return write(org, name, record_id, record)


_WRITES: dict[str, Callable[[Org, str, str, Record], tuple[str, bool]]] = {
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "hardDelete": _delete,
    "upsert": _upsert,
}
