"""Looking at many files: some are begun before the first of them is done.

libblkid's child then has its next question before it has answered the last one.

Not here: one area (look.py), which areas a file has (__init__.py).
"""

from __future__ import annotations

import os
import stat
from collections import deque
from typing import TYPE_CHECKING, Final

from swaptools.errors import AreaError
from swaptools.observe import areas_at, whole_and_parts
from swaptools.observe.blkid import MOST_WAITING
from swaptools.observe.files import STDIN
from swaptools.observe.look import Look, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.area import SwapArea
    from swaptools.observe.files import Progress
    from swaptools.observe.loops import Loop
    from swaptools.observe.mounts import Mounts
    from swaptools.observe.proc import ActiveSwaps

    #: Those of a file, or why there are none.
    Areas = tuple[SwapArea, ...] | AreaError

#: Files that are open at a time, each with its first bytes in memory.
_AHEAD: Final = MOST_WAITING


def read_ahead(
    paths: Iterable[str],
    offset: int | None,
    partition: int | None,
    *,
    active: ActiveSwaps,
    mounts: Mounts,
    loops: tuple[Loop, ...],
    progress: Callable[[str], Progress],
) -> Iterator[tuple[str, Areas]]:
    """Look at each file as read_areas() does with ``holds``, and yield its areas.

    Only regular files are begun early: whatever else there is may keep us waiting,
    and that it does in its turn.

    Args:
        paths: The files, in the order in which they are yielded.
        offset: As in read_areas(), and so are those that are not said here.
        partition: Likewise.
        active: The active areas.
        mounts: The mounts of this process.
        loops: The loop devices that there are.
        progress: Called with a path for what is told how much of it is read.
    """
    begun: deque[_Begun] = deque()
    try:
        for path in paths:
            told = progress(path)
            wanted = Wanted(active, True, mounts, loops, None, True, told)
            begun.append(_Begun(path, offset, partition, wanted))
            while begun and (len(begun) == _AHEAD or begun[0].is_known):
                first = begun.popleft()
                yield first.path, first.areas()
        while begun:
            first = begun.popleft()
            yield first.path, first.areas()
    finally:
        for one in begun:
            one.close()


class _Begun:
    # A file: begun, or why it could not be, or to be looked at in its turn.

    def __init__(
        self, path: str, offset: int | None, partition: int | None, wanted: Wanted
    ) -> None:
        self.path = path
        self._place = offset, partition
        self._wanted = wanted
        self._look: Look | AreaError | None = None
        status = _quick_status(path)
        if status is not None:
            try:
                self._look = Look(path, offset or 0, partition, wanted, status)
            except AreaError as exc:
                self._look = exc

    @property
    def is_known(self) -> bool:
        # Nobody has to be waited for.
        return isinstance(self._look, AreaError) or (
            self._look is not None and not self._look.is_asking
        )

    def areas(self) -> Areas:
        if isinstance(self._look, AreaError):
            return self._look
        try:
            return self._all_areas(self._look)
        except AreaError as exc:
            return exc

    def close(self) -> None:
        if isinstance(self._look, Look):
            self._look.close()

    def _all_areas(self, look: Look | None) -> tuple[SwapArea, ...]:
        offset, partition = self._place
        wanted = self._wanted
        if look is None:
            return areas_at(self.path, offset, partition, wanted)
        whole = look.area()
        is_whole = offset is None and partition is None
        return whole_and_parts(whole, wanted) if is_whole else (whole,)


def _quick_status(path: str) -> os.stat_result | None:
    # Names such as UUID=... have to be looked up, and standard input to be waited for.
    if path == STDIN or "=" in path:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
