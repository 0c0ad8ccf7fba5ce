"""What a route works with, and the small readings of a request that several routes share."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from workbench.standin.replies import RefusedError, Reply, Request
from workbench.standin.subscription import Subscription
from workbench.standin.switches import Switches


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to the route that answers it."""

    subscription: Subscription
    request: Request
    names: Mapping[str, str]
    """The parts of the path that are not fixed, decoded."""

    @property
    def switches(self) -> Switches:
        """The subscription's switches."""
        return self.subscription.switches

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            RefusedError: 400, it is not JSON.
        """
        try:
            return orjson.loads(self.request.body)
        except orjson.JSONDecodeError as error:
            raise RefusedError(400, "the body is not JSON") from error

    def query(self, name: str) -> str | None:
        """A query parameter; None when it is not there."""
        values = self.request.query.get(name)
        return values[-1] if values else None

    def listed(self, name: str) -> list[str]:
        """A query parameter of several values, by commas or by repetition."""
        return [part for value in self.request.query.get(name, []) for part in value.split(",")]


Route = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route and where it is found."""

    method: str
    path: tuple[str, ...]
    """Parts below ``/api/v1``; ``{name}`` stands for any part, ``{~name}`` for a person's id."""
    route: Route
    writes: bool = False

    def match(self, method: str, parts: list[str], encoded: bool) -> dict[str, str] | None:
        """The names in a path; None when it is another endpoint's."""
        if method != self.method or len(parts) != len(self.path):
            return None
        names = {}
        for wanted, part in zip(self.path, parts, strict=True):
            if wanted.startswith("{"):
                personal = wanted.startswith("{~")
                names[wanted.strip("{~}")] = _decoded(part, encoded and personal)
            elif wanted != part:
                return None
        return names


def endpoint(method: str, path: str, route: Route, *, writes: bool = False) -> Endpoint:
    """An endpoint at ``path``."""
    return Endpoint(method, tuple(path.split("/")), route, writes)


def _decoded(part: str, is_base64: bool) -> str:
    text = unquote(part)
    if not is_base64:
        return text
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_").decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError(400, "the id is not base64") from error
