"""Where an area is to be: a name in a directory that is held open.

A path can lead elsewhere a moment later; a descriptor cannot. So the directory is
opened before anything is looked at, symbolic links at the end of the path are
followed one by one, and every name of a run is looked up in that directory.

Not here: what lies there (look.py), how a new file gets its name (naming.py).
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from swaptools.errors import AreaError, CreateRefused
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY: Final = os.O_DIRECTORY | os.O_CLOEXEC
#: So many symbolic links in a row are followed. Kernel: MAXSYMLINKS.
_MAX_LINKS: Final = 40
#: Names of directories, and none at all behind a slash.
_NO_FILE_NAMES: Final = frozenset({"", ".", ".."})


class Place(NamedTuple):
    """A name in an open directory, itself no symbolic link when it was found."""

    #: Descriptor of the directory; of O_PATH where it may not be read.
    directory: int
    name: str

    def status(self, name: str | None = None) -> os.stat_result | None:
        """Return lstat(2) of the name, or of another one there; None without one."""
        try:
            return os.stat(
                name or self.name, dir_fd=self.directory, follow_symlinks=False
            )
        except FileNotFoundError:
            return None

    def open(self, flags: int, mode: int = 0, *, name: str | None = None) -> int:
        """Open the name, or another one there, if it is no symbolic link."""
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(name or self.name, flags, mode, dir_fd=self.directory)


@contextmanager
def find_place(path: str) -> Iterator[Place]:
    """Find the directory and the name that a path leads to, and hold it open.

    Raises:
        CreateRefused: A directory, or a symbolic link to nothing or to itself.
        AreaError: The way there is not to be gone.
    """
    opened: list[int] = []
    try:
        try:
            place = _follow(path, opened)
        except CreateRefused:
            raise
        except OSError as exc:
            raise AreaError.from_os_error(path, exc) from exc
        yield place
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _follow(path: str, opened: list[int]) -> Place:
    left, is_link = path, False
    for _ in range(_MAX_LINKS):
        above, name = os.path.split(left)
        base = opened[-1] if opened else None
        if name in _NO_FILE_NAMES:
            os.stat(left, dir_fd=base)
            raise CreateRefused("Is a directory")
        opened.append(_open_directory(above or ".", base))
        place = Place(opened[-1], name)
        status = place.status()
        if status is None and is_link:
            raise CreateRefused("leads to a file that has no name any more")
        if status is None or not stat.S_ISLNK(status.st_mode):
            return place
        _refuse_dead_link(place)
        is_link = True
        left = os.readlink(name, dir_fd=place.directory)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _refuse_dead_link(place: Place) -> None:
    # The kernel follows it as well: it knows loops, and links that a stranger put
    # into a directory for all.
    try:
        os.stat(place.name, dir_fd=place.directory)
    except FileNotFoundError as exc:
        raise CreateRefused("is a symbolic link to nothing") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise CreateRefused("is a symbolic link to itself") from exc
        raise


def _open_directory(path: str, base: int | None) -> int:
    try:
        return os.open(path, os.O_RDONLY | _DIRECTORY, dir_fd=base)
    except PermissionError:
        # Names can be made in a directory that may not be read.
        return os.open(path, os.O_PATH | _DIRECTORY, dir_fd=base)
