"""Family S: what the header claims against what is there.

Not here: an area of one page (ghost.py), extents (filesystem.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.registry import rule
from swaptools.check.remedies import elsewhere, headers, lengths
from swaptools.format.constants import MAX_LAST_PAGE
from swaptools.kernel.swapon import UINT_MAX, maxpages, shorter_than_header
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case


@rule(
    "S201",
    "area shorter than its header says",
    Severity.ERROR,
    hint=lengths.lengthen,
    field="last_page",
    refused_by=("shorter_than_header",),
)
def shorter(case: Case) -> Iterator[str]:
    """The header was copied, the file cut, or the device shrunk.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=255, area_bytes=255 * 4096)``
    *Quiet on:* ``swap_area(last_page=255, area_bytes=256 * 4096)``
    """
    header = case.attempt.header
    if header is None or case.area_bytes == case.page_size:
        return
    if shorter_than_header(case.attempt, header):
        yield (
            f"last_page {header.last_page} needs {case.claimed_bytes} bytes,"
            f" area has {case.area_bytes}"
        )


@rule(
    "S202",
    "size is no whole number of pages",
    Severity.NOTE,
    hint="nothing is lost but the part of a page at the end",
)
def part_of_page(case: Case) -> Iterator[str]:
    """The kernel rounds down; a byte missing from the last page costs all of it.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=9, area_bytes=11 * 4096 + 512)``
    *Quiet on:* ``swap_area(last_page=9, area_bytes=11 * 4096)``
    """
    rest_bytes = case.area_bytes % case.page_size
    if rest_bytes:
        yield f"{case.area_bytes} bytes are {rest_bytes} over a page boundary"


@rule(
    "S203",
    "area longer than its header says",
    Severity.WARNING,
    hint=headers.take_in_rest,
    field="last_page",
)
def longer(case: Case) -> Iterator[str]:
    """What lies behind ``last_page`` is never used.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=255, area_bytes=1024 * 4096)``
    *Quiet on:* ``swap_area(last_page=255, area_bytes=256 * 4096)``
    """
    header = case.attempt.header
    if header is None or header.version != 1 or header.last_page == 0:
        return
    whole_bytes = case.area_bytes - case.area_bytes % case.page_size
    unused_bytes = whole_bytes - (header.last_page + 1) * case.page_size
    if unused_bytes > 0 and not header.ghost_flag:
        yield f"{unused_bytes} bytes behind last_page {header.last_page} stay unused"


@rule(
    "S204",
    "last page is lost to a 32-bit count",
    Severity.WARNING,
    hint="nothing to do; mkswap(8) stops one page earlier",
    field="last_page",
)
def largest(case: Case) -> Iterator[str]:
    """The kernel counts pages in an unsigned int, which 2^32 does not fit.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=0xFFFFFFFF, area_bytes=4096 << 32)``
    *Quiet on:* ``swap_area(last_page=0xFFFFFFFE, area_bytes=4096 << 32)``
    """
    header = case.attempt.header
    if header is not None and header.last_page == MAX_LAST_PAGE:
        yield f"page {header.last_page} is never used"


@rule(
    "S205",
    "kernel prints a size modulo 2^32 KiB",
    Severity.NOTE,
    hint="look at swapinfo, or at SwapTotal in /proc/meminfo, which are right",
    field="last_page",
)
def size_wraps(case: Case) -> Iterator[str]:
    """The log and /proc/swaps count KiB in 32 bits, so 4 TiB reads as 0.

    Kernel: mm/swapfile.c K(), swap_show().

    *Trips on:* ``swap_area(last_page=1 << 30, area_bytes=8 << 40)``
    *Quiet on:* ``swap_area(last_page=1 << 29, area_bytes=8 << 40)``
    """
    kib = case.verdict.pages * (case.page_size // 1024)
    if case.verdict.accepted and kib > UINT_MAX and not case.verdict.underflows:
        yield f"{kib} KiB will be shown as {kib & UINT_MAX}"


@rule(
    "S206",
    "pages lost to blocks that are smaller than a page",
    Severity.WARNING,
    hint=elsewhere.aligned_blocks,
)
def unaligned_blocks(case: Case) -> Iterator[str]:
    """A slot is a page of the device; a run of blocks off page bounds loses some.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_add_extent().

    *Trips on:* ``swap_area(extents=[(0, 1024, 256 * 4096)])``
    *Quiet on:* ``swap_area(extents=[(0, 4096, 256 * 4096)])``
    """
    header = case.attempt.header
    if header is None or not case.verdict.accepted:
        return
    lost = maxpages(header) - case.verdict.max
    if 0 < lost < maxpages(header):
        yield f"{lost} of {maxpages(header)} pages do not lie on page bounds"


@rule(
    "S207",
    "device shorter than a block of its own",
    Severity.ERROR,
    hint="use a device of at least two pages",
    refused_by=("unreadable_page",),
    needs_header=False,
)
def shorter_than_block(case: Case) -> Iterator[str]:
    """The block with the header reaches beyond the end, and cannot be read.

    Kernel: fs/buffer.c end_buffer_async_read().

    *Trips on:* ``swap_area(kind="block", area_bytes=2048, block_bytes=4096)``
    *Quiet on:* ``swap_area(kind="block", area_bytes=2048, block_bytes=512)``
    """
    if case.verdict.test == "unreadable_page":
        blocks = f"blocks of {case.backing.block_bytes}"
        yield f"the device has {case.area_bytes} bytes, in {blocks}"
