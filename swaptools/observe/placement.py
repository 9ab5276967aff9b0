"""What has a place on a disk: opened here for those who ask where it lies.

Not here: extents (extents.py), the first byte (resume.py).
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from swaptools.errors import AreaError
from swaptools.observe.extents import find_extents
from swaptools.observe.files import STDIN, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.backing import Extent

#: What lies nowhere; reading it may never end.
_PLACELESS: Final = {
    stat.S_IFCHR: "Is a character device",
    stat.S_IFIFO: "Is a fifo",
}


@contextmanager
def open_placed(path: str) -> Iterator[BinaryIO]:
    """Open a regular file or a block device, and nothing else.

    Raises:
        AreaError: It is something else, or cannot be opened or looked at.
    """
    if path == STDIN:
        raise AreaError(path, "standard input lies nowhere; name the file")
    try:
        _refuse_placeless(path, os.stat(path))
        with open_for_reading(path) as file:
            _refuse_placeless(path, os.fstat(file.fileno()))
            yield file
    except AreaError:
        raise
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc


def extents_of(path: str) -> tuple[Extent, ...]:
    """List where the bytes of a regular file lie, in file order.

    Raises:
        AreaError: It is none, or has no extents that can be told.
    """
    with open_placed(path) as file:
        status = os.fstat(file.fileno())
        if stat.S_ISBLK(status.st_mode):
            raise AreaError(path, "Is a block device, which lies nowhere else")
        splits_pages = os.fstatvfs(file.fileno()).f_bsize < os.sysconf("SC_PAGE_SIZE")
        return find_extents(file.fileno(), status.st_size, sync=splits_pages)


def _refuse_placeless(path: str, status: os.stat_result) -> None:
    reason = _PLACELESS.get(stat.S_IFMT(status.st_mode))
    if reason is not None:
        raise AreaError(path, reason)
