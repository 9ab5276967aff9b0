"""What a header page of version 0 says: a bitmap of usable pages before the magic.

No kernel since 2.6.29 takes it; old disks and images still carry it.

Not here: the header as a value (header.py BitmapHeader).

Kernel: mm/swapfile.c as of v2.6.28, sys_swapon() case 1; Linux kernel commit
81e33971271e (in v2.6.29) took it out.
"""

from __future__ import annotations

import struct
from typing import Any

from swaptools.format import packed
from swaptools.format.constants import UUID_BYTES, VOLUME_BYTES


def bitmap_fields(page: bytes) -> dict[str, Any]:
    """Return the fields of a header for a page whose magic has been looked at.

    The last set bit stands for the last page, clear bits below it are bad pages;
    what such a page does not have is empty.
    """
    values = struct.unpack(f"<{packed.BITMAP_HEADER[len(page)]}", page)
    fields = dict(zip(packed.BITMAP_HEADER_FIELDS, values, strict=True))
    bits = int.from_bytes(fields["bitmap"], "little")
    last_page = max(bits.bit_length() - 1, 0)
    usable = (bits >> 1).bit_count()
    return {
        "page_size": len(page),
        "byte_order": "little",
        "version": 0,
        "last_page": last_page,
        "nr_badpages": last_page - usable,
        "sws_uuid": bytes(UUID_BYTES),
        "sws_volume": bytes(VOLUME_BYTES),
        "bootbits": b"",
        "padding": b"",
        "badpage_bytes": fields["bitmap"],
        "slack": b"",
        "magic": fields["magic"],
    }
