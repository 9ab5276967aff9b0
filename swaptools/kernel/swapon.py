"""swapon(2) without swapping anything on: the kernel's tests in the kernel's order.

Read it beside read_swap_header(): one function a test, each with its log line.
Kernels differ only through the fields of their profile. A test that fails ends
the attempt, so the order decides which message is seen.

Not here: the tests before the header (opening.py), what the file system says
(activation.py), the bad page list (badpages.py), advice (check/).

Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), read_swap_header().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import FileType
from swaptools.format.constants import max_swap_badpages
from swaptools.kernel.activation import swap_activate
from swaptools.kernel.attempt import EMPTY, Attempt, Refusal, Verdict, signed
from swaptools.kernel.badpages import listed_badpages, setup_bad_slots
from swaptools.kernel.opening import OPEN_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.area import SwapArea
    from swaptools.format.header import SwapHeader
    from swaptools.kernel.attempt import HeaderTest
    from swaptools.kernel.profiles import KernelProfile
    from swaptools.kernel.swapon_rules import SlotArray

#: Kernel: UINT_MAX.
UINT_MAX: Final = 0xFFFFFFFF


def judge(
    area: SwapArea,
    profile: KernelProfile,
    page_size: int,
    ram_bytes: int | None = None,
) -> Verdict:
    """Say what swapon(2) of ``area`` answers on a kernel.

    The caller is taken to have CAP_SYS_ADMIN and a free swap type. What could
    not be looked at (a field that is None) is taken to be in order.

    Args:
        area: The area, with what lies under it.
        profile: The kernel.
        page_size: The machine's, in bytes.
        ram_bytes: The machine's memory; None skips the tests that need it.
    """
    return judge_attempt(Attempt.of(area, profile, page_size, ram_bytes))


def judge_attempt(attempt: Attempt) -> Verdict:
    """Say what swapon(2) answers; judge() with its arguments packed."""
    for test in OPEN_TESTS:
        if refusal := test(attempt):
            return _refused(attempt, test.__name__, refusal)
    header = attempt.header
    if header is None:
        return _refused(attempt, "no_signature", NO_SIGNATURE)
    is_ghost = has_ghost_size(attempt)
    for header_test in read_swap_header_tests(is_ghost):
        if refusal := header_test(attempt, header):
            return _refused(attempt, header_test.__name__, refusal)
    return _set_up(attempt, header, is_ghost)


def _set_up(attempt: Attempt, header: SwapHeader, is_ghost: bool) -> Verdict:
    # The file system is asked before the rest, or behind it.
    max_pages = maxpages(header)
    refused = None
    if not attempt.rules.asks_extents_first:
        refused = _set_up_map(attempt, header, max_pages, is_ghost)
    if refused:
        return refused
    activation = setup_swap_extents(attempt, max_pages, is_ghost)
    if isinstance(activation, Refusal):
        return _refused(attempt, "setup_swap_extents", activation)
    if attempt.rules.asks_extents_first:
        refused = _set_up_map(attempt, header, activation, is_ghost)
    return refused or _taken(attempt, header, activation, is_ghost)


def _set_up_map(
    attempt: Attempt, header: SwapHeader, max_pages: int, is_ghost: bool
) -> Verdict | None:
    # Memory for every slot, and the bad ones marked; some memory only then.
    arrays = attempt.rules.arrays_for(is_ghost)
    if refusal := out_of_memory(attempt, max_pages, arrays, is_late=False):
        return _refused(attempt, "out_of_memory", refusal)
    listed = listed_badpages(attempt, header, is_ghost)
    if refusal := setup_bad_slots(attempt, header, listed, max_pages):
        return _refused(attempt, "setup_bad_slots", refusal)
    if max_pages - 1 == (sum(page < max_pages for page in listed) if listed else 0):
        return _refused(attempt, "no_usable_page", EMPTY)
    refusal = out_of_memory(attempt, max_pages, arrays, is_late=True)
    return _refused(attempt, "out_of_memory", refusal) if refusal else None


def _taken(
    attempt: Attempt, header: SwapHeader, max_pages: int, is_ghost: bool
) -> Verdict:
    listed = listed_badpages(attempt, header, is_ghost)
    bad = tuple(page for page in listed if page < max_pages)
    pages = (max_pages - 1 - len(bad)) & UINT_MAX
    if pages == 0:
        return _refused(attempt, "no_usable_page", EMPTY)
    return Verdict(
        kernel=attempt.profile.name,
        asked=attempt.asked,
        reason=attempt.reason,
        accepted=True,
        is_ghost=is_ghost,
        max=max_pages,
        pages=pages,
        badpages=bad,
    )


def _refused(attempt: Attempt, test: str, refusal: Refusal) -> Verdict:
    return Verdict(
        kernel=attempt.profile.name,
        asked=attempt.asked,
        reason=attempt.reason,
        accepted=False,
        errno=refusal.errno,
        message=refusal.message,
        test=refusal.fault or test,
    )


# --- read_swap_header() -------------------------------------------------------

NO_SIGNATURE: Final = Refusal("EINVAL", "Unable to find swap-space signature")


def read_swap_header_tests(is_ghost: bool) -> tuple[HeaderTest, ...]:
    """Return the tests behind the signature, in order; a ghost leaves early.

    RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
    "mm: ghost swapfile support for zswap".
    """
    tests = (swabbed_list_too_long, unknown_version, last_page_zero)
    if is_ghost:
        return tests
    return (*tests, shorter_than_header, badpages_on_file, list_too_long)


def has_ghost_size(attempt: Attempt) -> bool:
    """Tell whether this kernel takes an area of this size as a ghost.

    One page of the machine's, and nothing else is asked: a block device of that
    size is one, too.
    """
    is_one_page = attempt.area.area_bytes == attempt.page_size
    return attempt.rules.accepts_ghost and is_one_page


def swabbed_list_too_long(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """The list of a header in foreign byte order is bounded before it is swapped."""
    is_foreign = header.version == 1 and header.byte_order != attempt.byte_order
    return list_too_long(attempt, header) if is_foreign else None


def unknown_version(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """Only version 1 is known; the number in the log is signed."""
    if header.version == 1:
        return None
    version = header.version
    if header.byte_order != attempt.byte_order:
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    line = f"Unable to handle swap header version {signed(version)}"
    return Refusal("EINVAL", line)


def last_page_zero(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """Page 0 is the header, so there is no page to use."""
    return EMPTY if header.last_page == 0 else None


def maxpages(header: SwapHeader) -> int:
    """Return the pages the header asks for, its own included.

    The kernel counts them in an unsigned int, so the largest area loses a page.
    """
    return min(header.last_page + 1, UINT_MAX)


def shorter_than_header(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """The header claims pages behind the end of the file or device."""
    if attempt.area.area_bytes is None:
        return None
    swapfilepages = attempt.area.area_bytes // attempt.page_size
    if swapfilepages == 0 or maxpages(header) <= swapfilepages:
        return None
    return Refusal("EINVAL", "Swap area shorter than signature indicates")


def badpages_on_file(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """A regular file has no bad pages; the kernel refuses without a word."""
    is_file = attempt.backing.file_type == FileType.REGULAR
    return Refusal("EINVAL") if is_file and header.nr_badpages else None


def list_too_long(attempt: Attempt, header: SwapHeader) -> Refusal | None:
    """More bad pages than there is room for in front of the magic."""
    limit = max_swap_badpages(attempt.page_size)
    return Refusal("EINVAL") if header.nr_badpages > limit else None


# --- behind the header --------------------------------------------------------


def setup_swap_extents(
    attempt: Attempt, max_pages: int, is_ghost: bool
) -> int | Refusal:
    """Find out how many of the pages asked for there are: all, but for a file."""
    if is_ghost or attempt.backing.file_type == FileType.BLOCK:
        return max_pages
    return swap_activate(attempt, max_pages)


def out_of_memory(
    attempt: Attempt, max_pages: int, arrays: Iterable[SlotArray], *, is_late: bool
) -> Refusal | None:
    """One array over all slots is larger than the memory of the machine.

    Only those are asked about that are taken early, or late. The kernel puts the name
    of the process in front of its line.

    Kernel: mm/vmalloc.c __vmalloc_node_range().
    """
    if attempt.ram_bytes is None:
        return None
    for array in arrays:
        if array.is_late != is_late or array.is_paged:
            continue
        array_bytes = array.size_bytes(max_pages)
        if array_bytes > attempt.ram_bytes:
            line = attempt.rules.vmalloc_line.format(array_bytes)
            return Refusal("ENOMEM", line)
    return None
