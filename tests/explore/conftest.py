"""Small Parquet files that play the datasets: this room only needs names, a folder and a scan."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench.errors import InputError


class Shelf:
    """Datasets made of one Parquet file each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def put(self, name: str, select: str) -> None:
        """Make a dataset from a query."""
        path = str(self.root / f"{name}.parquet")
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.sql(select).write_parquet(path)
        connection.close()

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.root.glob("*.parquet"))

    def scan(self, name: str, version: int | None = None) -> str:
        if name not in self.names():
            raise InputError(f"There is no dataset {name}")
        return f"(SELECT * FROM read_parquet(['{self.root}/{name}.parquet']))"


VIEWS = """
    SELECT DATE '2026-03-01' + (i % 3)::INTEGER AS day,
           'page-' || (i % 4) AS pageId,
           CASE WHEN i % 10 = 0 THEN NULL ELSE ['DE', 'US', 'JP'][1 + i % 3] END AS country,
           i::BIGINT AS numEvents,
           TIMESTAMPTZ '2026-03-01 03:00:00+00' + to_hours(i::INTEGER) AS firstTime,
           i % 2 = 0 AS identified,
           MAP {'plan': 'p' || (i % 2)} AS parameters,
           {'auto': {'lastvisit': i, 'note': NULL::VARCHAR}, 'tags': range(i % 3)} AS metadata
    FROM range(60) t(i)
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Any]:
    """A shelf with page views, and a table that has nothing in it."""
    shelf = Shelf(tmp_path / "datasets")
    shelf.put("page_events", VIEWS)
    shelf.put("nothing", f"{VIEWS} LIMIT 0")
    (tmp_path / "secret.txt").write_text("outside")
    yield shelf
