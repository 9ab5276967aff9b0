"""Segments of System V shared memory: the only shared memory that says its swap.

Kernel: ipc/shm.c sysvipc_shm_proc_show(); those of this ipc namespace.
"""

from __future__ import annotations

from typing import Final

from swaptools.observe.proc import read_text
from swaptools.records import NamedTuple

_SHM = "/proc/sysvipc/shm"
_COLUMNS: Final = ("shmid", "nattch", "swap")


class Segment(NamedTuple):
    """One segment."""

    shmid: int
    #: Mappings of it.
    nr_attached: int
    swap_bytes: int


def read_segments() -> tuple[Segment, ...]:
    """Read the segments; none where the kernel has no System V IPC."""
    heading, *lines = (read_text(_SHM) or "").splitlines() or [""]
    names = heading.split()
    if not set(_COLUMNS) <= set(names):
        return ()
    places = [names.index(name) for name in _COLUMNS]
    rows = (line.split() for line in lines)
    return tuple(
        Segment(*(int(row[place]) for place in places))
        for row in rows
        if len(row) == len(names)
    )
