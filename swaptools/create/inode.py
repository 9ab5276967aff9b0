"""What a new swapfile's inode needs besides bytes: flags of chattr(1), SELinux type.

Each helper does nothing where the file system or the kernel has no such thing.

Kernel: include/uapi/linux/fs.h FS_IOC_GETFLAGS; fs/btrfs/ioctl.c check_fsflags();
security/selinux swapfile_t.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os

from swaptools.backing import InodeFlags
from swaptools.observe.backing import FS_IOC_GETFLAGS
from swaptools.observe.ioctl import LONG_BYTES, iow

#: Declared with a long, although an int is passed.
_FS_IOC_SETFLAGS = iow(ord("f"), 2, LONG_BYTES)
_SELINUXFS = "/sys/fs/selinux/enforce"
_SELINUX_ATTRIBUTE = "security.selinux"
_SWAPFILE_TYPE = "swapfile_t"

#: What a file system without the attribute answers.
_NOT_HERE = {errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
#: What a file system without labels answers, and an unlabelled file.
_NO_LABEL = {errno.EOPNOTSUPP, errno.ENODATA}


def forbid_copy_on_write(descriptor: int) -> None:
    """Set NOCOW on an empty file where the file system has it (btrfs).

    It has to come before the first block is allocated; later it has no effect. A
    file inherits compression, or the wish for none, from its directory, and btrfs
    takes NOCOW only once neither is set.
    """
    flags = _get_flags(descriptor)
    if flags is None:
        return
    plain = flags & ~(InodeFlags.COMPRESSED | InodeFlags.NOT_COMPRESSED)
    if plain != flags:
        _set_flags(descriptor, plain)
    _set_flags(descriptor, plain | InodeFlags.NOCOW)


def _get_flags(descriptor: int) -> int | None:
    buffer = array.array("I", [0, 0])
    return buffer[0] if _can(FS_IOC_GETFLAGS, descriptor, buffer) else None


def _set_flags(descriptor: int, flags: int) -> None:
    # Where the flag is not to be had, the finished file is judged without it.
    _can(_FS_IOC_SETFLAGS, descriptor, array.array("I", [flags, 0]))


def _can(request: int, descriptor: int, buffer: array.array[int]) -> bool:
    try:
        fcntl.ioctl(descriptor, request, buffer)
    except OSError as exc:
        if exc.errno not in _NOT_HERE:
            raise
        return False
    return True


def label_swapfile(descriptor: int) -> None:
    """Give a new file the SELinux type ``swapfile_t`` where SELinux is on."""
    if not os.path.exists(_SELINUXFS):
        return
    try:
        raw = os.getxattr(descriptor, _SELINUX_ATTRIBUTE)
    except OSError as exc:
        if exc.errno in _NO_LABEL:
            return
        raise
    context = raw.rstrip(b"\0").decode()
    user, role, _type, *level = context.split(":", 3)
    wanted = ":".join([user, role, _SWAPFILE_TYPE, *level])
    os.setxattr(descriptor, _SELINUX_ATTRIBUTE, wanted.encode() + b"\0")
