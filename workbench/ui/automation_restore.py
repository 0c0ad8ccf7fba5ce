"""An older version of an automation, in its form before it is saved."""

from __future__ import annotations

import streamlit as st

from workbench.store.state.documents import Change
from workbench.ui import formats
from workbench.ui.session import remember, remembered, start_afresh, zone


def restored(name: str) -> Change | None:
    """The change whose version the form was filled with, or None where it shows what is stored."""
    change = remembered(_kept_as(name))
    return change if isinstance(change, Change) else None


def restore(name: str, change: Change | None) -> None:
    """Fill the form with an older version, or with what is stored again. Saves nothing."""
    remember(_kept_as(name), change)
    start_afresh(f"automation/{name}")


def say_restored(name: str) -> None:
    """Say which older version the form shows, with a way back."""
    change = restored(name)
    if change is None:
        return
    at = formats.moment(change.at, zone()).text
    st.info(
        f"The steps show the version of {at} by {formats.plain(change.who)}; the sheet shows what "
        "the next run would write with it. Save to restore it.",
        icon=":material/settings_backup_restore:",
    )
    st.button(
        "Back to the current version",
        key="automations.restored.leave",
        on_click=restore,
        args=(name, None),
    )


def _kept_as(name: str) -> str:
    return f"restored:{name}"
