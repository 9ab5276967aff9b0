"""Pages and swap that groups are charged, and what they may have.

Rules for this file: every function is hot (see clusters.py). When something is charged,
and what happens when it does not fit, is in charge.py.

Theory. A charge is counted for a group and all above. With version 1 of the memory
controller there is a second count, of memory and swap together: a page that is swapped
out stays in it, by its slot. With version 2 slots have a count of their own. Memory is
charged in portions, of which a CPU keeps the rest for the same group.

Kernel: mm/page_counter.c; mm/memcontrol.c consume_stock(), refill_stock(),
drain_all_stock(), mem_cgroup_margin(), __mem_cgroup_try_charge_swap(),
mem_cgroup_uncharge_swap(), obj_cgroup_charge_zswap(); mm/memcontrol-v1.c
memcg1_swapout(), memcg1_swapin(), 6.18.
Same: what is charged to whom, and what is counted when it does not fit.
Changed: a CPU keeps rests for every group, where 6.18 does for seven and others for
one; compressed bytes are charged as whole pages of a group, without such rests.
Left out: memory.min, memory.low, memory.swap.high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Pages that are charged in one go. Kernel: include/linux/memcontrol.h.
MEMCG_CHARGE_BATCH: Final = 64


@hot_inline
def has_memsw(s: Slots) -> bool:
    """Tell whether memory and swap are counted together. Kernel: do_memsw_account()."""
    return s.pressure[0].memcg_version == 1


# --- counters --------------------------------------------------------------


@hot
def charge_memory(s: Slots, memcg: int, nr: int) -> None:
    """Count pages of memory, whether they fit or not; negative to take them back.

    Kernel: mm/page_counter.c page_counter_charge(), page_counter_uncharge().
    """
    both = has_memsw(s)
    while memcg >= 0:
        group = s.memcgs[memcg]
        group.memory += nr
        group.watermark = max(group.watermark, group.memory)
        if both:
            group.memsw += nr
        memcg = group.parent


@hot
def charge_memsw(s: Slots, memcg: int, nr: int) -> None:
    """Count pages of memory and swap together, of which no memory is."""
    while memcg >= 0:
        s.memcgs[memcg].memsw += nr
        memcg = s.memcgs[memcg].parent


@hot
def charge_swap(s: Slots, memcg: int, nr: int) -> None:
    """Count pages of swap; negative to take them back."""
    while memcg >= 0:
        s.memcgs[memcg].swap += nr
        memcg = s.memcgs[memcg].parent


@hot
def over_memsw(s: Slots, memcg: int, nr: int) -> int:
    """Return the first group, going up, that may not have more of both; -1 for none."""
    while memcg >= 0:
        group = s.memcgs[memcg]
        if group.memsw_max >= 0 and group.memsw + nr > group.memsw_max:
            return memcg
        memcg = group.parent
    return -1


@hot
def over_memory(s: Slots, memcg: int, nr: int) -> int:
    """Return the first group, going up, that may not have more memory; -1 for none.

    Kernel: mm/page_counter.c page_counter_try_charge().
    """
    while memcg >= 0:
        group = s.memcgs[memcg]
        if group.memory_max >= 0 and group.memory + nr > group.memory_max:
            group.failcnt += 1
            return memcg
        memcg = group.parent
    return -1


@hot
def over_limit(s: Slots, memcg: int, nr: int) -> int:
    """Return the group whose limit forbids a charge, or -1; tells reclaim of it.

    Kernel: mm/memcontrol.c try_charge_memcg(), where it takes both counters.
    """
    if has_memsw(s):
        over = over_memsw(s, memcg, nr)
        if over >= 0:
            s.pressure[0].may_not_swap = 1
            return over
    return over_memory(s, memcg, nr)


@hot
def margin(s: Slots, memcg: int) -> int:
    """Return how many pages a group may have more. Kernel: mem_cgroup_margin()."""
    group = s.memcgs[memcg]
    found = max(group.memory_max - group.memory, 0)
    if has_memsw(s) and group.memsw_max >= 0:
        more = max(group.memsw_max - group.memsw, 0)
        found = min(found, more) if group.memory_max >= 0 else more
    return found


# --- what a CPU keeps ------------------------------------------------------


@hot_inline
def stock_of(s: Slots, memcg: int, cpu: int) -> int:
    """Return the place of what a CPU keeps for a group."""
    return memcg * s.totals[0].nr_cpus + cpu


@hot
def drain_all_stock(s: Slots, root: int) -> None:
    """Give back what CPUs keep for a group and all below. Kernel: the same name."""
    nr_cpus = s.totals[0].nr_cpus
    for memcg in range(len(s.stocks) // nr_cpus):
        for cpu in range(nr_cpus):
            place = stock_of(s, memcg, cpu)
            if s.stocks[place] and is_below(s, memcg, root):
                charge_memory(s, memcg, -s.stocks[place])
                s.stocks[place] = 0


@hot
def is_below(s: Slots, memcg: int, root: int) -> bool:
    """Tell whether a group is another one or below it."""
    while memcg >= 0:
        if memcg == root:
            return True
        memcg = s.memcgs[memcg].parent
    return False


# --- slots -----------------------------------------------------------------


@hot
def over_swap(s: Slots, memcg: int, nr: int) -> int:
    """Return the first group, going up, that may not have more slots; -1 for none."""
    while memcg >= 0:
        group = s.memcgs[memcg]
        if group.swap_max >= 0 and group.swap + nr > group.swap_max:
            return memcg
        memcg = group.parent
    return -1


@hot
def try_charge_swap(s: Slots, memcg: int, index: int, nr: int) -> bool:
    """Charge slots that were just taken to the group of their page.

    False when that may not have them.

    Kernel: mm/memcontrol.c __mem_cgroup_try_charge_swap().
    """
    if has_memsw(s) or memcg < 0:
        return True
    over = over_swap(s, memcg, nr)
    if over >= 0:
        s.memcgs[over].swap_max_events += 1
        s.memcgs[over].swap_fail_events += 1
        return False
    charge_swap(s, memcg, nr)
    for place in range(index, index + nr):
        s.swapped[place].owner = memcg + 1
    return True


@hot
def uncharge_swap(s: Slots, index: int) -> None:
    """Take back what a slot was charged, if it was, and remember nothing of it.

    Kernel: mm/memcontrol.c __mem_cgroup_uncharge_swap().
    """
    swapped = s.swapped[index]
    swapped.shadow = 0
    if swapped.owner:
        if has_memsw(s):
            charge_memsw(s, swapped.owner - 1, -1)
        else:
            charge_swap(s, swapped.owner - 1, -1)
        swapped.owner = 0


@hot
def remember_page(s: Slots, number: int, index: int) -> None:
    """Let a slot have what is remembered of a page that is about to leave memory.

    With version 1 it is charged to the same group from now on.

    Kernel: mm/vmscan.c __remove_mapping(); mm/memcontrol-v1.c memcg1_swapout().
    """
    page, swapped = s.pages[number], s.swapped[index]
    if page.stamp:
        swapped.shadow = page.stamp
    if has_memsw(s) and page.memcg >= 0 and not swapped.owner:
        swapped.owner = page.memcg + 1
        charge_memsw(s, page.memcg, 1)  # the page takes its own away when it is freed


@hot
def move_swap_charge(s: Slots, index: int, there: int) -> None:
    """Let another slot have what is charged for one, and is remembered with it."""
    old, new = s.swapped[index], s.swapped[there]
    new.owner, new.shadow = old.owner, old.shadow
    old.owner = old.shadow = 0


@hot
def nr_swap_pages_for(s: Slots, memcg: int) -> int:
    """Return how many more slots a group may have.

    Kernel: mm/memcontrol.c mem_cgroup_get_nr_swap_pages().
    """
    found = s.totals[0].nr_swap_pages
    if has_memsw(s):
        return found
    while memcg >= 0:
        group = s.memcgs[memcg]
        if group.swap_max >= 0:
            found = min(found, group.swap_max - group.swap)
        memcg = group.parent
    return found


@hot
def group_swap_full(s: Slots, memcg: int) -> bool:
    """Tell whether a group, or one above, has half of the slots that it may have.

    Kernel: mm/memcontrol.c mem_cgroup_swap_full().
    """
    while memcg >= 0 and not has_memsw(s):
        group = s.memcgs[memcg]
        if group.swap_max >= 0 and group.swap * 2 >= group.swap_max:
            return True
        memcg = group.parent
    return False


@hot
def charge_returned(s: Slots, number: int, index: int, memcg: int) -> None:
    """Charge a page of a slot that is in memory again, whether that fits or not.

    To the group of the slot, or another one if that has none.

    Kernel: mm/swap_state.c __read_swap_cache_async(), for who may have memory that
    there is not (PF_MEMALLOC).
    """
    swapped = s.swapped[index]
    if swapped.owner:
        memcg = swapped.owner - 1
    s.pages[number].memcg = memcg
    charge_memory(s, memcg, 1)
    if has_memsw(s) and swapped.owner:
        charge_memsw(s, memcg, -1)
        swapped.owner = 0
    s.pressure[0].nr_returned += 1
    s.totals[0].has_works = 1


# --- compressed bytes ------------------------------------------------------


@hot
def charge_bytes(s: Slots, memcg: int, length: int) -> None:
    """Charge compressed bytes of a group as memory, whether that fits or not.

    With version 1 they are not charged. Negative to take them back.

    Kernel: mm/memcontrol.c obj_cgroup_charge_zswap().
    """
    if has_memsw(s):
        return
    group, page_size = s.memcgs[memcg], s.zswap[0].page_size
    group.charged_bytes += length
    nr = (group.charged_bytes + page_size - 1) // page_size
    if nr != group.charged_pages:
        charge_memory(s, memcg, nr - group.charged_pages)
        group.charged_pages = nr
