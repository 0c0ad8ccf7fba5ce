"""``apply``, ``export``, ``delete``, ``history``."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.opened import person, services
from workbench.cli.output import answer, cell, utc
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.documents import Text
    from workbench.services import Services
    from workbench.store.state import Change

LARGEST_BYTES = 8_000_000
"""Above what documents may hold in characters; stops a wrong file from being read into memory."""


def apply(asked: Namespace) -> int:
    """Create or update the documents of some files: all of them or none."""
    texts = [_read(name) for name in asked.files]
    with services() as opened:
        applied = opened.documents.apply(texts, person())
    value = [{"outcome": one.outcome, "kind": one.kind, "name": one.name} for one in applied]
    answer(asked, value, map(str, applied))
    return 0


def export(asked: Namespace) -> int:
    """Print documents as YAML; with --json, as one array."""
    with services() as opened:
        kind, name = asked.what, None
        if asked.what is not None and asked.what not in opened.documents.kinds:
            kind, name = opened.documents.resolve(asked.what)
        bodies = opened.documents.bodies(kind, name)
        text = opened.documents.export(kind, name)
    answer(asked, bodies, [text.removesuffix("\n")] if text else [])
    return 0


def delete(asked: Namespace) -> int:
    """Remove one document and its secrets; with --clear, empty first what it wrote."""
    with services() as opened:
        kind, name = opened.documents.resolve(asked.document)
        if asked.clear:
            return _clear(asked, opened, kind, name)
        opened.documents.delete(kind, name, person())
    answer(asked, {"deleted": f"{kind}/{name}"}, [f"deleted {kind}/{name}"])
    return 0


def _clear(asked: Namespace, opened: "Services", kind: str, name: str) -> int:
    if kind != "automation":
        raise InputError(
            f"{kind}/{name} writes nothing to Pendo", hint="Delete it without --clear."
        )
    from workbench.cli.automations import clear_and_delete

    return clear_and_delete(asked, opened, name)


def history(asked: Namespace) -> int:
    """Print every change of one document, oldest first."""
    with services() as opened:
        kind, name = opened.documents.resolve(asked.document)
        changes = opened.documents.history(kind, name)
    value = [
        {
            "at": utc(change.at),
            "who": change.who,
            "what": what(change),
            "before": change.before,
            "after": change.after,
        }
        for change in changes
    ]
    lines = [f"{cell(change.at)}  {cell(change.who)}  {what(change)}" for change in changes]
    answer(asked, value, lines)
    return 0


def what(change: "Change") -> str:
    """A change in a few words: which keys became what."""
    if change.before is None:
        return "created"
    if change.after is None:
        return "deleted"
    before, after = change.before, change.after
    changed = [
        f"{key}: {cell(before.get(key)) or 'nothing'} → {cell(after.get(key)) or 'nothing'}"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    return "; ".join([*changed, *([change.note] if change.note else [])])


def _read(name: str) -> "Text":
    from workbench.documents import Text

    shown = "stdin" if name == "-" else name
    try:
        if name == "-":
            content = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise InputError(f"{shown} is too large for documents")
        return Text(shown, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{shown} is not a text file", hint="Documents are YAML.") from error
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}") from error
