"""``dataset list|show|versions|sql|export|import|diff|revert``."""

import dataclasses
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.opened import services
from workbench.cli.output import answer, cell, counted, megabytes, note, table, utc
from workbench.errors import InputError, disk_explained

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.explore.statistics import ColumnStatistics
    from workbench.store.datasets.model import Column, Summary, Version

SCREEN_ROWS = 100
"""Rows of an answer on a screen where no --limit says otherwise; files and JSON get all."""


def listed(asked: Namespace) -> int:
    """Every dataset at a glance."""
    with services() as opened:
        found = opened.datasets.list()
    rows = [
        {
            "name": each.name,
            "rows": each.rows,
            "columns": len(each.columns),
            "size": megabytes(each.size_bytes),
            "version": each.version,
            "updated_at": each.updated_at,
            "source": each.source,
        }
        for each in found
    ]
    answer(asked, [summary_json(each) for each in found], table(rows))
    return 0


def show(asked: Namespace) -> int:
    """One dataset: columns, types and what each column holds."""
    from workbench.explore.statistics import column_statistics

    with services() as opened:
        found = opened.datasets.summary(asked.name)
        told = column_statistics(opened.datasets, asked.name, found.version)
    statistics = [dataclasses.asdict(column) for column in told.columns]
    lines = [
        f"{found.name}: {counted(found.rows)} rows, version {found.version}, "
        f"{megabytes(found.size_bytes)}, {cell(found.updated_at)}, from {cell(found.source)}",
        "",
        *table([_described(column, told.rows) for column in told.columns]),
    ]
    value = {**summary_json(found), "statistics": statistics, "exact": told.exact}
    answer(asked, value, lines)
    return 0


def versions(asked: Namespace) -> int:
    """Every version of a dataset, newest first."""
    with services() as opened:
        found = opened.datasets.versions(asked.name)
    value = [version_json(each) for each in found]
    answer(asked, value, table([{**version_json(each), "at": each.at} for each in found]))
    return 0


def sql(asked: Namespace) -> int:
    """Answer one SELECT over all datasets."""
    from workbench.explore.sql import query

    on_screen = not asked.json and asked.out is None and asked.limit is None
    limit = SCREEN_ROWS + 1 if on_screen else asked.limit
    with services() as opened:
        found = query(opened.datasets, asked.query, limit=limit)
        if asked.out is not None:
            path = Path(asked.out)
            written = _write(opened.settings.spool_root, found, path)
            answer(asked, *_written(path, written))
            return 0
    if asked.json:
        answer(asked, records(found), [])
        return 0
    answer(
        asked,
        None,
        table(records(found.slice(0, SCREEN_ROWS if on_screen else None)), found.column_names),
    )
    if on_screen and found.num_rows > SCREEN_ROWS:
        note(f"The first {SCREEN_ROWS} rows; --limit N shows more, --out FILE writes all.")
    return 0


def export(asked: Namespace) -> int:
    """Write a dataset to a file."""
    path = Path(asked.out)
    with services() as opened:
        rows = opened.datasets.export_file(asked.name, path, version=asked.version)
    answer(asked, *_written(path, rows))
    return 0


def load(asked: Namespace) -> int:
    """Make the next version of a dataset of a file's rows."""
    path = Path(asked.file)
    if not path.is_file():
        raise InputError(f"There is no file {cell(asked.file)}")
    with services() as opened:
        done = opened.datasets.import_file(asked.name, path, append=asked.append)
    value = {
        "dataset": asked.name,
        "version": done.version,
        "rows": done.rows,
        "rows_written": done.rows_written,
        "drift": [str(drift) for drift in done.drift],
    }
    said = f"{asked.name}: {counted(done.rows)} rows, now version {done.version}"
    answer(asked, value, [said])
    for drift in done.drift:
        note(f"warning: {drift}")
    return 0


def diff(asked: Namespace) -> int:
    """What differs between two versions, with some of the rows."""
    with services() as opened:
        found = opened.datasets.diff(asked.name, asked.first, asked.second)
    value = {
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "same": found.same,
        "key": list(found.key),
        "columns_added": [_column(column) for column in found.columns_added],
        "columns_removed": [_column(column) for column in found.columns_removed],
        "types_changed": [
            dict(zip(("name", "before", "after"), change, strict=True))
            for change in found.types_changed
        ],
        "rows": records(found.rows),
    }
    matched = f"matched by {', '.join(found.key)}" if found.key else "whole rows counted"
    lines = [
        f"{counted(found.added)} added, {counted(found.removed)} removed, "
        f"{counted(found.changed)} changed, {counted(found.same)} same ({matched})",
        *(f"column added: {column.name} ({column.type})" for column in found.columns_added),
        *(f"column removed: {column.name} ({column.type})" for column in found.columns_removed),
        *(f"type changed: {name}, {was} → {now}" for name, was, now in found.types_changed),
        *(
            ["", *table(records(found.rows), found.rows.column_names)]
            if found.rows.num_rows
            else []
        ),
    ]
    answer(asked, value, lines)
    return 0


def revert(asked: Namespace) -> int:
    """Go back to an earlier version, as a new one."""
    with services() as opened:
        made = opened.datasets.revert(asked.name, asked.version)
    said = f"{asked.name} is as version {asked.version} was: now version {made.version}"
    answer(asked, {"dataset": asked.name, **version_json(made)}, [said])
    return 0


def records(found: "pa.Table") -> list[dict[str, Any]]:
    """Rows of an answer as objects; maps become objects too."""
    rows: list[dict[str, Any]] = found.to_pylist(maps_as_pydicts="lossy")
    return rows


def summary_json(summary: "Summary") -> dict[str, Any]:
    """What ``dataset list --json`` promises of each dataset."""
    return {
        "name": summary.name,
        "rows": summary.rows,
        "columns": [_column(column) for column in summary.columns],
        "size_bytes": summary.size_bytes,
        "version": summary.version,
        "updated_at": utc(summary.updated_at),
        "source": summary.source,
    }


def version_json(version: "Version") -> dict[str, Any]:
    """What ``dataset versions --json`` promises of each version."""
    return {
        "version": version.version,
        "at": utc(version.at),
        "run": version.run,
        "operation": version.operation,
        "rows": version.rows,
    }


def _write(spills: Path, found: "pa.Table", path: Path) -> int:
    """Write an answer to a file, in the order it has; gives how many rows."""
    from workbench.store.datasets.exports import export_query
    from workbench.store.duck import session

    with disk_explained(path.name), session(spills / ".spill") as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.register("answer", found)
        return export_query(connection, "answer", path)


def _column(column: "Column") -> dict[str, str]:
    return {"name": column.name, "type": column.type}


def _described(column: "ColumnStatistics", rows: int) -> dict[str, Any]:
    """A column's statistics in the few columns a terminal has."""
    nulls = f"{column.nulls / rows:.1%}" if rows else "–"
    frequent = ", ".join(f"{cell(value, 24)} ({counted(n)})" for value, n in column.frequent[:3])
    return {
        "column": column.column,
        "type": column.type,
        "empty": nulls,
        "different": column.distinct,
        "least": cell(column.least, 24),
        "most": cell(column.most, 24),
        "average": None if column.average is None else f"{column.average:,.2f}",
        "frequent": frequent,
    }


def _written(path: Path, rows: int) -> tuple[dict[str, Any], list[str]]:
    return {"file": str(path), "rows": rows}, [f"{path}: {counted(rows)} rows"]
