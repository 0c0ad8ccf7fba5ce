"""Send the cells of a plan, batch by batch, each in the ledger before it is on the wire.

Decides nothing and knows no clock: what the plan says is sent, and nothing else. Stopping, or
being killed, at any moment is safe: `verify.py` finds out what Pendo has taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.automations.fields import spelling
from workbench.automations.values import wire
from workbench.errors import (
    CancelledError,
    InputError,
    OverrunError,
    RejectedError,
    RemoteError,
)
from workbench.pendo.calls import json_body
from workbench.pendo.model import NewField
from workbench.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.limits import Write
    from workbench.automations.plan import Plan, PlannedField
    from workbench.pendo.client import PendoClient
    from workbench.pendo.model import FieldDescriptor, MetadataReceipt
    from workbench.store.state import Ledger, Push

Values = dict[str, dict[str, Any]]
"""What one request sets: record id → Pendo's key of a field → value as sent."""
PARTS = ("before", "after", "write")
"""What a plan's rows say of each field, after its name and two underscores."""
UNKNOWN_ID = "Pendo does not know this id"
REFUSED_IN_A_ROW = 20
"""Records refused one by one, none accepted between them, after which it is not the records:
going on would cost a call for every one of them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a push is, after one more request."""

    done: int
    """Records Pendo has answered for."""
    total: int
    failed: int
    requests: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """One request: what it sets, and its cells as the ledger has them."""

    number: int
    values: Values
    body: bytes


def written_rows(plan: Plan) -> pa.Table:
    """The rows of which at least one cell is sent, in the order in which they are sent."""
    import pyarrow as pa
    import pyarrow.compute as pc

    any_cell = pa.chunked_array([pa.array([False] * plan.rows.num_rows, pa.bool_())])
    for field in plan.fields:
        any_cell = pc.or_(any_cell, plan.rows[f"{field.name}__write"])
    return plan.rows.filter(any_cell).sort_by("id")


def missing_fields(plan: Plan) -> list[NewField]:
    """The fields that the plan writes and Pendo does not have yet."""
    import pyarrow.compute as pc

    return [
        NewField(field.name, field.type, field.name)
        for field in plan.fields
        if not field.exists and pc.any(plan.rows[f"{field.name}__write"]).as_py()
    ]


def with_created(plan: Plan, here: Mapping[str, FieldDescriptor]) -> Plan:
    """The plan with its new fields under the names that Pendo gave them.

    Args:
        here: The plan's group of the schema, read after they were created.

    Raises:
        RejectedError: Pendo did not create one of them.
    """
    fields: list[PlannedField] = []
    names: dict[str, str] = {}
    for field in plan.fields:
        found = field.name if field.exists else spelling(field.name, here)
        if found is None and field.name in {new.name for new in missing_fields(plan)}:
            raise RejectedError(
                f"Pendo did not create the field {field.name}, and did not say why",
                hint="Create it in Pendo under Settings, Data Mappings, and run it again.",
            )
        fields.append(replace(field, name=found or field.name, exists=found is not None))
        names |= {f"{field.name}__{part}": f"{fields[-1].name}__{part}" for part in PARTS}
    columns = [names.get(column, column) for column in plan.rows.column_names]
    return replace(plan, fields=tuple(fields), rows=plan.rows.rename_columns(columns))


