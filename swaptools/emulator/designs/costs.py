"""What each design allocates for its slots, as data with its sources.

Not here: counting it for a usage (accounting.py), the designs at work (designs/).

Two modes. *published*: the figures that the authors gave, which take clusters as
dense and leave out what zswap itself needs. *structs*: sizes of structures, by
cluster and by xarray leaf. A design has the modes that there are figures for. For
pages in both places take a real area's ``+zswap`` or a virtual one's ``+disk``:
they have every cost, and the usage says how much of each.

Kernel: mm/swap.h, mm/swapfile.c, mm/zswap.c; 6.18 from its BTF, 7.2 from source.
Same: sizes of structures, what is allocated for what.
Changed: an xarray is endless, so that its upper nodes are 1/63 of the leaves;
zswap has one for each 64 MiB of an area, with a few upper nodes more (and slab
keeps 584 bytes for one of 576: 9.4 bytes an entry on 6.18, where this says 9.1).
Left out: struct swap_info_struct and extents (by area), per-CPU hints, the pages
that slab rounds up to otherwise, overflown counts, the xarray that dynamic
clusters are found in, and that xswap maps its cluster records some pages at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

from swaptools.errors import SelectionError
from swaptools.kernel.profiles import K6_18, K7_2

if TYPE_CHECKING:
    from swaptools.kernel.profiles import KernelProfile

Mode = Literal["published", "structs"]
MODES: tuple[Mode, ...] = get_args(Mode)

#: Slots to a cluster. Kernel: mm/swap.h SWAPFILE_CLUSTER with CONFIG_THP_SWAP.
SWAPFILE_CLUSTER = 512
#: Entries to a leaf. Kernel: include/linux/xarray.h XA_CHUNK_SIZE.
XA_CHUNK_SIZE = 64

# struct xa_node on 64 bits. Kernel: BTF of v6.18.
_XA_NODE_BYTES = 576

Unit = Literal[
    "slot",
    "cluster",
    "disk cluster",
    "used slot",
    "zswap slot",
    "disk slot",
    "xarray leaf",
]
Holder = Literal["zswap", "disk"]
#: When a cost is paid: for an area's size, for a cluster in use, for an entry.
Kind = Literal["static", "cluster", "entry"]

_KINDS: dict[Unit, Kind] = {
    "slot": "static",
    "cluster": "cluster",
    "disk cluster": "cluster",
    "used slot": "entry",
    "zswap slot": "entry",
    "disk slot": "entry",
    "xarray leaf": "entry",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """One thing that a design allocates."""

    what: str
    #: Bytes for each ``per``.
    size_bytes: Fraction
    per: Unit

    @property
    def kind(self) -> Kind:
        """When it is paid."""
        return _KINDS[self.per]


@dataclass(frozen=True, slots=True)
class Design:
    """What a design allocates, for pages held in one place."""

    name: str
    title: str
    #: Where used slots have their data.
    holder: Holder
    #: Message-ids and kernel versions that the figures come from.
    sources: tuple[str, ...]
    #: The authors' figures; empty where they gave none that make a formula.
    published: tuple[Cost, ...] = ()
    #: Sizes of structures; empty where those of the series are not known to us.
    structs: tuple[Cost, ...] = ()

    def has(self, mode: Mode) -> bool:
        """Tell whether there are figures in that mode."""
        return bool(getattr(self, mode))

    def costs(self, mode: Mode) -> tuple[Cost, ...]:
        """Return the formula of a mode.

        Raises:
            SelectionError: There is none in that mode.
        """
        if not self.has(mode):
            raise SelectionError(f"{self.name}: no {mode} figures")
        costs: tuple[Cost, ...] = getattr(self, mode)
        return costs


def _cost(what: str, size_bytes: float | Fraction, per: Unit) -> Cost:
    return Cost(what, Fraction(size_bytes), per)


# Kernel: mm/swapfile.c swapon(): the arrays made for the size of an area.
def _static(profile: KernelProfile) -> tuple[Cost, ...]:
    return tuple(
        _cost(
            array.name, Fraction(array.element_bytes, array.slots_per_element), "slot"
        )
        for array in profile.swapon.arrays
    )


# Kernel: mm/swapfile.c swap_cluster_alloc_table().
_SWAP_TABLE = _cost("swap table", 8 * SWAPFILE_CLUSTER, "cluster")
_MEMCG_TABLE = _cost("memcg_table", 2 * SWAPFILE_CLUSTER, "cluster")
_ZSWAP_XARRAY = _cost(
    "zswap xarray",
    _XA_NODE_BYTES * Fraction(XA_CHUNK_SIZE, XA_CHUNK_SIZE - 1),
    "xarray leaf",
)

_PLAIN_6_18 = (*_static(K6_18), _SWAP_TABLE)
_PLAIN_7_2 = (*_static(K7_2), _SWAP_TABLE, _MEMCG_TABLE)
# The record of a cluster made on demand: swap_cluster_info, index, rcu_head, a
# pointer. Virtual swap's is counted as the kmalloc bucket that it takes.
_DYNAMIC = (_cost("dynamic cluster", 80, "cluster"), _SWAP_TABLE, _MEMCG_TABLE)
_SPARSE = (_cost("swap_cluster_info", 48, "cluster"), _SWAP_TABLE, _MEMCG_TABLE)
_VSWAP_TABLES = (
    _cost("dynamic cluster, kmalloc-96", 96, "cluster"),
    _SWAP_TABLE,
    _MEMCG_TABLE,
    _cost("virtual table", 8 * SWAPFILE_CLUSTER, "cluster"),
)

_OLD_PUBLISHED = (
    _cost("swap_map", 1, "slot"),
    _cost("swap_cgroup", 2, "slot"),
    _cost("zeromap", 0.125, "slot"),
    _cost("swap table", 8, "used slot"),
)
_XARRAY_PUBLISHED = _cost("zswap xarray", 8, "zswap slot")
_VSWAP_PUBLISHED = (
    _cost("descriptor", 24, "used slot"),
    _cost("cluster", 0.125, "used slot"),
)

_VSWAP_V3 = "20260208215839.87595-1-nphamcs@gmail.com"
_VSWAP_V6 = "20260505153854.1612033-1-nphamcs@gmail.com"
_VSWAP_STE = "20260918180241.3424851-1-nphamcs@gmail.com"
_P4 = "20260517-swap-table-p4-v5-0-88ae43e064c7@tencent.com"
_GHOST = "20251121-ghost-v1-1-cfc0efcf3855@kernel.org"
_GHOST_DYNAMIC = "20260220-swap-table-p4-v1-15-104795d19815@tencent.com"
_XSWAP = "20260913075014.1732524-1-hebaoquan@kylinos.cn"

DESIGNS: dict[str, Design] = {
    design.name: design
    for design in (
        Design(
            "old+zswap",
            "A real area as the covers of virtual swap have it, all in zswap",
            "zswap",
            (_VSWAP_V3, _VSWAP_V6),
            published=(*_OLD_PUBLISHED, _XARRAY_PUBLISHED),
        ),
        Design(
            "old+disk",
            "A real area as the covers of virtual swap have it, all on disk",
            "disk",
            (_VSWAP_V3, _VSWAP_V6),
            published=_OLD_PUBLISHED,
        ),
        Design(
            "vswap+zswap",
            "Virtual swap with descriptors (v3 to v6), all in zswap",
            "zswap",
            (_VSWAP_V3, _VSWAP_V6),
            published=_VSWAP_PUBLISHED,
        ),
        Design(
            "vswap+disk",
            "Virtual swap with descriptors (v3 to v6), all on disk",
            "disk",
            (_VSWAP_V3, _VSWAP_V6),
            published=(
                _cost("two bitmaps", 0.25, "slot"),
                *_VSWAP_PUBLISHED,
                _cost("reverse map", 8, "disk slot"),
            ),
        ),
        Design(
            "6.18+disk",
            "A real area in Linux 6.18, all on disk",
            "disk",
            ("v6.18",),
            structs=_PLAIN_6_18,
        ),
        Design(
            "6.18+zswap",
            "A real area in Linux 6.18, all in zswap",
            "zswap",
            ("v6.18",),
            structs=(*_PLAIN_6_18, _ZSWAP_XARRAY),
        ),
        Design(
            "ghost+zswap",
            "Ghost swapfile v1 on its base; figures as given in February 2026",
            "zswap",
            (_GHOST, _VSWAP_V3),
            published=(
                _cost("static", 3, "slot"),
                _cost("swap table", 8, "used slot"),
                _XARRAY_PUBLISHED,
            ),
            structs=(*_PLAIN_6_18, _ZSWAP_XARRAY),
        ),
        Design(
            "7.2+disk",
            "A real area in Linux 7.2 and 7.3, all on disk",
            "disk",
            (_P4, "v7.3"),
            published=(
                _cost("swap_cluster_info", Fraction(48, SWAPFILE_CLUSTER), "slot"),
                _cost("swap table", 8, "used slot"),
            ),
            structs=_PLAIN_7_2,
        ),
        Design(
            "7.2+zswap",
            "A real area, or a ghost, in Linux 7.2 and 7.3, all in zswap",
            "zswap",
            ("v7.3",),
            structs=(*_PLAIN_7_2, _ZSWAP_XARRAY),
        ),
        Design(
            "ghost-dynamic+zswap",
            "Ghost with clusters on demand, on swap table phase IV as merged",
            "zswap",
            (_GHOST_DYNAMIC,),
            structs=(*_DYNAMIC, _ZSWAP_XARRAY),
        ),
        Design(
            "xswap+zswap",
            "xswap: a sparse array of clusters, grown on demand",
            "zswap",
            (_XSWAP,),
            structs=(*_SPARSE, _ZSWAP_XARRAY),
        ),
        Design(
            "vswap-ste+zswap",
            "Virtual swap, swap table edition, all in zswap",
            "zswap",
            (_VSWAP_STE,),
            structs=_VSWAP_TABLES,
        ),
        Design(
            "vswap-ste+disk",
            "Virtual swap, swap table edition, all written to disk",
            "disk",
            (_VSWAP_STE,),
            structs=(
                *_static(K7_2),
                *_VSWAP_TABLES,
                _cost("physical swap table", 8 * SWAPFILE_CLUSTER, "disk cluster"),
            ),
        ),
        Design(
            "zram",
            "A zram device as an area in Linux 7.2",
            "disk",
            ("v6.18", "v7.3"),
            structs=(*_PLAIN_7_2, _cost("zram_table_entry", 16, "slot")),
        ),
    )
}


def get_design(name: str) -> Design:
    """Return the design of that name.

    Raises:
        SelectionError: There is none; the message lists the names.
    """
    try:
        return DESIGNS[name]
    except KeyError:
        known = ", ".join(DESIGNS)
        raise SelectionError(f"no design {name!r}; known: {known}") from None
