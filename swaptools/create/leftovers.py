"""Temporary names beside an area, and those that a killed run left behind.

The next run on that path removes them: regular files of our own, under a name that
only we give, which no living run has locked.

Not here: the file that bears such a name (naming.py).
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from swaptools.create.place import Place

_LOOK: Final = os.O_RDONLY | os.O_NONBLOCK
#: So much of a file's name goes into its temporary one: 255 bytes are the limit,
#: and a character takes up to four.
_NAME_CHARACTERS: Final = 50


def new_temporary_name(place: Place) -> str:
    """Return a name that nobody has, in the directory of the place."""
    return f".{_stem(place)}.ghost-mkswap.{os.urandom(4).hex()}"


def remove_leftovers(place: Place) -> None:
    """Remove what killed runs on this path left behind.

    What cannot be looked at stays, and so does all in a directory that may not be
    read.
    """
    ours = re.compile(rf"\.{re.escape(_stem(place))}\.ghost-mkswap\.[0-9a-f]{{8}}")
    with suppress(OSError), os.scandir(place.directory) as entries:
        for name in [entry.name for entry in entries if ours.fullmatch(entry.name)]:
            with suppress(OSError):
                _remove_if_dead(place, name)


def _remove_if_dead(place: Place, name: str) -> None:
    descriptor = place.open(_LOOK, name=name)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        now = place.status(name)
        if now is not None and os.path.samestat(now, status):
            os.unlink(name, dir_fd=place.directory)
    finally:
        os.close(descriptor)


def _stem(place: Place) -> str:
    return place.name[:_NAME_CHARACTERS]
