"""The definitions of layout.py as formats of struct, by which headers are read.

Construct takes longer to import than a header to be read by a whole process.
Written by ``make packed``, and never by hand; a test compares.

Not here: the definitions (layout.py), what the fields mean (header.py).
"""

from __future__ import annotations

from typing import Final

#: A page of version 1, by page size; ``<`` or ``>`` goes in front.
SWAP_HEADER: Final[dict[int, str]] = {
    2048: "1024sLLL16s16s468s500s2s10s",
    4096: "1024sLLL16s16s468s2548s2s10s",
    8192: "1024sLLL16s16s468s6644s2s10s",
    16384: "1024sLLL16s16s468s14836s2s10s",
    32768: "1024sLLL16s16s468s31220s2s10s",
    65536: "1024sLLL16s16s468s63988s2s10s",
    131072: "1024sLLL16s16s468s129524s2s10s",
    262144: "1024sLLL16s16s468s260596s2s10s",
}

#: Its fields, in this order.
SWAP_HEADER_FIELDS: Final = (
    "bootbits",
    "version",
    "last_page",
    "nr_badpages",
    "sws_uuid",
    "sws_volume",
    "padding",
    "badpages",
    "slack",
    "magic",
)

#: A page of version 0, by page size; ``<`` or ``>`` goes in front.
BITMAP_HEADER: Final[dict[int, str]] = {
    2048: "2038s10s",
    4096: "4086s10s",
    8192: "8182s10s",
    16384: "16374s10s",
    32768: "32758s10s",
    65536: "65526s10s",
    131072: "131062s10s",
    262144: "262134s10s",
}

#: Its fields, in this order.
BITMAP_HEADER_FIELDS: Final = (
    "bitmap",
    "magic",
)

#: What a suspended machine leaves at the page end, likewise.
SWSUSP_HEADER: Final = "LLQL10s10s"

#: Its fields, in this order.
SWSUSP_HEADER_FIELDS: Final = (
    "hw_sig",
    "crc32",
    "image",
    "flags",
    "orig_sig",
    "sig",
)
