"""What lies where an area is to be made, looked at through one descriptor.

It is opened once, without waiting and without following a link, and what it is
gets asked of the descriptor: the same that is read, refused or written later. So
nothing that takes the name in between is written to.

Not here: how the path is followed (place.py), what is refused (refuse.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from swaptools.area import AreaKind
from swaptools.create.place import Place, find_place
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from swaptools.observe import read_area
from swaptools.observe.files import refuse_odd_types
from swaptools.observe.mounts import Mounts
from swaptools.observe.proc import ActiveSwaps, active_swaps
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.create.request import CreateRequest

#: What may keep us from writing and yet lets us look.
_MAY_LOOK: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY, errno.EBUSY}
)
_CHANGED: Final = "changed while it was looked at"


class Target(NamedTuple):
    """The place of a new area, and what is there; open as long as the run lasts."""

    #: As the caller gave it, for messages.
    path: str
    place: Place
    #: What was asked on the way, and need not be asked twice.
    swaps: ActiveSwaps
    mounts: Mounts
    #: Of what is there, open for writing; None when nothing is there.
    descriptor: int | None = None
    #: What was seen there; None when nothing is there.
    status: os.stat_result | None = None
    area: SwapArea | None = None
    #: Why the descriptor is for reading only, if it is.
    unwritable: OSError | None = None

    @property
    def is_block(self) -> bool:
        """Whether it is a block device."""
        return self.status is not None and stat.S_ISBLK(self.status.st_mode)

    @property
    def is_whole_file(self) -> bool:
        """Whether it is a regular file, all of which is the area."""
        return self.area is not None and self.area.kind is AreaKind.FILE

    @property
    def is_header_only(self) -> bool:
        """Whether it is a healthy one-page area, which needs no ``-f``."""
        area = self.area
        return (
            area is not None
            and area.header is not None
            and area.is_ghost
            and area.header.signature == "SWAPSPACE2"
            and area.header.version == 1
            and not area.other_signatures
        )

    @property
    def size_bytes(self) -> int:
        """Bytes of all of the file or device, 0 when nothing is there."""
        if self.descriptor is None:
            return 0
        return os.lseek(self.descriptor, 0, os.SEEK_END)

    def file(self) -> BinaryIO:
        """Return what is there as an unbuffered file, which need not be closed.

        Raises:
            CreateRefused: Nothing is there.
        """
        if self.descriptor is None:
            raise CreateRefused("is not there")
        if self.unwritable is not None:
            return open(self.descriptor, "rb", buffering=0, closefd=False)
        return open(self.descriptor, "r+b", buffering=0, closefd=False)

    def refuse_changed(self) -> None:
        """Raise when what was looked at is not what is there by now.

        Raises:
            AreaInUse: Another file has the name, or it was written to since.
        """
        now = self.place.status()
        if self.descriptor is None or self.status is None or now is None:
            raise AreaInUse(self.path, _CHANGED)
        looked_at = _identity(self.status)
        for status in (now, os.fstat(self.descriptor)):
            if _identity(status) != looked_at:
                raise AreaInUse(self.path, _CHANGED)


@contextmanager
def looked_at(request: CreateRequest) -> Iterator[Target]:
    """Look at the place of a new area, and hold on to it.

    Raises:
        CreateRefused: A dangling symlink, or what can never hold an area.
        AreaInUse: Locked by somebody else, or another file than a moment ago.
        AreaError: It could not be looked at.
    """
    with ExitStack() as stack:
        place = stack.enter_context(find_place(request.path))
        try:
            yield _look(request, place, stack)
        except OSError as exc:
            if isinstance(exc, AreaError):
                raise
            raise AreaError.from_os_error(request.path, exc) from exc


def _look(request: CreateRequest, place: Place, stack: ExitStack) -> Target:
    path, swaps, mounts = request.path, active_swaps(), Mounts()
    status = place.status()
    if status is None:
        return Target(path=path, place=place, swaps=swaps, mounts=mounts)
    _refuse_type(path, status)
    if request.lock is not None:
        _lock(request, place, status, stack)
    descriptor, unwritable = _open(path, place, is_block=stat.S_ISBLK(status.st_mode))
    stack.callback(os.close, descriptor)
    opened = os.fstat(descriptor)
    if not _is_same(opened, status):
        raise AreaInUse(path, _CHANGED)
    return Target(
        path=path,
        place=place,
        descriptor=descriptor,
        status=opened,
        area=read_area(
            path,
            request.offset,
            partition=request.partition,
            active=swaps,
            mounts=mounts,
            descriptor=descriptor,
        ),
        unwritable=unwritable,
        swaps=swaps,
        mounts=mounts,
    )


def _refuse_type(path: str, status: os.stat_result) -> None:
    if stat.S_ISFIFO(status.st_mode):  # who reads one is told of standard input
        raise CreateRefused("Is a fifo")
    try:
        refuse_odd_types(path, status)
    except AreaError as exc:
        raise CreateRefused(exc.reason) from exc
    if stat.S_ISCHR(status.st_mode):
        raise CreateRefused("is a character device")


def _open(path: str, place: Place, *, is_block: bool) -> tuple[int, OSError | None]:
    # O_EXCL on a block device means: nobody else holds it. O_NONBLOCK: what became
    # a fifo meanwhile keeps nobody waiting.
    flags = os.O_RDWR | os.O_NONBLOCK | (os.O_EXCL if is_block else 0)
    try:
        return place.open(flags), None
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise AreaInUse(path, "became a symbolic link meanwhile") from exc
        if exc.errno in (errno.EISDIR, errno.ENOENT, errno.ENXIO):
            raise AreaInUse(path, _CHANGED) from exc
        if exc.errno not in _MAY_LOOK:
            raise
        unwritable = exc
    return place.open(os.O_RDONLY | os.O_NONBLOCK), unwritable


def _lock(
    request: CreateRequest, place: Place, status: os.stat_result, stack: ExitStack
) -> None:
    # By a descriptor of its own, as long as the run lasts: whoever holds the lock
    # may need the device for himself alone.
    descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
    stack.callback(os.close, descriptor)
    if not _is_same(os.fstat(descriptor), status):
        raise AreaInUse(request.path, _CHANGED)
    how = fcntl.LOCK_EX if request.lock == "wait" else fcntl.LOCK_EX | fcntl.LOCK_NB
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError as exc:
        raise AreaInUse(request.path, "already locked", exc.errno) from exc


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    # The same file, and still of the same type: a number can be given out again.
    return os.path.samestat(one, other) and (
        stat.S_IFMT(one.st_mode) == stat.S_IFMT(other.st_mode)
    )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
