"""Salesforce's HTTP API: one method for each endpoint the workbench uses.

The client sends, counts and decodes; what to send is decided in the rooms above. Records come and
go as dicts by API names, moments as aware datetimes. One client may be used by several threads.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from workbench.errors import AccessError, BrokenAnswerError, InputError, MissingError
from workbench.salesforce import rows as rows_
from workbench.salesforce import soql
from workbench.salesforce.answers import moment_of, no_campaigns
from workbench.salesforce.bulk import FROM_ROWS, Jobs, Operation
from workbench.salesforce.desk import VERSIONS, Desk, read_json
from workbench.salesforce.login import Kept
from workbench.salesforce.model import (
    Access,
    Answered,
    Replicated,
    SalesforceConnection,
    Usage,
)
from workbench.salesforce.rows import PASSING, Row, Verb
from workbench.transport import Call, Incoming, Meter, Patience
from workbench.transport.pace import never

PAGE_ROWS = 2_000
"""Rows of a page, the most there are; fewer may come."""
VERBS: Mapping[Operation, Verb] = {"insert": "POST", "update": "PATCH", "delete": "DELETE"}


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class SalesforceClient:
    """Talk to one Salesforce org."""

    def __init__(
        self,
        connection: SalesforceConnection,
        secrets: Mapping[str, SecretStr],
        *,
        clock: Callable[[], datetime] = utc_now,
        keep_refresh_token: Kept | None = None,
        patience: Patience | None = None,
        meter: Meter | None = None,
        cancelled: Callable[[], bool] = never,
        bulk_from: int = FROM_ROWS,
    ) -> None:
        """Send nothing yet; the first call logs in.

        Args:
            connection: Where and how.
            secrets: By name, such as ``client_id``; those the flow needs must be there.
            clock: For assertions, which are good for minutes.
            keep_refresh_token: Told at once when Salesforce replaces the refresh token.
            patience: Time-outs and tries.
            meter: Where calls are counted.
            cancelled: Asked often; when true, what is going on ends with ``CancelledError``.
            bulk_from: From so many rows on, writes are bulk jobs.

        Raises:
            InputError: the address cannot be talked to safely.
            SettingsError: a secret is missing.
        """
        self._desk = Desk(
            connection,
            secrets,
            clock=clock,
            keep=keep_refresh_token,
            patience=patience,
            meter=meter,
            cancelled=cancelled,
        )
        self._jobs = Jobs(self._desk)
        self._bulk_from = bulk_from
        self._described: dict[str, tuple[str, dict[str, Any]]] = {}
        self._url = connection.url

    def __repr__(self) -> str:
        return f"SalesforceClient({self._url!r})"

    @property
    def meter(self) -> Meter:
        """What was asked so far, logins among it."""
        return self._desk.meter

    @property
    def api_calls(self) -> int:
        """Calls of ours so far that count against the org's limit."""
        return self._desk.api_calls

    @property
    def bulk_calls(self) -> int:
        """Those of them that bulk jobs made, which an org may or may not count (S14)."""
        return self._desk.bulk_calls

    @property
    def usage(self) -> Usage | None:
        """What answers of the last minute said of the whole org's calls; None before the first."""
        return self._desk.usage

    def close(self) -> None:
        """Close the connections kept open."""
        self._desk.close()

    def versions(self) -> list[str]:
        """The API versions the org speaks, e.g. ``66.0``; free of charge."""
        said = self._desk.json(Call("GET", VERSIONS, "versions"))
        return [str(one["version"]) for one in said] if isinstance(said, list) else []

    def describe(self, name: str, *, fresh: bool = False) -> Mapping[str, Any]:
        """What the user may see and write of an object, as Salesforce says it.

        Asked once in the life of a client; ``fresh`` asks again whether it changed.

        Raises:
            MissingError: there is no such object, or the user may not see it.
        """
        stamp, known = self._described.get(name, ("", {}))
        if known and not fresh:
            return known
        headers = {"If-Modified-Since": stamp} if stamp else {}
        path = self._desk.path(f"sobjects/{name}/describe")
        call = Call("GET", path, f"sobjects/{name}/describe", headers=headers)

        def receive(came: Incoming) -> tuple[str, dict[str, Any]]:
            if came.status == 304:
                return stamp, known
            said = read_json(came.read())
            if not isinstance(said, dict) or not isinstance(said.get("fields"), list):
                raise BrokenAnswerError(f"Salesforce does not describe {name}")
            return came.headers.get("Last-Modified", ""), said

        self._described[name] = self._desk.send(call, receive)
        return self._described[name][1]

    def query(self, text: str, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Row]]:
        """The rows of a query, page by page as they come; parents nested as dicts, or None.

        Raises:
            InputError: the query is too long for an address.
            RejectedError: Salesforce does not accept it; its words are in the message.
            AccessError: the campaign objects are not visible to the user.
            OverrunError: it took Salesforce too long.
        """
        yield from self._pages("query", text, page_rows)

    def query_all(self, text: str, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Row]]:
        """As `query`, with deleted and archived rows among them; of members do not rely on it."""
        yield from self._pages("queryAll", text, page_rows)

    def count(self, text: str) -> int:
        """What ``SELECT COUNT() FROM …`` says."""
        return int(self._page(self._first("query", text, PAGE_ROWS))["totalSize"])

    def bulk_query(self, text: str, *, everything: bool = False) -> Iterator[list[dict[str, str]]]:
        """The rows of a query through a bulk job: texts all of them, parents as ``Lead.Email``."""
        return self._jobs.read(text, everything=everything)

    def updated(self, name: str, start: datetime, end: datetime) -> Replicated:
        """Ids of what changed in a span, of all campaigns; at most 30 days back.

        Raises:
            RejectedError, MissingError: outside the window; compare all ids instead.
        """
        return self._replicated(name, "updated", start, end)

    def deleted(self, name: str, start: datetime, end: datetime) -> Replicated:
        """Ids of what was deleted in a span, of all campaigns; at most 15 days back.

        Look at ``earliest``: before it nothing is remembered.

        Raises:
            RejectedError, MissingError: outside the window; compare all ids instead.
        """
        return self._replicated(name, "deleted", start, end)

    def insert(self, name: str, rows: Sequence[Row]) -> Iterator[list[Answered]]:
        """Create records; answers call by call, in the order of the rows.

        Rows fail one by one: read the answers. Of campaign members and statuses whose answer got
        lost, those that are there already are found again instead of being sent twice.

        Raises:
            RemoteError: a call as a whole was refused; rows answered before it were written.
        """
        if len(rows) >= self._bulk_from:
            yield from self._bulk("insert", name, rows)
        else:
            yield from rows_.insert(self._desk, name, rows, self.query)

    def update(self, name: str, rows: Sequence[Row]) -> Iterator[list[Answered]]:
        """Change records by their ``Id``; answers call by call, in the order of the rows.

        Raises:
            RemoteError: a call as a whole was refused; rows answered before it were written.
        """
        yield from self._write("update", name, rows)

    def delete(self, name: str, ids: Sequence[str]) -> Iterator[list[Answered]]:
        """Delete records; what is gone already counts as deleted.

        Raises:
            RemoteError: a call as a whole was refused; rows answered before it are deleted.
        """
        yield from self._write("delete", name, [{"Id": one} for one in ids])

    def limits(self) -> dict[str, tuple[int, int]]:
        """The org's limits by name: the most, and what is left.

        Raises:
            AccessError: the user may not see them.
        """
        said = self._desk.json(Call("GET", self._desk.path("limits"), "limits"))
        if not isinstance(said, dict):
            raise BrokenAnswerError("Salesforce does not tell its limits")
        return {
            name: (int(one["Max"]), int(one["Remaining"]))
            for name, one in said.items()
            if isinstance(one, dict) and "Max" in one and "Remaining" in one
        }

    def org_usage(self) -> Usage | None:
        """The whole org's calls of 24 hours: from its limits, else from the headers of answers."""
        try:
            most, left = self.limits()["DailyApiRequests"]
        except (AccessError, KeyError):
            return self.usage
        return Usage(most - left, most)

    def test(self) -> Access:
        """Log in, and look what the user may see: the cheap test of a connection.

        Raises:
            AccessError: the login was refused.
            OutageError: nobody answers there.
        """
        began = time.monotonic()
        used = self.org_usage()
        latency_ms = (time.monotonic() - began) * 1000
        try:
            self.describe("Campaign", fresh=True)
            members = self.describe("CampaignMember", fresh=True)
        except MissingError:
            return Access(latency_ms, used, sees_campaigns=False)
        may_write = bool(members.get("updateable"))
        return Access(latency_ms, used, sees_campaigns=True, may_write=may_write)

    def require_campaigns(self) -> None:
        """Make sure that the user sees campaigns.

        Raises:
            AccessError: they do not; a Marketing User would.
        """
        try:
            self.describe("CampaignMember")
        except MissingError as error:
            raise no_campaigns(error.details) from None

    def _write(
        self, operation: Operation, name: str, rows: Sequence[Row]
    ) -> Iterator[list[Answered]]:
        rows_.require_ids(rows)
        if len(rows) >= self._bulk_from:
            yield from self._bulk(operation, name, rows)
        else:
            yield from rows_.write(self._desk, VERBS[operation], name, rows)

    def _bulk(
        self, operation: Operation, name: str, rows: Sequence[Row]
    ) -> Iterator[list[Answered]]:
        """A bulk job; rows that met a lock are tried once more in small calls."""
        done = 0
        for answers in self._jobs.write(operation, name, rows):
            part = rows[done : done + len(answers)]
            done += len(answers)
            places = [place for place, one in enumerate(answers) if one.code in PASSING]
            again = [part[place] for place in places]
            if operation == "insert":
                tried = rows_.insert(self._desk, name, again, self.query)
            else:
                tried = rows_.write(self._desk, VERBS[operation], name, again)
            for place, one in zip(places, (one for few in tried for one in few), strict=True):
                answers[place] = one
            yield answers

    def _pages(self, kind: str, text: str, page_rows: int) -> Iterator[list[Row]]:
        page = self._page(self._first(kind, text, page_rows))
        while True:
            yield page["records"]
            # Only this says whether there is more: pages may be short, and sizes may mislead.
            if page["done"]:
                return
            following = page.get("nextRecordsUrl")
            if not isinstance(following, str):
                raise BrokenAnswerError("Salesforce says there is more, and not where")
            page = self._page(Call("GET", following.lstrip("/"), f"{kind}/{{locator}}"))

    def _first(self, kind: str, text: str, page_rows: int) -> Call:
        if not soql.fits(text):
            raise InputError(
                "The query is too long for Salesforce's address", hint="Cut its lists of ids."
            )
        return Call(
            "GET",
            self._desk.path(kind),
            kind,
            params={"q": text},
            headers={"Sforce-Query-Options": f"batchSize={page_rows}"},
        )

    def _page(self, call: Call) -> dict[str, Any]:
        def receive(came: Incoming) -> dict[str, Any]:
            said = read_json(came.read())
            whole = isinstance(said, dict) and isinstance(said.get("records"), list)
            if not whole or not isinstance(said.get("done"), bool):
                raise BrokenAnswerError("Salesforce's answer is no page of rows", hint="Try again.")
            page: dict[str, Any] = said
            return page

        return self._desk.send(call, receive)

    def _replicated(self, name: str, kind: str, start: datetime, end: datetime) -> Replicated:
        if start.tzinfo is None or end.tzinfo is None:
            raise InputError("A span of time needs time zones", hint="Use aware moments.")
        call = Call(
            "GET",
            self._desk.path(f"sobjects/{name}/{kind}/"),
            f"sobjects/{name}/{kind}",
            params={"start": _plain(start), "end": _plain(end)},
        )
        said = self._desk.json(call)
        if not isinstance(said, dict):
            raise BrokenAnswerError(f"Salesforce does not say what was {kind}")
        ids = said.get("ids") or [row["id"] for row in said.get("deletedRecords") or ()]
        return Replicated(
            ids=[str(one) for one in ids],
            covered=moment_of(said.get("latestDateCovered")),
            earliest=moment_of(said.get("earliestDateAvailable")),
        )


def _plain(at: datetime) -> str:
    """With its zone: without one Salesforce takes it for malformed."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
