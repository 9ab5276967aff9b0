"""A CreatePlan made real: the only module that writes to files and devices.

A new file appears complete or not at all; an existing header page is replaced
by one write. In either case the header comes last, after everything else is on
disk, and nothing outside the area is touched.

Not here: whether it may be written (target.py), how a new file gets its name
(naming.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from swaptools.create.inode import forbid_copy_on_write, label_swapfile
from swaptools.create.naming import make_file
from swaptools.errors import AreaError, AreaInUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.create.plan import CreatePlan
    from swaptools.create.target import Target

_MODE = 0o600
_OPEN = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def write_new_file(target: Target, plan: CreatePlan) -> None:
    """Make a new file; it takes the place of the old one when the target has one.

    Raises:
        AreaInUse: The old file is not the one that was looked at.
        AreaError: It cannot be made; nothing is left, and an old file stays.
    """

    def fill(file: BinaryIO) -> None:
        os.fchmod(file.fileno(), _MODE)
        label_swapfile(file.fileno())
        if not plan.is_ghost:
            forbid_copy_on_write(file.fileno())
            os.posix_fallocate(file.fileno(), 0, plan.area_bytes)
            os.fsync(file.fileno())
        _write_page(file, plan)

    try:
        make_file(target, fill)
    except OSError as exc:
        if isinstance(exc, AreaError):
            raise
        raise AreaError.from_os_error(target.path, exc) from exc


def write_in_place(
    target: Target,
    plan: CreatePlan,
    *,
    wipe: tuple[tuple[int, int], ...] = (),
) -> None:
    """Write the header page over what an existing file or device has there.

    Args:
        target: The place, as it was looked at.
        plan: What to write.
        wipe: (offset, length) in the area of signatures to zero first.

    Raises:
        AreaInUse: Held by somebody else, or another file than was looked at.
        AreaError: It cannot be written.
    """
    try:
        with _open_existing(target) as file:
            _mend_inode(file, plan)
            for offset, length in wipe:
                file.seek(plan.offset + offset)
                _write_all(file, bytes(length))
            if wipe:
                os.fsync(file.fileno())
            _write_page(file, plan)
    except OSError as exc:
        if isinstance(exc, AreaError):
            raise
        raise AreaError.from_os_error(target.path, exc) from exc


@contextmanager
def locked(target: Target, *, wait: bool) -> Iterator[None]:
    """Hold the BSD lock of an existing target, as ``mkswap --lock`` does.

    Raises:
        AreaInUse: Somebody else holds it and we are not to wait.
        AreaError: It cannot be opened.
    """
    flags = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    try:
        descriptor = os.open(target.resolved, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise AreaError.from_os_error(target.path, exc) from exc
    try:
        _lock(target, descriptor, flags)
        yield
    finally:
        os.close(descriptor)


def _lock(target: Target, descriptor: int, flags: int) -> None:
    try:
        fcntl.flock(descriptor, flags)
    except BlockingIOError as exc:
        raise AreaInUse(target.path, "already locked", exc.errno) from exc
    except OSError as exc:
        raise AreaError.from_os_error(target.path, exc) from exc


def _mend_inode(file: BinaryIO, plan: CreatePlan) -> None:
    # A ghost keeps all but a mode that others can read; a file that becomes an
    # area gets the type that lets it be swapped on.
    status = os.fstat(file.fileno())
    if plan.is_ghost:
        if stat.S_IMODE(status.st_mode) != _MODE:
            os.fchmod(file.fileno(), _MODE)
    elif stat.S_ISREG(status.st_mode) and plan.offset == 0:
        label_swapfile(file.fileno())


def _write_page(file: BinaryIO, plan: CreatePlan) -> None:
    file.seek(plan.offset)
    _write_all(file, plan.page)
    os.fsync(file.fileno())


def _write_all(file: BinaryIO, data: bytes) -> None:
    # One call, unless the kernel takes less: then the rest, and its error.
    done = 0
    while done < len(data):
        done += file.write(data[done:])


@contextmanager
def _open_existing(target: Target) -> Iterator[BinaryIO]:
    # O_EXCL on a block device means: nobody else holds it.
    flags = _OPEN | (os.O_EXCL if target.is_block else 0)
    try:
        descriptor = os.open(target.resolved, flags)
    except OSError as exc:
        if exc.errno == errno.EBUSY:
            raise AreaInUse(target.path, "is held by somebody", exc.errno) from exc
        if exc.errno == errno.ELOOP:
            raise AreaInUse(target.path, "became a symbolic link meanwhile") from exc
        raise
    with open(descriptor, "r+b", buffering=0) as file:
        target.refuse_changed(os.fstat(descriptor))
        yield file
