"""A real area with zswap before it: what mainline has.

Idea: every page gets a slot of a disk first. zswap is a cache before the disk and
keeps its pages under the disk's slots, so writing a page back needs no new slot
and nothing is to be told to anybody.

Source: Linux 6.18, and 7.2 with the swap table through phase IV,
20260517-swap-table-p4-v5-0-88ae43e064c7@tencent.com.

Kernel: mm/swapfile.c, mm/page_io.c, mm/zswap.c.
Same: what the machine does without any design.
Changed: where there is no disk, a real area as large as what others advertise.
Left out: what the machine leaves out.
"""

from __future__ import annotations

from dataclasses import replace

from swaptools.emulator.machine.design import Design

#: What mainline has, in 7.2 and in 6.18.
PLAIN = Design(
    name="plain",
    title="a real area with zswap before it",
    source="v7.2",
)
PLAIN_6_18 = replace(
    PLAIN,
    name="plain-6.18",
    title=f"{PLAIN.title}, in 6.18",
    source="v6.18",
    kernel="6.18",
)
