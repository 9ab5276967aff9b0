"""Free memory of the whole machine, and the watermarks that it is compared with.

Rules for this file: every function is hot (see clusters.py). What happens below a
watermark is in page_alloc.py; how large watermarks are, in machine/watermarks.py.

Theory. What there is of memory is said once; in use are frames, page tables, and
pages of compressed pools. A machine that has no watermarks has memory without end.

Kernel: mm/page_alloc.c zone_watermark_ok(), gfp_to_alloc_flags(), 6.18.
Same: above which mark who may take a page; that who frees memory may take all.
Changed: one zone.
Left out: lowmem reserves, boosted watermarks, reserves for atomic allocations, free
pages that each CPU keeps, fragmentation; memory of files, of the kernel, and of the
tables that it has for slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def nr_used_pages(s: Slots) -> int:
    """Return how many pages of memory are in use, or promised to a fault."""
    pressure = s.pressure[0]
    nr = s.totals[0].nr_used_frames + pressure.nr_table_pages + pressure.promised_pages
    for pool in range(len(s.zs_pools)):
        nr += s.zs_pools[pool].nr_pages
    return nr


@hot_inline
def nr_free_pages(s: Slots) -> int:
    """Return how many pages a machine with watermarks has left. Kernel: NR_FREE_PAGES.

    During a fault that may be less than none.
    """
    return s.pressure[0].managed_pages - nr_used_pages(s)


@hot
def has_pages_for_reclaim(s: Slots, nr: int) -> bool:
    """Tell whether who frees memory finds pages, whatever the watermarks say.

    Kernel: mm/page_alloc.c __gfp_pfmemalloc_flags(), ALLOC_NO_WATERMARKS.
    """
    return not s.pressure[0].managed_pages or nr_free_pages(s) >= nr
