"""A question of one's own in three commands: README.md's, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sweep.studies import lines

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="there is no valgrind"),
    pytest.mark.skipif(find_spec("bokeh") is None, reason="there is no bokeh"),
]

README = Path(__file__).parents[2] / "README.md"


def test_record_sweep_and_report_answer_it(tmp_path: Path) -> None:
    (session,) = re.findall(
        r"```console\n(\$ swapemu record[^`]*?\$ cat app.toml[^`]*)```",
        README.read_text(),
    )
    record, _, rest = session.partition("$ cat app.toml\n")
    study, *commands = rest.split("$ ")
    (tmp_path / "app.toml").write_text(study)
    shutil.copy(README, tmp_path)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in (record.removeprefix("$ "), *commands):
        subprocess.run(
            ["sh", "-ec", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            check=True,
            timeout=200,
        )
    found = [line for line in lines(tmp_path / "app.jsonl") if "cell" in line]
    assert len(found) == 18
    assert {row["error"] for row in found} == {None}
    missed = {
        (row["cell"]["design"], row["cell"]["policy"], row["cell"]["ram"]): (
            row["metrics"]["miss_ratio"]
        )
        for row in found
    }
    assert missed["plain", "lru", "30%"] > missed["plain", "lru", "75%"] > 0
    assert missed["plain", "lru", "30%"] > missed["plain", "opt", "30%"]
    assert "sort" in (tmp_path / "app.html").read_text()
