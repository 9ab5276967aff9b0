"""What an area's records take: a formula as a value, and counting it at a usage.

Not here: the formulas of designs (designs/costs.py), tables of them
(designs/overhead.py), how full a machine's areas are (footprint.py).

A usage is dense, for a table, or a run's own clusters, so that fragmentation is
counted and not assumed. Content, the compressed pages, is counted apart: designs
do not differ in it.

Two modes. *published*: the figures that the authors gave, which take clusters as
dense and leave out what zswap itself needs. *structs*: sizes of structures, by
cluster and by xarray leaf. A formula has the modes that there are figures for.

Kernel: mm/swap.h, mm/swapfile.c, mm/zswap.c struct zswap_entry, mm/zsmalloc.c; 6.18
from its BTF, 7.2 from source.
Same: sizes of structures, what is allocated for what.
Changed: bytes are exact fractions, so that published tables come out exactly; an
xarray is endless, so that its upper nodes are 1/63 of the leaves; zswap has one for
each 64 MiB of an area, with a few upper nodes more (and slab keeps 584 bytes for one
of 576: 9.4 bytes an entry on 6.18, where this says 9.1).
Left out: struct swap_info_struct and extents (by area), per-CPU hints, the pages
that slab rounds up to otherwise, overflown counts, the swap cache's own xarray before
6.18; where in its cluster a used slot of a dense usage is (they are packed to the
left, which gives the fewest xarray leaves there can be).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

from swaptools.emulator.core.constants import SWAPFILE_CLUSTER, XA_CHUNK_SIZE
from swaptools.errors import SelectionError
from swaptools.kernel.swapon_rules import CLUSTER_INFO_6_18

if TYPE_CHECKING:
    from swaptools.emulator.store.zsmalloc import ZsPool
    from swaptools.kernel.profiles import KernelProfile

Mode = Literal["published", "structs"]
MODES: tuple[Mode, ...] = get_args(Mode)

# struct xa_node on 64 bits. Kernel: BTF of v6.18.
XA_NODE_BYTES = 576

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


@dataclass(frozen=True, slots=True)
class Cost:
    """One thing that a design allocates."""

    what: str
    #: Bytes for each ``per``.
    size_bytes: Fraction
    per: Unit


@dataclass(frozen=True, slots=True)
class Formula:
    """What is allocated for an area's slots, with pages held in one place."""

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


def cost(what: str, size_bytes: float | Fraction, per: Unit) -> Cost:
    """Return a cost of so many bytes, also when they are no whole number."""
    return Cost(what, Fraction(size_bytes), per)


def static_costs(profile: KernelProfile) -> tuple[Cost, ...]:
    """Return the arrays made for the size of an area, whatever is used.

    Kernel: mm/swapfile.c swapon().
    """
    return tuple(
        cost(array.name, Fraction(array.element_bytes, array.slots_per_element), "slot")
        for array in profile.swapon.arrays
    )


#: Kernel: mm/swapfile.c swap_cluster_alloc_table().
SWAP_TABLE = cost("swap table", 8 * SWAPFILE_CLUSTER, "cluster")
MEMCG_TABLE = cost("memcg_table", 2 * SWAPFILE_CLUSTER, "cluster")
ZSWAP_XARRAY = cost(
    "zswap xarray",
    XA_NODE_BYTES * Fraction(XA_CHUNK_SIZE, XA_CHUNK_SIZE - 1),
    "xarray leaf",
)

#: A record this large leads to a swap table (from 6.18).
_CLUSTER_INFO_WITH_TABLE_BYTES = CLUSTER_INFO_6_18.element_bytes
#: struct zswap_entry, one for each page in zswap. Kernel: BTF of v6.18.
ZSWAP_ENTRY_BYTES = 56


@dataclass(frozen=True, slots=True)
class Usage:
    """How full the slots of an area are; fractions in a table, whole in a run."""

    #: Slots of the area, or of all physical areas below a virtual one.
    area_slots: int
    used_slots: Fraction
    #: Clusters with a used slot.
    clusters: Fraction
    #: Slots whose page is in zswap, and leaves of its xarray with one of them.
    zswap_slots: Fraction = Fraction()
    xarray_leaves: Fraction = Fraction()
    #: Slots whose page is on disk; of a virtual area, the physical ones below.
    disk_slots: Fraction = Fraction()
    disk_clusters: Fraction = Fraction()

    @classmethod
    def dense(cls, formula: Formula, area_slots: int, percent: int | Fraction) -> Usage:
        """Fill the area from its start with pages where the formula holds them."""
        used = Fraction(area_slots * percent, 100)
        usage = cls(area_slots, used, used / SWAPFILE_CLUSTER)
        if formula.holder == "disk":
            return replace(usage, disk_slots=used, disk_clusters=usage.clusters)
        return replace(usage, zswap_slots=used, xarray_leaves=used / XA_CHUNK_SIZE)

    def count(self, unit: Unit) -> Fraction:
        """Return how many there are of a unit."""
        counts: dict[Unit, Fraction] = {
            "slot": Fraction(self.area_slots),
            "used slot": self.used_slots,
            "cluster": self.clusters,
            "zswap slot": self.zswap_slots,
            "xarray leaf": self.xarray_leaves,
            "disk slot": self.disk_slots,
            "disk cluster": self.disk_clusters,
        }
        return counts[unit]


@dataclass(frozen=True, slots=True)
class Account:
    """What one formula comes to at one usage."""

    #: Each thing allocated, with its bytes.
    items: tuple[tuple[Cost, Fraction], ...]

    @property
    def metadata_bytes(self) -> Fraction:
        """All kinds together."""
        return sum((n for _, n in self.items), Fraction())


@cache
def area_formula(profile: KernelProfile) -> Formula:
    """Return what a kernel allocates for an ordinary area with zswap before it."""
    names = {array.name: array.element_bytes for array in profile.swapon.arrays}
    costs = static_costs(profile)
    if names["cluster_info"] >= _CLUSTER_INFO_WITH_TABLE_BYTES:
        costs += (SWAP_TABLE,)
    if "swap_cgroup" not in names:
        costs += (MEMCG_TABLE,)
    return Formula(
        profile.name,
        f"An area in {profile.title}",
        "zswap",
        (profile.name,),
        structs=(*costs, ZSWAP_XARRAY),
    )


def account(formula: Formula, mode: Mode, usage: Usage) -> Account:
    """Count what is allocated at a usage.

    Raises:
        SelectionError: The formula has no figures in that mode.
    """
    costs = formula.costs(mode)
    return Account(tuple((c, c.size_bytes * usage.count(c.per)) for c in costs))


def mode_of(formula: Formula) -> Mode:
    """Return *structs* where sizes of structures are known, else *published*."""
    return "structs" if formula.has("structs") else "published"


def content_bytes(pool: ZsPool, zswap_entries: int, mode: Mode) -> int:
    """Count what the compressed pages take, the same under every design.

    *published* counts the pool's pages alone; *structs* adds zspages, handles and,
    under zswap, its entries (56 bytes, and no part of the pool).
    """
    if mode == "published":
        return pool.pool_bytes
    entry_bytes = zswap_entries * ZSWAP_ENTRY_BYTES
    return pool.pool_bytes + pool.zspage_bytes + pool.handle_bytes + entry_bytes
