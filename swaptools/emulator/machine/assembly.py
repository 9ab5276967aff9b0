"""How a machine is put together: its kernel and design, and the parts of its state.

Not here: what the parts do; areas and tasks, which come later (machine.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.machine.counts import EventCounter
from swaptools.emulator.machine.design import NO_DESIGN, Design, find_design
from swaptools.emulator.machine.page_tables import PageTables
from swaptools.emulator.machine.slot_map import SlotMap
from swaptools.emulator.machine.state import State
from swaptools.emulator.machine.swap_io import SwapIO
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.emulator.store.contents import ContentStore
from swaptools.emulator.store.memcg import MemCgroups
from swaptools.emulator.store.shrinker import ZswapShrinker
from swaptools.emulator.store.within import MANY_PAGES, within
from swaptools.emulator.store.zswap import Zswap, set_ghost_rules
from swaptools.errors import IllegalOperation, SelectionError
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapout_rules import MENDED_GHOST
from swaptools.units import PAGE_SIZES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.core.engine import Engine
    from swaptools.emulator.machine.backing import Backing
    from swaptools.emulator.machine.state import AddressSpace, SharedPages
    from swaptools.kernel.profiles import KernelProfile

#: Kernel: CONFIG_NR_CPUS at most.
MAX_CPUS: Final = 8192


def fit(
    kernel: str | None, design: str | Design | None, *, mended: bool
) -> tuple[Design, KernelProfile]:
    """Return a design, and the kernel that it makes of the one that was named.

    Raises:
        SelectionError: No such kernel, or no such design.
    """
    if isinstance(design, str):
        design = find_design(design)
    fitted = NO_DESIGN if design is None else design
    if not isinstance(fitted, Design):
        raise SelectionError(f"{design!r} is no design, nor the name of one")
    name = fitted.kernel if kernel is None else kernel
    if not isinstance(name, str):
        raise SelectionError(f"{name!r} is not the name of a kernel")
    profile = fitted.patch(find_kernel(name).profile)
    return fitted, profile.mended() if mended else profile


def check_parts(
    cpus: int, page_size: int, ram_bytes: int | None, memcg_version: int
) -> None:
    """Refuse parts of which no machine can be made.

    Raises:
        IllegalOperation: One of them is none.
    """
    if not within(cpus, MAX_CPUS, "CPUs"):
        raise IllegalOperation("a machine with 0 CPUs")
    if within(page_size, PAGE_SIZES[-1], "bytes of a page") not in PAGE_SIZES:
        raise IllegalOperation(f"pages of {page_size} bytes")
    if ram_bytes is not None:
        nr_bytes = within(ram_bytes, MANY_PAGES * page_size, "bytes of memory")
        if nr_bytes < page_size:
            raise IllegalOperation(f"a machine with {nr_bytes} bytes of memory")
    if memcg_version not in (1, 2):
        raise IllegalOperation(f"no version {memcg_version} of the memory controller")


def put_together(
    engine: Engine,
    profile: KernelProfile,
    design: Design,
    *,
    compressor: str,
    cpus: int,
    page_size: int,
    ram_bytes: int | None,
    tasks: Sequence[AddressSpace],
    shms: Sequence[SharedPages],
) -> State:
    """Make the state of a machine on which nothing is on yet, zswap neither."""
    arena = Arena(engine, profile.allocator, cpus)
    cgroups = MemCgroups(arena)
    backings: dict[int, Backing] = {}
    contents = ContentStore(arena, page_size)
    rules, zsmalloc = profile.zswap, profile.zsmalloc
    zswap = Zswap(arena, contents, rules, page_size, ram_bytes, compressor, zsmalloc)
    set_ghost_rules(zswap.record, profile.ghost)
    return State(
        profile=profile,
        ghost_rules=profile.ghost or MENDED_GHOST,
        page_size=page_size,
        ram_bytes=ram_bytes,
        arena=arena,
        slot_map=SlotMap(arena),
        contents=contents,
        page_tables=PageTables(arena),
        backings=backings,
        cgroups=cgroups,
        zswap=zswap,
        shrinker=ZswapShrinker(arena, zswap, cgroups),
        io=SwapIO(arena, contents, zswap, backings),
        counter=EventCounter(arena, backings, zswap, design),
        tasks=tasks,
        mmlist=[],
        shms=shms,
        tiers=SwapTiers(),
    )
