"""Which partition table a disk or image has: GPT or MBR, and in which sectors.

Never raises, whatever lies there; what it reads and gives is bounded.

Not here: the tables themselves (gpt.py, mbr.py).

Kernel: block/partitions/core.c check_part[]: GPT is asked before MBR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.format.gpt import read_gpt
from swaptools.format.mbr import is_protective, read_mbr
from swaptools.format.partitions import PartitionTable
from swaptools.format.table_magic import SECTOR_SIZES

if TYPE_CHECKING:
    from swaptools.format.partitions import Read

_MBR_BYTES: Final = 512


def find_table(
    read: Read, size_bytes: int, sector_bytes: int | None = None
) -> PartitionTable | None:
    """Find the partition table that Linux goes by, or what is left of one.

    Args:
        read: What gives the bytes of the disk.
        size_bytes: Of the disk or image.
        sector_bytes: The disk's; None for an image, which does not say.

    Returns:
        None where there is none.
    """
    first = read(0, _MBR_BYTES)
    mbr = read_mbr(read, size_bytes, sector_bytes or SECTOR_SIZES[0])
    gpt = _find_gpt(read, size_bytes, sector_bytes)
    if is_protective(first):
        return gpt or PartitionTable(
            "gpt",
            sector_bytes or SECTOR_SIZES[0],
            (),
            ("a protective MBR, but no GPT: both of its headers are missing",),
        )
    if mbr is not None and mbr.partitions:
        return mbr if gpt is None else _with_damage(mbr, "a GPT besides, not used")
    if gpt is not None and gpt.partitions:
        return _with_damage(gpt, "no protective MBR: no kernel reads this GPT")
    return mbr


def _find_gpt(
    read: Read, size_bytes: int, sector_bytes: int | None
) -> PartitionTable | None:
    # One with partitions first; for sectors that are not the disk's, it says so.
    found = [(size, read_gpt(read, size_bytes, size)) for size in SECTOR_SIZES]
    tables = [(size, table) for size, table in found if table is not None]
    tables.sort(key=lambda each: (each[0] != sector_bytes, not each[1].partitions))
    if not tables:
        return None
    size, table = tables[0]
    if sector_bytes is None or size == sector_bytes:
        return table
    return _with_damage(
        table, f"made for sectors of {size} bytes, this disk has {sector_bytes}"
    )


def _with_damage(table: PartitionTable, sentence: str) -> PartitionTable:
    return table._replace(damage=(sentence, *table.damage))
