"""The suspend header that overlays the end of the header page.

Hibernation keeps the swap header and writes its own fields over the last 40
bytes; on resume it puts the old magic back and leaves the other fields as
residue. So non-zero bytes there are normal, and belong to nobody unless the
magic says that an image is present.

Kernel: kernel/power/swap.c struct swsusp_header, mark_swapfiles(),
swsusp_check().
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from swaptools.format import packed
from swaptools.format.constants import SWSUSP_BYTES, SWSUSP_FLAGS
from swaptools.format.signature import SWAP_NAMES, magic_name
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder


class SuspendHeader(NamedTuple):
    """What a suspended area says about its image; None where its writer says nothing.

    Only the kernel's own image (S1SUSPEND) fills all fields; user-space suspend
    keeps just the old magic, TuxOnIce and LINHIB0001 not even that.
    """

    #: The suspend magic as text, ``S1SUSPEND`` for the kernel's.
    signature: str
    #: The swap magic that resume will put back.
    orig_sig: str | None = None
    #: First page of the image's map, in pages from the start of the block device.
    image: int | None = None
    #: SF_* bits, see flag_names().
    flags: int | None = None
    #: Hardware signature of the machine, meaningful with flag HW_SIG.
    hw_sig: int | None = None
    #: CRC32 of the image, meaningful with flag CRC32_MODE.
    crc32: int | None = None

    @classmethod
    def parse(
        cls, signature: str, page: bytes, byte_order: ByteOrder
    ) -> SuspendHeader | None:
        """Read the overlay of a page whose magic is ``signature``.

        Args:
            signature: The magic as text; None is returned for a swap magic.
            page: The header page, or its end, SWSUSP_BYTES long or longer.
            byte_order: The header's, which is that of the machine that slept.
        """
        if signature in SWAP_NAMES:
            return None
        order = "<" if byte_order == "little" else ">"
        values = struct.unpack(order + packed.SWSUSP_HEADER, page[-SWSUSP_BYTES:])
        fields = dict(zip(packed.SWSUSP_HEADER_FIELDS, values, strict=True))
        orig_sig = magic_name(fields["orig_sig"])
        if orig_sig not in SWAP_NAMES:
            orig_sig = None
        if signature != "S1SUSPEND":
            return cls(signature, orig_sig)
        told = {name: fields[name] for name in ("image", "flags", "hw_sig", "crc32")}
        return cls(signature, orig_sig, **told)


def flag_names(flags: int) -> tuple[str, ...]:
    """Name the bits of ``flags``; an unknown bit as hexadecimal.

    >>> flag_names(5)
    ('PLATFORM_MODE', 'CRC32_MODE')
    """
    bits = [1 << bit for bit in range(flags.bit_length()) if flags >> bit & 1]
    return tuple(SWSUSP_FLAGS.get(bit, f"{bit:#x}") for bit in bits)
