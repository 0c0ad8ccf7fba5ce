"""Turn the libraries' ways of saying "no answer" into our errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3

from workbench.errors import OutageError, OverrunError, RemoteError
from workbench.transport.answer import Call, CutShortError, GaveUpError

_TOO_SLOW = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)
_CUT = (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)
_UNREACHED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


@contextmanager
def lost_explained(call: Call, url: str) -> Iterator[None]:
    """Explain an answer that did not come, or not wholly.

    Raises:
        OverrunError: a heavy call got nothing for too long.
        GaveUpError: another call got nothing for too long, or the connection was dropped.
        CutShortError: the body stopped before its end.
        OutageError: the host was not reached.
    """
    try:
        yield
    except (OSError, urllib3.exceptions.HTTPError) as error:
        # The libraries' errors hold the request with its key: they are not passed on.
        raise _explained(error, call, urlsplit(url).hostname or url) from None


def _explained(error: Exception, call: Call, host: str) -> RemoteError:
    details = f"{call.method} /{call.path}: {type(error).__name__}: {error}"
    if isinstance(error, _TOO_SLOW):
        kind = OverrunError if call.heavy else GaveUpError
        return kind(
            f"{host} did not answer in time",
            hint="Try again, or ask for less at once." if call.heavy else "Try again later.",
            details=details,
        )
    if isinstance(error, _CUT):
        return CutShortError(
            f"The answer of {host} broke off before its end", hint="Try again.", details=details
        )
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return OutageError(
            f"{host} could not prove who it is",
            hint="Check the address, and the certificates if your network has a proxy.",
            details=details,
        )
    if isinstance(error, requests.ConnectTimeout) or isinstance(_reason(error), _UNREACHED):
        return OutageError(
            f"{host} could not be reached",
            hint="Check the address and your network, then try again.",
            details=details,
        )
    return GaveUpError(
        f"{host} closed the connection without an answer",
        hint="Try again later.",
        details=details,
    )


def _reason(error: Exception) -> object:
    """What lies behind the layers that requests and urllib3 put around an error."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", inner)
