"""``connection test``."""

from argparse import Namespace
from typing import Any

from workbench.cli.main import complain
from workbench.cli.opened import services
from workbench.cli.output import answer
from workbench.errors import RemoteError
from workbench.services import Services
from workbench.words import counted


def test(asked: Namespace) -> int:
    """Ask the other system whether it lets us in, and what for."""
    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "connection")
        of_salesforce = name in opened.documents.connections("salesforce")
        try:
            value = (_salesforce if of_salesforce else _pendo)(opened, name)
        except RemoteError as error:
            failed = {"ok": False, "scope": None, "latency_ms": None, "detail": str(error)}
            answer(asked, failed, [])
            complain(str(error), error.hint)
            return error.exit_code
    answer(asked, value, [f"{value['detail']} ({value['latency_ms']:.0f} ms)"])
    return 0 if value["ok"] else 1


def _pendo(opened: Services, name: str) -> dict[str, Any]:
    with opened.pendo(name) as client:
        token = client.verify_token()
    rights = "may read and write" if token.write_access else "may read, not write"
    return {
        "ok": token.valid,
        "scope": "write" if token.write_access else "read",
        "latency_ms": round(token.latency_ms, 1),
        "detail": f"{opened.documents.connection(name).url} accepts the key: it {rights}",
    }


def _salesforce(opened: Services, name: str) -> dict[str, Any]:
    with opened.salesforce(name) as client:
        client.require_campaigns()
        access = client.test()
    rights = "may read and write members" if access.may_write else "may read members, not write"
    detail = f"{opened.documents.salesforce(name).url} accepts the login: it {rights}"
    if access.usage is not None:
        used, limit = access.usage.used, access.usage.limit
        detail += f"; {counted(used, 'API call')} of {limit:,} used in 24 hours".replace(",", " ")
    return {
        "ok": True,
        "scope": "write" if access.may_write else "read",
        "latency_ms": round(access.latency_ms, 1),
        "detail": detail,
    }
