"""What each design allocates for its slots, as data with its sources.

Not here: what a formula is and how it is counted (machine/metadata.py), the designs
at work.

For pages in both places take a real area's ``+zswap`` or a virtual one's ``+disk``:
they have every cost, and the usage says how much of each.

Kernel: mm/swap.h, mm/swapfile.c, mm/zswap.c; 6.18 from its BTF, 7.2 from source.
Same: sizes of structures, what is allocated for what.
Changed: nothing more than metadata.py says.
Left out: the xarray that dynamic clusters are found in, and that xswap maps its
cluster records some pages at a time.
"""

from __future__ import annotations

from fractions import Fraction

from swaptools.emulator.core.constants import SWAPFILE_CLUSTER
from swaptools.emulator.machine.metadata import (
    MEMCG_TABLE,
    SWAP_TABLE,
    ZSWAP_XARRAY,
    Formula,
    cost,
    static_costs,
)
from swaptools.errors import SelectionError
from swaptools.kernel.profiles import K6_18, K7_2

_PLAIN_6_18 = (*static_costs(K6_18), SWAP_TABLE)
_PLAIN_7_2 = (*static_costs(K7_2), SWAP_TABLE, MEMCG_TABLE)
# The record of a cluster made on demand: swap_cluster_info, index, rcu_head, a
# pointer. Virtual swap's is counted as the kmalloc bucket that it takes.
_DYNAMIC = (cost("dynamic cluster", 80, "cluster"), SWAP_TABLE, MEMCG_TABLE)
_SPARSE = (cost("swap_cluster_info", 48, "cluster"), SWAP_TABLE, MEMCG_TABLE)
_VSWAP_TABLES = (
    cost("dynamic cluster, kmalloc-96", 96, "cluster"),
    SWAP_TABLE,
    MEMCG_TABLE,
    cost("virtual table", 8 * SWAPFILE_CLUSTER, "cluster"),
)

_OLD_PUBLISHED = (
    cost("swap_map", 1, "slot"),
    cost("swap_cgroup", 2, "slot"),
    cost("zeromap", 0.125, "slot"),
    cost("swap table", 8, "used slot"),
)
_XARRAY_PUBLISHED = cost("zswap xarray", 8, "zswap slot")
_VSWAP_PUBLISHED = (
    cost("descriptor", 24, "used slot"),
    cost("cluster", 0.125, "used slot"),
)

_VSWAP_V3 = "20260208215839.87595-1-nphamcs@gmail.com"
_VSWAP_V6 = "20260505153854.1612033-1-nphamcs@gmail.com"
_VSWAP_STE = "20260918180241.3424851-1-nphamcs@gmail.com"
_P4 = "20260517-swap-table-p4-v5-0-88ae43e064c7@tencent.com"
_GHOST = "20251121-ghost-v1-1-cfc0efcf3855@kernel.org"
_GHOST_DYNAMIC = "20260220-swap-table-p4-v1-15-104795d19815@tencent.com"
_XSWAP = "20260913075014.1732524-1-hebaoquan@kylinos.cn"

