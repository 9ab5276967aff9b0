"""Family H: the header page, its magic, version and byte order.

Not here: the numbers in it (size.py, badpages.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.registry import rule
from swaptools.check.remedies import contents, headers
from swaptools.contents import foremost
from swaptools.kernel.swapon import last_page_zero, unknown_version
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case


@rule(
    "H101",
    "no swap signature",
    Severity.ERROR,
    hint=headers.first_header,
    field="magic",
    refused_by=("no_signature",),
    needs_header=False,
)
def no_signature(case: Case) -> Iterator[str]:
    """Nothing at the end of the first page says that this is a swap area.

    What has a name is told by a rule of its own, H301 and the like.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(magic=bytes(10))``
    *Quiet on:* ``swap_area()``
    """
    area = case.area
    if area.signatures or case.area_bytes < case.page_size:
        return
    if area.own_table is not None or foremost(area.holds or (), area.believed):
        return
    yield f"no SWAPSPACE2 at byte {case.page_size - 10}"


@rule(
    "H102",
    "header of another page size",
    Severity.ERROR,
    hint=headers.for_this_page_size,
    field="magic",
    refused_by=("no_signature",),
    needs_header=False,
)
def other_page_size(case: Case) -> Iterator[str]:
    """The magic ends where pages of another size end, and this kernel looks elsewhere.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(page_size=16384)``
    *Quiet on:* ``swap_area(page_size=4096)``
    """
    if case.attempt.header is not None:
        return
    sizes = [
        found.page_size
        for found in case.area.signatures
        if found.name == "SWAPSPACE2" and found.page_size != case.page_size
    ]
    for page_size in sizes:
        yield f"made for pages of {page_size} bytes, this kernel has {case.page_size}"


@rule(
    "H103",
    "version 0 header",
    Severity.ERROR,
    hint=headers.new_header,
    field="magic",
    refused_by=("no_signature",),
    needs_header=False,
)
def version_0(case: Case) -> Iterator[str]:
    """A bitmap in place of ``info``, as Linux 2.0 had it.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(magic=b"SWAP-SPACE")``
    *Quiet on:* ``swap_area()``
    """
    for found in case.area.signatures:
        if found.name == "SWAP-SPACE":
            yield f"SWAP-SPACE at byte {found.offset}; kernels since 2.6.29 refuse it"


@rule(
    "H104",
    "hibernation image present",
    Severity.ERROR,
    hint=contents.resume_first,
    field="magic",
    refused_by=("no_signature",),
    needs_header=False,
)
def suspended(case: Case) -> Iterator[str]:
    """A machine went to sleep into this area; swapping on would destroy its memory.

    Kernel: kernel/power/swap.c mark_swapfiles().

    *Trips on:* ``swap_area(magic=b"S1SUSPEND")``
    *Quiet on:* ``swap_area()``
    """
    for found in case.area.signatures:
        if found.is_suspend and found.page_size is not None:
            yield f"{found.name} at byte {found.offset} in place of SWAPSPACE2"


@rule(
    "H105",
    "shorter than a page",
    Severity.ERROR,
    hint=headers.too_short,
    field="magic",
    refused_by=("no_signature",),
    needs_header=False,
)
def shorter_than_page(case: Case) -> Iterator[str]:
    """The magic ends the first page; a file cut before that has none.

    Kernel: mm/swapfile.c read_swap_header(); the rest of the page reads as zero.

    *Trips on:* ``swap_area(area_bytes=4095)``
    *Quiet on:* ``swap_area(area_bytes=4096)``
    """
    area_bytes = case.area.area_bytes
    if case.is_block and not area_bytes:
        return
    if area_bytes is not None and area_bytes < case.page_size:
        yield f"{area_bytes} bytes, a header page has {case.page_size}"


@rule(
    "H106",
    "TuxOnIce image at byte 0",
    Severity.WARNING,
    hint="resume it with TuxOnIce; where there is none, zero its first eight bytes",
    field="bootbits",
)
def tuxonice_at_start(case: Case) -> Iterator[str]:
    """The kernel ignores the first 1024 bytes; libblkid calls this a suspend image.

    util-linux: libblkid/src/superblocks/swap.c.

    *Trips on:* ``swap_area(bootbits=bytes.fromhex("edc302e99856e50c"))``
    *Quiet on:* ``swap_area(bootbits=bytes([255]) * 1024)``
    """
    if any(found.page_size is None for found in case.area.signatures):
        yield "libblkid takes the area for a TuxOnIce image, not for swap"


@rule(
    "H107",
    "second header behind the first",
    Severity.NOTE,
    hint="mkswap(8) does not remove it; swapping over it does, in time",
)
def second_header(case: Case) -> Iterator[str]:
    """Left from a machine with larger pages; only such a machine would take it.

    *Trips on:* ``swap_area(second_page_size=65536, area_bytes=1 << 20)``
    *Quiet on:* ``swap_area(area_bytes=1 << 20)``
    """
    for found in case.area.signatures:
        if found.page_size is not None and found.page_size > case.page_size:
            yield f"{found.name} at byte {found.offset}, for pages of {found.page_size}"


@rule(
    "H201",
    "unknown header version",
    Severity.ERROR,
    hint=headers.new_header,
    field="version",
    refused_by=("unknown_version",),
)
def version(case: Case) -> Iterator[str]:
    """Only version 1 exists, in either byte order.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(version=2)``
    *Quiet on:* ``swap_area(byte_order="big")``
    """
    header = case.attempt.header
    if header and unknown_version(case.attempt, header):
        yield f"version {header.version:#x}, the kernel knows 1"


@rule(
    "H202",
    "no page but the header",
    Severity.ERROR,
    hint=headers.new_header,
    field="last_page",
    refused_by=("last_page_zero",),
)
def empty(case: Case) -> Iterator[str]:
    """``last_page`` counts from 0, and page 0 is the header.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=0)``
    *Quiet on:* ``swap_area(last_page=1)``
    """
    header = case.attempt.header
    if header and last_page_zero(case.attempt, header):
        yield "last_page 0, at least 1 is needed"


@rule(
    "H203",
    "header in two byte orders",
    Severity.WARNING,
    hint=headers.new_header,
    field="last_page",
)
def mixed_order(case: Case) -> Iterator[str]:
    """The other numbers are read in the order of ``version``; read so, they are absurd.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(last_page=0xFF000000, area_bytes=256 * 4096)``
    *Quiet on:* ``swap_area(last_page=255)``
    """
    header = case.attempt.header
    if header is None or case.claimed_bytes <= case.area_bytes:
        return
    swabbed = int.from_bytes(header.last_page.to_bytes(4, "big"), "little")
    if (swabbed + 1) * case.page_size == case.area_bytes:
        yield (
            f"last_page {header.last_page} does not fit, in the other byte order"
            f" it is {swabbed} and fits exactly"
        )


@rule(
    "H204",
    "header in foreign byte order",
    Severity.NOTE,
    hint="nothing to do; read the header before swapon(2) or with O_DIRECT",
    field="version",
)
def foreign_order(case: Case) -> Iterator[str]:
    """Taken as well, but swapped in the page cache, where read(2) then sees it.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(byte_order="big")``
    *Quiet on:* ``swap_area(byte_order="little")``
    """
    header = case.attempt.header
    if header and header.version == 1 and header.byte_order != case.attempt.byte_order:
        yield f"{header.byte_order}-endian; swapon(2) swaps its copy in the page cache"
