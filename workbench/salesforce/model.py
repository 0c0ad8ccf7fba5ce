"""What the Salesforce client takes and gives: the connection document, answers, usage. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from workbench.errors import InputError
from workbench.transport.address import base_url

Flow = Literal["client_credentials", "jwt_bearer", "refresh_token", "username_password"]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an environment variable."""

NEEDED: Mapping[Flow, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt_bearer": ("client_id", "private_key"),
    "refresh_token": ("client_id", "refresh_token"),
    "username_password": ("client_id", "client_secret", "password"),
}
"""The secrets without which a flow cannot log in."""
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
"""Hosts of everybody; client credentials work only at an org's own."""


def _checked_url(text: str) -> str:
    try:
        return base_url(text)
    except InputError as error:
        raise ValueError(f"{error}. {error.hint}") from None


class Auth(BaseModel):
    """How to log in. Secrets are kept apart; ``…_env`` says where ``apply`` reads them, once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: Flow = "client_credentials"
    client_id_env: Variable | None = None
    client_secret_env: Variable | None = None
    private_key_env: Variable | None = None
    """PEM of the RSA key whose certificate the app trusts; for jwt_bearer."""
    refresh_token_env: Variable | None = None
    username: str | None = None
    """For jwt_bearer and username_password: whom to act as."""
    password_env: Variable | None = None
    security_token_env: Variable | None = None
    audience: Annotated[str, AfterValidator(_checked_url)] | None = None
    """For jwt_bearer: the login address that the assertion names; None takes Salesforce's own."""

    @model_validator(mode="after")
    def _names_its_user(self) -> "Auth":
        if self.flow in ("jwt_bearer", "username_password") and not self.username:
            raise ValueError(f"{self.flow} needs a username")
        return self


class ApiBudget(BaseModel):
    """How much of the org's daily calls the syncs may use, and when they hold back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share_percent: Annotated[float, Field(gt=0, le=100)] = 20
    """Of the org's calls in 24 hours: ours."""
    warn_percent: Annotated[float, Field(gt=0, le=100)] = 80
    pause_percent: Annotated[float, Field(gt=0, le=100)] = 95
    resume_percent: Annotated[float, Field(gt=0, le=100)] = 75

    @model_validator(mode="after")
    def _in_order(self) -> "ApiBudget":
        if not self.resume_percent < self.warn_percent <= self.pause_percent:
            raise ValueError("resume_percent < warn_percent <= pause_percent must hold")
        return self


class SalesforceConnection(BaseModel):
    """One Salesforce org and how to log in to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["connection"] = "connection"
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    type: Literal["salesforce"] = "salesforce"
    description: str = ""
    url: Annotated[str, AfterValidator(_checked_url)]
    """The org's own address (My Domain); plain http only for a stand-in on this machine."""
    auth: Auth = Auth()
    api_version: Annotated[str, StringConstraints(pattern=r"^\d{2}\.0$")] = "66.0"
    api_budget: ApiBudget = ApiBudget()

    @model_validator(mode="after")
    def _own_host(self) -> "SalesforceConnection":
        host = self.url.partition("://")[2]
        if self.auth.flow == "client_credentials" and host in LOGIN_HOSTS:
            raise ValueError(
                f"client_credentials works only at the org's own address, not at {host}"
                " (write it like https://acme.my.salesforce.com)"
            )
        return self

    def env_of(self, secret: str) -> str | None:
        """The environment variable that a secret is read from."""
        variable: str | None = getattr(self.auth, f"{secret}_env", None)
        return variable


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one row of a write."""

    id: str
    """The record's; of a row that failed, the one that was sent, or "" where none was."""
    ok: bool
    code: str | None = None
    """Salesforce's name of what was wrong, e.g. DUPLICATE_VALUE."""
    message: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replicated:
    """What changed, or was deleted, in a span of time; of all campaigns together."""

    ids: Sequence[str]
    covered: datetime | None
    """Until when the answer is complete: where the next question begins."""
    earliest: datetime | None = None
    """Of deletions: since when they are remembered; before it only a full comparison helps."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls of the whole org in the last 24 hours, as Salesforce says."""

    used: int
    limit: int
    app: str = ""
    """The app that has a share of its own, if there is one."""
    app_used: int | None = None
    app_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a test of the connection found."""

    latency_ms: float
    usage: Usage | None
    sees_campaigns: bool
    may_write: bool = False
    """Whether the user may change members."""
