"""What a kernel will say to the area as it is going to be, and why, in words.

The judgement is swapcheck's own: the running kernel's for an ordinary area, that of
a kernel with the ghost patch for a ghost. What could not be looked at is taken to be
in order, so that nobody is refused for want of privilege.

Not here: what follows from it (refuse.py, warn.py, way.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind, SwapArea
from swaptools.backing import InodeFlags
from swaptools.kernel.attempt import Attempt
from swaptools.kernel.profiles import GHOST_RFC
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge_attempt
from swaptools.observe.backing import observe_backing, observe_directory
from swaptools.observe.proc import memory_bytes, page_size_bytes

if TYPE_CHECKING:
    from swaptools.backing import Backing
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan
    from swaptools.kernel.attempt import Verdict

#: A test of the kernel's, or a fault that a file system finds, in words. What a
#: later kernel may find besides is told by its name alone.
_WORDS: Final = {
    "already_active": "is swapped on",
    "block_over_page": "is on {filesystem} with blocks of {block_bytes} bytes",
    "claimed": "is held by somebody",
    "compressed": "is compressed",
    "copy_on_write": "is copied on write",
    "encrypted": "is encrypted by its file system",
    "executing": "is a program that runs",
    "has_verity": "has fs-verity",
    "hole": "has holes",
    "immutable": "is immutable, or only to be appended to",
    "inline": "is kept within its inode",
    "log_structured": "is on {filesystem}, which keeps a log",
    "no_bmap": "is on {filesystem}, which tells nobody where files lie",
    "no_read_folio": "is on {filesystem}",
    "no_swap_rw": "is on {filesystem}",
    "out_of_memory": "is too large for the memory of this machine",
    "readonly_filesystem": "is on a read-only file system",
    "readonly_mount": "is on a read-only mount",
    "readonly_subvolume": "is in a read-only subvolume",
    "several_copies": "is on btrfs with data in several copies ({profiles})",
    "several_devices": "is on several devices of a btrfs",
    "shared": "has storage in common with a copy or a snapshot",
    "unaligned": "has no whole page of storage in one piece",
    "unreadable_page": "is on a device that ends within a block",
    "unlinked": "has no name any more",
    "zoned": "is a zoned device",
}


def judge_new(target: Target, plan: CreatePlan) -> tuple[Verdict, Backing]:
    """Judge a file that is going to be made in the directory of the target."""
    backing = observe_directory(target.place.directory, target.mounts)
    # Each new file is made as swapon(2) wants it, see inode.py.
    backing = backing._replace(inode_flags=InodeFlags.NOCOW)
    return _judge(_whole_file(target, plan, backing), plan), backing


def judge_made(
    target: Target, plan: CreatePlan, descriptor: int
) -> tuple[Verdict, Backing]:
    """Judge a file that is made already, but for its name."""
    backing, _ = observe_backing(target.path, target.mounts, descriptor)
    backing = backing._replace(is_unlinked=False)
    return _judge(_whole_file(target, plan, backing), plan), backing


def judge_there(area: SwapArea, plan: CreatePlan) -> Verdict:
    """Judge what is there, once the header is written.

    A file that the area does not fit into is judged as far as it goes.
    """
    page_size, header = plan.header.page_size, plan.header
    there = (area.area_bytes or 0) // page_size
    if not plan.is_ghost and there <= header.last_page:
        header = header.replace(last_page=max(there - 1, 0))
    return _judge(area._replace(header=header, other_headers=(), active=False), plan)


def objection(verdict: Verdict, backing: Backing | None) -> str | None:
    """Say why a kernel refuses: half a sentence about the file, None if it does not."""
    if verdict.accepted:
        return None
    words = _WORDS.get(verdict.test or "", "fails the test " + str(verdict.test))
    if backing is None:
        return words
    filesystem = backing.filesystem or "a file system"
    return words.format(
        filesystem=f"{filesystem} with DAX" if backing.is_dax else filesystem,
        block_bytes=backing.block_bytes,
        profiles=", ".join(sorted(backing.data_profiles)),
    )


def refusing_kernel(plan: CreatePlan) -> str:
    """Name who refuses, as the subject and verb of a clause."""
    if plan.is_ghost:
        return "kernels that know ghosts refuse"
    return "the kernel refuses"


def _whole_file(target: Target, plan: CreatePlan, backing: Backing) -> SwapArea:
    return SwapArea(
        path=target.path,
        kind=AreaKind.FILE,
        header=plan.header,
        area_bytes=plan.area_bytes,
        allocated_bytes=plan.area_bytes,
        backing=backing,
    )


def _judge(area: SwapArea, plan: CreatePlan) -> Verdict:
    # A kernel with the page size of the header. When that is another one than
    # ours, so are its memory and the blocks of its file systems.
    page_size = plan.header.page_size
    is_ours = page_size == page_size_bytes()
    if area.backing is not None and not is_ours:
        area = area._replace(backing=area.backing._replace(block_bytes=None))
    kernel = find_kernel(GHOST_RFC.name if plan.is_ghost else os.uname().release)
    attempt = Attempt.of(
        area,
        kernel.profile,
        page_size,
        memory_bytes() if is_ours and not plan.is_ghost else None,
        asked=kernel.asked,
        reason=kernel.reason,
    )
    return judge_attempt(attempt)
