"""examples/notebook.ipynb runs from its first cell to its last."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
#: In a process of its own: what a kernel warns of is not ours.
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def test_it_is_kept_without_what_it_prints() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 4
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.sweep
@pytest.mark.skipif(
    find_spec("nbclient") is None or find_spec("pandas") is None,
    reason="make test-sweep installs nbclient and pandas",
)
def test_it_runs_and_shows_what_it_says(tmp_path: Path) -> None:
    target = tmp_path / "run.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK), str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads(target.read_text())["cells"]
    shown = [outputs(cell) for cell in cells if cell["cell_type"] == "code"]
    machine, ratio, frame, plot = shown
    assert "'pages_out': 256" in machine["text/plain"]
    assert ratio["text/plain"] == "1.0"
    assert "<th>4000</th>" in frame["text/html"]
    assert "image/png" in plot


def outputs(cell: dict[str, Any]) -> dict[str, str]:
    """What a cell shows, by kind."""
    found: dict[str, str] = {}
    for output in cell["outputs"]:
        for kind, data in output.get("data", {}).items():
            found[kind] = "".join(data)
    return found
