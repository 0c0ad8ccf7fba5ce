"""``connection test``."""

from argparse import Namespace

from workbench.cli.main import complain
from workbench.cli.opened import services
from workbench.cli.output import answer
from workbench.errors import RemoteError


def test(asked: Namespace) -> int:
    """Ask the other system whether the key is good, and what for."""
    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "connection")
        try:
            with opened.pendo(name) as client:
                token = client.verify_token()
        except RemoteError as error:
            failed = {"ok": False, "scope": None, "latency_ms": None, "detail": str(error)}
            answer(asked, failed, [])
            complain(str(error), error.hint)
            return error.exit_code
        connection = opened.documents.connection(name)
    scope = "write" if token.write_access else "read"
    rights = "may read and write" if token.write_access else "may read, not write"
    detail = f"{connection.url} accepts the key: it {rights}"
    value = {
        "ok": token.valid,
        "scope": scope,
        "latency_ms": round(token.latency_ms, 1),
        "detail": detail,
    }
    answer(asked, value, [f"{detail} ({token.latency_ms:.0f} ms)"])
    return 0 if token.valid else 1
