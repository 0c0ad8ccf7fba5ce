"""A document as YAML, and every change it had."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats
from workbench.ui.session import explained, services, zone

if TYPE_CHECKING:
    from workbench.store.state.documents import Change


def show_yaml(kind: str, name: str) -> None:
    """The stored document, to copy, to keep in Git, to apply elsewhere."""
    st.caption("The same document for the command line: `python -m workbench apply FILE`.")
    st.code(services().documents.export(kind, name), language="yaml")


def show_history(kind: str, name: str, restore: Callable[[Change], None] | None = None) -> None:
    """Who changed what, when; the newest first.

    Args:
        restore: Called in a callback with the version somebody wants back.
    """
    from workbench.documents.yaml_text import dump

    with explained(stop=False):
        changes = services().documents.history(kind, name)
        for place in reversed(range(len(changes))):
            change = changes[place]
            before = dump([change.before]) if change.before else ""
            after = dump([change.after]) if change.after else ""
            what = "created" if not before else "deleted" if not after else "changed"
            at = formats.moment(change.at, zone())
            note = f" · {formats.plain(change.note)}" if change.note else ""
            st.markdown(f"**{what}** by {formats.plain(change.who)} · {at.text}{note}")
            if difference := _difference(before, after):
                st.code(difference, language="diff")
            if restore is not None and change.after and place < len(changes) - 1:
                st.button(
                    "Restore this version",
                    icon=":material/settings_backup_restore:",
                    key=f"history.{kind}.{name}.{place}",
                    help="Puts it into the form: you see what it would do before you save it.",
                    on_click=restore,
                    args=(change,),
                )


def _difference(before: str, after: str) -> str:
    if not before:
        return ""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
