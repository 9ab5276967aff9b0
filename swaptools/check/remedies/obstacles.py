"""What is in the way of changing a byte of the area, and has to go first.

Not here: what would be lost by a change (contents.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.backing import Backing, FileType, InodeFlags
from swaptools.check.remedies.commands import path_of, word
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

_FOR_GOOD: Final = "cannot be written to: copy the area to one that can"
#: File systems that are made once and never written.
READ_ONLY_KINDS: Final = frozenset({"squashfs", "erofs", "iso9660", "cramfs", "romfs"})


def in_the_way(case: Case) -> Remedy | None:
    """Say what has to go before anything is written; None when nothing is."""
    return next(_of_use(case), None) or next(_of_access(case), None)


def cannot_change_inode(case: Case) -> Remedy | None:
    """Say what keeps even mode and owner from being changed."""
    return next(_of_access(case), None)


def _of_use(case: Case) -> Iterator[Remedy]:
    area, backing = case.area, place(case)
    if case.backing.file_type == FileType.CHARACTER:
        yield Remedy("use a regular file or a block device")
    if area.kind == AreaKind.STREAM:
        yield Remedy("ask about the file it comes from: here it is only read")
    if area.kind == AreaKind.BLOCK and area.offset:
        yield Remedy(
            "ask about the partition's own device, or a loop device over it: of a whole"
            " disk other parts may be in use"
        )
    if area.active:
        yield Remedy(
            "swap it off first, if memory has room for what it holds; then ask again"
        )
    if area.is_behind_swap:
        yield Remedy("swap off the loop device over it first; then ask again")
    if area.loop_use is not None:
        yield Remedy(f"free {area.loop_use}, first; then ask again")
    if backing.is_claimed:
        yield Remedy("find out with lsblk(8) what uses the device, before a change")
    if backing.is_unlinked:
        yield Remedy("make a new file: this one goes with its last user")
    if backing.is_executing:
        yield Remedy("end the process that runs the file first")


def _of_access(case: Case) -> Iterator[Remedy]:
    backing = place(case)
    if backing.filesystem in READ_ONLY_KINDS:
        yield Remedy(f"a file system of type {backing.filesystem} {_FOR_GOOD}")
    if backing.is_readonly:
        yield Remedy("make the file system writable first (A801)")
    if backing.is_readonly_device:
        yield Remedy(f"the device is read-only and {_FOR_GOOD}")
    if backing.has_flag(InodeFlags.IMMUTABLE) or backing.has_flag(InodeFlags.APPEND):
        yield Remedy(
            "take the attribute that forbids a change off first (A802)"
            if case.area.kind == AreaKind.FILE
            else f"take the attribute off first: chattr -i -a {word(path_of(case))}"
        )
    if backing.has_flag(InodeFlags.VERITY):
        yield Remedy("make a new file: fs-verity has sealed this one for good")


def place(case: Case) -> Backing:
    """Return the file or device that a command writes to, around an image's area."""
    return case.area.backing or case.backing
