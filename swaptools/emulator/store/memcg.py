"""Control groups by name, as far as zswap asks them.

Not here: charges, limits and lists (core/memcg.py), what zswap does with them
(core/writeout.py, shrinker.py), which areas a group may use (machine/tiers.py).

Kernel: mm/memcontrol.c mem_cgroup_css_online(), mem_cgroup_css_offline(),
mem_cgroup_iter(); mm/list_lru.c memcg_reparent_list_lrus(), 6.18.
Same: the order in which groups are visited; what a group that is removed leaves goes
to its parent, to the front.
Changed: without a policy (pressure/) a page belongs to the group of the task that pages
it out, where the kernel charges the one that touched it first; the two differ only for
pages that tasks of several groups inherited.
Left out: every other knob, groups that live on after their removal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import MAX_SWAPFILES
from swaptools.emulator.core.memcg import (
    memcg_after,
    memcg_offline,
    memcg_online,
    zswap_writeback_enabled,
)
from swaptools.emulator.store.within import MANY_PAGES, check_kind, within
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.core.compressed import MemCg


class MemCgroup:
    """One group. Kernel: struct mem_cgroup."""

    def __init__(
        self, arena: Arena, name: str, parent: MemCgroup | None, number: int
    ) -> None:
        """Name a group; MemCgroups.create() is the way to get one."""
        self._arena = arena
        self.name = name
        #: No other group has or had it; the root has 0. Kernel: mem_cgroup_id().
        self.number = number
        self.parent = parent
        self.children: dict[str, MemCgroup] = {}
        #: Tasks that live in it. Kernel: cgroup_is_populated().
        self.nr_tasks = 0

    @property
    def record(self) -> MemCg:
        """What core/ knows of it."""
        return self._arena.slots.memcgs[self.number]

    @property
    def path(self) -> str:
        """From the root down, with slashes; the root is ``/``."""
        if self.parent is None:
            return "/"
        return f"{self.parent.path.rstrip('/')}/{self.name}"

    def __repr__(self) -> str:
        return f"<MemCgroup {self.path}, {self.nr_tasks} tasks>"

    @property
    def zswap_max_pages(self) -> int | None:
        """memory.zswap.max, in whole pages as the kernel keeps it; None for "max"."""
        limit = self.record.zswap_max_pages
        return None if limit < 0 else limit

    @zswap_max_pages.setter
    def zswap_max_pages(self, limit: int | None) -> None:
        if limit is not None:
            limit = within(limit, MANY_PAGES, "memory.zswap.max")
        self.record.zswap_max_pages = -1 if limit is None else limit

    @property
    def zswap_writeback(self) -> bool:
        """memory.zswap.writeback as it was written, whatever those above say."""
        return bool(self.record.zswap_writeback)

    @zswap_writeback.setter
    def zswap_writeback(self, allowed: bool) -> None:
        self.record.zswap_writeback = bool(allowed)

    @property
    def zswap_bytes(self) -> int:
        """memory.zswap.current: compressed bytes of it and all below."""
        return self.record.zswap_bytes

    @zswap_bytes.setter
    def zswap_bytes(self, nr_bytes: int) -> None:
        self.record.zswap_bytes = nr_bytes

    @property
    def zswap_lru(self) -> list[int]:
        """The slots of its own zswap entries, the oldest first."""
        compressed = self._arena.slots.compressed
        listed: list[int] = []
        index = self.record.lru_first
        while index >= 0 and len(listed) <= self.record.lru_nr:
            listed.append(compressed[index].entry)
            index = compressed[index].next
        return listed

    @property
    def zswap_writeback_enabled(self) -> bool:
        """Whether this group's pages may reach a device: nobody above forbids it."""
        return self._arena.run(zswap_writeback_enabled, self.number)

    def total(self, counter: str) -> int:
        """Return what is counted of the group and all below, by a field of MemCg."""
        return sum(getattr(below.record, counter) for below in self.and_below())

    def and_below(self) -> Iterator[MemCgroup]:
        """Yield the group and all below, a parent before its children."""
        yield self
        for child in self.children.values():
            yield from child.and_below()


class MemCgroups:
    """The tree of groups."""

    def __init__(self, arena: Arena) -> None:
        """Start with the root alone."""
        self._arena = arena
        self.root = MemCgroup(arena, "", None, 0)
        #: There is a group of which nobody knows what areas it may use.
        self.is_stale = True
        # By number, those that are gone too.
        self._made = [self.root]

    def __iter__(self) -> Iterator[MemCgroup]:
        """Yield every group in the order in which the kernel visits them."""
        return self.root.and_below()

    def __getitem__(self, path: str) -> MemCgroup:
        """Return the group at a path from the root.

        Raises:
            IllegalOperation: There is none, or that is no path.
        """
        here = self.root
        for name in _names(path):
            if name not in here.children:
                raise IllegalOperation(f"no cgroup {path!r}")
            here = here.children[name]
        return here

    def by_number(self, number: int) -> MemCgroup:
        """Return the group that was given a number."""
        return self._made[number]

    def create(self, path: str) -> MemCgroup:
        """Make a group below one that exists, as mkdir(1) would.

        Raises:
            IllegalOperation: It exists, or its parent does not.
        """
        *above, name = _names(path) or [""]
        parent = self["/".join(above)]
        if not name or name in parent.children:
            raise IllegalOperation(f"cgroup {path!r} exists")
        memcg = MemCgroup(self._arena, name, parent, len(self._made))
        self._made.append(memcg)
        self._arena.grow("memcgs", len(self._made))
        self._arena.grow("traffic", len(self._made) * MAX_SWAPFILES)
        self.is_stale = True
        self._arena.run(memcg_online, memcg.number, parent.number)
        parent.children[name] = memcg
        return memcg

    def remove(self, path: str) -> None:
        """Remove a group that has no tasks and no groups below, as rmdir(1) would.

        Kernel: kernel/cgroup/cgroup.c cgroup_destroy_locked().

        Raises:
            IllegalOperation: It is the root, or has tasks or groups below.
        """
        memcg = self[path]
        parent = memcg.parent
        if parent is None or memcg.children or memcg.nr_tasks:
            raise IllegalOperation(f"cgroup {path!r} cannot be removed")
        self._arena.run(memcg_offline, memcg.number)
        del parent.children[memcg.name]

    def after(self, memcg: MemCgroup | None) -> MemCgroup | None:
        """Return the group that is visited next; None at the end of a round."""
        number = -1 if memcg is None else memcg.number
        number = self._arena.run(memcg_after, number)
        return None if number < 0 else self._made[number]


def _names(path: str) -> list[str]:
    check_kind(path, str, "path of a cgroup")
    return [name for name in path.split("/") if name]
