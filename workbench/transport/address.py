"""Which addresses may be talked to. Pure."""

import ipaddress
from urllib.parse import urlsplit

from workbench.errors import InputError

API_PATH = "/api/v1"
"""Often pasted along with the host; the clients add their own path."""


def base_url(text: str) -> str:
    """The scheme and host of an address, in one spelling, without a path or a closing slash.

    >>> base_url(" https://App.pendo.io/ ")
    'https://app.pendo.io'
    >>> base_url("http://127.0.0.1:8123/api/v1")
    'http://127.0.0.1:8123'

    Raises:
        InputError: not an http address, plain http beyond this machine, or more than a host.
    """
    address = text.strip()
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _unusable(address) from None
    if parts.scheme not in ("http", "https") or not host or set(host) & set(" \\%"):
        raise _unusable(address)
    if parts.username is not None or parts.password is not None:
        raise InputError(
            f"The address of {host} carries a user name or a password",
            hint="Write only the host; the key is kept apart, encrypted.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(
            f"{host} would be asked over plain http, and the key would be readable on the way",
            hint=f"Write https://{host}; plain http is only for this machine (127.0.0.1).",
        )
    if parts.path.rstrip("/").lower() not in ("", API_PATH) or parts.query or parts.fragment:
        raise InputError(
            f"{address!r} is more than a host",
            hint=f"Write only {parts.scheme}://{parts.netloc}; the path is added here.",
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.9", "::1", "127.0.0.1.example.com")]
    [True, True, True, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(address: str) -> InputError:
    return InputError(
        f"{address!r} is not a web address",
        hint="Write it like https://app.pendo.io.",
    )
