"""Tell a dataset's versions, and go back to one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.store.datasets import log
from workbench.store.datasets.model import Column, Summary, Version
from workbench.store.datasets.shapes import Shape, arrow_type, words


def version_of(folder: Path, number: int) -> Version | None:
    """What the log tells about one version; None if its entry is gone."""
    commit = _commit_info(folder, number)
    if commit is None:
        return None
    facts = log.facts_of(commit)
    rows = facts.get("rows")
    if rows is None:
        # Written by another program, which does not note the rows.
        rows = log.snapshot_of(log.open_table(folder, number), folder).rows
    return Version(
        version=number,
        at=datetime.fromtimestamp(commit.get("timestamp", 0) / 1000, UTC),
        run=facts.get("run"),
        operation=facts.get("operation") or str(commit.get("operation", "")).lower(),
        rows=rows,
        source=facts.get("source", ""),
        note=facts.get("note", {}),
        key=tuple(facts.get("key", ())),
    )


def versions_of(folder: Path) -> list[Version]:
    """Every version, newest first."""
    newest = log.open_table(folder).version()
    told = (version_of(folder, number) for number in range(newest, -1, -1))
    return [version for version in told if version is not None]


def _commit_info(folder: Path, number: int) -> Mapping[str, Any] | None:
    path = log.entry_path(folder, number)
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if '"commitInfo"' in line and "commitInfo" in (action := json.loads(line)):
                info: Mapping[str, Any] = action["commitInfo"]
                return info
    return {}


def columns_in_words(columns: Mapping[str, Shape]) -> tuple[Column, ...]:
    """Columns with their types as a person would say them."""
    return tuple(
        Column(name, words(shape), str(arrow_type(shape))) for name, shape in columns.items()
    )


def summary_of(state: log.Snapshot) -> Summary:
    """A dataset at a glance; reads the log, no rows."""
    told = version_of(state.folder, state.version)
    return Summary(
        name=state.folder.name,
        rows=state.rows,
        columns=columns_in_words(state.columns),
        size_bytes=sum(file.size_bytes for file in state.files),
        version=state.version,
        updated_at=told.at if told else datetime.fromtimestamp(0, UTC),
        source=told.source if told else "",
        key=told.key if told else (),
        partitioned_by=state.partitioned_by,
    )


def revert(folder: Path, number: int, *, run: int | None) -> Version:
    """Make a new version that is as version ``number`` was. Nothing is lost.

    Raises:
        InputError: there is no such version, or it is the newest.
    """
    from deltalake import CommitProperties

    table = log.open_table(folder)
    if number == table.version():
        raise InputError(f"{folder.name} is at version {number} already")
    then = log.snapshot_of(log.open_table(folder, number), folder)
    told = version_of(folder, number)
    facts = {
        "run": run,
        "source": told.source if told else "",
        "operation": "revert",
        "rows": then.rows,
        "key": list(told.key) if told else [],
        "note": {"reverted_to": number},
    }
    table.restore(number, commit_properties=CommitProperties(custom_metadata={"workbench": facts}))
    made = version_of(folder, log.open_table(folder).version())
    assert made is not None, "the entry was written a moment ago"
    return made
