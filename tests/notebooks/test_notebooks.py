"""Every notebook runs from its first cell to its last, and is kept without outputs."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
SAYS = {"03_campaign_and_product": r"\b[1-9]\d* measured"}
"""What a notebook must have found, by its name: charts of nothing are charts too."""
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("NOTEBOOK_CONNECTION", raising=False)
    notebook = read(path)

    NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "application/vnd.plotly.v1+json" in kinds
    assert "text/html" in kinds
    assert re.search(SAYS.get(path.stem, ""), str(outputs))
    assert not any("rehearsal-write-key" in str(output) for output in outputs)
    assert not (tmp_path / "home").exists(), "a rehearsal leaves the user's home alone"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_without_secrets(path: Path) -> None:
    notebook = read(path)

    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert os.sep + "home" + os.sep not in path.read_text(encoding="utf-8")
