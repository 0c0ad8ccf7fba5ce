"""Log in to Salesforce: four flows, one session (salesforce-api contract, section 1).

Secrets pass through and are kept nowhere else; the clock comes from outside.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from pydantic import SecretStr
from requests.auth import AuthBase

from workbench.errors import BrokenAnswerError, SettingsError
from workbench.salesforce.answers import judge_login
from workbench.salesforce.model import LOGIN_HOSTS, NEEDED, SalesforceConnection
from workbench.transport import Call, Line, Meter, Patience
from workbench.transport.pace import Cancelled

TOKEN_PATH = "services/oauth2/token"  # noqa: S105 -- a path
TOKEN_ENDPOINT = "oauth2/token"  # noqa: S105 -- what it is metered as
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=3)
"""Long enough for clocks that differ a little; Salesforce takes a few minutes at most."""

Kept = Callable[[SecretStr], None]
"""Told a new refresh token at once: the former may be worth nothing already."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a login gives."""

    url: str
    """Where the org answers."""
    token: SecretStr = field(repr=False)


class _Nobody(AuthBase):
    """A login says in its body who it is; nothing of the environment is to be added."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Door:
    """Logs in to one org."""

    def __init__(
        self,
        connection: SalesforceConnection,
        secrets: Mapping[str, SecretStr],
        *,
        clock: Callable[[], datetime],
        keep: Kept | None = None,
        patience: Patience | None = None,
        meter: Meter | None = None,
        cancelled: Cancelled,
    ) -> None:
        """Send nothing yet.

        Raises:
            SettingsError: a secret that the flow needs is not there.
        """
        missing = [name for name in NEEDED[connection.auth.flow] if name not in secrets]
        if missing:
            raise SettingsError(
                f"The connection {connection.name} has no {missing[0].replace('_', ' ')} yet",
                hint=f"Apply it with auth: {{{missing[0]}_env: …}}, or set it in Connections.",
            )
        self._connection, self._secrets = connection, dict(secrets)
        self._clock, self._keep = clock, keep
        self._line = Line(
            connection.url,
            auth=_Nobody(),
            secrets=tuple(secret.get_secret_value() for secret in secrets.values()),
            patience=patience,
            meter=meter,
            cancelled=cancelled,
        )

    def close(self) -> None:
        """Close the connections kept open."""
        self._line.close()

    def enter(self) -> Session:
        """Begin a session.

        Raises:
            AccessError: Salesforce refused the login.
            OutageError: it did not answer.
        """
        call = Call(
            "POST",
            TOKEN_PATH,
            TOKEN_ENDPOINT,
            body=urlencode(self._form()).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            # With rotation a refresh token is good once: a lost answer must not be asked twice.
            repeatable=self._connection.auth.flow != "refresh_token",
        )
        told = self._line.send(call, judge_login, lambda incoming: _object(incoming.read()))
        new = told.get("refresh_token")
        if isinstance(new, str) and self._connection.auth.flow == "refresh_token":
            self._secrets["refresh_token"] = SecretStr(new)
            if self._keep:
                self._keep(SecretStr(new))
        token, url = told.get("access_token"), told.get("instance_url")
        if not isinstance(token, str) or not token:
            raise BrokenAnswerError("Salesforce's login answered without a session")
        return Session(
            url if isinstance(url, str) and url else self._connection.url, SecretStr(token)
        )

    def _form(self) -> dict[str, str]:
        auth = self._connection.auth
        client = {"client_id": self._secret("client_id")}
        if "client_secret" in self._secrets:
            client["client_secret"] = self._secret("client_secret")
        match auth.flow:
            case "client_credentials":
                return {"grant_type": "client_credentials", **client}
            case "refresh_token":
                token = self._secret("refresh_token")
                return {"grant_type": "refresh_token", "refresh_token": token, **client}
            case "username_password":
                password = self._secret("password") + self._secret("security_token")
                who = {"username": str(auth.username), "password": password}
                return {"grant_type": "password", **who, **client}
            case "jwt_bearer":
                return {"grant_type": JWT_BEARER, "assertion": self._assertion()}

    def _assertion(self) -> str:
        connection = self._connection
        claims = {
            "iss": self._secret("client_id"),
            "sub": connection.auth.username,
            "aud": audience(connection),
            "exp": int((self._clock() + ASSERTION_LIFE).timestamp()),
        }
        return signed(claims, self._secret("private_key"))

    def _secret(self, name: str) -> str:
        secret = self._secrets.get(name)
        return "" if secret is None else secret.get_secret_value()


def audience(connection: SalesforceConnection) -> str:
    """Whom an assertion is for: the login address of everybody, not the org's own.

    >>> audience(SalesforceConnection(name="a", url="https://acme--uat.sandbox.my.salesforce.com"))
    'https://test.salesforce.com'
    """
    if connection.auth.audience:
        return connection.auth.audience
    host = urlsplit(connection.url).hostname or ""
    if not host.endswith(".salesforce.com") or host in LOGIN_HOSTS:
        return connection.url
    return f"https://{LOGIN_HOSTS['.sandbox.' in host]}"


def signed(claims: Mapping[str, Any], private_key: str) -> str:
    """Claims as an RS256 assertion.

    Raises:
        SettingsError: the key is no RSA private key in PEM.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(
            "The private key of the connection is not an RSA key in PEM",
            hint="It begins with a line of dashes and PRIVATE KEY, and has no passphrase.",
        )
    head = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "RS256"}, dict(claims)))
    return f"{head}.{_base64(key.sign(head.encode(), PKCS1v15(), SHA256()))}"


def _base64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise BrokenAnswerError("The address does not answer like a Salesforce login")
    return told
