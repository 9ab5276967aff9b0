"""One area that is being looked at: read at once, and the rest when it is called for.

libblkid's child looks meanwhile, and so others can be begun before this one is done.

Not here: which areas a file has (__init__.py), many files (ahead.py).
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from swaptools.area import AreaKind, SwapArea
from swaptools.errors import AreaError
from swaptools.observe.activity import (
    is_active,
    is_behind_swap,
    loop_use,
    own_device,
)
from swaptools.observe.files import STDIN, Beginning, open_unchecked, read_beginning
from swaptools.observe.header import better_reason, find_header, other_headers
from swaptools.observe.owner import owner_uid
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.backing import Backing
    from swaptools.contents import Contents, Unclaimed
    from swaptools.format.header import SwapHeader
    from swaptools.observe.files import Progress
    from swaptools.observe.loops import Loop
    from swaptools.observe.mounts import Mounts
    from swaptools.observe.proc import ActiveSwaps


class Wanted(NamedTuple):
    """What is wanted besides the header, and what is known: read_area()'s arguments."""

    active: ActiveSwaps
    below: bool
    mounts: Mounts | None
    loops: tuple[Loop, ...] | None
    descriptor: int | None
    holds: bool | None
    progress: Progress | None


class _Seen(NamedTuple):
    beginning: Beginning
    header: SwapHeader | None
    reason: str | None
    contents: Contents | None
    backing: Backing | None
    unclaimed: Unclaimed | None
    #: What could not be looked at, and why.
    unseen: tuple[str, ...]


class Look:
    """An area that is begun: what has to be waited for comes with area().

    Attributes:
        is_asking: libblkid is asked, and area() waits for what it says.

    Args:
        name: Of a file or device; STDIN for standard input.
        offset: Where the area begins, in bytes.
        partition: Number of the partition that it is, in place of an offset.
        wanted: What else is.
        status: What stat(2) says of the name, when that is known.

    Raises:
        AreaError: It could not be looked at.
    """

    __slots__ = ("_name", "_own", "_seen", "_wanted", "is_asking")

    def __init__(
        self,
        name: str,
        offset: int,
        partition: int | None,
        wanted: Wanted,
        status: os.stat_result | None = None,
    ) -> None:
        self._name = name
        self._wanted = wanted
        self._own: int | None = None
        self.is_asking = False
        try:
            if name != STDIN and wanted.descriptor is None:
                self._own = open_unchecked(name, status)
            self._seen = self._begin(offset, partition)
        except BaseException as exc:
            self.close()
            raise _as_area_error(name, exc) from exc

    def close(self) -> None:
        """Close what was opened."""
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def area(self) -> SwapArea:
        """Return what was seen, and close what was opened.

        Raises:
            AreaError: It could not be looked at.
        """
        seen = self._seen
        try:
            seen = seen() if callable(seen) else seen
        except OSError as exc:
            raise _as_area_error(self._name, exc) from exc
        finally:
            self.close()
        return _area(self._name, seen, self._wanted)

    def _begin(self, offset: int, partition: int | None) -> _Seen | Callable[[], _Seen]:
        name, wanted = self._name, self._wanted
        own = self._own if wanted.descriptor is None else wanted.descriptor
        holds = wanted.holds
        beginning = read_beginning(
            name,
            offset,
            own,
            partition=partition,
            is_all=bool(holds),
            progress=wanted.progress,
        )
        header, reason = find_header(beginning)
        backing, unseen = (
            _backing(name, beginning, own, wanted) if wanted.below else (None, ())
        )
        seen = _Seen(beginning, header, reason, None, backing, None, unseen)
        if not holds and (holds is False or header is not None):
            return seen
        return self._ask(seen, own)

    def _ask(self, seen: _Seen, own: int | None) -> Callable[[], _Seen]:
        # The child reads through the same descriptor, and moves its position as it
        # pleases: what moves it, too, has been before, or waits until it is done.
        name, beginning, header = self._name, seen.beginning, seen.header
        holds, progress = self._wanted.holds, self._wanted.progress
        found = _contents(own, beginning, header)
        self.is_asking = callable(found)

        # Knows nothing of self, which knows of it: a circle would keep what was read.
        def finish() -> _Seen:
            contents, unclaimed = found() if callable(found) else found, None
            if holds:
                unclaimed = _unclaimed(name, beginning, header, own, progress)
            return seen._replace(contents=contents, unclaimed=unclaimed)

        return finish


