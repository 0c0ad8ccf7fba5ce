"""Pendo's HTTP API: one method for each endpoint the workbench uses.

The client sends and decodes. It holds no dataset, no automation and no clock; what to send is
decided in the rooms above. Times are aware datetimes in the queries and epoch milliseconds only
on the wire. One client may be used by several threads.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from workbench.errors import InputError, MissingError, RejectedError, RemoteError
from workbench.pendo import calls, paths
from workbench.pendo.answers import REPORT_RESULTS
from workbench.pendo.desk import Desk
from workbench.pendo.model import (
    Apps,
    FieldDescriptor,
    Kind,
    MetadataReceipt,
    NewField,
    Received,
    Row,
    Scalar,
    TokenScope,
    Value,
)
from workbench.pendo.receipts import read_receipt
from workbench.transport import Call, Meter, Patience, RateLimit
from workbench.transport.pace import never

MAX_BATCH = 500
"""Most records in one metadata request. Ours: Pendo states a time limit, not a count."""
MAX_BATCH_BYTES = 5_000_000
"""Most bytes in one metadata request. Ours too, and what released clients keep to."""
WRITABLE_GROUPS = ("custom", "agent")
"""The metadata groups whose values may be set in bulk; the others belong to Pendo or to others."""


class PendoClient:
    """Talk to one Pendo subscription."""

    def __init__(
        self,
        url: str,
        key: SecretStr | str,
        *,
        patience: Patience | None = None,
        limit: RateLimit | None = None,
        meter: Meter | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """Send nothing yet.

        Args:
            url: A region's address, or a stand-in's on this machine.
            key: The integration key.
            patience: Time-outs and tries.
            limit: Shared by all clients of the subscription; None is no limit.
            meter: Where calls are counted.
            cancelled: Asked often; when true, what is going on ends with ``CancelledError``.

        Raises:
            InputError: the address or the key cannot be one.
        """
        self._desk = Desk(
            url, key, patience=patience, limit=limit, meter=meter, cancelled=cancelled
        )

    def __repr__(self) -> str:
        return f"PendoClient({self._desk.url!r})"

    @property
    def meter(self) -> Meter:
        """What was asked so far."""
        return self._desk.line.meter

    def close(self) -> None:
        """Close the connections kept open."""
        self._desk.line.close()

    def verify_token(self) -> TokenScope:
        """What Pendo says of the key: the cheap test of a connection.

        Raises:
            AccessError: the key is not known there.
            RejectedError, BrokenAnswerError: whoever answers there is not Pendo.
        """
        return self._desk.verify()

    def aggregate(self, request: Mapping[str, Any]) -> list[Row]:
        """The rows of a small aggregation, e.g. a count; no rows is an empty list.

        Raises:
            RejectedError: Pendo does not accept the request; its words are in the message.
            OverrunError: it was too much at once.
        """
        return self._desk.rows(calls.aggregation(request))

    def spool_aggregation(self, request: Mapping[str, Any], path: Path) -> Received:
        """Write the rows of an aggregation to ``path``, a bare JSON array; whole or not at all.

        Raises:
            RejectedError: Pendo does not accept the request.
            OverrunError: too much at once, or no whole answer came: ask for less.
            BrokenAnswerError: what came is no such answer.
        """
        return self._desk.spool(calls.aggregation(request), path)

    def reports(self) -> list[Row]:
        """The subscription's public reports, with their definitions."""
        return self._desk.rows(calls.listed("report"))

    def spool_reports(self, path: Path) -> Received:
        """Write the public reports to ``path``, a bare JSON array."""
        return self._desk.spool(calls.listed("report"), path)

    def spool_report_results(self, report_id: str, path: Path) -> Received:
        """Run a public report and write its rows to ``path``, a bare JSON array.

        Raises:
            MissingError: there is no such public report, or its type has no export.
            OverrunError: it takes Pendo too long to run.
        """
        step = paths.named(report_id, "report")
        call = calls.get(f"report/{step}/results.json", REPORT_RESULTS, heavy=True)
        try:
            return self._desk.spool(call, path)
        except MissingError as error:
            raise self._report_fault(report_id, error.details) from None

    def guides(self, ids: Sequence[str] = (), apps: Apps = "all") -> list[Row]:
        """The guides' definitions, all of them or those with ``ids``."""
        return self._desk.rows(calls.listed("guide", ids, apps))

    def pages(self, ids: Sequence[str] = (), apps: Apps = "all") -> list[Row]:
        """The tagged pages, all of them or those with ``ids``."""
        return self._desk.rows(calls.listed("page", ids, apps))

    def features(self, ids: Sequence[str] = (), apps: Apps = "all") -> list[Row]:
        """The tagged features, all of them or those with ``ids``."""
        return self._desk.rows(calls.listed("feature", ids, apps))

    def track_types(self, ids: Sequence[str] = (), apps: Apps = "all") -> list[Row]:
        """The kinds of track events, all of them or those with ``ids``."""
        return self._desk.rows(calls.listed("tracktype", ids, apps))

    def segments(self, ids: Sequence[str] = (), apps: Apps = "all") -> list[Row]:
        """The segments shared with everyone."""
        return self._desk.rows(calls.listed("segment", ids, apps))

    def spool_segments(self, path: Path, apps: Apps = "all") -> Received:
        """Write the segments shared with everyone to ``path``, a bare JSON array."""
        return self.spool_list("segment", path, apps=apps)

    def spool_list(
        self, what: calls.Listed, path: Path, *, ids: Sequence[str] = (), apps: Apps = "all"
    ) -> Received:
        """Write one of Pendo's whole lists to ``path``, a bare JSON array."""
        return self._desk.spool(calls.listed(what, ids, apps), path)

    def segment(self, segment_id: str) -> Row:
        """One segment's definition.

        Raises:
            MissingError: there is no such segment.
        """
        call = calls.get(f"segment/{paths.named(segment_id, 'segment')}", "segment/{id}")
        found = self._found(call)
        if found is None:
            raise MissingError(
                f"Pendo has no segment {segment_id}",
                hint="Only segments shared with everyone count.",
            )
        return found

    def spool_guide_history(self, guide_id: str, path: Path) -> Received:
        """Write what happened to a guide to ``path``: Pendo's JSON, whatever its shape.

        Raises:
            MissingError: there is no such guide.
        """
        call = calls.get(f"guide/{paths.named(guide_id, 'guide')}/history", "guide/{id}/history")
        try:
            return self._desk.spool_json(call, path)
        except MissingError as error:
            raise MissingError(
                f"Pendo has no guide {guide_id}",
                hint="Copy the id from the guide's address in Pendo.",
                details=error.details,
            ) from None

    def metadata_schema(self, kind: Kind) -> dict[str, dict[str, FieldDescriptor]]:
        """The metadata fields by group and name; empty where Pendo has no such kind."""
        schema = self._desk.json(calls.get(f"metadata/schema/{kind}", "metadata/schema/{kind}"))
        if not isinstance(schema, dict):
            return {}
        return {
            group: {name: FieldDescriptor.read(described) for name, described in fields.items()}
            for group, fields in schema.items()
            if isinstance(fields, dict)
        }

    def create_fields(self, kind: Kind, group: str, fields: Sequence[NewField]) -> None:
        """Create metadata fields, or bring back deleted ones; those that exist are left alone.

        Pendo may store another spelling: read the schema afterwards.

        Raises:
            AccessError: the key may only read.
            RejectedError: a name or a type is impossible.
        """
        _must_be_writable(group)
        self._desk.must_write()
        body = [
            {"name": f.name, "displayname": f.display_name or f.name, "type": f.type}
            for f in fields
        ]
        path, endpoint = f"metadata/schema/{kind}/{group}", "metadata/schema/{kind}/{group}"
        call = calls.write("POST", path, endpoint, body, repeatable=False)
        try:
            self._desk.send(call, lambda incoming: incoming.read())
        except RejectedError:
            # Some answer 400 to a field that exists, which is as good as created.
            here = self.metadata_schema(kind).get(group, {})
            if not all(_is_in(field.name, here) for field in fields):
                raise

    def set_metadata(
        self,
        kind: Kind,
        values: Mapping[str, Mapping[str, Value | None]],
        *,
        group: str = "custom",
        create: bool = False,
    ) -> MetadataReceipt:
        """Set metadata fields on up to ``MAX_BATCH`` visitors or accounts.

        Records fail one by one: read the receipt. Setting a value again is harmless, so a
        batch may be repeated.

        Args:
            kind: Which kind of record the ids name.
            values: Field values by id, e.g. ``{"acme": {"predict_score": 0.81}}``; None clears.
            group: ``custom``, or ``agent``, whose values the customer's own page overwrites.
            create: Make the records that Pendo does not know.

        Raises:
            AccessError: the key was refused, or may only read; nothing was sent.
            RejectedError: a field does not exist, or a value has the wrong shape.
            OverrunError: too much at once. What was written is unknown: read back, send less.
            ThrottledError, OutageError: Pendo did not recover within our patience.
            ValueError: more records or bytes than one batch may have.
        """
        _must_be_writable(group)
        if len(values) > MAX_BATCH:
            raise ValueError(f"{len(values)} records in one batch; the most is {MAX_BATCH}")
        if not values:
            return MetadataReceipt(0, 0, 0)
        records = [{f"{kind}Id": key, "values": dict(fields)} for key, fields in values.items()]
        path, endpoint = f"metadata/{kind}/{group}/value", "metadata/{kind}/{group}/value"
        params = {"create": "true"} if create else {}
        call = calls.write("POST", path, endpoint, records, params=params, heavy=True)
        if call.body and len(call.body) > MAX_BATCH_BYTES:
            raise ValueError(f"{len(call.body)} bytes in one batch; the most is {MAX_BATCH_BYTES}")
        self._desk.must_write()
        return read_receipt(self._desk.json(call), values.keys())

    def value(self, kind: Kind, group: str, record_id: str, field: str) -> Scalar | None:
        """One metadata value of one visitor or account; None when there is none."""
        path, headers = calls.value_path(kind, group, record_id, field)
        try:
            found = self._desk.json(calls.get(path, calls.VALUE, headers=headers))
        except MissingError:
            return None
        return found if isinstance(found, str | int | float | bool) else None

    def set_value(
        self, kind: Kind, group: str, record_id: str, field: str, value: Scalar | None
    ) -> None:
        """Set one metadata value of one visitor or account.

        Raises:
            AccessError: the key may only read; nothing was sent.
            RejectedError, MissingError: Pendo does not accept the field, the value or the id.
        """
        self._desk.must_write()
        path, headers = calls.value_path(kind, group, record_id, field)
        call = calls.write("PUT", path, calls.VALUE, value, headers=headers)
        self._desk.send(call, lambda incoming: incoming.read())

    def visitor(self, visitor_id: str) -> Row | None:
        """One visitor with all metadata; None when Pendo does not know the id."""
        return self._record("visitor", visitor_id)

    def account(self, account_id: str) -> Row | None:
        """One account with all metadata; None when Pendo does not know the id."""
        return self._record("account", account_id)

    def _record(self, kind: Kind, record_id: str) -> Row | None:
        step, headers = paths.record(record_id)
        return self._found(calls.get(f"{kind}/{step}", f"{kind}/{{id}}", headers=headers))

    def _found(self, call: Call) -> Row | None:
        try:
            found = self._desk.json(call)
        except MissingError:
            return None
        return found if isinstance(found, dict) else None

    def _report_fault(self, report_id: str, details: str) -> MissingError:
        """Unknown, or without an export: Pendo's statuses do not tell, its list does."""
        try:
            known = {report.get("id") for report in self.reports()}
        except RemoteError:
            return MissingError(
                f"Pendo gives no results for the report {report_id}",
                hint="There is no such public report, or its type has no export.",
                details=details,
            )
        if report_id in known:
            return MissingError(
                f"The report {report_id} cannot be pulled: this report type has no export",
                hint="Pendo exports no Paths, Funnels, Workflows, Retention and Data Explorer.",
                details=details,
            )
        return MissingError(
            f"There is no such report: {report_id}",
            hint="Only reports shared with everyone can be pulled: see Public Reports.",
            details=details,
        )


def _must_be_writable(group: str) -> None:
    if group not in WRITABLE_GROUPS:
        raise InputError(
            f"The metadata group {group} cannot be written",
            hint=f"Pendo lets only {' and '.join(WRITABLE_GROUPS)} be written this way.",
        )


def _is_in(name: str, fields: Mapping[str, FieldDescriptor]) -> bool:
    """Whether a field is there under its name, or as Pendo may have spelt it."""
    spellings = {name, name.lower(), name.lower().replace("_", "")}
    return any(found in fields and not fields[found].is_deleted for found in spellings)
