"""A memory cgroup of our own with a limit, for as long as something is recorded.

Not here: which hierarchies there are (observe/cgroups.py), the swap (zram.py).

Kernel: Documentation/admin-guide/cgroup-v2.rst memory.max; cgroup-v1/memory.rst
memory.limit_in_bytes.
"""

from __future__ import annotations

import contextlib
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError
from swaptools.observe.cgroups import find_hierarchy
from swaptools.record.kernel_files import set_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMITS: Final = {1: "memory.limit_in_bytes", 2: "memory.max"}
#: To remove it, while processes that were in it are just ending.
_TRIES: Final = 50
_WAIT_S: Final = 0.1


class Group:
    """The cgroup: who is in it, and its statistics."""

    def __init__(self, folder: Path) -> None:
        """Know its directory."""
        self._folder = folder

    def enter(self) -> None:
        """Put the process that calls into it."""
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def keep_fresh(self) -> None:
        """Have the kernel bring its statistics up to date.

        It does so by itself every two seconds. In between, a program that uses all of
        its memory again and again has no page on the inactive list that anybody knows
        of, and is killed for want of memory with swap free (seen on 6.18).

        Kernel: mm/memcontrol.c mem_cgroup_flush_stats(), mm/vmscan.c inactive_is_low().
        """
        with contextlib.suppress(OSError):
            (self._folder / "memory.stat").read_bytes()


@contextmanager
def limited(ram_bytes: int) -> Iterator[Group]:
    """Make a cgroup that may have so much memory, for as long as the block lasts.

    Raises:
        RecordError: There is no memory controller, or it is not ours to use.
    """
    hierarchy = find_hierarchy()
    if hierarchy is None:
        raise RecordError("no memory cgroups are mounted here", 125)
    folder = Path(hierarchy.root) / f"swapemu-{os.getpid()}"
    limit = folder / _LIMITS[hierarchy.version]
    try:
        if hierarchy.version == 2:
            _enable(folder.parent)
        folder.mkdir()
    except OSError as exc:
        raise RecordError(f"{folder}: {exc.strerror}", 125) from exc
    try:
        set_file(limit, str(ram_bytes))
        yield Group(folder)
    finally:
        _remove(folder)


def _enable(parent: Path) -> None:
    control = parent / "cgroup.subtree_control"
    if "memory" not in control.read_text().split():
        control.write_text("+memory")


def _remove(folder: Path) -> None:
    # What it left running goes up, so that the cgroup can go.
    for _ in range(_TRIES):
        try:
            for pid in (folder / "cgroup.procs").read_text().split():
                (folder.parent / "cgroup.procs").write_text(pid)
            folder.rmdir()
        except OSError:  # of a process that is just ending
            time.sleep(_WAIT_S)
        else:
            return
