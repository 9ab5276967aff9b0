"""Where the magics of partition tables lie: enough to tell that none is there.

Not here: the tables (gpt.py, mbr.py).
"""

from __future__ import annotations

from typing import Final

MBR_MAGIC: Final = b"\x55\xaa"
MBR_MAGIC_OFFSET: Final = 510
GPT_MAGIC: Final = b"EFI PART"
#: The sectors that disks have; a GPT begins in the second one.
SECTOR_SIZES: Final = (512, 4096)


def may_have_table(data: bytes) -> bool:
    """Tell from the first bytes of a disk whether a table is worth looking for.

    A table of which only the backup at the end is left is not seen from here.

    Args:
        data: The beginning, 8 KiB or more where there is as much.
    """
    # No loop: thousands of areas are asked about.
    small, large = SECTOR_SIZES
    return (
        data.startswith(MBR_MAGIC, MBR_MAGIC_OFFSET)
        or data.startswith(GPT_MAGIC, small)
        or data.startswith(GPT_MAGIC, large)
    )
