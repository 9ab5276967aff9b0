"""How a new file gets its name: complete, or not at all.

Best is a file without a name, gone with us if we die, which is linked when whole.
Where an old file has to make way, it is linked to a temporary name beside that, and
renamed at once. Where the file system has no such files, or /proc is missing (naming
goes through it), the temporary name is there from the start.

Not here: what is in the file (write.py), temporary names of the dead (leftovers.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from swaptools.create.leftovers import new_temporary_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.create.place import Place

    #: Writes the whole content to an empty file.
    Fill = Callable[[BinaryIO], None]
    #: Raises when the old file may no longer be replaced.
    LastLook = Callable[[], None]

_MODE: Final = 0o600
_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL
_UNNAMED: Final = os.O_RDWR | os.O_TMPFILE
#: A file system without unnamed files answers with one of these.
_NO_TMPFILE: Final = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}
#: A file system without hard links (FAT) answers with one of these.
_NO_LINK: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
#: What fsync(2) says of a directory that is open for its names alone, and where a
#: file system syncs no directory.
_NO_SYNC: Final = {errno.EBADF, errno.EINVAL, errno.EOPNOTSUPP}
#: Kernel: include/uapi/linux/fs.h.
_RENAME_NOREPLACE: Final = 1


def make_file(place: Place, fill: Fill, *, last_look: LastLook | None = None) -> None:
    """Make a new file under the name of the place; signals are to be put off.

    Args:
        place: The directory and the name.
        fill: Writes the content.
        last_look: Asked before the file takes the place of the one that is there.
            Without it the name has to be free.

    Raises:
        OSError: It cannot be made; nothing is left, and an old file stays.
    """
    file = _open_unnamed(place)
    if file is None:
        with _temporary_file(place) as (temporary, name):
            fill(temporary)
            _name_for_good(place, name, last_look)
        return
    with file:
        fill(file)
        if last_look is None:
            _link(place, file, place.name)
            return
        _lock(file)
        name = new_temporary_name(place)
        _link(place, file, name)
        with _removed_at_the_end(place, name):
            _name_for_good(place, name, last_look)


def sync_names(place: Place) -> None:
    """Have the names in the directory written to the disk.

    Raises:
        OSError: It is not known whether they are.
    """
    try:
        os.fsync(place.directory)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:
            raise
        _sync_file_system(place)


def _open_unnamed(place: Place) -> BinaryIO | None:
    if not _has_proc():
        return None
    try:
        descriptor = place.open(_UNNAMED, _MODE, name=".")
    except OSError as exc:
        if exc.errno in _NO_TMPFILE:
            return None
        raise
    return open(descriptor, "r+b", buffering=0)


@contextmanager
def _temporary_file(place: Place) -> Iterator[tuple[BinaryIO, str]]:
    # A locked file under a temporary name. Another run may have taken it for a
    # leftover before it was locked; then there is another name.
    while True:
        name = new_temporary_name(place)
        descriptor = place.open(_CREATE, _MODE, name=name)
        with (
            _removed_at_the_end(place, name),
            open(descriptor, "r+b", buffering=0) as file,
        ):
            if _lock(file) and os.fstat(descriptor).st_nlink:
                yield file, name
                return


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks keeps its leftovers
        return True
    return True


@contextmanager
def _removed_at_the_end(place: Place, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        # What cannot be removed is left to the next run.
        with suppress(OSError):
            os.unlink(name, dir_fd=place.directory)


def _link(place: Place, file: BinaryIO, name: str) -> None:
    os.link(f"/proc/self/fd/{file.fileno()}", name, dst_dir_fd=place.directory)


def _name_for_good(place: Place, temporary: str, last_look: LastLook | None) -> None:
    here = place.directory
    if last_look is not None:
        last_look()
        os.replace(temporary, place.name, src_dir_fd=here, dst_dir_fd=here)
        return
    # Never over a file that came meanwhile.
    try:
        os.link(temporary, place.name, src_dir_fd=here, dst_dir_fd=here)
    except OSError as exc:
        if exc.errno not in _NO_LINK:
            raise
        _rename_noreplace(place, temporary)


def _rename_noreplace(place: Place, temporary: str) -> None:
    import ctypes  # for file systems without hard links only

    libc = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(temporary), os.fsencode(place.name)
    here = place.directory
    if libc.renameat2(here, old, here, new, _RENAME_NOREPLACE):
        _raise_errno(ctypes.get_errno())


def _sync_file_system(place: Place) -> None:
    import ctypes  # for directories that may not be read only

    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
    try:
        if libc.syncfs(descriptor):
            _raise_errno(ctypes.get_errno())
    finally:
        os.close(descriptor)


def _raise_errno(number: int) -> None:
    raise OSError(number, os.strerror(number))


def _has_proc() -> bool:
    return os.path.isdir("/proc/self/fd")
