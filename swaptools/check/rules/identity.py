"""Family I: label, UUID and mode: what user space sees, and the kernel does not.

Not here: what swapon(2) itself looks at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.check.registry import rule
from swaptools.check.remedies import access, headers, storage
from swaptools.format.constants import (
    LIBBLKID_MIN_BYTES,
    LIBBLKID_PADDING_WORDS,
    MAX_LABEL_BYTES,
)
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

#: Page sizes whose signature each program looks for.
_LIBBLKID_PAGE_SIZES: Final = (4096, 8192, 16384, 32768, 65536)
_SWAPON_PAGE_SIZES: Final = (4096, 8192, 16384, 65536)
_OTHERS_MASK: Final = 0o077
_OTHERS_DEVICE_MASK: Final = 0o007


@rule(
    "I401",
    "label and UUID hidden by bytes in the padding",
    Severity.WARNING,
    hint=headers.new_header,
    field="padding",
)
def hidden(case: Case) -> Iterator[str]:
    """With these two words set a header is garbage to libblkid.

    UUID= and LABEL= in fstab(5) then find nothing, swaplabel(8) shows nothing.

    util-linux: libblkid/src/superblocks/swap.c.

    *Trips on:* ``swap_area(padding_words={33: 1}, label="swap")``
    *Quiet on:* ``swap_area(padding_words={34: 1}, label="swap")``
    """
    header = case.header
    if header is None or header.version == 0 or not header.padding.strip(b"\0"):
        return
    if not (header.uuid or header.label):
        return
    for word in LIBBLKID_PADDING_WORDS:
        value = header.padding[4 * word : 4 * word + 4]
        if any(value):
            yield f"padding[{word}] is {value.hex(' ')}, libblkid wants zero"


@rule(
    "I402",
    "too small for UUID= and LABEL=",
    Severity.WARNING,
    hint="name it by its path in fstab(5), not by UUID= or LABEL=",
)
def below_libblkid(case: Case) -> Iterator[str]:
    """Under 40 KiB libblkid ignores an area: no UUID=, no LABEL=, no swaplabel(8).

    util-linux: libblkid/src/superblocks/swap.c.

    *Trips on:* ``swap_area(last_page=8, area_bytes=9 * 4096)``
    *Quiet on:* ``swap_area(last_page=9, area_bytes=10 * 4096)``
    """
    area_bytes = case.area.area_bytes
    if area_bytes is not None and area_bytes < LIBBLKID_MIN_BYTES:
        yield f"{area_bytes} bytes, libblkid wants {LIBBLKID_MIN_BYTES}"


@rule(
    "I403",
    "label of 16 bytes",
    Severity.NOTE,
    hint=headers.shorten_label,
    field="sws_volume",
)
def label_full(case: Case) -> Iterator[str]:
    """mkswap(8) keeps the last byte NUL; programs that rely on it read on.

    util-linux: disk-utils/mkswap.c.

    *Trips on:* ``swap_area(label="0123456789abcdef")``
    *Quiet on:* ``swap_area(label="0123456789abcde")``
    """
    header = case.header
    if header is not None and header.sws_volume[MAX_LABEL_BYTES]:
        yield f"no NUL ends the label {header.label!r}"


@rule(
    "I404",
    "page size that user space does not know",
    Severity.WARNING,
    hint="swap it on by path, with a program that does not probe it",
)
def page_size_unknown(case: Case) -> Iterator[str]:
    """swapon(8) skips 32K and stops at 64K, libblkid stops at 64K.

    util-linux: sys-utils/swapon.c, libblkid/src/superblocks/swap.c.

    *Trips on:* ``swap_area(page_size=131072)`` (on 131072-byte pages)
    *Quiet on:* ``swap_area(page_size=65536)`` (on 65536-byte pages)
    """
    if case.page_size not in _SWAPON_PAGE_SIZES:
        yield f"swapon(8) does not look for pages of {case.page_size} bytes"
    if case.page_size not in _LIBBLKID_PAGE_SIZES:
        yield f"libblkid does not look for pages of {case.page_size} bytes"


@rule(
    "I405",
    "others can read or write it",
    Severity.WARNING,
    hint=access.protect,
)
def insecure(case: Case) -> Iterator[str]:
    """Whoever reads swap reads memory; the kernel does not care, swapon(8) warns.

    An area in an image is for a loop device, whose mode it is that counts then.

    util-linux: sys-utils/swapon.c.

    *Trips on:* ``swap_area(mode=0o644)``
    *Quiet on:* ``swap_area(kind="image", offset=1 << 20, mode=0o644)``
    """
    if case.area.kind == AreaKind.IMAGE:
        return
    mode, owner = case.area.mode, case.area.owner_uid
    mask = _OTHERS_MASK if case.is_regular else _OTHERS_DEVICE_MASK
    if mode is not None and mode & mask:
        yield f"mode {mode:04o}, at most {0o7777 & ~mask & 0o666:04o} is safe"
    if owner and case.is_regular:
        yield f"owner {owner}, root (0) is safe"


@rule(
    "I406",
    "swapon(8) sees holes where the kernel sees none",
    Severity.WARNING,
    hint=storage.fill_holes,
)
def seems_sparse(case: Case) -> Iterator[str]:
    """It counts blocks, and so refuses a compressed or inline file, too.

    Of an area in an image it sees the loop device, which has none to count.

    util-linux: sys-utils/swapon.c.

    *Trips on:* ``swap_area(allocated_bytes=512)``
    *Quiet on:* ``swap_area(kind="image", offset=1 << 20, allocated_bytes=512)``
    """
    allocated_bytes = case.area.allocated_bytes
    if not case.verdict.accepted or allocated_bytes is None or not case.is_file:
        return
    if allocated_bytes < case.area_bytes:
        yield f"{allocated_bytes} bytes allocated of {case.area_bytes}"
