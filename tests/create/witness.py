"""Before and after: what a refusal must leave alone, down to the times."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def snapshot(path: Path) -> dict[str, object]:
    """Bytes, inode, mode, owner and times of a file, or what it is instead."""
    if not os.path.lexists(path):
        return {"missing": True}
    status = path.lstat()
    found: dict[str, object] = {
        "inode": (status.st_dev, status.st_ino, status.st_nlink),
        "mode": status.st_mode,
        "owner": (status.st_uid, status.st_gid),
        "size": (status.st_size, status.st_blocks),
        "times": (status.st_mtime_ns, status.st_ctime_ns),
    }
    if path.is_symlink():
        found["link"] = str(path.readlink())
    elif path.is_file():
        with path.open("rb") as file:
            found["bytes"] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def listing(directory: Path) -> list[str]:
    """Every name in a directory, temporary ones included."""
    return sorted(path.name for path in directory.iterdir())


@contextmanager
def untouched(*paths: Path) -> Iterator[None]:
    """Fail when one of the paths, or the directory of the first, has changed."""
    before = [snapshot(path) for path in paths]
    names = listing(paths[0].parent)
    yield
    assert [snapshot(path) for path in paths] == before
    assert listing(paths[0].parent) == names
