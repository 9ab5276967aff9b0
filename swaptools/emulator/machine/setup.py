"""The machine that every design is given: memory, disks, zswap, tiers.

Not here: how a script says it (runs/script.py), what a design makes of it.

Kernel: none.
Same: nothing.
Changed: one description for all. ``virtual_pages`` is the room that a design may
advertise without a disk: a ghost's or an xswap's size, a zram's disksize. A real
area in its place is a disk of that size, if there is no other. Virtual swap asks
for none.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from swaptools.emulator.store.zswap import MAX_POOL_PERCENT

if TYPE_CHECKING:
    from swaptools.emulator.machine.tiers import SwapTiers

PAGE_SIZE = 4096
#: Priority of what stands before the disks, unless a script gives another.
VIRTUAL_PRIO = 100


@dataclass(frozen=True, slots=True)
class DiskSetup:
    """A place with data, that can be swapped on."""

    name: str
    #: Slots, header included.
    nr_pages: int
    #: None for the kernel's choice.
    prio: int | None = 0
    kind: Literal["block", "file"] = "block"
    is_rotational: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """What a machine has."""

    disks: tuple[DiskSetup, ...] = ()
    virtual_pages: int = 0
    virtual_prio: int = VIRTUAL_PRIO
    zswap: bool = True
    #: Memory of the machine; None for one whose pool never reaches its limit.
    ram_bytes: int | None = None
    max_pool_percent: int = MAX_POOL_PERCENT
    tiers: SwapTiers | None = None

    @property
    def pool_limit_bytes(self) -> int | None:
        """What zswap's pool may take. Kernel: mm/zswap.c zswap_max_pages()."""
        if self.ram_bytes is None:
            return None
        pages = self.ram_bytes // PAGE_SIZE * self.max_pool_percent // 100
        return pages * PAGE_SIZE
