"""zram: a block device in memory, swapped on without zswap.

Idea: compress in the device, not before it. To the rest of the kernel it is an
ordinary area; which block is where, in its pool or on a backing device, is known
to zram's own table alone. That is a redirection too, of 16 bytes a slot, and it
is why writing a page to the backing touches no page table.

Source: drivers/block/zram/zram_drv.c, Linux 6.18 and 7.2.
Same: see emulator/core/zram.py; a slot is freed when its page is read; a full device
fails the write; writeback only when user space asks for it; large folios fit.
Changed: its memory limit is what zswap's pool would be given; the first disk is its
backing device; the zero map of the swap core takes pages of zeros before zram does;
user space asks for the pages that were written longest ago.
Left out: recompression, the write-back limit, discards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from swaptools.emulator.machine.backing import ZRAM, SwapOps
from swaptools.emulator.machine.design import (
    AreaPlan,
    Design,
    LookupPrices,
    Lookups,
    disks,
    only_disks,
)
from swaptools.emulator.machine.metadata import area_formula, cost
from swaptools.emulator.machine.setup import PAGE_SIZE
from swaptools.emulator.store.zram import TABLE_ENTRY_BYTES

if TYPE_CHECKING:
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


def zram_before_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make a zram with the first disk as its backing, and areas of the others."""
    if not setup.virtual_pages:
        return disks(setup)
    backing, others = setup.disks[:1], replace(setup, disks=setup.disks[1:])
    zram = AreaPlan(
        "zram0",
        setup.virtual_pages,
        ZRAM.name,
        setup.virtual_prio,
        backing_dev_pages=sum(disk.nr_pages - 1 for disk in backing),
        limit_pages=(setup.pool_limit_bytes or 0) // PAGE_SIZE,
    )
    return (zram, *only_disks(others))


def prices(ops: SwapOps) -> LookupPrices:
    """Return an ordinary area's prices, and a zram's: its table more."""
    return LookupPrices(backing=Lookups(1, 0)) if ops is ZRAM else LookupPrices()


def formula(profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what an ordinary area takes, and a zram: its table more."""
    area = area_formula(profile)
    if ops is not ZRAM:
        return area
    table = cost("zram_table_entry", TABLE_ENTRY_BYTES, "slot")
    return replace(area, structs=(*area.structs, table))


ZRAM_DESIGN = Design(
    name="zram",
    title="a compressed block device with a backing device",
    source="v7.2",
    usual_backing=ZRAM.name,
    areas=zram_before_disks,
    zswap=lambda setup: setup.zswap and not setup.virtual_pages,
    prices=prices,
    formula=formula,
)
