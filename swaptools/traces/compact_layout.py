"""Our own format: what its header and its blocks are made of.

A file is a header and blocks, each with a checksum, so that what was written before
a break can be used. All numbers are little-endian. swap-trace(5) has the whole of it.

Not here: reading (compact.py), writing (compact_write.py).
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

from swaptools.references import MAX_BATCH

#: As PNG's, so that what changes line ends or cuts the eighth bit is seen at once.
MAGIC: Final = b"\x89SWT\r\n\x1a\n"
VERSION: Final = 1
#: Magic, version, zero, bytes of the JSON behind it, their CRC-32 and that of what
#: stands before it.
HEADER: Final = struct.Struct("<8sHHII")
MAX_JSON_BYTES: Final = 1 << 16

#: Kinds of blocks.
REFERENCES: Final = b"REFS"
TASK: Final = b"TASK"
LENGTHS: Final = b"LENS"
END: Final = b"DONE"
_BLOCK: Final = struct.Struct("<4sIIIQQQI")
BLOCK_BYTES: Final = _BLOCK.size + 4
#: Of a time that is not known.
_NO_TIME: Final = (1 << 64) - 1
#: Number of distinct pages, and of runs of one task, before the columns.
COUNTS: Final = struct.Struct("<II")
#: A page number in the list of distinct ones, and a run of one task.
PAGE_BYTES: Final = 8
RUN: Final = struct.Struct("<II")
#: Index into that list, and flags.
REFERENCE_BYTES: Final = 3
MAX_RAW_BYTES: Final = COUNTS.size + MAX_BATCH * (
    PAGE_BYTES + RUN.size + REFERENCE_BYTES
)


class Block(NamedTuple):
    """What stands before a block's bytes."""

    kind: bytes
    #: As they lie in the file, and decompressed.
    stored_bytes: int
    raw_bytes: int
    #: References in it.
    nr_references: int
    dropped: int
    first_ns: int | None
    last_ns: int | None
    #: CRC-32 of the stored bytes.
    checksum: int

    def build(self) -> bytes:
        """Return the bytes, with their own CRC-32 behind them."""
        times = (_NO_TIME if ns is None else ns for ns in (self.first_ns, self.last_ns))
        data = _BLOCK.pack(*self[:5], *times, self.checksum)
        return data + zlib.crc32(data).to_bytes(4, "little")

    @classmethod
    def parse(cls, data: bytes) -> Block:
        """Understand BLOCK_BYTES bytes.

        Raises:
            ValueError: They are not what was written, or no block could have them.
        """
        if zlib.crc32(data[: _BLOCK.size]) != int.from_bytes(data[-4:], "little"):
            raise ValueError("the head of a block is broken")
        *start, first, last, checksum = _BLOCK.unpack(data[: _BLOCK.size])
        first, last = (None if ns == _NO_TIME else ns for ns in (first, last))
        block = cls._make((*start, first, last, checksum))
        if max(block.stored_bytes, block.raw_bytes) > 2 * MAX_RAW_BYTES:
            raise ValueError(f"a block of {block.raw_bytes} bytes, longer than any")
        if block.nr_references > MAX_BATCH:
            raise ValueError(
                f"a block of {block.nr_references} references, more than any"
            )
        return block
