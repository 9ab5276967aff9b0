"""What each memory cgroup has in swap, by version 1 and version 2.

Not here: what they add up to (who/cgroups.py), zswap's writeback knob (zswap.py).

Kernel: mm/memcontrol-v1.c memcg1_stat_format(); mm/memcontrol.c swap_files,
zswap_files; Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from swaptools.observe.proc import read_number, read_text, unescape
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOUNTINFO = "/proc/self/mountinfo"
#: Version 1 writes "no limit" as the largest number of whole pages.
_NO_LIMIT: Final = 1 << 62


class Hierarchy(NamedTuple):
    """Where memory cgroups are mounted."""

    version: int
    #: The directory of the topmost cgroup that is shown.
    root: str


class CgroupSwap(NamedTuple):
    """One memory cgroup, in bytes; what this kernel does not tell is None."""

    #: From the topmost one on: ``/``, ``/user.slice``.
    path: str
    #: Swap of it and of all below it.
    tree_bytes: int | None
    #: Most swap that it may have; version 1: most memory and swap together.
    limit_bytes: int | None
    #: Of zswap's pool, for it and all below it.
    zswap_bytes: int | None


def find_hierarchy() -> Hierarchy | None:
    """Find the memory cgroups; None where none are mounted."""
    found = None
    for line in (read_text(_MOUNTINFO) or "").split("\n"):
        left, _, right = line.partition(" - ")
        words, about = left.split(" "), right.split(" ")
        if len(words) < 5 or len(about) < 3:
            continue
        root = unescape(words[4])
        if about[0] == "cgroup" and "memory" in about[2].split(","):
            return Hierarchy(1, root)
        if about[0] == "cgroup2" and found is None and _has_memory(root):
            found = Hierarchy(2, root)
    return found


def read_cgroups(hierarchy: Hierarchy) -> Iterator[CgroupSwap]:
    """Go through the memory cgroups, parents first; one that ends meanwhile is left.

    Version 2's real topmost cgroup has no files of its own: its numbers are None.
    """
    read = _read_v1 if hierarchy.version == 1 else _read_v2
    pending = [hierarchy.root]
    while pending:
        directory = pending.pop()
        path = directory[len(hierarchy.root) :] or "/"
        found = read(directory, path)
        if found is not None:
            yield found
        try:
            with os.scandir(directory) as entries:
                below = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        pending += sorted(below, reverse=True)


def find_cgroup(path: str) -> str | None:
    """Return the directory of a cgroup; None where there is none.

    Args:
        path: The directory, or the path from the topmost memory cgroup on.
    """
    hierarchy = find_hierarchy()
    places = [path] if path.startswith("/") else []
    places += [f"{hierarchy.root}/{path.strip('/')}"] if hierarchy else []
    for place in places:
        if os.path.exists(f"{place}/cgroup.procs"):
            return place.rstrip("/")
    return None


def pids_of(directory: str) -> Iterator[int]:
    """Go through the processes of a cgroup and of all below it.

    Raises:
        OSError: There is no such cgroup, or it may not be looked at.
    """
    with open(f"{directory}/cgroup.procs", encoding="ascii") as file:
        yield from map(int, file.read().split())
    with os.scandir(directory) as entries:
        below = sorted(e.path for e in entries if e.is_dir(follow_symlinks=False))
    for path in below:
        yield from pids_of(path)


def _has_memory(root: str) -> bool:
    words = (read_text(f"{root}/cgroup.controllers") or "").split()
    return "memory" in words


def _read_v1(directory: str, path: str) -> CgroupSwap | None:
    text = read_text(f"{directory}/memory.stat")
    if text is None:
        return None
    stat = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    limit = read_number(f"{directory}/memory.memsw.limit_in_bytes")
    return CgroupSwap(
        path,
        tree_bytes=_number(stat.get("total_swap")),
        limit_bytes=limit if limit is not None and limit < _NO_LIMIT else None,
        zswap_bytes=_number(stat.get("total_zswap")),
    )


def _read_v2(directory: str, path: str) -> CgroupSwap | None:
    if read_text(f"{directory}/cgroup.procs") is None:
        return None
    return CgroupSwap(
        path,
        tree_bytes=read_number(f"{directory}/memory.swap.current"),
        limit_bytes=read_number(f"{directory}/memory.swap.max"),
        zswap_bytes=read_number(f"{directory}/memory.zswap.current"),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
