"""What the engine of an earlier commit takes for the same: its tree, out of history."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def tree(commit: str) -> Iterator[Path | None]:
    """Give a directory with the package of a commit; None without the history."""
    git = ["git", "-C", str(Path(__file__).parents[1]), "archive", commit, "swaptools"]
    archive = subprocess.run(git, capture_output=True, check=False)
    if archive.returncode:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def run_in(folder: Path | None, *arguments: str) -> Any:  # noqa: ANN401
    """Run Python with the package of a folder, or with ours; return what JSON it says.

    In a process of its own, whose other arguments are Python's.
    """
    env = dict(os.environ)
    if folder is not None:
        env["PYTHONPATH"] = str(folder)
    command = [sys.executable, *arguments]
    found = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, check=True
    )
    return json.loads(found.stdout)
