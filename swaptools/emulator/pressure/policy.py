"""A policy: who leaves memory when it runs out. And the defaults, which make a queue.

A policy is a value, of hot functions: they stand in its file, and are compiled with the
core's (core/binding.py). All have defaults, so that one that differs little is short.
Its name is looked up among the entry points of group ``swaptools.policies``
(plugins.py).

A function of a policy may call all of the core: lists (core/lru.py), who accessed a
page (core/rmap.py), the way out (core/evict.py); and what its policy does elsewhere by
the names of hooks.py, of which ``joined`` is its ``added``.

Not here: any other policy, charges (core/charge.py).

Kernel: none; mm/vmscan.c is pressure/two_lists.py and mglru.py.
Same: groups below one that has to shrink take turns, as mem_cgroup_iter() has it.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core import hooks
from swaptools.emulator.core.binding import Binding
from swaptools.emulator.core.buffers import HOT, hot, hot_inline, look_ahead
from swaptools.emulator.core.charge import (
    cancel_charge,
    commit_charge,
    drain_for_write,
    map_again,
    swap_owner,
    try_charge,
    uncharge_tables,
)
from swaptools.emulator.core.evict import DROPPED, evict
from swaptools.emulator.core.hooks import kept, victim
from swaptools.emulator.core.kswapd import balance_to_high
from swaptools.emulator.core.lru import (
    folio_nr_pages,
    list_add,
    list_add_tail,
    list_del,
)
from swaptools.emulator.core.memcg import memcg_after
from swaptools.emulator.core.page_counter import is_below
from swaptools.emulator.core.page_tables import PTE_SHIFT
from swaptools.emulator.core.pressure_structs import LRU_INACTIVE, NR_LRUS
from swaptools.emulator.core.rstat import flush_when_due
from swaptools.emulator.core.slots import look_ahead_slot
from swaptools.errors import IllegalOperation
from swaptools.plugins import POLICIES_GROUP, Plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from swaptools.emulator.core.structs import Slots
    from swaptools.kernel.profiles import KernelProfile

#: Fields of a policy that are hot functions.
_HOOKS: Final = (
    *("accessed", "expected", "added", "victim", "kept", "shrink"),
    *("balance", "listed", "drained", "adopting", "asked_shadow", "left_asked"),
)


# --- what most policies need -----------------------------------------------


@hot_inline
def folio_of(s: Slots, number: int) -> int:
    """Return the first frame of the folio that a frame is of. Kernel: page_folio().

    Where no folio is large, frames are not looked at.
    """
    if not s.pressure[0].largest_order:
        return number
    block = s.frames[number].block
    return block if s.frames[block].order else number


@hot_inline
def folio_at(s: Slots, at: int) -> int:
    """Return the first frame of the folio that an entry maps a page of."""
    return folio_of(s, s.ptes[at] >> PTE_SHIFT)


@hot
def group_after(s: Slots, memcg: int, root: int) -> int:
    """Return the group that has its turn next, of a group and all below.

    Kernel: mm/memcontrol.c mem_cgroup_iter().
    """
    if memcg < 0 or not is_below(s, memcg, root):
        return root
    memcg = memcg_after(s, memcg)
    return memcg if memcg >= 0 and is_below(s, memcg, root) else root


@hot
def nr_inactive(s: Slots, root: int) -> int:
    """Return how many pages a group and all below have on their inactive lists."""
    if s.memcgs[root].first_child < 0:
        return s.lrus[root * NR_LRUS + LRU_INACTIVE].nr
    nr, memcg = 0, root
    while True:
        nr += s.lrus[memcg * NR_LRUS + LRU_INACTIVE].nr
        memcg = group_after(s, memcg, root)
        if memcg == root:
            return nr


@hot_inline
def look_ahead_last(s: Slots, number: int) -> None:
    """Say that the folios before one will be the last of its list soon."""
    before = s.pages[number].prev
    page = s.pages[before]
    look_ahead(s.pages, page.prev)
    look_ahead(s.frames, page.prev)
    look_ahead(s.ptes, page.at)
    look_ahead_slot(s, s.frames[before].entry)


# --- defaults --------------------------------------------------------------


@hot
def add_first(s: Slots, number: int) -> None:
    """Put a folio in front of the inactive list of its group."""
    list_add(s, number, LRU_INACTIVE)


@hot
def oldest(s: Slots, root: int) -> int:
    """Return the last folio of a list, of one group after another; 0 for none."""
    if s.memcgs[root].first_child < 0:
        return s.lrus[root * NR_LRUS + LRU_INACTIVE].last
    pressure = s.pressure[0]
    first = memcg = group_after(s, pressure.next_victim, root)
    while not s.lrus[memcg * NR_LRUS + LRU_INACTIVE].nr:
        memcg = group_after(s, memcg, root)
        if memcg == first:
            return 0
    pressure.next_victim = memcg
    return s.lrus[memcg * NR_LRUS + LRU_INACTIVE].last


@hot
def shrink_victims(s: Slots, root: int, nr: int) -> int:
    """Let victims leave until so many pages have, or each was tried once."""
    left, tries = 0, nr_inactive(s, root)
    while left < nr and tries > 0:
        number = victim(s, root)
        if not number:
            break
        nr_pages = folio_nr_pages(s, number)
        tries -= nr_pages
        look_ahead_last(s, number)
        list_del(s, number)
        if evict(s, number, s.totals[0].cpu, 0) <= DROPPED:
            left += nr_pages
        elif s.pressure[0].lacks_room:
            list_add_tail(s, number, LRU_INACTIVE)
            break
        else:
            kept(s, number)
    return left


def holds(_s: Slots) -> None:
    """Find nothing that contradicts itself."""


def no_items(_profile: KernelProfile) -> Mapping[int, int]:
    """Return what items of ``policy_items`` begin with: zeros."""
    return {}


# --- policies --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who leaves memory. Of hot functions, the fields left out make a queue.

    Attributes:
        name: What it is called.
        summary: One line for people.
        accessed: ``(s, at)``: a reference found its page in memory.
        expected: ``(s, number)``: a page in memory is going to be accessed soon, by its
            frame; for look_ahead() alone.
        added: ``(s, number)``: a folio was made or read in; its stamp is the shadow
            that its slot had. It puts it on a list.
        victim: ``(s, memcg)``: returns the folio that is to leave a group or one
            below, or 0.
        kept: ``(s, number)``: a folio that could not leave, and is on no list.
        shrink: ``(s, memcg, nr)``: lets about so many pages leave; returns how many
            did. Of the root: of the whole machine.
        balance: ``(s)``: the same as kswapd, until there is as much as the high
            watermark (core/watermarks.py) or some were looked at (``priority``).
        listed: ``(s, number)``: puts a folio on a list that a processor had gathered,
            and that is on none; for policies whose ``added`` has it gathered
            (batch_add()).
        drained: ``(s)``: a processor puts on lists what it has gathered; for policies
            that gather pages.
        adopting: ``(s, memcg)``: a group gets the pages of one below that is removed,
            each on the list that it is on.
        asked_shadow: ``(s, number)``: returns what is remembered of a folio that
            somebody asked to page out.
        left_asked: ``(s, shadow, nr)``: so many pages of which that is remembered have
            left.
        items_a_page: Integers of its own for each frame, in ``policy_items`` behind
            POLICY_HEAD_ITEMS of those it has besides.
        needs_future: Asks for ``pressure.next_use``, which only traces know.
        rules: Returns what some of those items begin with, for a kernel.
        check: ``(s)``: raises InvariantBroken where what it knows between two
            operations contradicts itself; not hot.
        seed: What the generator of ``pressure.random`` begins with; not 0.
    """

    name: str
    summary: str
    accessed: Callable[[Slots, int], None] = hooks.accessed
    expected: Callable[[Slots, int], None] = hooks.expected
    added: Callable[[Slots, int], None] = add_first
    victim: Callable[[Slots, int], int] = oldest
    kept: Callable[[Slots, int], None] = add_first
    shrink: Callable[[Slots, int, int], int] = shrink_victims
    balance: Callable[[Slots], int] = balance_to_high
    listed: Callable[[Slots, int], None] = hooks.listed
    drained: Callable[[Slots], None] = hooks.drained
    adopting: Callable[[Slots, int], None] = hooks.adopting
    asked_shadow: Callable[[Slots, int], int] = hooks.asked_shadow
    left_asked: Callable[[Slots, int, int], None] = hooks.left_asked
    items_a_page: int = 0
    needs_future: bool = False
    rules: Callable[[KernelProfile], Mapping[int, int]] = no_items
    check: Callable[[Slots], None] = holds
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse functions that could not be compiled.

        Raises:
            IllegalOperation: One that is not marked as hot.
        """
        for what in _HOOKS:
            if getattr(self, what) not in HOT:
                raise IllegalOperation(f"{what} of policy {self.name} is not @hot")

    @property
    def binding(self) -> Binding:
        """What runs a machine with this policy."""
        functions = (getattr(self, what) for what in _HOOKS)
        return _binding(self.name, self.needs_future, *functions)


@hot_inline
def note_next_use(s: Slots, next_use: int) -> None:
    """Let a policy know when the page of this reference is used next."""
    s.pressure[0].now += 1
    s.pressure[0].next_use = next_use


# The same for all machines that have it, so that all share its copies.
@cache
def _binding(name: str, needs_future: bool, *functions: Callable[..., Any]) -> Binding:
    accessed, expected, added, victim_, kept_, shrink_, *others = functions
    balance_, listed_, drained_, adopting_, asked_shadow_, left_asked_ = others
    faults: dict[Any, Any] = {
        hooks.charge: try_charge,
        hooks.uncharge: cancel_charge,
        hooks.owner_of: swap_owner,
        hooks.added: commit_charge,
        hooks.mapped: map_again,
        hooks.write_fault_on: drain_for_write,
        hooks.uncharge_page_tables: uncharge_tables,
        hooks.accessed: accessed,
        hooks.expected: expected,
        hooks.referred: flush_when_due,
        hooks.kept: kept_,
        hooks.shrink: shrink_,
        hooks.listed: listed_,
        hooks.drained: drained_,
        hooks.adopting: adopting_,
        hooks.asked_shadow: asked_shadow_,
        hooks.left_asked: left_asked_,
    }
    if needs_future:
        faults[hooks.refers] = note_next_use
    policy: dict[Any, Any] = {
        hooks.joined: added,
        hooks.victim: victim_,
        hooks.kept: kept_,
        hooks.shrink: shrink_,
        hooks.balance: balance_,
        hooks.listed: listed_,
        hooks.drained: drained_,
    }
    return Binding(name, faults, policy)


#: All that are installed.
POLICIES: Final = Plugins(POLICIES_GROUP, "policy", Policy)


def policy_names() -> tuple[str, ...]:
    """Return the names of all policies that are installed, ours first."""
    ours, others = POLICIES.names()
    return (*sorted(ours), *others)


def find_policy(name: str) -> Policy:
    """Return the policy of that name.

    Raises:
        SelectionError: There is none; the message lists the names. Or what is
            installed under it is no policy.
    """
    return POLICIES.find(name)
