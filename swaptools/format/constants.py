"""The kernel's numbers for a swap area, under the kernel's names.

Not here: how the fields lie in a page (layout.py).

Kernel: include/linux/swap.h union swap_header; mm/swapfile.c read_swap_header();
kernel/power/swap.c struct swsusp_header.
"""

from __future__ import annotations

from typing import Final

#: Length of every magic, and its distance from the page end.
#: Kernel: include/linux/swap.h union swap_header, magic.magic[10].
MAGIC_BYTES: Final = 10

#: Version 1. Kernel: mm/swapfile.c read_swap_header().
SWAPSPACE2: Final = b"SWAPSPACE2"
#: Version 0, a bitmap; gone since Linux kernel commit 81e33971271e (in v2.6.29).
SWAP_SPACE: Final = b"SWAP-SPACE"

#: In place of the swap magic while a hibernation image is there.
#: Kernel: kernel/power/swap.c HIBERNATE_SIG.
S1SUSPEND: Final = b"S1SUSPEND"
#: The same, written by user-space suspend, newer and older.
S2SUSPEND: Final = b"S2SUSPEND"
ULSUSPEND: Final = b"ULSUSPEND"
LINHIB0001: Final = b"LINHIB0001"
#: TuxOnIce. libblkid looks for it at byte 0 of the area, swapon(8) at the page end.
TUXONICE: Final = bytes.fromhex("edc302e99856e50c")

#: First byte of ``info`` behind the boot bits, and of the bad page list.
INFO_OFFSET: Final = 1024
BADPAGES_OFFSET: Final = 1536
#: Number of 32-bit words in ``info.padding``.
PADDING_WORDS: Final = 117
#: The words of ``padding`` that hide label and UUID from libblkid unless zero.
#: util-linux: libblkid/src/superblocks/swap.c.
LIBBLKID_PADDING_WORDS: Final = (32, 33)
#: Areas below this are not seen by libblkid: no UUID=, LABEL=, swaplabel(8).
LIBBLKID_MIN_BYTES: Final = 40960

#: Room for ``sws_volume``; mkswap(8) keeps the last byte NUL.
VOLUME_BYTES: Final = 16
MAX_LABEL_BYTES: Final = 15
UUID_BYTES: Final = 16

#: ``last_page`` is a u32, so an area ends here.
MAX_LAST_PAGE: Final = 0xFFFFFFFF
#: Smallest area that mkswap(8) makes and libblkid sees, in pages.
MKSWAP_MIN_PAGES: Final = 10

#: Ours, advisory: marks an area that is header-only on purpose. Last word of
#: ``padding``, the same four bytes in either byte order.
GHOST_FLAG: Final = b"GHST"
GHOST_FLAG_OFFSET: Final = BADPAGES_OFFSET - len(GHOST_FLAG)

#: Length of struct swsusp_header's fields at the page end, magic included.
SWSUSP_BYTES: Final = 40
#: Kernel: kernel/power/power.h SF_*.
SWSUSP_FLAGS: Final = {
    1: "PLATFORM_MODE",
    2: "NOCOMPRESS_MODE",
    4: "CRC32_MODE",
    8: "HW_SIG",
    16: "COMPRESSION_ALG_LZ4",
}


def max_swap_badpages(page_size: int) -> int:
    """Return how many bad pages fit between the list's start and the magic.

    Kernel: include/linux/swap.h MAX_SWAP_BADPAGES.

    >>> max_swap_badpages(4096), max_swap_badpages(65536)
    (637, 15997)
    """
    return (page_size - MAGIC_BYTES - BADPAGES_OFFSET) // 4
