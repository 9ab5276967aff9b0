"""What must hold of the slots of an area that is a zram, and of its records of them.

Not here: the records among themselves (store/zram_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import (
    COMPRESSED_HUGE,
    COMPRESSED_SAME,
    COMPRESSED_WRITTEN_BACK,
    MAX_SWAPFILES,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZRAM,
    TYPE_SHIFT,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import is_zero
from swaptools.emulator.core.slots import get_stored, slot_index
from swaptools.emulator.core.zram import zram_size

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State


def check_zrams(state: State) -> None:
    """Check every zram, with the slots of its area."""
    for si in range(MAX_SWAPFILES):
        zram = state.backings[si].zram if si in state.backings else None
        if zram is None:
            expect(is_zero(state.slots.zrams[si]), "a zram of no area", si)
        else:
            zram.check_invariants()
            _check_slots(state, si, zram.pool.number)


def _check_slots(state: State, si: int, pool: int) -> None:
    s = state.slots
    header = s.compressed[slot_index(s, si << TYPE_SHIFT)]
    nr_stored = int(header.pool == pool)
    for slot, _ in state.slot_map.used_slots(si):
        entry = si << TYPE_SHIFT | slot
        index = slot_index(s, entry)
        stored = get_stored(s, index)
        if stored >> STORED_SHIFT == STORED_ZRAM:
            nr_stored += 1
            _check_slot(state, entry, index, stored & STORED_MASK)
    expect(s.zrams[si].nr_stored == nr_stored, "pages in a zram", si, nr_stored)


def _check_slot(state: State, entry: int, index: int, content: int) -> None:
    s, si = state.slots, entry >> TYPE_SHIFT
    record, size = s.compressed[index], zram_size(s, si, content)
    expect(record.entry == entry, "zram's record of another slot", entry)
    expect(record.pool == s.zrams[si].pool, "no record of zram's", entry)
    is_out = record.flags & COMPRESSED_WRITTEN_BACK
    expect(record.length == (0 if is_out else size), "length in zram", entry, size)
    kind = record.flags & (COMPRESSED_SAME | COMPRESSED_HUGE)
    is_huge = size == state.page_size
    wanted = COMPRESSED_HUGE if is_huge else 0 if size else COMPRESSED_SAME
    expect(kind == wanted, "kind of page in zram", entry, kind)
