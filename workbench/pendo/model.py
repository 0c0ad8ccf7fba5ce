"""What the Pendo client takes and gives: the connection document, receipts, descriptors. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from workbench.errors import InputError
from workbench.pendo.body import Keys
from workbench.transport.address import base_url
from workbench.words import nearest
from workbench.zones import zone_names

Kind = Literal["visitor", "account"]
Scalar = str | int | float | bool
Value = Scalar | list[str]
"""What a metadata field can hold. Times travel as RFC 3339 text; a list only in agent fields."""
Apps = Literal["all", "default"] | tuple[int, ...]
"""Which applications to ask about; ``default`` is the subscription's first one."""
Row = dict[str, Any]

REGIONS: dict[str, str] = {
    "us": "https://app.pendo.io",
    "us1": "https://us1.app.pendo.io",
    "eu": "https://app.eu.pendo.io",
    "jpn": "https://app.jpn.pendo.io",
    "au": "https://app.au.pendo.io",
}
"""Where each of Pendo's regions answers. None of them knows the keys of another."""
NOT_API_HOSTS = ("engageapi.pendo.io", "adopt.pendo.io", "help.pendo.io", "support.pendo.io")
"""Pendo addresses that people paste, and that do not answer this API."""
DEFAULT_APP = -323232
"""The id of every subscription's default application."""


def pendo_url(text: str) -> str:
    """The address of a Pendo region or of a stand-in, checked, in one spelling.

    >>> pendo_url("https://app.eu.pendo.io/")
    'https://app.eu.pendo.io'

    Raises:
        InputError: it cannot be one.
    """
    url = base_url(text)
    host = url.partition("://")[2]
    if host in NOT_API_HOSTS or (host.startswith("data.") and host.endswith("pendo.io")):
        raise InputError(
            f"{host} does not answer Pendo's data API",
            hint=f"The regions are {', '.join(REGIONS.values())}.",
        )
    return url


def region(url: str) -> str | None:
    """The region an address belongs to, None for a stand-in or a proxy.

    >>> region("https://app.jpn.pendo.io")
    'jpn'
    """
    return next((name for name, address in REGIONS.items() if address == url), None)


def _checked_url(text: str) -> str:
    try:
        return pendo_url(text)
    except InputError as error:
        raise ValueError(f"{error}. {error.hint}") from None


def _checked_zone(name: str) -> str:
    if name in zone_names():
        return name
    wanted = name.strip().replace(" ", "_")
    by_city = {zone.rpartition("/")[2]: zone for zone in sorted(zone_names()) if "/" in zone}
    city = by_city.get(wanted.rpartition("/")[2])
    suggested = f"; did you mean {city}?" if city else nearest(wanted, sorted(zone_names()))
    raise ValueError(f"{name!r} is not an IANA time zone{suggested}")


def _distinct(apps: Apps) -> Apps:
    if isinstance(apps, tuple) and len(set(apps)) < len(apps):
        raise ValueError("an application is listed twice")
    return apps


class PendoConnection(BaseModel):
    """One Pendo subscription and how to reach it; the key is kept apart, encrypted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["connection"] = "connection"
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    type: Literal["pendo"] = "pendo"
    description: str = ""
    url: Annotated[str, AfterValidator(_checked_url)] = REGIONS["us"]
    """The region's address; plain http only for a stand-in on this machine."""
    key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """The environment variable from which ``apply`` takes the integration key, once."""
    timezone: Annotated[str, AfterValidator(_checked_zone)] = "America/New_York"
    """The subscription's own zone, which no endpoint tells: what "a day" means."""
    apps: Annotated[
        Literal["all", "default"] | Annotated[tuple[int, ...], Field(min_length=1)],
        AfterValidator(_distinct),
    ] = "all"
    """Every application, unless a pull says otherwise: forgetting some is the classic mistake."""
    calls_per_minute: Annotated[int, Field(ge=1, le=6000)] = 60
    """Pendo states no limit; this many were found to be safe."""

    @property
    def zone(self) -> ZoneInfo:
        """The subscription's time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What Pendo says of a key."""

    valid: bool
    write_access: bool
    latency_ms: float
    """How long that question took."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer that now lies in a file."""

    bytes: int
    """Bytes of body as they came over the wire, so a compressed answer counts compressed."""
    seconds: float
    """From the first try until the file was in place, waits included."""
    size_bytes: int = 0
    """Size of the file."""
    keys: Keys | None = None
    """The keys of its rows; None where the answer was kept as it came."""


@dataclass(frozen=True, slots=True)
class MetadataReceipt:
    """What became of one batch of metadata. Pendo answers 200 even when records failed."""

    total: int
    updated: int
    failed: int
    missing: tuple[str, ...] = ()
    """Ids that Pendo does not know."""
    errors: tuple[tuple[str, str], ...] = ()
    """Id and Pendo's words for each record it refused; the id is "" where none was named."""


@dataclass(frozen=True, slots=True)
class FieldDescriptor:
    """One metadata field as Pendo's schema describes it."""

    type: str
    """Pendo's word: string, integer, float, boolean, time, list, "" or something new."""
    display_name: str = ""
    is_deleted: bool = False
    is_hidden: bool = False
    is_calculated: bool = False
    is_per_app: bool = False
    sample: Any = None

    @classmethod
    def read(cls, described: object) -> "FieldDescriptor":
        """A descriptor from whatever the schema says of a field.

        >>> FieldDescriptor.read({"Type": "time", "isPerApp": True}).is_per_app
        True
        >>> FieldDescriptor.read(None).type
        ''
        """
        said: Mapping[str, Any] = described if isinstance(described, Mapping) else {}
        return cls(
            type=str(said.get("Type") or ""),
            display_name=str(said.get("DisplayName") or ""),
            is_deleted=said.get("isDeleted") is True,
            is_hidden=said.get("isHidden") is True,
            is_calculated=said.get("isCalculated") is True,
            is_per_app=said.get("isPerApp") is True,
            sample=said.get("sample"),
        )


@dataclass(frozen=True, slots=True)
class NewField:
    """A metadata field to be created."""

    name: str
    """Lower-case letters, digits and ``_``, not starting with a digit."""
    type: Literal["string", "number", "time", "boolean"]
    display_name: str = ""
