"""A CreatePlan made real: the only module that writes to files and devices.

A new file appears complete or not at all; an existing header page is replaced by one
write. In either case the header comes last, after everything else is on disk, and
nothing outside the area is touched. What is there is written to through the
descriptor that it was looked at with.

Not here: whether it may be written (refuse.py), how (way.py), how a new file gets its
name (naming.py).
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from swaptools.create.inode import forbid_copy_on_write, label_swapfile
from swaptools.create.interrupts import uninterrupted
from swaptools.create.leftovers import remove_leftovers
from swaptools.create.naming import make_file, sync_names
from swaptools.create.way import Way
from swaptools.errors import AreaError, NotKnownOnDisk
from swaptools.observe.backing import observe_backing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.create.content import Progress
    from swaptools.create.interrupts import Listening
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan, Wipe

    #: Looks at a new file before it gets its name; raises to have it given up.
    Approve = Callable[[int], None]

_MODE: Final = 0o600
_ZEROS: Final = bytes(1 << 20)
#: Of a file that has to be written all over, between two words of how far it is.
_PART_BYTES: Final = 64 << 20
#: The C library does without the file system's help, but not every one does.
_NO_FALLOCATE: Final = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


def write_new_file(
    target: Target, plan: CreatePlan, approve: Approve, progress: Progress
) -> None:
    """Make a new file; it takes the place of the old one when the target has one.

    Raises:
        AreaInUse: The old file is not the one that was looked at.
        NotKnownOnDisk: It is made, and may be gone after a crash.
        OSError: It cannot be made; nothing is left, and an old file stays.
    """
    last_look = None if target.area is None else target.refuse_changed
    with uninterrupted() as listening:

        def fill(file: BinaryIO) -> None:
            allocate = partial(_allocate, target, file, plan.area_bytes, progress)
            _fill(file, plan, listening, allocate)
            approve(file.fileno())

        remove_leftovers(target.place)
        make_file(target.place, fill, last_look=last_look)
        with _not_known_on_disk(target):
            sync_names(target.place)


def write_in_place(
    target: Target,
    plan: CreatePlan,
    way: Way,
    wipes: tuple[Wipe, ...],
    progress: Progress,
) -> None:
    """Write the header page over what an existing file or device has there.

    Args:
        target: The place, as it was looked at.
        plan: What to write.
        way: Whether the file gets another length.
        wipes: Signatures to zero first.
        progress: Told how far it is, where it takes long to give a file storage.

    Raises:
        AreaInUse: Another file than was looked at.
        NotKnownOnDisk: It is written, and may be gone after a crash.
        OSError: It cannot be written.
    """
    with uninterrupted() as listening:
        target.refuse_changed()
        remove_leftovers(target.place)
        file = target.file()
        with _old_length_if_it_fails(file):
            if way is Way.RESIZE:
                with listening():
                    _allocate(target, file, plan.area_bytes, progress)
                    os.fsync(file.fileno())
            _write_over(file, target, plan, wipes)
        with _not_known_on_disk(target):
            os.fsync(file.fileno())
            if way is Way.RESIZE:
                os.ftruncate(file.fileno(), plan.area_bytes)
                os.fsync(file.fileno())


def _fill(
    file: BinaryIO,
    plan: CreatePlan,
    listening: Listening,
    allocate: Callable[[], None],
) -> None:
    descriptor = file.fileno()
    os.fchmod(descriptor, _MODE)
    label_swapfile(descriptor)
    if not plan.is_ghost:
        forbid_copy_on_write(descriptor)
        with listening():
            allocate()
            os.fsync(descriptor)
    _write_page(file, plan)
    os.fsync(descriptor)


def _allocate(target: Target, file: BinaryIO, length: int, progress: Progress) -> None:
    # Where the file system does not help, the C library writes to every block.
    is_slow = length > _PART_BYTES and _is_written(target, file.fileno())
    step = _PART_BYTES if is_slow else length
    try:
        for at in range(0, length, step):
            part = min(step, length - at)
            os.posix_fallocate(file.fileno(), at, part)
            if is_slow:
                os.fsync(file.fileno())
                progress(at + part, length)
    except OSError as exc:
        if exc.errno not in _NO_FALLOCATE:
            raise
    else:
        return
    old = os.fstat(file.fileno()).st_size
    file.seek(old)
    for at in range(old, length, len(_ZEROS)):
        _write_all(file, _ZEROS[: length - at])
        progress(min(at + len(_ZEROS), length), length)


def _is_written(target: Target, descriptor: int) -> bool:
    backing, _ = observe_backing(target.path, target.mounts, descriptor)
    return backing.filesystem is not None and not backing.can_fallocate


def _write_over(
    file: BinaryIO, target: Target, plan: CreatePlan, wipes: tuple[Wipe, ...]
) -> None:
    # What lies in the header page goes with it.
    places = [place for place in wipes if place.offset >= plan.header.page_size]
    is_changed = False
    try:
        for place in places:
            file.seek(plan.offset + place.offset)
            _write_all(file, bytes(place.length))
            is_changed = True
        if is_changed:
            os.fsync(file.fileno())
        _mend_inode(file, plan)
        _write_page(file, plan)
    except OSError as exc:
        if not is_changed:
            raise
        reason = f"{exc.strerror}; old signatures are wiped in part"
        raise AreaError(target.path, reason, exc.errno) from exc


@contextmanager
def _old_length_if_it_fails(file: BinaryIO) -> Iterator[None]:
    old = os.fstat(file.fileno())
    try:
        yield
    except BaseException:
        with suppress(OSError):
            if os.fstat(file.fileno()).st_size != old.st_size:
                os.ftruncate(file.fileno(), old.st_size)
        raise


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


def _write_all(file: BinaryIO, data: bytes) -> None:
    # One call, unless the kernel takes less: then the rest, and its error.
    done = 0
    while done < len(data):
        done += file.write(data[done:])


@contextmanager
def _not_known_on_disk(target: Target) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        reason = f"changed, but not known to be on disk ({exc.strerror})"
        raise NotKnownOnDisk(target.path, reason, exc.errno) from exc
