"""The bad page list, marked entry by entry once the area is known to be long enough.

Not here: how long a list may be, and that a file may have none (swapon.py).

Kernel: mm/swapfile.c setup_swap_map(), from 7.1 setup_swap_clusters_info() and
swap_cluster_setup_bad_slot().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.format.badpages import parse_words
from swaptools.format.constants import max_swap_badpages
from swaptools.kernel.attempt import EMPTY, Refusal, signed

if TYPE_CHECKING:
    from collections.abc import Collection

    from swaptools.format.header import SwapHeader
    from swaptools.kernel.attempt import Attempt

_NOTHING_LEFT: Final = EMPTY._replace(fault="no_usable_page")


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
    words = header.list_bytes
    count = min(header.nr_badpages, len(words) // 4)
    return parse_words(words[: 4 * count], header.byte_order)


def setup_bad_slots(
    attempt: Attempt, header: SwapHeader, listed: Collection[int], max_pages: int
) -> Refusal | None:
    """Mark the pages listed, entry by entry; the first bad entry ends it."""
    rules, seen, left = attempt.rules, set[int](), max_pages - 1
    if rules.counts_within_list and left == 0:
        return _NOTHING_LEFT
    for page in listed:
        if page == 0 or page > header.last_page:
            return _out_of_border(attempt, page, header.last_page)
        if page >= max_pages:
            continue
        left -= 1
        if rules.counts_within_list and left == 0:
            return _NOTHING_LEFT
        if page in seen and rules.refuses_duplicate_badpages:
            return Refusal("EINVAL", f"Duplicated bad slot offset {signed(page)}")
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
        f"Bad slot offset is out of border: {signed(page)}"
        f" (last_page: {signed(last_page)})",
    )
