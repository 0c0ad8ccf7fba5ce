"""Parts written by DuckDB, as a pull writes them, and a home to commit them to."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from workbench.store.datasets import Committed, Datasets, Part, Update
from workbench.store.duck import connect, literal, parquet_options

Rows = list[dict[str, Any]]


class Bench:
    """One home, and short words for what the tests do with it."""

    def __init__(self, home: Path) -> None:
        self.spool = home / "spool"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.datasets = Datasets(home / "datasets", spool=self.spool)
        self.duck = connect(home / "duck")
        self._numbers = count(1)

    def part(self, query: str, **values: object) -> Part:
        """A Parquet file with the rows of a query."""
        path = self.spool / f"part-{next(self._numbers)}.parquet"
        copied = f"COPY ({query}) TO {literal(str(path))} {parquet_options()}"
        [[rows]] = self.duck.execute(copied).fetchall()
        return Part(path, rows, values)

    def commit(self, name: str, update: Update, *parts: Part, **more: Any) -> Committed:
        """Commit under a stamp of its own."""
        number = next(self._numbers)
        given = {"run": number, "stamp": f"stamp-{number}", "source": "pull/test", **more}
        return self.datasets.commit(name, parts, update, **given)

    def replace(self, name: str, *queries: str) -> Committed:
        """Make the dataset these rows."""
        return self.commit(name, Update("replace"), *map(self.part, queries))

    def append(self, name: str, *queries: str) -> Committed:
        """Add rows."""
        return self.commit(name, Update("append"), *map(self.part, queries))

    def rows(self, name: str, version: int | None = None) -> Rows:
        """All rows, sorted."""
        source = self.datasets.scan(name, version)
        table = self.duck.sql(f"SELECT * FROM {source} ORDER BY ALL").to_arrow_table()
        rows: Rows = table.to_pylist()
        return rows

    def types(self, name: str) -> dict[str, str]:
        """The columns' types in plain words."""
        return {column.name: column.type for column in self.datasets.summary(name).columns}

    def files(self, name: str) -> list[Path]:
        """Every data file in the dataset's folder, of whatever version, or of none."""
        folder = self.datasets._root / name
        return [path for path in folder.rglob("part-*.parquet") if path.is_file()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty home."""
    made = Bench(tmp_path)
    yield made
    made.duck.close()


@pytest.fixture
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Bench]:
    """Homes on demand, for tests that need many."""
    return lambda: Bench(tmp_path_factory.mktemp("home"))
