"""swapon(2) without swapping anything on: the kernel's tests in the kernel's order.

Read it beside read_swap_header(): one function a test, each with its log line.
Kernels differ only through the fields of their profile. A test that fails ends
the attempt, so the order decides which message is seen.

Not here: the tests before the header (opening.py), what the file system says
(activation.py), advice (check/).

Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), read_swap_header(),
setup_swap_map().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import FileType
from swaptools.format import layout
from swaptools.format.constants import BADPAGES_OFFSET, max_swap_badpages
from swaptools.kernel.activation import swap_activate
from swaptools.kernel.attempt import Attempt, Refusal, Verdict
from swaptools.kernel.opening import OPEN_TESTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from swaptools.area import SwapArea
    from swaptools.format.header import SwapHeader
    from swaptools.kernel.attempt import HeaderTest
    from swaptools.kernel.profiles import KernelProfile

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
    activation = setup_swap_extents(attempt, maxpages(header), is_ghost)
    if isinstance(activation, Refusal):
        return _refused(attempt, "setup_swap_extents", activation)
    return _set_up(attempt, header, activation, is_ghost)


def _set_up(
    attempt: Attempt, header: SwapHeader, max_pages: int, is_ghost: bool
) -> Verdict:
    # What remains once it is known which pages there are.
    if refusal := out_of_memory(attempt, max_pages, is_ghost):
        return _refused(attempt, "out_of_memory", refusal)
    listed = listed_badpages(attempt, header, is_ghost)
    if refusal := setup_bad_slots(attempt, header, listed, max_pages):
        return _refused(attempt, "setup_bad_slots", refusal)
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
EMPTY: Final = Refusal("EINVAL", "Empty swap-file")


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
    signed = version - (1 << 32) if version >> 31 else version
    return Refusal("EINVAL", f"Unable to handle swap header version {signed}")


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


def out_of_memory(attempt: Attempt, max_pages: int, is_ghost: bool) -> Refusal | None:
    """One array over all slots is larger than the memory of the machine.

    Kernel: mm/vmalloc.c __vmalloc_node_range().
    """
    if attempt.ram_bytes is None:
        return None
    for array in attempt.rules.arrays_for(is_ghost):
        array_bytes = array.size_bytes(max_pages)
        if array_bytes > attempt.ram_bytes and not array.is_paged:
            line = f"vmalloc error: size {array_bytes}, exceeds total pages"
            return Refusal("ENOMEM", line)
    return None


def listed_badpages(
    attempt: Attempt, header: SwapHeader, is_ghost: bool
) -> Collection[int]:
    """Return the bad page list as this kernel walks it.

    A ghost's length is not bounded, so the walk can leave the list and take the
    magic for pages; it ends here at the end of the header page.
    """
    if is_ghost and attempt.rules.ghost_is_dynamic:
        return ()
    if header.nr_badpages <= max_swap_badpages(attempt.page_size):
        return header.badpages
    words = header.build()[BADPAGES_OFFSET:]
    count = min(header.nr_badpages, len(words) // 4)
    return layout.parse_words(words[: 4 * count], header.byte_order)


def setup_bad_slots(
    attempt: Attempt, header: SwapHeader, listed: Collection[int], max_pages: int
) -> Refusal | None:
    """Mark the pages listed, entry by entry; the first bad entry ends it."""
    seen: set[int] = set()
    for page in listed:
        if page == 0 or page > header.last_page:
            return _out_of_border(attempt, page, header.last_page)
        if page in seen and attempt.rules.refuses_duplicate_badpages:
            return Refusal("EINVAL", f"Duplicated bad slot offset {page}")
        if page < max_pages:
            seen.add(page)
    # A walk that left the page is taken to end at the first word behind it;
    # what the log says depends on what lies there.
    return Refusal("EINVAL") if leaves_page(attempt, header, listed) else None


def leaves_page(attempt: Attempt, header: SwapHeader, listed: Collection[int]) -> bool:
    """Tell whether the kernel walks its bad page list beyond the header page."""
    is_ignored = attempt.rules.ghost_is_dynamic
    return not is_ignored and header.nr_badpages > len(listed)


def _out_of_border(attempt: Attempt, page: int, last_page: int) -> Refusal:
    if not attempt.rules.reports_badpage_range:
        return Refusal("EINVAL")
    return Refusal(
        "EINVAL",
        f"Bad slot offset is out of border: {page} (last_page: {last_page})",
    )
