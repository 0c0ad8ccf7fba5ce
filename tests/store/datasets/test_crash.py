"""A commit is there as a whole or not at all: killed, raced and without room on the disk."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.datasets import worker
from tests.store.datasets.conftest import Bench
from workbench.errors import StorageError
from workbench.store.datasets import Datasets, Update
from workbench.store.datasets.lease import sole_writer

ROUNDS = 12
MORE_THAN_IT_CAN = 1_000
"""Commits asked of a process that will be killed long before."""
ROWS = 4
"""Rows of each of the worker's commits."""


def start(home: Path, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.store.datasets.worker", str(home), "t"]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def kill_while_committing(
    nursery: "subprocess.Popen[str]", first: int, after_s: float, writing: Path | None
) -> None:
    """Let the nursery commit from ``first`` on, and kill that process after a while.

    With ``writing``, the while begins when this note of a commit under way is there.
    """
    assert nursery.stdin is not None and nursery.stdout is not None
    nursery.stdin.write(f"{first} {MORE_THAN_IT_CAN}\n")
    nursery.stdin.flush()
    heard: list[str] = []
    while not ("ready" in heard and any(line.startswith("pid") for line in heard)):
        heard.append(nursery.stdout.readline().strip())
    child = next(int(line.split()[1]) for line in heard if line.startswith("pid"))
    while writing and not writing.exists():
        time.sleep(0.001)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    while nursery.stdout.readline().strip() != "ended":
        pass


def runs_of_whole_commits(bench: Bench) -> list[int | None]:
    """The runs that committed, newest first, once the rows were seen to be exactly theirs."""
    versions = bench.datasets.versions("t") if bench.datasets.exists("t") else []
    assert len(bench.rows("t")) == ROWS * len(versions) if versions else True
    return [version.run for version in versions]


def test_a_commit_killed_at_any_moment_leaves_the_old_version_or_the_new_one(
    bench: Bench, tmp_path: Path
) -> None:
    chance, done = random.Random(7), 0
    with start(tmp_path, "nursery") as nursery:
        for turn in range(ROUNDS):
            # Two in three are killed while files are being written, one anywhere.
            writing = tmp_path / "datasets" / ".pending" / "t.json" if turn % 3 else None
            kill_while_committing(nursery, done, chance.uniform(0, 0.04), writing)
            done = max((run or 0 for run in runs_of_whole_commits(bench)), default=-1) + 1
            for number in (done - 1, done):
                commit_again(bench, tmp_path, max(number, 0))
            done += 1
            assert runs_of_whole_commits(bench) == list(range(done - 1, -1, -1))
    assert set(bench.files("t")) == _referenced(bench)
    assert not list((tmp_path / "datasets").rglob("*.draft"))


def commit_again(bench: Bench, home: Path, number: int) -> None:
    """What a pull does that is started again after it was killed: the same stamp once more."""
    made, stamp = worker.parts(home, number), f"stamp-{number}"
    bench.datasets.commit("t", made, worker.UPDATE, run=number, stamp=stamp, source="test")


def _referenced(bench: Bench) -> set[Path]:
    """Files of all versions: here, where nothing is ever removed, those of the newest."""
    state = bench.datasets._snapshot("t", None)
    return {file.under(state.folder) for file in state.files}


def test_what_a_killed_commit_left_is_no_row_and_is_cleared_away(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id")
    root = bench.datasets._root
    (root / ".pending").mkdir(exist_ok=True)
    (root / ".pending" / "t.json").write_text('{"token": "feed", "version": 1}')
    (root / "t" / "part-feed-1.parquet").write_bytes(b"half")

    assert bench.rows("t") == [{"id": 1}]
    assert (bench.datasets.tidy(), bench.datasets.tidy()) == (1, 0)
    assert len(bench.files("t")) == 1


def test_two_processes_that_commit_at_once_lose_nothing(bench: Bench, tmp_path: Path) -> None:
    processes = [start(tmp_path, first, 12) for first in (0, 100)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0

    assert sorted(runs_of_whole_commits(bench), key=str) == sorted(
        [*range(12), *range(100, 112)], key=str
    )


def test_a_writer_that_waits_in_vain_is_told_who_writes(bench: Bench) -> None:
    root = bench.datasets._root
    hasty = Datasets(root, patience_s=0.1)
    part = bench.part("SELECT 1 id")
    with (
        sole_writer(root / ".locks", "page_events", writer="run 12", patience_s=1),
        pytest.raises(StorageError, match="page_events is being written by run 12"),
    ):
        hasty.commit("page_events", [part], Update("append"), run=13, stamp="s", source="x")

    hasty.commit("page_events", [part], Update("append"), run=13, stamp="s", source="x")


def test_a_full_disk_leaves_the_dataset_as_it_was(bench: Bench, tmp_path: Path) -> None:
    bench.append("t", "SELECT 1::BIGINT AS one, 1::BIGINT AS row, 'x' noise")
    process = start(tmp_path, 0, 1, 100_000)
    told, _ = process.communicate()

    assert "DiskFullError: The disk is full: t could not be written / Free some space" in told
    assert bench.datasets.summary("t").version == 0
    assert len(bench.files("t")) == 1
    assert bench.datasets.tidy() == 0


def test_an_entry_another_program_wrote_first_is_built_upon(bench: Bench) -> None:
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    bench.append("t", "SELECT 1 id")
    folder = bench.datasets._root / "t"
    write_deltalake(folder, pa.table({"id": pa.array([2], pa.int64())}), mode="append")
    bench.append("t", "SELECT 3 id, 'new' a")

    assert [row["id"] for row in bench.rows("t")] == [1, 2, 3]
    assert DeltaTable(folder).count() == 3
    assert [version.rows for version in bench.datasets.versions("t")] == [3, 2, 1]
