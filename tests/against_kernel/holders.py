"""Processes that hold slots of the running kernel, and wait until they are let go.

The caller holds the swap lock (the ``kernel`` fixture).
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CGROUPS = Path("/sys/fs/cgroup/memory")


class Holder:
    """A child that does something and then waits."""

    #: What holds the others; a child that kept one would keep them, too.
    _held: ClassVar[set[int]] = set()

    def __init__(self, work: Callable[[], object], cgroup: Path | None = None) -> None:
        """Fork; returns when the work is done."""
        reading, self._done = os.pipe()
        waiting, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for descriptor in (self._done, waiting, *Holder._held):
                    os.close(descriptor)
                Holder._held.clear()
                if cgroup is not None:
                    (cgroup / "cgroup.procs").write_text(str(os.getpid()))
                kept = work()
                os.write(theirs, b"y")
                os.read(reading, 1)
                del kept
            finally:
                os._exit(0)
        Holder._held.add(self._done)
        os.close(reading)
        os.close(theirs)
        try:
            if os.read(waiting, 1) != b"y":
                self.end()
                raise AssertionError("a child failed")
        finally:
            os.close(waiting)

    def end(self) -> None:
        """Let it end; its memory is free when this returns."""
        if self.pid:
            Holder._held.remove(self._done)
            os.close(self._done)
            os.waitpid(self.pid, 0)
            self.pid = 0


@contextmanager
def holding(*children: Holder) -> Iterator[None]:
    """Have children wait for a while."""
    try:
        yield
    finally:
        for child in children:
            child.end()


@contextmanager
def memory_cgroup(name: str) -> Iterator[Path]:
    """Have a memory cgroup of version 1 for a while."""
    place = CGROUPS / name
    place.mkdir()
    try:
        yield place
    finally:
        for _ in range(100):  # the last process may still be on its way out
            try:
                place.rmdir()
            except OSError:
                time.sleep(0.05)
            else:
                break
