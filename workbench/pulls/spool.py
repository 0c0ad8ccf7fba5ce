"""Finished slices on disk: what lets a killed pull go on where it was.

A spool belongs to one plan. Each finished slice is a Parquet part and a receipt; the receipt is
written last and at once, so a slice either is finished or was never there.
"""

import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from workbench.errors import disk_explained

FRESH_FOR = timedelta(hours=12)
"""How long finished slices are worth keeping: Pendo's recent rows still change."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A slice whose rows are on disk."""

    key: str
    rows: int
    bytes: int
    """As they came over the wire."""
    receive_s: float
    write_s: float
    last_id: str | None = None
    full: bool = False
    """Whether as many rows came as were asked for, so there may be a next page."""
    resumed: bool = False
    """Whether it was finished by an earlier run."""


class Spool:
    """The folder of one pull's slices."""

    def __init__(self, folder: Path, token: str, started_at: datetime) -> None:
        self.folder = folder
        self.token = token
        """Marks what is committed from this spool, so that it is never committed twice."""
        self.started_at = started_at

    @classmethod
    def open(
        cls,
        root: Path,
        pull: str,
        fingerprint: str,
        now: datetime,
        *,
        run: int | None = None,
        is_done: Callable[[int], bool] = lambda run: False,
    ) -> Self:
        """The spool of this plan: the one that was left, if it is fresh and of the same plan.

        Args:
            run: The run that will commit from it; None for a preview.
            is_done: Whether a run came to its end. What it left behind is then not taken again:
                it was killed between its end and tidying up.

        Raises:
            DiskFullError: no room for it.
        """
        folder = root / pull
        left = _read(folder / "plan.json")
        with disk_explained("the spool folder"):
            if left is None or not _is_usable(left, fingerprint, now, is_done):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True, exist_ok=True)
                left = {"fingerprint": fingerprint, "token": uuid.uuid4().hex, "run": None}
                left["started_at"] = now.isoformat()
            _write(folder / "plan.json", {**left, "run": run or left["run"]})
        return cls(folder, left["token"], datetime.fromisoformat(left["started_at"]))

    def raw(self, key: str) -> Path:
        """Where the answer to a slice is spooled while it arrives."""
        return self.folder / f"{key}.json"

    def part(self, key: str) -> Path:
        """Where a slice's rows are."""
        return self.folder / f"{key}.parquet"

    def finished(self, key: str) -> Finished | None:
        """What an earlier run finished of this slice."""
        left = _read(self.folder / f"{key}.done")
        if left is None or (left["rows"] and not self.part(key).exists()):
            return None
        return Finished(**{**left, "resumed": True})

    def finish(self, finished: Finished) -> Finished:
        """Remember a slice as finished; its part must be in place."""
        with disk_explained(finished.key):
            _write(self.folder / f"{finished.key}.done", asdict(finished))
        return finished

    def discard(self) -> None:
        """Delete everything: it is committed, or no longer wanted."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_usable(
    left: dict[str, Any], fingerprint: str, now: datetime, is_done: Callable[[int], bool]
) -> bool:
    age = now - datetime.fromisoformat(left["started_at"])
    fresh = left["fingerprint"] == fingerprint and timedelta() <= age <= FRESH_FOR
    return fresh and not (left["run"] is not None and is_done(left["run"]))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".writing")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)
