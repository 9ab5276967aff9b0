"""What lies under a path: observe_backing() puts a Backing together.

Every question that fails leaves its field as unknown and a sentence that says
why; none of them needs root where the file can be read.

Not here: the bytes of the area (files.py), what is swapped on (proc.py).
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from swaptools.backing import Backing, FileType, InodeFlags
from swaptools.observe import devices
from swaptools.observe.extents import find_extents
from swaptools.observe.files import open_for_reading, refuse_odd_types
from swaptools.observe.ioctl import LONG_BYTES, ior
from swaptools.observe.mounts import resolved_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.backing import Extent
    from swaptools.observe.mounts import Mount, Mounts

#: Declared with a long, although an int is written.
FS_IOC_GETFLAGS: Final = ior(ord("f"), 1, LONG_BYTES)
#: File systems that promise space to any file; others may, and are not relied on.
_WITH_FALLOCATE: Final = frozenset({"btrfs", "f2fs", "xfs"})
_DELETED: Final = " (deleted)"
_EXECUTE_BITS: Final = 0o111

_Answer = TypeVar("_Answer")


class _Questions:
    # Asks, and remembers what could not be answered.
    def __init__(self) -> None:
        self.unseen: list[str] = []

    def ask(self, what: str, question: Callable[[], _Answer]) -> _Answer | None:
        try:
            return question()
        except OSError as exc:
            self.unseen.append(f"{what}: {exc.strerror}")
            return None


def observe_backing(
    path: str,
    mounts: Mounts,
    descriptor: int | None = None,
    status: os.stat_result | None = None,
) -> tuple[Backing, tuple[str, ...]]:
    """Look at what lies under ``path``.

    Args:
        path: A file or device.
        mounts: The mounts of this process.
        descriptor: Of it, when it is open already. Who holds a device is not asked
            then: whoever opened it knows, and may hold it himself.
        status: Of the descriptor, when it is known and that of what may hold an area.

    Returns:
        The facts, and one sentence for each that could not be had.

    Raises:
        OSError: It cannot be opened for reading.
    """
    if descriptor is not None:
        return _observe(path, mounts, descriptor, status, is_opened_here=False)
    with open_for_reading(path) as file:
        return _observe(path, mounts, file.fileno(), None, is_opened_here=True)


def _observe(
    path: str,
    mounts: Mounts,
    descriptor: int,
    status: os.stat_result | None,
    *,
    is_opened_here: bool,
) -> tuple[Backing, tuple[str, ...]]:
    if status is None:
        status = os.fstat(descriptor)
        refuse_odd_types(path, status)
    questions = _Questions()
    if stat.S_ISREG(status.st_mode):
        backing = _regular(path, descriptor, status, mounts, questions)
    elif stat.S_ISBLK(status.st_mode):
        claimed = is_opened_here and questions.ask(
            "who holds the device", lambda: devices.is_claimed(path)
        )
        backing = _block(path, descriptor, status, bool(claimed), questions)
    else:
        backing = Backing(file_type=FileType.CHARACTER)
    return backing, tuple(questions.unseen)


def observe_directory(descriptor: int, mounts: Mounts) -> Backing:
    """Look at what would lie under a new file in a directory.

    Args:
        descriptor: Of the directory; one of O_PATH does, but tells less.
        mounts: The mounts of this process.

    Returns:
        What is the same for every new file there; the rest is unknown.
    """
    mount = mounts.of_descriptor(descriptor)
    fields = _on_mount(descriptor, None, mount, mounts, _Questions())
    return Backing(
        file_type=FileType.REGULAR,
        block_bytes=os.fstatvfs(descriptor).f_bsize,
        **fields,
    )


def _block(
    path: str,
    descriptor: int,
    status: os.stat_result,
    is_claimed: bool,
    questions: _Questions,
) -> Backing:
    return Backing(
        file_type=FileType.BLOCK,
        resolved_path=resolved_path(path, descriptor),
        block_bytes=questions.ask(
            "block size", lambda: devices.block_bytes(descriptor)
        ),
        is_claimed=is_claimed,
        is_readonly_device=devices.is_readonly(status.st_rdev),
        is_zoned=devices.is_zoned(status.st_rdev),
    )


def _regular(
    name: str,
    descriptor: int,
    status: os.stat_result,
    mounts: Mounts,
    questions: _Questions,
) -> Backing:
    mount, path = mounts.place_of(name, descriptor, status)
    room = os.fstatvfs(descriptor)
    flags = _inode_flags(descriptor)
    splits_pages = room.f_bsize < os.sysconf("SC_PAGE_SIZE")
    extents = questions.ask(
        "extents", lambda: find_extents(descriptor, status.st_size, sync=splits_pages)
    )
    return Backing(
        file_type=FileType.REGULAR,
        resolved_path=path,
        block_bytes=room.f_bsize,
        free_bytes=room.f_bavail * room.f_frsize,
        can_fallocate=mount is not None and _can_fallocate(mount.filesystem, flags),
        inode_flags=flags,
        extents=extents,
        is_unlinked=_is_unlinked(path, status),
        is_executing=_is_executing(status),
        **_on_mount(descriptor, extents, mount, mounts, questions),
    )


def _on_mount(
    descriptor: int,
    extents: tuple[Extent, ...] | None,
    mount: Mount | None,
    mounts: Mounts,
    questions: _Questions,
) -> dict[str, Any]:
    # The fields that the file system fills, or the mount of it.
    if mount is None:
        questions.unseen.append("file system: nothing tells it")
        return {}
    fields: dict[str, Any] = {
        "filesystem": mount.filesystem,
        "device_name": mount.device_name,
        "mount_point": mount.mount_point,
        "is_readonly_device": mounts.is_on_readonly_device(mount),
        "is_readonly_filesystem": "ro" in mount.super_options,
        "is_readonly_mount": "ro" in mount.options,
        "is_dax": not mount.super_options.isdisjoint({"dax", "dax=always"}),
    }
    if mount.filesystem == "f2fs":
        fields["is_log_structured"] = "mode=lfs" in mount.super_options
        fields["is_on_zones"] = devices.is_zoned(os.fstat(descriptor).st_dev)
    if mount.filesystem == "btrfs":
        fields |= _on_btrfs(descriptor, extents, questions)
    return fields


def _on_btrfs(
    descriptor: int, extents: tuple[Extent, ...] | None, questions: _Questions
) -> dict[str, Any]:
    from swaptools.observe import btrfs, btrfs_chunks  # for who is on btrfs

    # Root may look which chunks hold the file; often there is no choice anyway.
    profiles = questions.ask("profiles", lambda: btrfs.data_profiles(descriptor))
    devices = questions.ask("devices", lambda: btrfs.device_count(descriptor))
    fields: dict[str, Any] = {
        "is_readonly_subvolume": btrfs.is_readonly_subvolume(descriptor),
        "data_profiles": profiles or frozenset(),
        "device_count": devices,
    }
    if extents is None or devices == len(fields["data_profiles"]) == 1:
        return fields
    chunks = questions.ask(
        "chunks", lambda: btrfs_chunks.file_chunks(descriptor, extents)
    )
    return fields | {"chunks": chunks}


def _can_fallocate(filesystem: str, flags: InodeFlags | None) -> bool:
    # ext4 promises space to a file that it maps by extents, and to no other.
    # Kernel: fs/ext4/extents.c ext4_fallocate().
    if filesystem == "ext4":
        return flags is not None and InodeFlags.EXTENTS in flags
    return filesystem in _WITH_FALLOCATE


def _is_unlinked(path: str, status: os.stat_result) -> bool:
    # A file can bear the suffix as a part of its name.
    if not path.endswith(_DELETED):
        return False
    try:
        return not os.path.samestat(os.stat(path), status)
    except OSError:
        return True


def _inode_flags(descriptor: int) -> InodeFlags | None:
    # A file system without such flags has nothing to hide: no sentence.
    buffer = bytearray(8)
    try:
        fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, buffer)
    except OSError:
        return None
    return _flags(int.from_bytes(buffer[:4], sys.byteorder))


@cache
def _flags(number: int) -> InodeFlags:
    return InodeFlags(number)


def _is_executing(status: os.stat_result) -> bool:
    # Only what may be executed can be running; looking at all processes is slow.
    if not status.st_mode & _EXECUTE_BITS:
        return False
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return False
    for number in numbers:
        try:
            if os.path.samestat(os.stat(f"/proc/{number}/exe"), status):
                return True
        except OSError:
            continue
    return False
