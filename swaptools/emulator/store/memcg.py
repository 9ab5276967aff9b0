"""Control groups, as far as zswap asks them: two knobs, one sum, one list each.

Not here: what zswap does with the answers (zswap.py, shrinker.py), which areas a
group may use (machine/tiers.py).

Kernel: mm/memcontrol.c obj_cgroup_may_zswap(), mem_cgroup_zswap_writeback_enabled(),
mem_cgroup_iter(); mm/list_lru.c memcg_reparent_list_lrus(), 6.18.
Same: limits and switches hold from the root down; the order in which groups are
visited; what a group that is removed leaves goes to its parent, to the front.
Changed: a page belongs to the group of the task that pages it out, where the
kernel charges the one that touched it first; the two differ only for pages that
tasks of several groups inherited.
Left out: every other knob, groups that live on after their removal.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from swaptools.emulator.store.contents import Kept
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LruEntry(Kept, Protocol):
    """What lists of entries need of one; zswap.py makes them."""

    #: Whom it is charged to, and how many bytes.
    memcg: MemCgroup
    length: int
    #: The slot it is for.
    swpentry: int
    #: Has its second chance still before it.
    referenced: bool


class MemCgroup:
    """One group. Kernel: struct mem_cgroup."""

    def __init__(self, name: str, parent: MemCgroup | None, number: int) -> None:
        """Make a group without tasks; MemCgroups.create() is the way to get one."""
        self.name = name
        #: No other group has or had it; the root has 0. Kernel: mem_cgroup_id().
        self.number = number
        self.parent = parent
        self.children: dict[str, MemCgroup] = {}
        #: memory.zswap.max, in whole pages as the kernel keeps it; None for "max".
        self.zswap_max_pages: int | None = None
        #: memory.zswap.writeback as it was written, whatever those above say.
        self.zswap_writeback = True
        #: memory.zswap.current: compressed bytes of it and all below.
        self.zswap_bytes = 0
        #: Its own zswap entries, the oldest first.
        self.zswap_lru: OrderedDict[LruEntry, None] = OrderedDict()

    @property
    def path(self) -> str:
        """From the root down, with slashes; the root is ``/``."""
        if self.parent is None:
            return "/"
        return f"{self.parent.path.rstrip('/')}/{self.name}"

    def and_above(self) -> Iterator[MemCgroup]:
        """Yield the group and those above it, the root last."""
        here: MemCgroup | None = self
        while here is not None:
            yield here
            here = here.parent

    def and_below(self) -> Iterator[MemCgroup]:
        """Yield the group and all below, a parent before its children."""
        yield self
        for child in self.children.values():
            yield from child.and_below()

    def charge_zswap(self, length_bytes: int) -> None:
        """Count compressed bytes; negative to take them back."""
        memcg: MemCgroup | None = self
        while memcg is not None:
            memcg.zswap_bytes += length_bytes
            memcg = memcg.parent

    def may_zswap(self, page_size: int) -> bool:
        """Tell whether zswap holds less of this group than every limit says.

        Kernel: mm/memcontrol.c obj_cgroup_may_zswap().
        """
        memcg: MemCgroup | None = self
        while memcg is not None:
            limit_pages = memcg.zswap_max_pages
            if (
                limit_pages is not None
                and memcg.zswap_bytes // page_size >= limit_pages
            ):
                return False
            memcg = memcg.parent
        return True

    @property
    def zswap_writeback_enabled(self) -> bool:
        """Whether this group's pages may reach a device: nobody above forbids it."""
        return all(memcg.zswap_writeback for memcg in self.and_above())


class MemCgroups:
    """The tree of groups."""

    def __init__(self) -> None:
        """Start with the root alone."""
        self.root = MemCgroup("", None, 0)
        self._nr_made = 1
        #: Called with a group before it goes. Kernel: mem_cgroup_css_offline().
        self.css_offline: Callable[[MemCgroup], None] = lambda _memcg: None

    def __iter__(self) -> Iterator[MemCgroup]:
        """Yield every group in the order in which the kernel visits them."""
        return self.root.and_below()

    def __getitem__(self, path: str) -> MemCgroup:
        """Return the group at a path from the root.

        Raises:
            IllegalOperation: There is none.
        """
        here = self.root
        for name in _names(path):
            if name not in here.children:
                raise IllegalOperation(f"no cgroup {path!r}")
            here = here.children[name]
        return here

    def create(self, path: str) -> MemCgroup:
        """Make a group below one that exists, as mkdir(1) would.

        Raises:
            IllegalOperation: It exists, or its parent does not.
        """
        *above, name = _names(path) or [""]
        parent = self["/".join(above)]
        if not name or name in parent.children:
            raise IllegalOperation(f"cgroup {path!r} exists")
        parent.children[name] = MemCgroup(name, parent, self._nr_made)
        self._nr_made += 1
        return parent.children[name]

    def remove(self, path: str) -> None:
        """Remove a group that has no groups below, as rmdir(1) would.

        Kernel: mm/list_lru.c memcg_reparent_list_lru_one().

        Raises:
            IllegalOperation: It is the root, or has groups below.
        """
        memcg = self[path]
        parent = memcg.parent
        if parent is None or memcg.children:
            raise IllegalOperation(f"cgroup {path!r} cannot be removed")
        self.css_offline(memcg)
        for entry in memcg.zswap_lru:
            entry.memcg = parent
        memcg.zswap_lru.update(parent.zswap_lru)
        parent.zswap_lru = memcg.zswap_lru
        del parent.children[memcg.name]

    def after(self, memcg: MemCgroup | None) -> MemCgroup | None:
        """Return the group that is visited next; None at the end of a round.

        Kernel: mm/memcontrol.c mem_cgroup_iter().
        """
        groups = list(self)
        place = 0 if memcg is None else groups.index(memcg) + 1
        return groups[place] if place < len(groups) else None


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]
