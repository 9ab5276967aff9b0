"""What swapon is given: an area with a header, or so many pages.

Not here: swapping it on (areas.py), whether swapon(2) takes it (kernel/swapon.py).

Kernel: mm/swapfile.c swapon(2).
Same: what is refused, in which words.
Changed: an area of so many pages needs no header.
Left out: nothing.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from swaptools.area import AreaKind, SwapArea
from swaptools.emulator.machine.backing import BLOCK, FILE, GHOST, GHOST_BLOCK
from swaptools.emulator.store.within import check_kind, check_whole
from swaptools.errors import IllegalOperation, SwapOnError
from swaptools.kernel.swapon import judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.state import State

# Pages that an area of a script or a caller can have.
_MAX_PAGES = 1 << 32


class Accepted(NamedTuple):
    """An area that a kernel takes."""

    path: str
    #: One more than the last page.
    max_pages: int
    ops: SwapOps
    bad_pages: Iterable[int]


def accepted(state: State, area: SwapArea) -> Accepted:
    """Ask the kernel for an area with a header.

    Raises:
        SwapOnError: It does not take it; errno and the kernel's words.
        IllegalOperation: That is no area.
    """
    check_kind(area, SwapArea, "area")
    verdict = judge(area, state.profile, state.page_size, state.ram_bytes)
    if not verdict.accepted:
        raise SwapOnError(getattr(errno, verdict.errno or "EINVAL"), verdict.message)
    is_block = area.kind in (AreaKind.BLOCK, AreaKind.IMAGE)
    if verdict.is_ghost:
        ops = GHOST_BLOCK if is_block else GHOST
    else:
        ops = BLOCK if is_block else FILE
    return Accepted(area.path, verdict.max, ops, verdict.badpages)


def check_pages_of_area(max_pages: int, bad_pages: Collection[int]) -> None:
    """Check an area without a header.

    Raises:
        IllegalOperation: It would have no slot, or bad pages that it has not.
    """
    check_whole("pages of an area", max_pages, *bad_pages)
    if not 2 <= max_pages <= _MAX_PAGES:
        raise IllegalOperation(f"an area of {max_pages} pages")
    are_within = all(0 < page < max_pages for page in bad_pages)
    if not are_within or len(set(bad_pages)) == max_pages - 1:
        raise IllegalOperation("bad pages outside of the area, or all of it")