def _as_area_error(name: str, exc: BaseException) -> BaseException:
    if isinstance(exc, OSError) and not isinstance(exc, AreaError):
        return AreaError.from_os_error(name, exc)
    return exc


def _area(name: str, seen: _Seen, wanted: Wanted) -> SwapArea:
    swaps = wanted.active
    beginning, contents, status = seen.beginning, seen.contents, seen.beginning.status
    active, unseen = is_active(beginning, swaps), seen.unseen
    if status and active is None:
        unseen += (f"active or not: {swaps.unknown}",)
    if contents is not None and contents.unseen:
        unseen += (contents.unseen,)
    header, signatures = seen.header, beginning.signatures
    has_others = header is not None and len(signatures) > 1
    # In the order of the fields: by their names it takes twice as long.
    return SwapArea(
        name,
        beginning.kind,
        beginning.offset,
        header,
        seen.reason and better_reason(seen.reason, beginning, contents),
        other_headers(beginning) if has_others else (),
        signatures,
        contents.holds if contents else None,
        contents.believed if contents else None,
        seen.unclaimed,
        beginning.partition,
        beginning.table,
        beginning.area_bytes,
        _allocated_bytes(status),
        stat.S_IMODE(status.st_mode) if status else None,
        owner_uid(status) if status else None,
        active,
        bool(swaps.behind) and is_behind_swap(beginning, swaps),
        loop_use(beginning, swaps, wanted.loops) if wanted.holds else None,
        seen.backing,
        unseen,
    )


def _allocated_bytes(status: os.stat_result | None) -> int | None:
    is_regular = status is not None and stat.S_ISREG(status.st_mode)
    return status.st_blocks * 512 if status and is_regular else None


def _backing(
    path: str, beginning: Beginning, own: int | None, wanted: Wanted
) -> tuple[Backing | None, tuple[str, ...]]:
    descriptor, status = wanted.descriptor, beginning.status
    if path == STDIN and descriptor is None:
        return None, ()
    if status is not None and stat.S_ISREG(status.st_mode):
        descriptor = own  # who holds a device is not asked through one
    else:
        status = None
    # Imported where they are needed: most callers want the header alone.
    from swaptools.observe.backing import observe_backing

    known = wanted.mounts
    if known is None:
        from swaptools.observe.mounts import Mounts

        known = Mounts()
    node = own_device(beginning)
    if node is not None and _is_device(f"/dev/{node[0]}", node[1]):
        return observe_backing(f"/dev/{node[0]}", known)
    backing, unseen = observe_backing(path, known, descriptor, status)
    # An area in a file or on a disk is for a loop device, which asks for none of
    # this; only who writes to the file does.
    if beginning.offset and beginning.kind == AreaKind.BLOCK:
        backing = backing._replace(is_claimed=False)
    return backing, () if beginning.kind == AreaKind.IMAGE else unseen


def _is_device(path: str, device: int) -> bool:
    try:
        return os.stat(path).st_rdev == device
    except OSError:
        return False


def _contents(
    descriptor: int | None, beginning: Beginning, header: SwapHeader | None
) -> Contents | Callable[[], Contents]:
    # Or what waits for them. Of a stream that goes on, only what lies at its
    # beginning can be told.
    data = beginning.data
    if descriptor is None or beginning.status is None or beginning.area_bytes is None:
        from swaptools.observe.contents import look_into_bytes

        return look_into_bytes(data)
    if beginning.kind == AreaKind.FILE:
        from swaptools.contents import Contents
        from swaptools.observe.blank import only_swap

        held = only_swap(descriptor, header, data, beginning.area_bytes)
        if held is not None:
            return Contents((held,), held.type, None)
    from swaptools.observe import contents

    return contents.begin_contents(
        descriptor, beginning.offset, beginning.area_bytes, data
    )


def _unclaimed(
    path: str,
    beginning: Beginning,
    header: SwapHeader | None,
    descriptor: int | None,
    progress: Progress | None,
) -> Unclaimed | None:
    if beginning.status is None or beginning.area_bytes is None:
        return None
    if header is None and beginning.is_divided:
        return None  # all of a disk to read, and what is there is known
    from swaptools.observe.zeros import find_unclaimed

    end = beginning.area_bytes
    begin = min(_claimed_bytes(header), end)
    return find_unclaimed(
        path, beginning.offset, begin, end, descriptor, progress=progress
    )


def _claimed_bytes(header: SwapHeader | None) -> int:
    # A ghost that was made longer never wrote to what is behind its page.
    if header is None:
        return 0
    return header.page_size if header.ghost_flag else header.size_bytes
