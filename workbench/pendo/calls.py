"""The calls of Pendo's API as values: paths, parameters and bodies. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from workbench.errors import InputError
from workbench.pendo import paths
from workbench.pendo.answers import AGGREGATION
from workbench.pendo.model import Apps, Kind
from workbench.transport.answer import Call

Listed = Literal["report", "guide", "page", "feature", "tracktype", "segment"]
"""What Pendo lists whole in one call, by the name of its endpoint."""
VALUE = "metadata/{kind}/{group}/value/{id}/{field}"


def get(path: str, endpoint: str, **more: Any) -> Call:
    """A read of ``path`` below the root; ``endpoint`` is the path with its ids left out."""
    return Call("GET", f"{paths.ROOT}/{path}", endpoint, **more)


def aggregation(request: Mapping[str, Any]) -> Call:
    """An aggregation: a read, though sent as POST, that may take Pendo five minutes."""
    return Call(
        "POST",
        f"{paths.ROOT}/aggregation",
        AGGREGATION,
        body=json_body(request),
        headers={"Content-Type": "application/json"},
        heavy=True,
    )


def write(method: str, path: str, endpoint: str, body: object, **more: Any) -> Call:
    """A write of a JSON value; repeatable unless ``more`` says otherwise."""
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    return Call(
        method,
        f"{paths.ROOT}/{path}",
        endpoint,
        body=json_body(body),
        headers=headers,
        writes=True,
        **more,
    )


def listed(what: Listed, ids: Sequence[str] = (), apps: Apps = "all") -> Call:
    """One of Pendo's lists, whole or the objects with ``ids``.

    Reports belong to no application; the other lists hold only the default one's unless told.
    """
    params: dict[str, str] = {}
    if ids:
        params["id"] = ",".join(paths.named(one, what) for one in ids)
    if apps == "all" and what != "report":
        params["expand"] = "*"
    elif apps not in ("all", "default"):
        params["appId"] = ",".join(map(str, apps))
    return get(what, what, params=params)


def value_path(kind: Kind, group: str, record_id: str, field: str) -> tuple[str, dict[str, str]]:
    """The path of one metadata value, and the headers that an odd id needs."""
    step, headers = paths.record(record_id)
    group, field = paths.named(group, "metadata group"), paths.named(field, "metadata field")
    return f"metadata/{kind}/{group}/value/{step}/{field}", headers


def json_body(value: object) -> bytes:
    """A value as the body of a call.

    Raises:
        InputError: it cannot be written as JSON.
    """
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The request cannot be written as JSON: {error}",
            hint="Use only text, numbers, true, false, null, lists and objects.",
        ) from None
