"""What a room of rules needs to have anything to say, asked once for all of them.

Thousands of areas are alike: taken, with one magic and no bad pages. Rooms that can
only speak of others are not asked about those, and not imported.

Not here: that the kernel finds a header, which is a rule's own word (registry.py).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from swaptools.backing import ExtentFlags, InodeFlags
from swaptools.format.constants import (
    LIBBLKID_MIN_BYTES,
    MAX_LABEL_BYTES,
    PADDING_WORDS,
    SWAPSPACE2,
)
from swaptools.kernel.activation import KNOWN_FILESYSTEMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.check.case import Case

    Condition = Callable[[Case], bool]

_SWAPSPACE2: Final = SWAPSPACE2.decode()
_ODD: Final = int(ExtentFlags.SHARED | ExtentFlags.DATA_INLINE)
_NO_PADDING: Final = bytes(4 * PADDING_WORDS)
#: Kernel: /proc/swaps has KiB in an unsigned int.
_MOST_COUNTED_BYTES: Final = 0xFFFFFFFF << 10
_OTHERS_MASK: Final = 0o077
_USUAL_PAGE_SIZES: Final = (4096, 8192, 16384, 65536)
_WITH_RULES_OF_THEIR_OWN: Final = frozenset({"btrfs", "f2fs"})


def is_refused(case: Case) -> bool:
    """The kernel does not take the area."""
    return not case.verdict.accepted


def has_badpages(case: Case) -> bool:
    """The header that the kernel finds lists bad pages."""
    return case.attempt.header is not None and case.attempt.header.nr_badpages > 0


def has_odd_magic(case: Case) -> bool:
    """A magic of swap's own lies there besides that of a header of this page size."""
    return any(
        found.page_size != case.page_size or found.name != _SWAPSPACE2
        for found in case.area.signatures
    )


def is_on_btrfs_or_f2fs(case: Case) -> bool:
    """It lies on a file system that has rules of its own."""
    return case.backing.filesystem in _WITH_RULES_OF_THEIR_OWN


def has_odd_extents(case: Case) -> bool:
    """Its file system refuses it, or it has holes, or parts that are not as others."""
    if not case.verdict.accepted:
        return True
    if not case.is_judged_by_filesystem or case.backing.extents is None:
        return False
    end = 0
    for extent in case.backing.extents:
        if extent.offset_bytes != end or int(extent.flags) & _ODD:
            return True
        end += extent.length_bytes
    return end < case.area_bytes


def claims_more_than_memory(case: Case) -> bool:
    """Its header claims more than the machine's memory, and so costs some of it."""
    return case.claimed_bytes > (case.attempt.ram_bytes or 0)


def has_padding(case: Case) -> bool:
    """The header has something in the words that mean nothing."""
    return case.header is not None and not case.header.padding.startswith(_NO_PADDING)


def has_odd_header(case: Case) -> bool:
    """The header is in foreign byte order, or its label fills its place."""
    header = case.attempt.header
    if header is None or header.byte_order != case.attempt.byte_order:
        return True
    return header.sws_volume[MAX_LABEL_BYTES] != 0


def has_odd_size(case: Case) -> bool:
    """It is refused, or not as long as its header claims or all used, small or huge."""
    claimed_bytes, area_bytes = case.claimed_bytes, case.area_bytes
    allocated_bytes = case.area.allocated_bytes
    return (
        is_refused(case)
        or claimed_bytes != area_bytes
        or case.verdict.max * case.page_size != area_bytes
        or not LIBBLKID_MIN_BYTES <= area_bytes <= _MOST_COUNTED_BYTES
        or (allocated_bytes is not None and allocated_bytes < area_bytes)
    )


def holds_others(case: Case) -> bool:
    """Something lies there besides swap, or is in place of it; or it is divided."""
    holds = case.area.holds
    is_swap_alone = not holds or (len(holds) == 1 and holds[0].is_swap)
    return case.area.table is not None or not is_swap_alone


def lies_oddly(case: Case) -> bool:
    """What it lies on is not as most, is swap already, or could not be looked at."""
    area, backing = case.area, case.backing
    return bool(
        area.unseen
        or area.is_behind_swap
        or backing.is_zoned
        or backing.is_readonly_device
        or backing.is_unlinked
        or backing.has_flag(InodeFlags.ENCRYPTED)
        or backing.filesystem not in KNOWN_FILESYSTEMS
        or (backing.block_bytes or 0) > case.page_size
    )


def has_odd_caller(case: Case) -> bool:
    """Who asks may not swap on, or not for himself."""
    caller = case.caller
    return caller is not None and (
        not caller.has_sys_admin
        or caller.filtered is not None
        or caller.is_in_user_namespace is not False
    )


def is_open_to_others(case: Case) -> bool:
    """Somebody besides root owns it, or may read or write it."""
    return bool(case.area.owner_uid or (case.area.mode or 0) & _OTHERS_MASK)


def has_odd_pages(case: Case) -> bool:
    """The machine's pages are of a size that not all programs look for."""
    return case.page_size not in _USUAL_PAGE_SIZES


#: The rooms of rules, in the order in which people read them, and what an area has
#: to be for any rule of a room to say something.
ROOMS: Final[dict[str, tuple[Condition, ...]]] = {
    "header": (has_odd_magic, has_odd_size, has_odd_header),
    "contents": (is_refused, holds_others),
    "size": (has_odd_size,),
    "badpages": (is_refused, has_badpages),
    "identity": (
        *(has_padding, has_odd_size, has_odd_header, has_odd_pages),
        is_open_to_others,
    ),
    "ghost": (has_padding, has_odd_size),
    "memory": (claims_more_than_memory,),
    "extents": (has_odd_extents, has_odd_size),
    "filesystem": (has_odd_size, is_on_btrfs_or_f2fs, lies_oddly),
    "access": (is_refused, lies_oddly),
    "caller": (is_refused, has_odd_caller),
    "unseen": (lies_oddly,),
}
_CONDITIONS: Final = tuple(dict.fromkeys(chain.from_iterable(ROOMS.values())))


def rooms_about(case: Case) -> tuple[str, ...]:
    """Return the rooms whose rules may have something to say, in order."""
    return _rooms_for(frozenset(one for one in _CONDITIONS if one(case)))


@lru_cache(maxsize=256)
def _rooms_for(holding: frozenset[Condition]) -> tuple[str, ...]:
    return tuple(room for room, any_of in ROOMS.items() if holding & set(any_of))