FORMULAS: dict[str, Formula] = {
    formula.name: formula
    for formula in (
        Formula(
            "old+zswap",
            "A real area as the covers of virtual swap have it, all in zswap",
            "zswap",
            (_VSWAP_V3, _VSWAP_V6),
            published=(*_OLD_PUBLISHED, _XARRAY_PUBLISHED),
        ),
        Formula(
            "old+disk",
            "A real area as the covers of virtual swap have it, all on disk",
            "disk",
            (_VSWAP_V3, _VSWAP_V6),
            published=_OLD_PUBLISHED,
        ),
        Formula(
            "vswap+zswap",
            "Virtual swap with descriptors (v3 to v6), all in zswap",
            "zswap",
            (_VSWAP_V3, _VSWAP_V6),
            published=_VSWAP_PUBLISHED,
        ),
        Formula(
            "vswap+disk",
            "Virtual swap with descriptors (v3 to v6), all on disk",
            "disk",
            (_VSWAP_V3, _VSWAP_V6),
            published=(
                cost("two bitmaps", 0.25, "slot"),
                *_VSWAP_PUBLISHED,
                cost("reverse map", 8, "disk slot"),
            ),
        ),
        Formula(
            "6.18+disk",
            "A real area in Linux 6.18, all on disk",
            "disk",
            ("v6.18",),
            structs=_PLAIN_6_18,
        ),
        Formula(
            "6.18+zswap",
            "A real area in Linux 6.18, all in zswap",
            "zswap",
            ("v6.18",),
            structs=(*_PLAIN_6_18, ZSWAP_XARRAY),
        ),
        Formula(
            "ghost+zswap",
            "Ghost swapfile v1 on its base; figures as given in February 2026",
            "zswap",
            (_GHOST, _VSWAP_V3),
            published=(
                cost("static", 3, "slot"),
                cost("swap table", 8, "used slot"),
                _XARRAY_PUBLISHED,
            ),
            structs=(*_PLAIN_6_18, ZSWAP_XARRAY),
        ),
        Formula(
            "7.2+disk",
            "A real area in Linux 7.2 and 7.3, all on disk",
            "disk",
            (_P4, "v7.3"),
            published=(
                cost("swap_cluster_info", Fraction(48, SWAPFILE_CLUSTER), "slot"),
                cost("swap table", 8, "used slot"),
            ),
            structs=_PLAIN_7_2,
        ),
        Formula(
            "7.2+zswap",
            "A real area, or a ghost, in Linux 7.2 and 7.3, all in zswap",
            "zswap",
            ("v7.3",),
            structs=(*_PLAIN_7_2, ZSWAP_XARRAY),
        ),
        Formula(
            "ghost-dynamic+zswap",
            "Ghost with clusters on demand, on swap table phase IV as merged",
            "zswap",
            (_GHOST_DYNAMIC,),
            structs=(*_DYNAMIC, ZSWAP_XARRAY),
        ),
        Formula(
            "xswap+zswap",
            "xswap: a sparse array of clusters, grown on demand",
            "zswap",
            (_XSWAP,),
            structs=(*_SPARSE, ZSWAP_XARRAY),
        ),
        Formula(
            "vswap-ste+zswap",
            "Virtual swap, swap table edition, all in zswap",
            "zswap",
            (_VSWAP_STE,),
            structs=_VSWAP_TABLES,
        ),
        Formula(
            "vswap-ste+disk",
            "Virtual swap, swap table edition, all written to disk",
            "disk",
            (_VSWAP_STE,),
            structs=(
                *static_costs(K7_2),
                *_VSWAP_TABLES,
                cost("physical swap table", 8 * SWAPFILE_CLUSTER, "disk cluster"),
            ),
        ),
        Formula(
            "zram",
            "A zram device as an area in Linux 7.2",
            "disk",
            ("v6.18", "v7.3"),
            structs=(*_PLAIN_7_2, cost("zram_table_entry", 16, "slot")),
        ),
    )
}

#: What an area takes below virtual swap; with the part in zswap of either edition it
#: comes to the part on disk of that.
VSWAP_PLACES = Formula(
    "vswap places",
    "A real area below virtual swap with descriptors",
    "disk",
    (_VSWAP_V3, _VSWAP_V6),
    published=(
        cost("two bitmaps", 0.25, "slot"),
        cost("reverse map", 8, "used slot"),
    ),
)
VSWAP_STE_PLACES = Formula(
    "vswap-ste places",
    "A real area below virtual swap on the swap table",
    "disk",
    (_VSWAP_STE,),
    structs=(*static_costs(K7_2), SWAP_TABLE),
)


def get_formula(name: str) -> Formula:
    """Return the formula of that name.

    Raises:
        SelectionError: There is none; the message lists the names.
    """
    try:
        return FORMULAS[name]
    except KeyError:
        known = ", ".join(FORMULAS)
        raise SelectionError(f"no design {name!r}; known: {known}") from None
