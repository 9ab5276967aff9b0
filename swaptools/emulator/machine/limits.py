"""The part of a machine that says how much memory and swap there may be.

Not here: charges (core/charge.py), who leaves (pressure/), who is killed (oom.py).

Kernel: mm/memcontrol.c memory_max_write(), memory_high_write(), swap_max_write(),
zswap_max_write(); mm/memcontrol-v1.c mem_cgroup_resize_max(); mm/vmscan.c
user_proactive_reclaim(), 6.18.
Same: whole pages; a limit below what a group has lets pages leave at once, and then
kills, or with version 1 is refused.
Changed: who writes is the kernel, and charged nothing.
Left out: memory.min, memory.low, memory.swap.high, signals to whoever writes.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.charge import try_to_free_pages
from swaptools.emulator.core.page_counter import drain_all_stock
from swaptools.emulator.core.pressure_structs import MAX_RECLAIM_RETRIES
from swaptools.emulator.core.rstat import draw_flush, flush_stats
from swaptools.emulator.machine.oom import find_victim, kill, make_memory
from swaptools.emulator.machine.policies import fit_policy
from swaptools.emulator.machine.watermarks import (
    check_watermarks,
    get_watermarks,
    set_watermarks,
)
from swaptools.emulator.store.within import MANY_PAGES, within
from swaptools.errors import IllegalOperation, LimitRefused

if TYPE_CHECKING:
    from types import EllipsisType

    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.watermarks import Watermarks
    from swaptools.emulator.pressure.policy import Policy
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups

    #: A limit in bytes: None for "max", an ellipsis for what it was.
    Limit = int | None | EllipsisType

#: What a machine is fitted with that was made without a policy.
USUAL_POLICY: Final = "two_lists"
_MAX_SWAPPINESS: Final = 200


class Limits:
    """What groups may have."""

    page_size: int
    #: What its parts work on.
    state: State
    cgroups: MemCgroups
    #: Who leaves memory when it runs out, if it ever does.
    policy: Policy | None
    _watermarks: Watermarks | EllipsisType | None
    _memcg_version: int

    def limit(
        self,
        cgroup: str,
        *,
        max_bytes: Limit = ...,
        high_bytes: Limit = ...,
        swap_max_bytes: Limit = ...,
        zswap_max_bytes: Limit = ...,
        memsw_max_bytes: Limit = ...,
    ) -> None:
        """Say what a cgroup and all below may have; what is not given stays.

        Args:
            cgroup: Its path.
            max_bytes: memory.max, or with version 1 memory.limit_in_bytes: whole pages,
                rounded down; None for "max".
            high_bytes: memory.high, which holds nobody up but lets pages leave.
            swap_max_bytes: memory.swap.max.
            zswap_max_bytes: memory.zswap.max.
            memsw_max_bytes: memory.memsw.limit_in_bytes of version 1.

        Raises:
            IllegalOperation: There is no such cgroup, it is the root, or no such limit
                with this version; nothing changed. Or there are pages, and the machine
                was made without a policy (``policy=``).
            LimitRefused: With version 1, there is more and it cannot leave (EBUSY), and
                what is given beside it may be set; or memory and swap together would
                be less than memory (EINVAL), and nothing changed.
        """
        self._need_policy()
        memcg = self.cgroups[cgroup]
        given = {
            "memory_max": max_bytes,
            "memory_high": high_bytes,
            "swap_max": swap_max_bytes,
            "memsw_max": memsw_max_bytes,
        }
        wanted = {
            name: _pages(limit, self.page_size, name)
            for name, limit in given.items()
            if limit is not ...
        }
        _check(self.state, memcg, wanted)
        names = _in_order(memcg, wanted)
        if zswap_max_bytes is not ...:
            pages = _pages(zswap_max_bytes, self.page_size, "zswap_max")
            memcg.zswap_max_pages = None if pages < 0 else pages
        with self.state.ends_anyway():
            try:
                for name in names:
                    _set_limit(self.state, memcg, name, wanted[name])
            finally:
                self.state.settle()

    def reclaim(self, cgroup: str, nr_bytes: int, swappiness: int | None = None) -> int:
        """Let pages of a cgroup and all below leave, as memory.reclaim does.

        Args:
            cgroup: Its path.
            nr_bytes: How much, in whole pages.
            swappiness: 0 to 200, for this time; None for what it is.

        Returns:
            How many pages left; fewer than were asked for when no more could.

        Raises:
            IllegalOperation: No such cgroup, or numbers that make no sense.
        """
        self._need_policy()
        memcg = self.cgroups[cgroup]
        nr_pages = within(nr_bytes, MANY_PAGES, "bytes to reclaim") // self.page_size
        pressure = self.state.slots.pressure[0]
        usual = pressure.swappiness
        wanted = usual if swappiness is None else swappiness
        with self.state.ends_anyway():
            pressure.swappiness = within(wanted, _MAX_SWAPPINESS, "swappiness")
            self.state.work_for(self.cgroups.root)
            try:
                return _reclaim(self.state, memcg, nr_pages)
            finally:
                pressure.swappiness = usual
                self.state.settle()

    def flush(self) -> None:
        """Flush the statistics of groups, as reading memory.stat does."""
        self._need_policy()
        self.state.run(flush_stats)

    @property
    def stats_flush(self) -> str | int | tuple[int, int]:
        """When statistics are flushed by themselves.

        ``operation``: behind each operation, or batch of references; ``never``; a
        number: every so many references; with a seed: after as many more or less, as
        a generator draws it.
        """
        pressure = self.state.slots.pressure[0]
        if pressure.flush_random:
            return pressure.flush_every, pressure.flush_random
        if pressure.flush_every:
            return pressure.flush_every
        return "operation" if self.state.flushes_behind else "never"

    @stats_flush.setter
    def stats_flush(self, when: str | int | tuple[int, int]) -> None:
        self._need_policy()
        every, seed = _flushes(when)
        pressure = self.state.slots.pressure[0]
        pressure.flush_every = every if isinstance(every, int) else 0
        pressure.flush_random = seed
        self.state.flushes_behind = every == "operation"
        self.state.run(draw_flush)

    @property
    def watermarks(self) -> Watermarks | None:
        """At which the machine's memory runs out; None where only limits do.

        There are some once there is a policy and ``ram_bytes``, as the kernel makes
        them; others can be set, as by vm.min_free_kbytes (Watermarks.of()), or None.
        """
        return get_watermarks(self.state)

    @watermarks.setter
    def watermarks(self, marks: Watermarks | None) -> None:
        self._need_policy()
        check_watermarks(self.state, marks)
        set_watermarks(self.state, marks)

    # One that was made without has the kernel's usual one, if nothing was done yet.
    def _need_policy(self) -> None:
        if self.policy is None:
            version, marks = self._memcg_version, self._watermarks
            self.policy = fit_policy(self.state, USUAL_POLICY, version, marks)


def _pages(limit: Limit, page_size: int, name: str) -> int:
    if limit is None or limit is ...:
        return -1
    return within(limit, MANY_PAGES, name) // page_size


# How often, or a word for it, and a seed: 0 where no generator draws.
def _flushes(when: object) -> tuple[str | int, int]:
    match when:
        case "operation" | "never":
            return str(when), 0
        case bool() | (bool(), _) | (_, bool()):
            pass
        case int(every) | (int(every), 0) if every > 0:
            return every, 0
        case (int(every), int(seed)) if every > 0 and seed > 0:
            return every, seed
    raise IllegalOperation(f"statistics are flushed {when!r}")


def _check(state: State, memcg: MemCgroup, wanted: dict[str, int]) -> None:
    version = state.slots.pressure[0].memcg_version
    missing = {"memsw_max"} if version == 2 else {"memory_high", "swap_max"}
    for name in wanted.keys() & missing:
        raise IllegalOperation(f"{name} is not in version {version}")
    if memcg.parent is None:
        raise IllegalOperation("the root has no limits")


# The order in which a kernel takes them: never less memory and swap than memory.
# Kernel: mm/memcontrol-v1.c mem_cgroup_resize_max().
def _in_order(memcg: MemCgroup, wanted: dict[str, int]) -> list[str]:
    record = memcg.record
    memory = _end(wanted.get("memory_max", record.memory_max))
    if memory > _end(wanted.get("memsw_max", record.memsw_max)):
        text = f"cgroup {memcg.path}: less memory and swap together than memory"
        raise LimitRefused(errno.EINVAL, text)
    return [*wanted][::-1] if memory > _end(record.memsw_max) else [*wanted]


def _end(limit_pages: int) -> int:
    return MANY_PAGES if limit_pages < 0 else limit_pages


# --- limits that are below what there is -----------------------------------


def _set_limit(state: State, memcg: MemCgroup, name: str, pages: int) -> None:
    record = memcg.record
    before = getattr(record, name)
    setattr(record, name, pages)
    if pages < 0 or name == "swap_max":
        return
    state.work_for(state.cgroups.root)
    if state.slots.pressure[0].memcg_version == 1:
        if not _shrink_to(state, memcg, name, pages, 1):
            setattr(record, name, before)
            text = f"cgroup {memcg.path} has more, and it cannot leave"
            raise LimitRefused(errno.EBUSY, text)
    elif not _shrink_to(state, memcg, name, pages, 0) and name == "memory_max":
        _kill_down_to(state, memcg, pages)


# Whether no more is left than there may be; ``step`` pages at a time, or all of it.
def _shrink_to(
    state: State, memcg: MemCgroup, name: str, pages: int, step: int
) -> bool:
    record = memcg.record
    counter = "memsw" if name == "memsw_max" else "memory"
    retries = MAX_RECLAIM_RETRIES
    if getattr(record, counter) > pages:
        state.run(drain_all_stock, memcg.number)
    while getattr(record, counter) > pages:
        wanted = step or getattr(record, counter) - pages
        if not free_pages_of(state, memcg, wanted, may_swap=counter == "memory"):
            retries -= 1
            if retries < 0 or step:
                return False
    return True


# Kernel: mm/memcontrol.c memory_max_write(), mem_cgroup_out_of_memory().
def _kill_down_to(state: State, memcg: MemCgroup, pages: int) -> None:
    while memcg.record.memory > pages:
        memcg.record.oom_events += 1
        victim = find_victim(state, memcg)
        if victim is None:
            return
        kill(state, victim)
        state.run(drain_all_stock, memcg.number)


def free_pages_of(
    state: State, memcg: MemCgroup, nr_pages: int, *, may_swap: bool = True
) -> int:
    """Let about so many pages of a group and all below leave; return how many did."""
    pressure = state.slots.pressure[0]
    nr_left = 0
    while True:
        pressure.may_not_swap = not may_swap
        nr_left += state.run(try_to_free_pages, memcg.number, nr_pages - nr_left)
        if not pressure.lacks_room:
            return nr_left
        make_memory(state, None)
        if nr_left >= nr_pages:
            return nr_left


# Kernel: mm/vmscan.c user_proactive_reclaim().
def _reclaim(state: State, memcg: MemCgroup, nr_pages: int) -> int:
    nr_left, retries = 0, MAX_RECLAIM_RETRIES
    while nr_left < nr_pages and not state.is_interrupted:
        found = free_pages_of(state, memcg, max((nr_pages - nr_left) // 4, 1))
        if not found:
            retries -= 1
            if retries < 0:
                break
        nr_left += found
    return nr_left
