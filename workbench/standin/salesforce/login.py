"""The four ways to log in, and the sessions they give (contract, section 1)."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from workbench.standin.replies import Reply, Request, json_reply
from workbench.standin.salesforce.keys import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    REFRESH_TOKEN,
    SECURITY_TOKEN,
    USERNAME,
)
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.refusals import Refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_ASSERTION_S = 300
"""An assertion is good for a few minutes at most."""


@dataclass(slots=True)
class Session:
    """One access token: until when it is good, and how often it was used."""

    ends_ms: int
    uses: int = 0


class _DeniedError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass
class Logins:
    """Gives out sessions and looks at them."""

    org: Org
    refresh_token: str = REFRESH_TOKEN
    sessions: dict[str, Session] = field(default_factory=dict)
    trusted: "list[RSAPublicKey]" = field(default_factory=list)
    """Keys whose assertions are believed; a person uploads them."""

    def token(self, request: Request, url: str) -> Reply:
        """``POST /services/oauth2/token``."""
        form = {k: v[-1] for k, v in parse_qs(request.body.decode("utf-8", "replace")).items()}
        form = _with_basic(form, request.headers.get("authorization", ""))
        try:
            told = self._granted(form)
        except _DeniedError as denied:
            error = {"error": denied.error}
            if self.org.switches.is_at("oauth_error_description", "on"):
                error["error_description"] = denied.description
            return json_reply(error, 400)
        return json_reply(self._opened(url, told))

    def check(self, request: Request) -> None:
        """Make sure that a request has a session.

        Raises:
            Refusal: 401, none or an ended one.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        session = self.sessions.get(token.strip())
        most_uses = self.org.switches.whole("token_calls")
        if (
            kind.lower() not in ("bearer", "oauth")
            or session is None
            or session.ends_ms <= self.org.clock.now_ms()
            or (most_uses and session.uses >= most_uses)
        ):
            raise Refusal("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        session.uses += 1

    def trust(self, pem: str) -> None:
        """Believe assertions signed with the other half of this public key."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("Only RSA keys sign assertions")
        self.trusted.append(key)

    def _granted(self, form: Mapping[str, str]) -> dict[str, str]:
        grant = form.get("grant_type")
        if grant == JWT_BEARER:
            self._believe(form.get("assertion", ""))
            return {"scope": "api"}
        if form.get("client_id") != CLIENT_ID:
            raise _DeniedError("invalid_client_id", "client identifier invalid")
        secret = form.get("client_secret")
        if secret != CLIENT_SECRET and not (grant == "refresh_token" and secret is None):
            raise _DeniedError("invalid_client", "invalid client credentials")
        if grant == "client_credentials":
            return _issued(self.org)
        if grant == "password":
            good = form.get("password") in (PASSWORD, PASSWORD + SECURITY_TOKEN)
            if form.get("username") != USERNAME or not good:
                raise _DeniedError("invalid_grant", "authentication failure")
            return _issued(self.org)
        if grant == "refresh_token":
            return self._refreshed(form)
        raise _DeniedError("unsupported_grant_type", "grant type not supported")

    def _refreshed(self, form: Mapping[str, str]) -> dict[str, str]:
        if form.get("refresh_token") != self.refresh_token:
            raise _DeniedError("invalid_grant", "expired access/refresh token")
        if self.org.switches.is_at("rotate_refresh_token", "off"):
            return _issued(self.org)
        # The former one is worth nothing from now on.
        self.refresh_token = f"rehearsal-refresh-{secrets.token_urlsafe(8)}"
        return _issued(self.org) | {"refresh_token": self.refresh_token}

    def _opened(self, url: str, told: dict[str, str]) -> dict[str, str]:
        token = f"00DAx0000000001!rehearsal.{secrets.token_urlsafe(24)}"
        ttl_ms = int(self.org.switches.number("token_ttl_s") * 1000)
        self.sessions[token] = Session(self.org.clock.now_ms() + ttl_ms)
        identity = f"{url}/id/00DAx0000000001AAA/{self.org.user_id}"
        opened = {"access_token": token, "instance_url": url, "id": identity}
        return {**opened, "token_type": "Bearer", "scope": "api refresh_token", **told}

    def _believe(self, assertion: str) -> None:
        claims = self._signed(assertion)
        now_s = self.org.clock.now_ms() / 1000
        if claims.get("iss") != CLIENT_ID:
            raise _DeniedError("invalid_client_id", "client identifier invalid")
        if claims.get("sub") != USERNAME:
            raise _DeniedError("invalid_grant", "user hasn't approved this consumer")
        if "://" not in str(claims.get("aud")):
            raise _DeniedError("invalid_grant", "audience is invalid")
        ends_s = claims.get("exp")
        if not isinstance(ends_s, int) or not now_s < ends_s <= now_s + LONGEST_ASSERTION_S:
            raise _DeniedError("invalid_grant", "expired authorization code")

    def _signed(self, assertion: str) -> dict[str, Any]:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        head, _, signature = assertion.rpartition(".")
        try:
            header, claims = (json.loads(_decoded(part)) for part in head.split("."))
            signed = _decoded(signature)
        except (ValueError, binascii.Error):
            raise _DeniedError("invalid_grant", "invalid assertion") from None
        for key in self.trusted:
            try:
                key.verify(signed, head.encode(), PKCS1v15(), SHA256())
            except InvalidSignature:
                continue
            if header.get("alg") == "RS256" and isinstance(claims, dict):
                return claims
        raise _DeniedError("invalid_grant", "invalid assertion")


def _issued(org: Org) -> dict[str, str]:
    return {"issued_at": str(org.clock.now_ms()), "signature": "rehearsal-signature"}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _with_basic(form: dict[str, str], authorization: str) -> dict[str, str]:
    """The client's id and secret may come as HTTP Basic."""
    kind, _, coded = authorization.partition(" ")
    if kind.lower() != "basic":
        return form
    try:
        client_id, _, secret = base64.b64decode(coded).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        return form
    return {"client_id": client_id, "client_secret": secret, **form}
