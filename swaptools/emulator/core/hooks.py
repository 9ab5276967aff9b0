"""Where a policy takes part in a fault; without one, nothing happens there.

Rules for this file: every function is hot (see clusters.py), and a default. A machine
with a policy runs copies of whatever calls one of these, which call what stands in its
place (binding.py): what charges (charge.py), or a function of the policy. Without one
these are compiled into their callers, and gone.

Theory. A fault charges each page before it changes anything, so that one that finds no
memory has not begun, and is made again from its beginning when there is some. While
memory is charged others leave, from any page table; a page that the fault goes on with
is pinned. Pages that are freed are told to nobody: whoever has
lists of them finds out (frames.py free_frame()).

Kernel: mm/memcontrol.c mem_cgroup_charge(), mem_cgroup_swapin_charge_folio();
mm/swap.c folio_add_lru(), lru_add_drain(), 6.18.
Same: where in a fault each of them is called.
Changed: the pages of a fault are charged to a group by its number.
Left out: failures for want of anything but a group's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot_inline
from swaptools.emulator.core.lru import list_add
from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_INACTIVE,
    PAGE_ACTIVE,
    PAGE_WORKINGSET,
    SHADOW,
    SHADOW_ASKED,
    SHADOW_WORKINGSET,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def refers(s: Slots, next_use: int) -> None:
    """Hear that a reference of a trace begins, and when its page is used next."""


@hot_inline
def expected(s: Slots, number: int) -> None:
    """Hear that a page in memory will soon be accessed, by its frame.

    Only in compiled code, and to say what will be looked at then (look_ahead()).
    """


@hot_inline
def referred(s: Slots) -> None:
    """Hear that a reference of a trace was made."""


@hot_inline
def charge(s: Slots, memcg: int, nr: int) -> bool:
    """Charge pages that are about to be made, which may let others leave.

    False when there is no memory for them, or no room for what has to leave; nothing
    is charged then.

    Kernel: mm/memcontrol.c mem_cgroup_charge().
    """
    return True


@hot_inline
def uncharge(s: Slots, memcg: int, nr: int) -> None:
    """Take back what pages were charged that are not made after all."""


@hot_inline
def owner_of(s: Slots, index: int) -> int:
    """Return the group that a page read in is charged to, by its slot's record.

    Kernel: mm/memcontrol.c mem_cgroup_swapin_charge_folio().
    """
    return s.totals[0].memcg


@hot_inline
def accessed(s: Slots, at: int) -> None:
    """Hear that a reference found its page in memory, mapped at a place."""


@hot_inline
def added(
    s: Slots, number: int, at: int, memcg: int, index: int, is_shmem: bool
) -> None:
    """Hear that a page was made, or read in from a slot; it is charged.

    Args:
        s: The buffers.
        number: Its frame.
        at: Where it is mapped, or about to be; 0 for nowhere. Of shared memory, its
            item of the object.
        memcg: The group that it is charged to.
        index: Record of the slot, which is not free yet; -1 for a new page.
        is_shmem: Whether it is of shared memory.

    Kernel: mm/swap.c folio_add_lru(); mm/workingset.c workingset_refault().
    """


@hot_inline
def mapped(s: Slots, number: int, at: int) -> None:
    """Hear that a page that was in memory is mapped here as well, or again."""


@hot_inline
def write_fault_on(s: Slots, number: int) -> None:
    """Hear that a write needs a page of which others may know.

    Kernel: mm/memory.c do_swap_page(), wp_can_reuse_anon_folio(), lru_add_drain().
    """


@hot_inline
def uncharge_page_tables(s: Slots, memcg: int, nr: int) -> None:
    """Take back what page tables were charged."""


# --- what a policy decides -------------------------------------------------
# Those above are bound to what charges, but for accessed(); these to functions of a
# policy, which what charges and other functions of the policy call by these names.


@hot_inline
def joined(s: Slots, number: int) -> None:
    """Put a folio on a list: it was made, or read in, and is charged."""


@hot_inline
def listed(s: Slots, number: int) -> None:
    """Put a folio on a list that a CPU had gathered, and that is on none; by its flags.

    Kernel: mm/swap.c lru_add().
    """
    is_active = s.pages[number].flags & PAGE_ACTIVE
    list_add(s, number, LRU_ACTIVE if is_active else LRU_INACTIVE)


@hot_inline
def drained(s: Slots) -> None:
    """Hear that a CPU has put on lists what it gathered.

    Kernel: mm/swap.c lru_add_drain_cpu().
    """


@hot_inline
def victim(s: Slots, memcg: int) -> int:
    """Return the first frame of the folio that is to leave a group, or 0."""
    return 0


@hot_inline
def adopting(s: Slots, memcg: int) -> None:
    """Hear that a group gets the pages of one below that is removed, list by list."""


@hot_inline
def asked_shadow(s: Slots, number: int) -> int:
    """Return what is remembered of a folio that leaves since somebody asked for that.

    Kernel: mm/workingset.c workingset_eviction(), of no group's reclaim.
    """
    was_active = s.pages[number].flags & (PAGE_ACTIVE | PAGE_WORKINGSET)
    return SHADOW | SHADOW_ASKED | (SHADOW_WORKINGSET if was_active else 0)


@hot_inline
def left_asked(s: Slots, shadow: int, nr: int) -> None:
    """Hear that so many pages left since somebody asked for that."""


@hot_inline
def kept(s: Slots, number: int) -> None:
    """Put a folio on a list again: it could not leave."""


@hot_inline
def shrink(s: Slots, memcg: int, nr: int) -> int:
    """Let about so many pages of a group and all below it leave; return how many did.

    Of the root: of the whole machine.

    Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages(), try_to_free_pages().
    """
    return 0


@hot_inline
def balance(s: Slots) -> int:
    """Let pages of the whole machine leave, as kswapd; return how many did.

    Which part of all pages is looked at says ``pressure.priority``.

    Kernel: mm/vmscan.c kswapd_shrink_node().
    """
    return 0
