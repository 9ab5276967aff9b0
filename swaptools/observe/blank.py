"""An area that is zeros but for its header: there is nothing to ask libblkid about.

Whatever else may lie in an area has a magic, and no magic is zeros. So a fresh area,
as mkswap(8) leaves it, is known from its first bytes and from where its holes are, and
thousands of them take no other process.

Not here: asking libblkid (blkid.py), where content begins in what is not blank
(zeros.py).

util-linux: libblkid/src/superblocks/swap.c.
"""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from swaptools.contents import Held
from swaptools.format.constants import (
    INFO_OFFSET,
    LIBBLKID_MIN_BYTES,
    MAGIC_BYTES,
    SWAPSPACE2,
)
from swaptools.format.identity import volume_bytes
from swaptools.observe.zeros import data_runs

if TYPE_CHECKING:
    from swaptools.format.header import SwapHeader

#: Pages at whose ends libblkid looks for swap's magic.
_PAGE_SIZES: Final = frozenset({4096, 8192, 16384, 32768, 65536})
#: Behind the label, to the end of the area, there is to be the magic and no more.
_LABEL_END: Final = 1068
#: What is read of the rest, where it is no hole: asking takes no longer.
_MOST_RUNS: Final = 16
_MOST_BYTES: Final = 1 << 20
#: What a header may have in its fields, and be another format's magic there: nilfs2,
#: minix and LVM2.
_OTHERS: Final = (
    (1030, (b"\x34\x34",)),
    (1040, (b"\x7f\x13", b"\x8f\x13", b"\x68\x24", b"\x78\x24")),
    (1040, (b"\x13\x7f", b"\x13\x8f", b"\x24\x68", b"\x24\x78")),
    (1048, (b"\x5a\x4d", b"\x4d\x5a", b"LV")),
)


def only_swap(
    descriptor: int, header: SwapHeader | None, start: bytes, area_bytes: int
) -> Held | None:
    """Return what libblkid says of a file that has a swap header and zeros.

    Args:
        descriptor: Of the file; its position moves.
        header: The one that is there, if any.
        start: The first bytes of the file.
        area_bytes: All of them.

    Returns:
        None where it may have more to say, or less: it is to be asked then.
    """
    if header is None or area_bytes < LIBBLKID_MIN_BYTES:
        return None
    if not (_is_plain(header) and _is_zero_but_for(header, start)):
        return None
    if any(start.startswith(magics, at) for at, magics in _OTHERS):
        return None
    if not _is_zero(descriptor, len(start), area_bytes):
        return None
    offset = header.page_size - MAGIC_BYTES
    label = header.label or None
    return Held("swap", "other", label, header.uuid_text, offset, SWAPSPACE2)


def _is_plain(header: SwapHeader) -> bool:
    # A header that it takes, with a label that it has no changes for.
    label = header.label
    return (
        header.version == 1
        and header.last_page > 0
        and header.magic == SWAPSPACE2
        and header.page_size in _PAGE_SIZES
        and label.isascii()
        and label.isprintable()
        and label == label.strip()
        and header.sws_volume == volume_bytes(label)
    )


def _is_zero_but_for(header: SwapHeader, start: bytes) -> bool:
    end = header.page_size - MAGIC_BYTES
    return (
        start.startswith(_zeros(INFO_OFFSET))
        and not header.nr_badpages
        and start.startswith(_zeros(end - _LABEL_END), _LABEL_END)
        and start.startswith(_zeros(len(start) - header.page_size), header.page_size)
    )


@lru_cache(maxsize=8)
def _zeros(count: int) -> bytes:
    return bytes(count)


def _is_zero(descriptor: int, begin: int, end: int) -> bool:
    # What was promised and never written is a hole, too, where the file system can
    # tell, but for what somebody has read of it.
    runs = list(islice(data_runs(descriptor, begin, end), _MOST_RUNS + 1))
    if len(runs) > _MOST_RUNS or sum(last - at for at, last in runs) > _MOST_BYTES:
        return False
    sizes = [(at, last - at) for at, last in runs]
    try:
        return all(os.pread(descriptor, n, at) == _zeros(n) for at, n in sizes)
    except OSError:  # a bad sector is for others to tell
        return False
