"""The state of one machine, and the one way to run a hot function over it.

Whatever does something to a machine (a task, an area, swapoff) is given this, and
nothing that is above it. It makes no part of itself: machine.py puts it together.

Not here: the buffers (core/arena.py), what the parts do.

Kernel: none; these are its global variables.
Same: nothing.
Changed: a worker of the kernel runs when the operation that woke it has ended.
Left out: nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, Protocol, TypeVar

from swaptools.emulator.core.constants import ALL_AREAS
from swaptools.emulator.core.rstat import flush_stats
from swaptools.emulator.core.settle import settle
from swaptools.emulator.core.slot_alloc import allow
from swaptools.emulator.core.watermarks import nr_used_pages
from swaptools.emulator.machine.backing import Conditions
from swaptools.emulator.machine.interrupts import PAGES_A_TURN, Interrupts
from swaptools.emulator.store.zswap import ENDLESS_RAM_PAGES
from swaptools.errors import KernelOops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots, Totals
    from swaptools.emulator.machine.backing import Backing
    from swaptools.emulator.machine.counts import EventCounter
    from swaptools.emulator.machine.page_tables import PageTable, PageTables
    from swaptools.emulator.machine.slot_map import SlotMap
    from swaptools.emulator.machine.swap_io import SwapIO
    from swaptools.emulator.machine.tiers import SwapTiers
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups
    from swaptools.emulator.store.shrinker import ZswapShrinker
    from swaptools.emulator.store.zswap import Zswap
    from swaptools.kernel.profiles import KernelProfile
    from swaptools.kernel.swapout_rules import GhostRules

#: Pages a task can have: 1 TiB of 4 KiB pages.
MAX_TASK_PAGES: Final = 1 << 28

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


class MappedPages(Protocol):
    """What such a walk needs of an object that a task maps."""

    pte: PageTable


class AddressSpace(Protocol):
    """What a walk through all tasks needs of one."""

    name: str
    #: Its page table.
    pte: PageTable
    #: Whose pages they are.
    memcg: MemCgroup
    is_alive: bool

    @property
    def mappings(self) -> Sequence[MappedPages]:
        """Shared memory that it maps."""

    def kill(self) -> None:
        """Free all that it has; it does nothing from then on."""


class SharedPages(Protocol):
    """What such a walk needs of an object of shared memory."""

    #: Its pages, as page table entries are written.
    pages: PageTable


@dataclass(eq=False, kw_only=True)
class State:
    """All that operations on one machine work on."""

    profile: KernelProfile
    #: Of the ghost patch, or of no patch, which has no defects.
    ghost_rules: GhostRules
    #: Bytes of a page.
    page_size: int
    #: Bytes of memory; None is memory without end.
    ram_bytes: int | None
    arena: Arena
    slot_map: SlotMap
    contents: ContentStore
    page_tables: PageTables
    #: By type.
    backings: dict[int, Backing]
    cgroups: MemCgroups
    zswap: Zswap
    shrinker: ZswapShrinker
    io: SwapIO
    counter: EventCounter
    tasks: Sequence[AddressSpace]
    #: Those that ever had a page swapped out, as swapoff visits them: who came to that
    #: last is first, a child behind its parent. Kernel: init_mm.mmlist.
    mmlist: list[AddressSpace]
    #: Objects of shared memory that somebody can reach.
    shms: Sequence[SharedPages]
    #: swap.tiers, which are none until they are written.
    tiers: SwapTiers
    #: vm.overcommit_memory, which swapoff asks: 0, or 2 for never.
    overcommit_memory: int = 0
    #: Called in the middle of long page-outs, after so many pages, with how many.
    watch: Callable[[int], None] = lambda _nr_pages: None
    watch_pages: int = MAX_TASK_PAGES
    #: Pages and references between two looks whether there was a Ctrl-C.
    turn_pages: int = PAGES_A_TURN
    is_in_one: bool = False
    #: Statistics of groups are flushed behind each operation.
    flushes_behind: bool = True
    #: There is or was an area that has something done after each operation.
    follows_clusters: bool = False
    #: What is one for the whole machine.
    totals: Totals = field(init=False)
    _interrupts: Interrupts = field(init=False)

    def __post_init__(self) -> None:
        self.totals = self.arena.totals
        self._interrupts = Interrupts(self)

    @property
    def slots(self) -> Slots:
        """Every buffer, as it is until something grows."""
        return self.arena.slots

    def run(
        self,
        function: Callable[Concatenate[Slots, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Run a hot function over the buffers, with room for what it needs."""
        return self.arena.run(function, *args, **kwargs)

    def scratch(self, nr_items: int) -> Buffer[int]:
        """Return a buffer for one run, with at least that many items."""
        return self.arena.scratch(nr_items)

    def work_for(self, memcg: MemCgroup) -> None:
        """Let the next operation count for a cgroup, and use the areas that it may."""
        self.find_allowed_areas()
        self.totals.memcg = memcg.number
        areas = memcg.record.allowed_areas
        if areas != self.totals.allowed_areas:
            self.run(allow, areas)

    def find_allowed_areas(self) -> None:
        """Find what each cgroup may use, after tiers, areas or cgroups have changed."""
        if self.tiers.is_stale or self.cgroups.is_stale:
            self.tiers.is_stale = self.cgroups.is_stale = False
            for memcg in self.cgroups:
                memcg.record.allowed_areas = self.areas_of(memcg)

    # RFC: 20260620181635.299364-1-youngjun.park@lge.com, swap_tiers_mask_test().
    def areas_of(self, memcg: MemCgroup) -> int:
        """Return the areas that a cgroup may use, a bit for each type."""
        if self.tiers.are_none:
            return ALL_AREAS
        path, infos, tiers = memcg.path, self.slots.si, self.tiers
        return sum(
            1 << si for si in self.backings if tiers.allows(path, infos[si].prio)
        )

    def conditions(self) -> Conditions:
        """Return what swapon finds."""
        return Conditions(
            zswap_enabled=self.zswap.enabled,
            ram_bytes=self.ram_bytes,
            page_size=self.page_size,
            compressor=self.zswap.compressor,
            zsmalloc=self.profile.zsmalloc,
            arena=self.arena,
            contents=self.contents,
        )

    def check_alive(self) -> None:
        """Raise KernelOops if this kernel has died."""
        if self.totals.oopsed:
            raise KernelOops(
                "NULL pointer dereference in __swap_cluster_free_entries: a used slot"
                " was freed on a ghost that is a block device"
            )

    @contextmanager
    def one_operation(self) -> Iterator[None]:
        """Let calls be parts of one operation, which ends with the last of them."""
        self.is_in_one = True
        try:
            yield
        finally:
            self.is_in_one = False
            self.settle()

    def ends_anyway(self) -> Interrupts:
        """Let an operation end when it is interrupted between two of its runs."""
        return self._interrupts

    @property
    def is_interrupted(self) -> bool:
        """Whether an operation that ends anyway is to end now."""
        return self._interrupts.is_end

    def end_early(self) -> None:
        """End an operation amid which something was raised."""
        if self.totals.has_policy:
            self.slots.pressure[0].oom_memcg = self.slots.pressure[0].lacks_room = 0
        self.settle()

    def settle(self, *, is_end: bool = True) -> None:
        """End an operation: workers run, contents nobody wants go.

        Args:
            is_end: Whether it is the last one of a batch, and not one within.
        """
        totals = self.totals
        if not self.is_in_one:
            if totals.has_works or self.follows_clusters:
                while not self.run(settle):
                    if totals.has_policy and self.slots.pressure[0].lacks_room:
                        self.arena.make_room_for_charge()
            if self.arena.loses_pages:  # of steps that ended within a run as well
                self.io.note_losses()
            if totals.released:
                self.contents.reap()
            if is_end and totals.has_policy and self.flushes_behind:
                self.run(flush_stats)
        if totals.has_unmapped and totals.has_policy:
            self.join_mmlist()
        if totals.oopsed:
            self.check_alive()

    def join_mmlist(self) -> None:
        """Add the tasks that had a page swapped out for the first time.

        Kernel: mm/rmap.c try_to_unmap_one(), init_mm.mmlist.
        """
        self.totals.has_unmapped = 0
        spaces = self.slots.spaces
        new = [
            (spaces[task.pte.number].joined, place, task)
            for place, task in enumerate(self.tasks)
            if spaces[task.pte.number].joined and task not in self.mmlist
        ]
        for _, _, task in sorted(new, key=lambda each: each[:2]):
            self.mmlist.insert(0, task)

    @property
    def free_pages(self) -> int:
        """Pages of memory that neither tasks nor compressed pools have.

        With a policy, nor page tables.
        """
        if self.ram_bytes is None:
            return ENDLESS_RAM_PAGES
        return self.ram_bytes // self.page_size - nr_used_pages(self.slots)
