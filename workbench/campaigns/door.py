"""DEV ONLY, replaced by the client."""

from __future__ import annotations
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
import requests
from workbench.campaigns.push import Answered
from workbench.errors import MissingError, OutageError, QuotaError, RejectedError


@dataclass
class _Deleted:
    ids: list[str]
    earliest: datetime | None
    covered: datetime | None


class Door:
    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        told = self.http.post(
            f"{url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": "rehearsal-client-id",
                "client_secret": "rehearsal-client-secret",
            },
        ).json()
        self.http.headers["Authorization"] = f"Bearer {told['access_token']}"
        self.calls = 0
        self.usage = None

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        self.calls += 1
        try:
            answer = self.http.request(method, f"{self.url}{path}", **more)
        except requests.RequestException as error:
            raise OutageError("no answer") from error
        if answer.status_code >= 400:
            text = answer.text
            if answer.status_code == 404:
                raise MissingError(text)
            if answer.status_code == 403 and "REQUEST_LIMIT" in text:
                raise QuotaError("The day's calls are used up")
            if answer.status_code >= 500:
                raise OutageError(text)
            raise RejectedError(text)
        return answer.json() if answer.content else None

    def describe(self, name: str) -> Mapping[str, Any]:
        return self._ask("GET", f"/services/data/v66.0/sobjects/{name}/describe")

    def query(self, soql: str) -> Iterator[list[dict[str, Any]]]:
        page = self._ask("GET", "/services/data/v66.0/query", params={"q": soql})
        while True:
            yield page["records"]
            if page["done"]:
                return
            page = self._ask("GET", page["nextRecordsUrl"])

    def deleted(self, name: str, start: datetime, end: datetime) -> _Deleted:
        told = self._ask(
            "GET",
            f"/services/data/v66.0/sobjects/{name}/deleted",
            params={"start": start.isoformat(), "end": end.isoformat()},
        )
        at = datetime.fromisoformat
        return _Deleted(
            [r["id"] for r in told["deletedRecords"]],
            at(told["earliestDateAvailable"]),
            at(told["latestDateCovered"]),
        )

    def _write(
        self, method: str, name: str, rows: Sequence[dict[str, Any]]
    ) -> Iterator[list[Answered]]:
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            subs = [part[n : n + 200] for n in range(0, len(part), 200)]
            body = {
                "allOrNone": False,
                "compositeRequest": [
                    {
                        "method": method,
                        "url": "/services/data/v66.0/composite/sobjects",
                        "referenceId": f"r{n}",
                        "body": {
                            "allOrNone": False,
                            "records": [
                                {
                                    "attributes": {"type": name},
                                    **({"id": r["Id"]} if "Id" in r else {}),
                                    **{k: v for k, v in r.items() if k != "Id"},
                                }
                                for r in sub
                            ],
                        },
                    }
                    for n, sub in enumerate(subs)
                ],
            }
            told = self._ask("POST", "/services/data/v66.0/composite", json=body)
            out = []
            for sub, one in zip(subs, told["compositeResponse"]):
                for row, answer in zip(sub, one["body"]):
                    if answer.get("success"):
                        out.append(Answered(answer["id"], True))
                    else:
                        error = answer["errors"][0]
                        out.append(
                            Answered(
                                row.get("Id", ""), False, error["statusCode"], error["message"]
                            )
                        )
            yield out

    def update(self, name: str, rows: Sequence[dict[str, Any]]) -> Iterator[list[Answered]]:
        return self._write("PATCH", name, rows)

    def insert(self, name: str, rows: Sequence[dict[str, Any]]) -> Iterator[list[Answered]]:
        return self._write("POST", name, rows)


@contextmanager
def opened(services: Any, connection: str, cancelled: Any) -> Iterator[Door]:
    yield Door(os.environ["DEV_SF_URL"])
