"""A design: what a machine is fitted with, so that designs can be compared.

A design is a value. It changes the kernel's profile, makes areas of a setup, and says
what look-ups and records cost under it; a backing or a layer of its own comes with
it. The machine is the same under all of them.

Its name is looked up among the entry points of group ``swaptools.designs``
(plugins.py).

Not here: any design (designs/), counting (counts.py, footprint.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.emulator.machine.metadata import area_formula
from swaptools.errors import SelectionError
from swaptools.kernel.profiles import K6_12, PROFILES
from swaptools.plugins import DESIGNS_GROUP, Plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


class Lookups(NamedTuple):
    """Reaches into tables and into xarrays, for one page."""

    tables: int
    xarrays: int


class LookupPrices(NamedTuple):
    """What finding a page takes, on the way out and on the way in."""

    #: From an entry to what is known of it.
    entry: Lookups = Lookups(tables=1, xarrays=0)
    #: More, where zswap is asked: its tree.
    zswap: Lookups = Lookups(tables=0, xarrays=1)
    #: More, when the area's backing has or gets the page.
    backing: Lookups = Lookups(tables=0, xarrays=0)
    #: On the way out, when a slot of the area becomes the place of a virtual one.
    place: Lookups = Lookups(tables=0, xarrays=0)


class AreaPlan(NamedTuple):
    """An area that is to be swapped on."""

    name: str
    #: Slots, header included.
    max_pages: int
    #: As swapon_pages() has it.
    backing: str
    priority: int | None = None
    is_rotational: bool = False
    #: Of a zram: its backing device and its limit, in pages; 0 for none.
    backing_dev_pages: int = 0
    limit_pages: int = 0


def unchanged(profile: KernelProfile) -> KernelProfile:
    """Return a kernel as it is."""
    return profile


def only_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make an area of each disk; what might be advertised besides is not needed."""
    return tuple(
        AreaPlan(disk.name, disk.nr_pages, disk.kind, disk.prio, disk.is_rotational)
        for disk in setup.disks
    )


def disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make an area of each disk; without one, of a disk as large as what is asked for.

    zswap does nothing without an area.
    """
    if setup.disks or not setup.virtual_pages:
        return only_disks(setup)
    return (AreaPlan("disk", setup.virtual_pages, "block", setup.virtual_prio),)


def is_as_plain(design: Design, setup: Setup) -> bool:
    """Tell whether a design has no part in a setup, since nothing is virtual there.

    Its areas are then those of a kernel without it, which they are not elsewhere.
    """
    if design.redirects:
        return False
    other = replace(setup, virtual_pages=1 << 10, zswap=True)
    makes_none = design.areas(setup) == disks(setup)
    return makes_none and design.areas(other) != disks(other)


def zswap_as_asked(setup: Setup) -> bool:
    """Switch zswap on where the setup has it."""
    return setup.zswap


def since_6_12(profile: KernelProfile) -> None:
    """Refuse a kernel that is too old for what was posted after 6.12.

    Raises:
        SelectionError: It is.
    """
    names = list(PROFILES)
    if names.index(profile.name) < names.index(K6_12.name):
        raise SelectionError(f"kernel {profile.name} is older than 6.12")


def one_table(_ops: SwapOps) -> LookupPrices:
    """Return the prices of an ordinary area."""
    return LookupPrices()


def ordinary(profile: KernelProfile, _ops: SwapOps) -> Formula:
    """Return what the kernel allocates for an ordinary area."""
    return area_formula(profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a machine is fitted with. The fields left out are an unpatched kernel's."""

    name: str
    #: One line for people.
    title: str
    #: Message-id of what was posted first, or a kernel: ``v7.2``.
    source: str
    #: The kernel it is tried on unless one is named.
    kernel: str = "7.2"
    #: Makes its kernel of one, from 6.12 on.
    patch: Callable[[KernelProfile], KernelProfile] = unchanged
    #: What swapon_pages() makes unless it is told a backing.
    usual_backing: str = "block"
    #: Makes areas of a setup, in the order in which they are swapped on.
    areas: Callable[[Setup], tuple[AreaPlan, ...]] = disks
    #: Whether zswap is on, with the areas of a setup.
    zswap: Callable[[Setup], bool] = zswap_as_asked
    #: What look-ups cost on an area of a kind.
    prices: Callable[[SwapOps], LookupPrices] = one_table
    #: What an area of a kind takes of memory.
    formula: Callable[[KernelProfile, SwapOps], Formula] = ordinary
    #: Kinds of backing that no machine has without it.
    backings: tuple[SwapOps, ...] = ()
    #: Page tables have slots of virtual space, and areas the places of data
    #: (redirect.py); prices and formula are asked for the space as well.
    redirects: bool = False


#: A machine that was given no design.
NO_DESIGN: Final = Design(
    name="", title="A kernel as it is", source="v6.18", kernel="6.18"
)


#: All that are installed.
DESIGNS: Final = Plugins(DESIGNS_GROUP, "design", Design)


def design_names() -> tuple[str, ...]:
    """Return the names of all designs that are installed.

    First those of the package, what kernels have before what was posted and that as
    it was posted; then others by name.
    """
    ours, others = DESIGNS.names()
    return (*sorted(ours, key=_when), *others)


def _when(name: str) -> tuple[bool, str]:
    source = find_design(name).source
    return "@" in source, source


def find_design(name: str) -> Design:
    """Return the design of that name.

    Raises:
        SelectionError: There is none; the message lists the names. Or what is
            installed under it is no design.
    """
    return DESIGNS.find(name)
