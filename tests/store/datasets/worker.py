"""A process of its own that commits to a dataset, for tests that kill it or race it.

    python -m tests.store.datasets.worker HOME NAME FIRST COUNT [LIMIT_BYTES]

Commits COUNT times, each under its stamp ``stamp-N``: two rows linked as they are and two
written again. Prints ``ready`` before the first and ``N`` after each.

With ``nursery`` for FIRST: reads lines ``FIRST COUNT``, does each in a fork of its own (the slow
imports are made once), prints the fork's process id first and ``ended`` when it is gone.
"""

import os
import resource
import sys
from pathlib import Path

from workbench.errors import DiskFullError
from workbench.store.datasets import Datasets, Part, Update
from workbench.store.duck import connect, literal

UPDATE = Update("append")


def parts(home: Path, number: int, *, rows: int = 2) -> list[Part]:
    """Two parts for one commit; the second has another type and cannot be taken as it is."""
    made = []
    with connect() as duck:
        for index, dtype in enumerate(["BIGINT", "INTEGER"]):
            path = home / f"part-{number}-{index}.parquet"
            query = (
                f"SELECT 1::{dtype} AS one, (range + {index * rows})::BIGINT AS row, "
                f"uuid()::VARCHAR AS noise FROM range({rows})"
            )
            duck.execute(f"COPY ({query}) TO {literal(str(path))}")
            made.append(Part(path, rows))
    return made


def say(text: object) -> None:
    """Tell the test, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(home: Path, name: str, first: int, count: int, limit_bytes: int = 0) -> None:
    datasets = Datasets(home / "datasets")
    rows = 200_000 if limit_bytes else 2
    its_parts = parts(home, first, rows=rows)
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    say("ready")
    for number in range(first, first + count):
        try:
            datasets.commit(
                name, its_parts, UPDATE, run=number, stamp=f"stamp-{number}", source="worker"
            )
        except DiskFullError as error:
            say(f"DiskFullError: {error} / {error.hint}")
            continue
        say(number)


def nursery(home: Path, name: str) -> None:
    """Fork a committing process for each line of input, and wait until it has ended."""
    import deltalake  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    for line in sys.stdin:
        first, count = map(int, line.split())
        child = os.fork()
        if child == 0:
            main(home, name, first, count)
            os._exit(0)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    home, name, *numbers = sys.argv[1:]
    if numbers == ["nursery"]:
        nursery(Path(home), name)
    else:
        main(Path(home), name, *map(int, numbers))
