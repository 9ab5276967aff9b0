"""How a new file gets its name: complete, or not at all.

Best is a file without a name that is linked when whole: a death before leaves
nothing. Where the file system has none, where /proc is missing (naming goes
through it), or where an old file has to make way, a temporary name beside it
does; a death then leaves that one file.

Not here: what is in the file (write.py).
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.create.target import Target

    #: Writes the whole content to an empty file.
    Fill = Callable[[BinaryIO], None]

_MODE = 0o600
_CREATE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL
#: So much of a file's name goes into its temporary one: 255 bytes are the limit,
#: and a character takes up to four.
_NAME_CHARACTERS = 50
#: A file system without unnamed files answers with one of these.
_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}
#: A file system without hard links (FAT) answers with one of these.
_NO_LINK = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
#: Kernel: include/uapi/linux/fs.h, fcntl.h.
_RENAME_NOREPLACE = 1
_AT_FDCWD = -100


def make_file(target: Target, fill: Fill) -> None:
    """Make a new file, in the place of the old one when the target has one.

    Raises:
        AreaInUse: The old file is not the one that was looked at.
        OSError: It cannot be made; nothing is left, and an old file stays.
    """
    if target.status is not None or not _has_proc():
        _make_named(target, fill)
    else:
        _make_unnamed(target, fill)


def _make_unnamed(target: Target, fill: Fill) -> None:
    # A file without a name, gone with us if we are killed; linked when whole.
    path = target.resolved
    try:
        descriptor = os.open(
            path.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, _MODE
        )
    except OSError as exc:
        if exc.errno in _NO_TMPFILE:
            _make_named(target, fill)
            return
        raise
    with (
        open(descriptor, "r+b", buffering=0) as file,
        _directory(path.parent) as parent,
    ):
        fill(file)
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=parent)
        os.fsync(parent)


def _make_named(target: Target, fill: Fill) -> None:
    # A temporary name beside it, given up for the real one when whole.
    path = target.resolved
    beginning = path.name[:_NAME_CHARACTERS]
    temporary = path.with_name(f".{beginning}.ghost-mkswap.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, _CREATE, _MODE)
    try:
        with open(descriptor, "r+b", buffering=0) as file:
            fill(file)
        if target.status is None:
            _name_for_good(temporary, path)
        else:
            target.refuse_changed(path.stat())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    with _directory(path.parent) as parent:
        os.fsync(parent)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _name_for_good(temporary: Path, path: Path) -> None:
    # Never over a file that came meanwhile.
    try:
        os.link(temporary, path)
    except OSError as exc:
        if exc.errno not in _NO_LINK:
            raise
        _rename_noreplace(temporary, path)


def _rename_noreplace(old: Path, new: Path) -> None:
    import ctypes  # for file systems without hard links only

    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(old), os.fsencode(new)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(new))


def _has_proc() -> bool:
    return Path("/proc/self/fd").is_dir()
