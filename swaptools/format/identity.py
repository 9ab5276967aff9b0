"""What people tell areas apart by, from bytes to text and back: UUID and label.

Not here: where they lie in a page (header.py), what mkswap(8) makes of a label that
is given (create/naming.py).

util-linux: libuuid/src/unparse.c; disk-utils/mkswap.c set_uuid_and_label().
"""

from __future__ import annotations

from operator import itemgetter

from swaptools.errors import FormatError
from swaptools.format.constants import UUID_BYTES, VOLUME_BYTES

_NIL = bytes(UUID_BYTES)
#: Of its digits, between which people write a hyphen.
_groups = itemgetter(
    *(slice(8), slice(8, 12), slice(12, 16), slice(16, 20), slice(20, None))
)


def uuid_text(sws_uuid: bytes) -> str | None:
    """Return a UUID of 16 bytes as people write it, None when it is all zero.

    >>> uuid_text(bytes(range(16)))
    '00010203-0405-0607-0809-0a0b0c0d0e0f'
    """
    if sws_uuid == _NIL:
        return None
    return "-".join(_groups(sws_uuid.hex()))


def label_text(sws_volume: bytes) -> str:
    """Return a label up to its NUL; what is no UTF-8 is surrogates, as in paths."""
    return sws_volume.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def volume_bytes(label: str) -> bytes:
    """Return the bytes of a label, ``VOLUME_BYTES`` of them.

    Raises:
        FormatError: It is longer, or has a NUL in it.
    """
    raw = label.encode("utf-8", errors="surrogateescape")
    if len(raw) > VOLUME_BYTES:
        raise FormatError(
            f"label of {len(raw)} bytes, the header has room for {VOLUME_BYTES}",
            field="sws_volume",
        )
    if b"\0" in raw:
        raise FormatError("label with a NUL in it", field="sws_volume")
    return raw.ljust(VOLUME_BYTES, b"\0")
