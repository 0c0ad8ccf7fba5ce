"""The envelope around every aggregation, and the requests that analysts write themselves. Pure.

Older connectors' manuals show a bare body with ``source``, ``timeSeries`` and ``pipeline`` side
by side. Pendo itself accepts only the envelope (pendo-api contract, section 2.1).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.errors import InputError
from workbench.words import nearest

Stage = dict[str, Any]
Pipeline = list[Stage]

BARE_KEYS = ("pipeline", "source", "timeSeries")
KEPT_KEYS = ("response", "name", "requestId")
"""Parts of an envelope that may stand in a bare body and keep their meaning."""
STARTS = ("source", "spawn", "fork")
"""What a pipeline can begin with."""
EXAMPLE = '{"source": {"pageEvents": null}, "timeSeries": {…}, "pipeline": []}'


def envelope(pipeline: Sequence[Stage], name: str = "") -> Stage:
    """A whole request around a pipeline; anything less is answered with 422.

    >>> envelope([{"source": {"visitors": None}}])["request"]["pipeline"]
    [{'source': {'visitors': None}}]
    """
    return {
        "response": {"mimeType": "application/json"},
        "request": {"name": name, "pipeline": list(pipeline)},
    }


def custom_request(text: str) -> Stage:
    """Read a request typed as JSON.

    Raises:
        InputError: it is not JSON, with the place; or it is not an object.
    """
    try:
        request = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"The request is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            hint="Check quotes, commas and brackets there.",
        ) from None
    if not isinstance(request, dict):
        raise _malformed("The request is not a JSON object")
    return request


def rewrite_custom(request: object) -> tuple[Stage, bool]:
    """The request Pendo accepts, and whether it had to be rewritten for that.

    A full request is given back as it is; a bare one is put into the envelope.

    >>> bare = {"pipeline": [{"limit": 5}], "source": {"pageEvents": None},
    ...         "timeSeries": {"period": "dayRange", "first": "now()", "count": -1}}
    >>> request, rewritten = rewrite_custom(bare)
    >>> rewritten, request["request"]["pipeline"][1]
    (True, {'limit': 5})

    Raises:
        InputError: it is neither, with what is wrong.
    """
    if not isinstance(request, Mapping):
        raise _malformed("The request is not a JSON object")
    _must_be_json(request)
    if "request" in request:
        inner = request["request"]
        if not isinstance(inner, Mapping):
            raise _malformed('"request" is not an object')
        _must_start(_stages(inner))
        return dict(request), False
    stages = _bare_stages(request)
    whole = envelope(stages, name=str(request.get("name", "")))
    if "requestId" in request:
        whole["request"]["requestId"] = request["requestId"]
    if "response" in request:
        whole["response"] = request["response"]
    return whole, True


def _bare_stages(request: Mapping[str, Any]) -> Pipeline:
    for key in request:
        if key not in BARE_KEYS + KEPT_KEYS:
            raise _malformed(f"{key!r} is not part of a request{nearest(str(key), BARE_KEYS)}")
    stages = _stages(request)
    if "source" in request:
        if stages and set(stages[0]) & set(STARTS):
            raise _malformed("There is a source beside the pipeline and another one in it")
        return [{"source": _source(request["source"], request)}, *stages]
    _must_start(stages)
    if "timeSeries" in request:
        if "source" not in stages[0]:
            raise _malformed('"timeSeries" stands beside a pipeline that starts without a source')
        return [{"source": _source(stages[0]["source"], request)}, *stages[1:]]
    return stages


def _stages(holder: Mapping[str, Any]) -> Pipeline:
    if "pipeline" not in holder:
        raise _malformed("The request has no pipeline")
    stages = holder["pipeline"]
    if not isinstance(stages, list | tuple):
        raise _malformed('"pipeline" is not a list')
    for number, stage in enumerate(stages, start=1):
        if not isinstance(stage, Mapping) or len(stage) != 1:
            raise _malformed(f"Step {number} of the pipeline is not an object with one key")
    return [dict(stage) for stage in stages]


def _must_start(stages: Pipeline) -> None:
    if not stages or not set(stages[0]) & set(STARTS):
        raise _malformed("The pipeline does not start with a source")
    if "source" in stages[0]:
        _source_name(stages[0]["source"])


def _source(source: object, request: Mapping[str, Any]) -> Stage:
    """The source with the time series that stood beside it."""
    _source_name(source)
    assert isinstance(source, Mapping)
    if "timeSeries" not in request:
        return dict(source)
    if "timeSeries" in source:
        raise _malformed("There are two time series: one in the source, one beside it")
    if not isinstance(request["timeSeries"], Mapping):
        raise _malformed('"timeSeries" is not an object')
    return {**source, "timeSeries": dict(request["timeSeries"])}


def _source_name(source: object) -> None:
    if not isinstance(source, Mapping):
        raise _malformed('"source" is not an object')
    names = [name for name in source if name != "timeSeries"]
    if len(names) != 1:
        named = ", ".join(map(str, names)) or "none"
        raise _malformed(f'"source" must name one source, and names {named}')


def _must_be_json(request: Mapping[str, Any]) -> None:
    try:
        json.dumps(request, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _malformed(f"The request cannot be written as JSON ({error})") from None


def _malformed(what: str) -> InputError:
    return InputError(what, hint=f"Write a full aggregation request, or the short form {EXAMPLE}")
