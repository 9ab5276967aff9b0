"""kswapd: lets pages leave in the background, between two watermarks.

Rules for this file: every function is hot (see clusters.py). Who wakes it is in
page_alloc.py; who leaves is for a policy to say.

Theory. It is woken when a page would take free memory to the low watermark, and goes
on until there is more than the high one. It looks at a part of all pages at a time: at
one of 4096 at first, and at twice as many when that was too few, or none left; never
at all of them. When no page left by any of that it has failed, and begins anew; after
16 failures it stays asleep until somebody else lets pages leave.

Kernel: mm/vmscan.c balance_pgdat(), kswapd_shrink_node(), wakeup_kswapd(), 6.18.
Same: when it is woken, what it wants, when it looks at more, when it gives up.
Changed: it runs to its end before the page that woke it is used. So what it would do
beside a task it does before it.
Left out: its own processor time, and that a task can be quicker; boosted watermarks;
orders above 0, for which it compacts; several nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.hooks import balance, shrink
from swaptools.emulator.core.pressure_structs import (
    MAX_RECLAIM_RETRIES,
    SWAP_CLUSTER_MAX,
)
from swaptools.emulator.core.room import has_room_for_charge, open_room
from swaptools.emulator.core.watermarks import nr_free_pages

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: include/linux/mmzone.h DEF_PRIORITY.
DEF_PRIORITY: Final = 12


@hot_inline
def pgdat_balanced(s: Slots) -> bool:
    """Tell whether there is more than the high watermark. Kernel: the same name."""
    return nr_free_pages(s) > s.pressure[0].high_wmark_pages


@hot_inline
def kswapd_wants(s: Slots) -> int:
    """Return how many pages it would have leave. Kernel: kswapd_shrink_node()."""
    return max(s.pressure[0].high_wmark_pages, SWAP_CLUSTER_MAX)


@hot
def balance_to_high(s: Slots) -> int:
    """Let just so many pages leave as are missing; returns how many did.

    What a policy does that has no priorities: it looks at all pages at once.
    """
    s.pressure[0].priority = 1
    if s.totals[0].nr_swap_pages <= 0:  # Kernel: can_reclaim_anon_pages()
        return 0
    return shrink(s, 0, s.pressure[0].high_wmark_pages + 1 - nr_free_pages(s))


@hot
def kswapd_look(s: Slots) -> None:
    """Look at a part of all pages, and say at which to look next.

    Kernel: mm/vmscan.c balance_pgdat(), one time round.
    """
    pressure = s.pressure[0]
    open_room(s)
    pressure.may_not_swap = 0
    scanned = pressure.pgscan_anon
    nr_reclaimed = balance(s)
    scanned = pressure.pgscan_anon - scanned
    pressure.pgscan_kswapd += scanned
    pressure.pgsteal_kswapd += nr_reclaimed
    pressure.kswapd_reclaimed += nr_reclaimed
    if nr_reclaimed:
        pressure.kswapd_failures = 0
    is_little = not nr_reclaimed or max(scanned, nr_reclaimed) < kswapd_wants(s)
    if is_little and not pressure.lacks_room:
        pressure.priority -= 1


@hot_inline
def begin_run(s: Slots) -> None:
    """Begin with a small part of all pages."""
    s.pressure[0].priority = DEF_PRIORITY
    s.pressure[0].kswapd_reclaimed = 0


@hot
def balance_pgdat(s: Slots) -> None:
    """Look at more and more until there is enough memory, or all was in vain.

    Where there is no room for what leaves it goes on another time.

    Kernel: mm/vmscan.c, the same name.
    """
    pressure = s.pressure[0]
    while pressure.priority >= 1 and not pgdat_balanced(s):
        if not has_room_for_charge(s, 0):
            return
        kswapd_look(s)
        if pressure.lacks_room:
            return
    if not pressure.kswapd_reclaimed:
        pressure.kswapd_failures += 1
    pressure.pageoutrun += 1
    begin_run(s)
    # Kernel: snapshot_refaults().
    s.lruvecs[0].refaults = s.lruvecs[0].seen_activate


@hot
def kswapd(s: Slots) -> None:
    """Run until it goes to sleep, or there is no room for what leaves (room.py).

    Kernel: mm/vmscan.c kswapd(), prepare_kswapd_sleep().
    """
    pressure = s.pressure[0]
    while pressure.kswapd_runs:
        is_hopeless = pressure.kswapd_failures >= MAX_RECLAIM_RETRIES
        if is_hopeless or pgdat_balanced(s):
            pressure.kswapd_runs = 0
            return
        balance_pgdat(s)
        if pressure.lacks_room:
            return


@hot_inline
def wakeup_kswapd(s: Slots) -> None:
    """Wake it, unless it has given up. Kernel: mm/vmscan.c, the same name."""
    pressure = s.pressure[0]
    if not pressure.kswapd_runs and pressure.kswapd_failures < MAX_RECLAIM_RETRIES:
        pressure.kswapd_runs = 1
        begin_run(s)
