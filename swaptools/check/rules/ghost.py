"""Family G: areas that are a header and nothing else.

The shape is what kernels with the RFC go by, the flag is ours; see
format/ghost.py. What those kernels would not survive is an error here although
they accept it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.check.registry import rule
from swaptools.check.remedies import headers, lengths
from swaptools.format.constants import max_swap_badpages
from swaptools.kernel.swapon import shorter_than_header
from swaptools.rulebook import Severity
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

_ON_ANY_KERNEL: Final = (
    "ghost-mkswap --recipe loop FILE SIZE prints a script for what is much the same on"
    " any kernel from 6.11 on"
)
_IN_A_FILE: Final = "put a ghost into a regular file: ghost-mkswap FILE SIZE"


@rule(
    "G501",
    "ghost flag on an area with a data section",
    Severity.WARNING,
    hint=lengths.cut_to_header,
    field="padding",
)
def flag_with_data(case: Case) -> Iterator[str]:
    """A ghost that was made longer is a short swapfile to every kernel.

    *Trips on:* ``swap_area(ghost_flag=True, area_bytes=2 * 4096)``
    *Quiet on:* ``swap_area(ghost_flag=True, area_bytes=4096)``
    """
    header = case.header
    if header is None or case.area.area_bytes is None or not header.ghost_flag:
        return
    if case.area_bytes != header.page_size:
        yield f"area has {case.area_bytes} bytes, a ghost {header.page_size}"


@rule(
    "G502",
    "header only, but not marked so",
    Severity.WARNING,
    hint=headers.mark_ghost,
    field="padding",
)
def shape_without_flag(case: Case) -> Iterator[str]:
    """A ghost on purpose and a swapfile cut short look alike but for the flag.

    *Trips on:* ``swap_area(area_bytes=4096)``
    *Quiet on:* ``swap_area(area_bytes=4096, ghost_flag=True)``
    """
    header = case.header
    if case.area.is_ghost and header is not None and not header.ghost_flag:
        yield "no ghost flag: made by another program, or cut short by accident?"


@rule(
    "G503",
    "ghost on a kernel without ghosts",
    Severity.ERROR,
    hint=_ON_ANY_KERNEL,
    field="last_page",
    refused_by=("shorter_than_header",),
)
def ghost_refused(case: Case) -> Iterator[str]:
    """Mainline wants every page that the header claims.

    Kernel: mm/swapfile.c read_swap_header().
    RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
    "mm: ghost swapfile support for zswap".

    *Trips on:* ``swap_area(area_bytes=4096)``
    *Quiet on:* ``swap_area(area_bytes=4096)`` (ghost-rfc)
    """
    header = case.attempt.header
    is_one_page = case.area_bytes == case.page_size
    if header is None or not is_one_page or case.is_taken_as_ghost:
        return
    if shorter_than_header(case.attempt, header):
        yield (
            f"header page only, last_page {header.last_page} claims"
            f" {format_size(case.claimed_bytes)}; this takes the ghost swapfile patches"
        )


@rule(
    "G504",
    "ghost on a block device",
    Severity.ERROR,
    hint=_IN_A_FILE,
)
def on_block_device(case: Case) -> Iterator[str]:
    """The RFC forgets the device but not that it is one: the first free slot oopses.

    RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
    "mm: ghost swapfile support for zswap".

    *Trips on:* ``swap_area(area_bytes=4096, kind="block")`` (ghost-rfc)
    *Quiet on:* ``swap_area(area_bytes=4096)`` (ghost-rfc)
    """
    if case.verdict.is_ghost and case.is_block:
        yield "accepted, then a NULL pointer dereference when a used slot is freed"


@rule(
    "G505",
    "kernel reads past the header page",
    Severity.ERROR,
    hint=headers.new_header,
    field="nr_badpages",
    refused_by=("setup_bad_slots",),
)
def out_of_bounds(case: Case) -> Iterator[str]:
    """The RFC takes a ghost before the length of its bad page list is looked at.

    RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
    "mm: ghost swapfile support for zswap".

    *Trips on:* ``swap_area(area_bytes=4096, nr_badpages=700)`` (ghost-rfc)
    *Quiet on:* ``swap_area(area_bytes=4096, badpages=(3,))`` (ghost-rfc)
    """
    header = case.attempt.header
    if header is None or not case.is_taken_as_ghost or case.ignores_badpages:
        return
    limit = max_swap_badpages(case.page_size)
    is_bounded = header.version != 1 or header.byte_order != case.attempt.byte_order
    if header.nr_badpages > limit and not is_bounded:
        yield f"nr_badpages {header.nr_badpages}, {limit} fit; then come magic and luck"


@rule(
    "G506",
    "hibernation oopses with a ghost first in line",
    Severity.WARNING,
    hint="swap a real area on before the ghost, or do not hibernate",
)
def hibernation(case: Case) -> Iterator[str]:
    """The search for a place for the image follows a block device that is not there.

    RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
    "mm: ghost swapfile support for zswap".

    *Trips on:* ``swap_area(area_bytes=4096)`` (ghost-rfc)
    *Quiet on:* ``swap_area()`` (ghost-rfc)
    """
    if case.verdict.is_ghost:
        yield "a ghost cannot hold an image; alone or first, hibernation crashes"


@rule(
    "G507",
    "bad pages of a ghost are ignored",
    Severity.NOTE,
    hint="nothing to do: a ghost has no pages that could be bad",
    field="nr_badpages",
)
def badpages_ignored(case: Case) -> Iterator[str]:
    """Clusters made on demand do not look at the list.

    RFC: 20260220-swap-table-p4-v1-0-104795d19815@tencent.com
    "mm, swap: swap table phase IV with dynamic ghost swapfile".

    *Trips on:* ``swap_area(area_bytes=4096, badpages=(3,))`` (ghost-rfc-dynamic)
    *Quiet on:* ``swap_area(area_bytes=4096, badpages=(3,))`` (ghost-rfc)
    """
    header = case.attempt.header
    if header is not None and case.ignores_badpages and header.nr_badpages:
        yield f"{header.nr_badpages} bad pages are counted as usable"
