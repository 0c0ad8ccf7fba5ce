"""Read what Pendo says of a batch of metadata, whichever of its shapes it takes. Pure."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from workbench.errors import BrokenAnswerError
from workbench.pendo.model import MetadataReceipt

ID_KEYS = ("id", "visitorId", "accountId")
TEXT_KEYS = ("error", "message", "reason")


def read_receipt(said: object, sent: Collection[str]) -> MetadataReceipt:
    """The receipt for the ids in ``sent``.

    >>> read_receipt({"total": 2, "updated": 1, "failed": 1, "missing": ["b"]}, ["a", "b"])
    MetadataReceipt(total=2, updated=1, failed=1, missing=('b',), errors=())

    Raises:
        BrokenAnswerError: there are no counters in it, so nobody knows what was written.
    """
    if not isinstance(said, dict) or not isinstance(said.get("updated"), int):
        raise BrokenAnswerError(
            "Pendo did not say how many records it updated",
            hint="Read the values back before sending them again.",
            details=json.dumps(said)[:500],
        )
    missing = tuple(str(record_id) for record_id in _listed(said.get("missing")))
    errors = tuple(_fault(item, sent) for item in _listed(said.get("errors")))
    failed = said.get("failed")
    return MetadataReceipt(
        total=_count(said.get("total"), len(sent)),
        updated=said["updated"],
        failed=_count(failed, len(missing) + len(errors)),
        missing=missing,
        errors=errors,
    )


def _fault(item: Any, sent: Collection[str]) -> tuple[str, str]:
    """Id and words of one refused record; the words are the raw item where there are none."""
    if not isinstance(item, dict):
        return _mentioned(str(item), sent), str(item)
    record_id = next((str(item[key]) for key in ID_KEYS if item.get(key)), "")
    if not record_id:
        record_id = next((str(v) for v in item.values() if str(v) in sent), "")
    text = next((str(item[key]) for key in TEXT_KEYS if item.get(key)), "")
    return record_id or _mentioned(text, sent), text or json.dumps(item)


def _mentioned(text: str, sent: Iterable[str]) -> str:
    """The longest id that occurs in a text: a shorter one may be a part of it."""
    return max((record_id for record_id in sent if record_id in text), key=len, default="")


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