def push(
    plan: Plan,
    entry: Push,
    client: PendoClient,
    ledger: Ledger,
    *,
    write: Write,
    create: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Send every cell that the plan says is sent; yield after each request.

    Every field that is written exists, under the name the plan gives it.

    Args:
        entry: The run's account, already begun in the ledger.
        write: How much goes into one request.
        create: Whether Pendo makes the records it does not know.

    Raises:
        CancelledError: between two batches; what was sent is in the ledger.
        RejectedError: Pendo refuses whatever is sent, or a field is gone.
        RemoteError: it stopped answering. Of the batch on the wire nothing is known.
    """
    yield from _Sending(plan, entry, client, ledger, write, create, cancelled).all()


class _Sending:
    """One push under way."""

    def __init__(
        self,
        plan: Plan,
        entry: Push,
        client: PendoClient,
        ledger: Ledger,
        write: Write,
        create: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        self._plan, self._entry, self._client, self._ledger = plan, entry, client, ledger
        self._write, self._create = write, create
        self._cancelled = cancelled
        self._number = ledger.last_batch(entry.run_id)
        self._done = self._failed = self._requests = self._refused_in_a_row = 0

    def all(self) -> Iterator[Progress]:
        rows = written_rows(self._plan)
        for start in range(0, rows.num_rows, self._write.chunk):
            piece = rows.slice(start, self._write.chunk).to_pylist()
            for records in _within(self._records(piece), self._plan.object, self._write.max_bytes):
                batch = self._entered(records, piece)
                yield from self._sent(batch, rows.num_rows)

    def _records(self, piece: list[dict[str, Any]]) -> Values:
        fields = [(f, f"{f.name}__write", f"{f.name}__after") for f in self._plan.fields]
        return {
            row["id"]: {
                field.name: wire(row[after], field.type)
                for field, write, after in fields
                if row[write]
            }
            for row in piece
        }

    def _entered(self, values: Values, piece: list[dict[str, Any]]) -> _Batch:
        """Write a batch into the ledger before it is sent."""
        self._stop_if_cancelled()
        self._number += 1
        batch = _Batch(self._number, values, _body(self._plan.object, values))
        cells = [
            {
                "record_id": row["id"],
                "field": field.name,
                "before": row[f"{field.name}__before"],
                "after": row[f"{field.name}__after"],
            }
            for row in piece
            if row["id"] in values
            for field in self._plan.fields
            if row[f"{field.name}__write"]
        ]
        self._ledger.write_ahead(self._entry, batch.number, cells, batch.body)
        return batch

    def _sent(self, batch: _Batch, total: int) -> Iterator[Progress]:
        """Send one batch; where it is refused whole, its halves."""
        waiting = [batch]
        while waiting:
            self._stop_if_cancelled()
            current = waiting.pop()
            waiting += self._one(current)
            yield Progress(self._done, total, self._failed, self._requests)

    def _one(self, batch: _Batch) -> list[_Batch]:
        """Send one request; gives what must be sent instead of it."""
        self._requests += 1
        try:
            receipt = self._client.set_metadata(
                self._plan.object, batch.values, group=self._plan.group, create=self._create
            )
        except (RejectedError, OverrunError) as error:
            return self._refused(batch, error)
        except RemoteError as error:
            self._ledger.unknown(self._entry.run_id, batch.number, _told(error))
            raise
        failures = _failures(receipt)
        self._ledger.answered(self._entry.run_id, batch.number, repr(receipt), failures)
        self._done += len(batch.values)
        self._failed += len(failures)
        self._refused_in_a_row = 0
        return []

    def _refused(self, batch: _Batch, error: RemoteError) -> list[_Batch]:
        if len(batch.values) > 1:
            self._must_have_its_fields(error)
            return self._halves(batch)
        if isinstance(error, OverrunError):
            # Too much at once cannot be said of one record: Pendo has trouble of its own.
            self._ledger.unknown(self._entry.run_id, batch.number, _told(error))
            raise error
        failures = dict.fromkeys(batch.values, str(error))
        self._ledger.answered(
            self._entry.run_id, batch.number, _told(error), failures, state="refused"
        )
        self._done += 1
        self._failed += 1
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= REFUSED_IN_A_ROW:
            raise RejectedError(
                f"Pendo refused {counted(self._refused_in_a_row, 'record')} in a row, one by one: "
                f"{error}",
                hint="It is not single records: look at the fields' types in Pendo.",
                details=error.details,
            )
        return []

    def _must_have_its_fields(self, error: RemoteError) -> None:
        """Where a field was deleted meanwhile, halving would go on to the last record.

        Raises:
            RejectedError: with the name of the field.
        """
        if not isinstance(error, RejectedError):
            return
        here = self._client.metadata_schema(self._plan.object).get(self._plan.group, {})
        for name in (field.name for field in self._plan.fields):
            if name not in here or here[name].is_deleted:
                raise RejectedError(
                    f"The field {name} was deleted in Pendo while it was being written",
                    hint="Preview again: the sheet then says that the field will be created.",
                    details=error.details,
                ) from error

    def _halves(self, batch: _Batch) -> list[_Batch]:
        ids = list(batch.values)
        middle = len(ids) // 2
        halves = []
        for some in (ids[:middle], ids[middle:]):
            self._number += 1
            values = {one: batch.values[one] for one in some}
            halves.append(_Batch(self._number, values, _body(self._plan.object, values)))
        parts = {half.number: (list(half.values), half.body) for half in halves}
        self._ledger.split(self._entry.run_id, batch.number, parts)
        return halves[::-1]

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError(
                f"Cancelled after {counted(self._done, 'record')}",
                hint="What was written is in the run's rows; run it again for the rest.",
            )


def _within(values: Values, kind: str, most_bytes: int) -> Iterator[Values]:
    """The records in portions whose bodies have at most so many bytes.

    Raises:
        InputError: one record alone has more.
    """
    portion: Values = {}
    size_bytes = 2
    for record, fields in values.items():
        one = len(_body(kind, {record: fields})) - 1
        if one + 1 > most_bytes:
            raise InputError(
                f"The values of {record} are more than {most_bytes:,} bytes",
                hint="Write fewer fields, or shorter texts.",
            )
        if size_bytes + one > most_bytes:
            yield portion
            portion, size_bytes = {}, 2
        portion[record] = fields
        size_bytes += one
    if portion:
        yield portion


def _body(kind: str, values: Values) -> bytes:
    return json_body([{f"{kind}Id": record, "values": each} for record, each in values.items()])


def _failures(receipt: MetadataReceipt) -> dict[str, str]:
    """Why by id. A refusal that names no record shows when the values are read back."""
    named = {record: words for record, words in receipt.errors if record}
    return dict.fromkeys(receipt.missing, UNKNOWN_ID) | named


def _told(error: RemoteError) -> str:
    return f"{error}\n{error.details}".strip()
