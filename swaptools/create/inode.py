"""What a new swapfile's inode needs besides bytes: no copy-on-write, SELinux type.

Each helper does nothing where the file system or the kernel has no such thing.

Kernel: include/uapi/linux/fs.h FS_IOC_GETFLAGS, FS_NOCOW_FL;
security/selinux swapfile_t.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
from pathlib import Path

from swaptools.observe.ioctl import LONG_BYTES, ior, iow

#: Declared with a long, although an int is passed.
_FS_IOC_GETFLAGS = ior(ord("f"), 1, LONG_BYTES)
_FS_IOC_SETFLAGS = iow(ord("f"), 2, LONG_BYTES)
_FS_NOCOW_FL = 0x00800000
_SELINUXFS = Path("/sys/fs/selinux/enforce")
_SELINUX_ATTRIBUTE = "security.selinux"
_SWAPFILE_TYPE = "swapfile_t"

#: What a file system without the attribute answers.
_NOT_HERE = {errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
#: What a file system without labels answers, and an unlabelled file.
_NO_LABEL = {errno.EOPNOTSUPP, errno.ENODATA}


def forbid_copy_on_write(descriptor: int) -> None:
    """Set NOCOW on an empty file where the file system has it (btrfs).

    It has to come before the first block is allocated; later it has no effect.
    """
    flags = array.array("I", [0, 0])
    try:
        fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, flags)
        flags[0] |= _FS_NOCOW_FL
        fcntl.ioctl(descriptor, _FS_IOC_SETFLAGS, flags)
    except OSError as exc:
        if exc.errno not in _NOT_HERE:
            raise


def label_swapfile(descriptor: int) -> None:
    """Give a new file the SELinux type ``swapfile_t`` where SELinux is on."""
    if not _SELINUXFS.exists():
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
