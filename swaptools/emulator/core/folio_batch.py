"""What a CPU has gathered of new folios, before it puts them on lists.

Rules for this file: every function is hot (see clusters.py). Lists are in lru.py,
frames in frames.py.

Theory. Putting folios on lists one by one would cost a lock each time, so a CPU gathers
some first. Lists look shorter for as long. What it has gathered it refers to: a page
that is freed meanwhile is there still, counts as one of the batch, and stays charged to
its group, until the batch goes to the lists and it is free at last.

Kernel: mm/swap.c folio_add_lru(), folio_batch_move_lru(), lru_add_drain_cpu(), 6.18.
Same: when a batch goes to the lists; what becomes of a page that is freed in one.
Changed: nothing.
Left out: batches of other kinds, which are policies' own (hooks.py drained()).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.frames import give_back
from swaptools.emulator.core.hooks import drained, listed
from swaptools.emulator.core.lru import list_add, list_del
from swaptools.emulator.core.pressure_structs import LRU_BATCH, NR_LRUS, PAGE_DEAD

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Folios that a CPU gathers. Kernel: include/linux/folio_batch.h FOLIO_BATCH_SIZE.
FOLIO_BATCH_SIZE: Final = 31


@hot
def lru_add_drain(s: Slots, cpu: int) -> None:
    """Put all that a CPU has gathered on lists.

    Kernel: mm/swap.c lru_add_drain_cpu().
    """
    drain_batch(s, cpu)
    drained(s)


@hot
def drain_batch(s: Slots, cpu: int) -> None:
    """Put new folios of a CPU on lists, the oldest first.

    Kernel: mm/swap.c folio_batch_move_lru().
    """
    batch = s.lrus[cpu * NR_LRUS + LRU_BATCH]
    while batch.last:
        number = batch.last
        if s.pages[number].flags & PAGE_DEAD:
            give_back(s, number)
        else:
            list_del(s, number)
            listed(s, number)


@hot
def batch_add(s: Slots, number: int) -> None:
    """Let the CPU that works gather a folio; a full batch and a large folio drain it.

    Kernel: mm/swap.c folio_batch_add_and_move().
    """
    cpu = s.totals[0].cpu
    list_add(s, number, LRU_BATCH)
    if s.frames[number].order or (
        s.lrus[cpu * NR_LRUS + LRU_BATCH].nr >= FOLIO_BATCH_SIZE
    ):
        drain_batch(s, cpu)
