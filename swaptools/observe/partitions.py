"""The partitions of a disk or image: which table it has, and the N-th of them.

Not here: how a table's bytes are read (format/).
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from swaptools.errors import AreaError
from swaptools.format.partition_table import find_table
from swaptools.observe.devices import sector_bytes

if TYPE_CHECKING:
    from swaptools.format.partitions import Partition, PartitionTable


def read_table(
    descriptor: int, status: os.stat_result, size_bytes: int
) -> PartitionTable | None:
    """Read the partition table of an open disk or image; None without one.

    What cannot be read is taken for missing.

    Args:
        descriptor: Open for reading.
        status: Its stat.
        size_bytes: Of the disk or image.
    """

    def read(offset: int, length: int) -> bytes:
        if not 0 <= offset < size_bytes:
            return b""
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, min(length, size_bytes - offset))
        except OSError:
            return b""

    # An image does not say what sectors it is for.
    known = sector_bytes(descriptor) if stat.S_ISBLK(status.st_mode) else None
    return find_table(read, size_bytes, known)


def numbered(path: str, table: PartitionTable | None, number: int) -> Partition:
    """Return a partition that an area can lie in.

    Args:
        path: Of the disk or image, for messages.
        table: Its table.
        number: As the kernel counts them, from 1.

    Raises:
        AreaError: There is no such partition, or it holds other partitions.
    """
    if table is None:
        raise AreaError(path, "has no partition table")
    found = table.numbered(number)
    if found is None:
        there = ", ".join(str(one.number) for one in table.partitions[:16]) or "none"
        raise AreaError(path, f"has no partition {number}; there are: {there}")
    if found.is_extended:
        raise AreaError(path, f"partition {number} only holds other partitions")
    return found
