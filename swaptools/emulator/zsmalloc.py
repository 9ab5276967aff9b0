"""The allocator below zswap and zram: how many pages a set of objects takes.

Not here: the sizes there are (size_classes.py), compression (compress.py), what
is stored where (zswap.py, zram.py).

Within its size class an object goes to the fullest zspage with room: zspages are
listed in groups by tenths of their use, the last one to enter a group is its
first. Frees leave holes, later requests fill them, and a zspage goes back only
when it is empty.

Kernel: mm/zsmalloc.c, v6.12 to v6.18.
Same: fullness groups and their order, which zspage an object goes to, pages held.
Changed: a handle is a small number, given out again after a free; state is flat
arrays; an empty zspage is never kept back because one of its pages is locked.
Left out: the order of objects in a zspage, compaction (only the shrinker and
zram's ``compact`` file ask for it), migration, locks, failing for want of memory.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from swaptools.emulator.size_classes import (
    DEFAULT_CHAIN_SIZE,
    NR_FULLNESS_GROUPS,
    ZS_HANDLE_SIZE,
    ZS_INUSE_RATIO_0,
    ZS_INUSE_RATIO_100,
    ZS_MIN_ALLOC_SIZE,
    SizeClass,
    class_table,
    get_fullness_group,
)
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

#: struct zspage on 64 bits, one for each zspage. Kernel: BTF of v6.18.
ZSPAGE_BYTES = 56

# End of a list, and the zspage of a handle that nobody holds.
_NONE = -1


class ZsPool:
    """A pool: objects by handle, pages counted.

    Every method is O(1) save ``check_invariants``.

    >>> pool = ZsPool()
    >>> handles = [pool.malloc(2000) for _ in range(3)]
    >>> pool.pool_bytes  # two objects to a page
    8192
    >>> pool.free(handles[0])
    >>> pool.pool_bytes  # a hole
    8192
    """

    __slots__ = (
        "_class_by_length",
        "_class_of",
        "_first",
        "_free_handles",
        "_free_zspages",
        "_fullness",
        "_groups",
        "_inuse",
        "_next",
        "_nonfull",
        "_prev",
        "_zspage_of",
        "nr_objects",
        "nr_pages",
        "nr_zspages",
        "page_size",
        "table",
    )

    def __init__(
        self,
        page_size: int = 4096,
        chain_size: int = DEFAULT_CHAIN_SIZE,
        min_alloc_bytes: int = ZS_MIN_ALLOC_SIZE,
    ) -> None:
        self.page_size = page_size
        self.table = class_table(page_size, chain_size, min_alloc_bytes)
        self.nr_objects = 0
        self.nr_zspages = 0
        #: Pages that the zspages hold. Kernel: zs_get_total_pages().
        self.nr_pages = 0
        self._class_by_length = self.table.class_by_length
        # By class: the group for each number of objects in use, the groups below
        # full that have a zspage (a bit each), the first zspage of each group.
        self._groups = [
            bytes(
                get_fullness_group(n, c.objs_per_zspage)
                for n in range(c.objs_per_zspage + 1)
            )
            for c in self.table.classes
        ]
        nr_classes = len(self.table.classes)
        self._nonfull = array("q", [0] * nr_classes)
        self._first = array("q", [_NONE] * (nr_classes * NR_FULLNESS_GROUPS))
        # By zspage.
        self._class_of = array("q")
        self._inuse = array("q")
        self._fullness = array("q")
        self._prev = array("q")
        self._next = array("q")
        self._free_zspages: list[int] = []
        # By handle; the kernel's are never 0 either.
        self._zspage_of = array("q", [_NONE])
        self._free_handles: list[int] = []

    @property
    def pool_bytes(self) -> int:
        """Bytes of all pages held: zram's ``mem_used_total``, zswap's pool size."""
        return self.nr_pages * self.page_size

    @property
    def zspage_bytes(self) -> int:
        """Bytes of zspage records, which the kernel has outside the pool's pages."""
        return self.nr_zspages * ZSPAGE_BYTES

    @property
    def handle_bytes(self) -> int:
        """Bytes of handles, outside the pool's pages as well."""
        return self.nr_objects * ZS_HANDLE_SIZE

    def malloc(self, length_bytes: int) -> int:
        """Place an object of 1 to ``page_size`` bytes and return its handle.

        Raises:
            ValueError: No object can be that long or that short.

        Kernel: mm/zsmalloc.c zs_malloc(), find_get_zspage().
        """
        if not 0 < length_bytes <= self.page_size:
            raise ValueError(
                f"an object of {length_bytes} bytes: not 1 to {self.page_size}"
            )
        ci = self._class_by_length[length_bytes]
        groups = self._nonfull[ci]
        if groups:
            fullest = groups.bit_length() - 1
            zspage = self._first[ci * NR_FULLNESS_GROUPS + fullest]
        else:
            zspage = self._alloc_zspage(ci)
        inuse = self._inuse[zspage] + 1
        self._inuse[zspage] = inuse
        group = self._groups[ci][inuse]
        if group != self._fullness[zspage]:
            self._fix_fullness_group(zspage, group)
        self.nr_objects += 1
        if self._free_handles:
            handle = self._free_handles.pop()
            self._zspage_of[handle] = zspage
            return handle
        self._zspage_of.append(zspage)
        return len(self._zspage_of) - 1

    def free(self, handle: int) -> None:
        """Take an object out; its zspage too when it was the last one there.

        Raises:
            ValueError: Nobody holds that handle.

        Kernel: mm/zsmalloc.c zs_free().
        """
        zspage = self._held(handle)
        self._zspage_of[handle] = _NONE
        self._free_handles.append(handle)
        self.nr_objects -= 1
        inuse = self._inuse[zspage] - 1
        self._inuse[zspage] = inuse
        group = self._groups[self._class_of[zspage]][inuse]
        if group != self._fullness[zspage]:
            self._fix_fullness_group(zspage, group)
            if group == ZS_INUSE_RATIO_0:
                self._free_zspage(zspage)

    def size_class(self, handle: int) -> SizeClass:
        """Return the class that an object is in.

        Raises:
            ValueError: Nobody holds that handle.
        """
        return self.table.classes[self._class_of[self._held(handle)]]

    def check_invariants(self) -> None:
        """Compare the lists, the counts and the handles with one another.

        Raises:
            InvariantBroken: They disagree.
        """
        held = [z for z in self._zspage_of if z != _NONE]
        objects = [0] * len(self._inuse)
        for zspage in held:
            objects[zspage] += 1
        listed = [
            (zspage, ci, group)
            for ci in range(len(self.table.classes))
            for group in range(NR_FULLNESS_GROUPS)
            for zspage in self._members(ci, group)
        ]
        pages = 0
        for zspage, ci, group in listed:
            self._check(self._class_of[zspage] == ci, "class", zspage)
            self._check(self._fullness[zspage] == group, "list", zspage)
            self._check(self._inuse[zspage] == objects[zspage], "objects", zspage)
            self._check(self._groups[ci][objects[zspage]] == group, "group", zspage)
            self._check(group != ZS_INUSE_RATIO_0, "empty but listed", zspage)
            pages += self.table.classes[ci].pages_per_zspage
        for ci, groups in enumerate(self._nonfull):
            for group in range(ZS_INUSE_RATIO_100):
                some = any(True for _ in self._members(ci, group))
                self._check(some == bool(groups >> group & 1), "group bit", ci)
        self._check(len({z for z, _, _ in listed}) == len(listed), "listed twice", 0)
        self._check(len(listed) == self.nr_zspages, "nr_zspages", len(listed))
        self._check(set(held) <= {z for z, _, _ in listed}, "not listed", 0)
        self._check(len(held) == self.nr_objects, "nr_objects", len(held))
        self._check(pages == self.nr_pages, "nr_pages", pages)

    def _held(self, handle: int) -> int:
        zspage = self._zspage_of[handle] if 0 < handle < len(self._zspage_of) else _NONE
        if zspage == _NONE:
            raise ValueError(f"no object has handle {handle}")
        return zspage

    def _alloc_zspage(self, ci: int) -> int:
        self.nr_zspages += 1
        self.nr_pages += self.table.classes[ci].pages_per_zspage
        if self._free_zspages:
            zspage = self._free_zspages.pop()
            self._class_of[zspage] = ci
            return zspage
        self._class_of.append(ci)
        self._inuse.append(0)
        self._fullness.append(ZS_INUSE_RATIO_0)
        self._prev.append(_NONE)
        self._next.append(_NONE)
        return len(self._inuse) - 1

    def _free_zspage(self, zspage: int) -> None:
        self.nr_zspages -= 1
        self.nr_pages -= self.table.classes[self._class_of[zspage]].pages_per_zspage
        self._free_zspages.append(zspage)

    # Moves a zspage to the head of another group's list. An empty one is on no
    # list: it is just made, or about to go.
    def _fix_fullness_group(self, zspage: int, group: int) -> None:
        ci = self._class_of[zspage]
        old = self._fullness[zspage]
        if old != ZS_INUSE_RATIO_0:
            self._remove_zspage(zspage, ci, old)
        self._fullness[zspage] = group
        if group != ZS_INUSE_RATIO_0:
            self._insert_zspage(zspage, ci, group)

    def _insert_zspage(self, zspage: int, ci: int, group: int) -> None:
        head = ci * NR_FULLNESS_GROUPS + group
        after = self._first[head]
        self._first[head] = zspage
        self._prev[zspage] = _NONE
        self._next[zspage] = after
        if after != _NONE:
            self._prev[after] = zspage
        elif group != ZS_INUSE_RATIO_100:
            self._nonfull[ci] |= 1 << group

    def _remove_zspage(self, zspage: int, ci: int, group: int) -> None:
        before, after = self._prev[zspage], self._next[zspage]
        if after != _NONE:
            self._prev[after] = before
        if before != _NONE:
            self._next[before] = after
            return
        self._first[ci * NR_FULLNESS_GROUPS + group] = after
        if after == _NONE and group != ZS_INUSE_RATIO_100:
            self._nonfull[ci] &= ~(1 << group)

    def _members(self, ci: int, group: int) -> Iterator[int]:
        zspage = self._first[ci * NR_FULLNESS_GROUPS + group]
        while zspage != _NONE:
            yield zspage
            zspage = self._next[zspage]

    def _check(self, holds: bool, what: str, number: int) -> None:
        if not holds:
            raise InvariantBroken(f"zsmalloc: {what} ({number}): {self._dump()}")

    def _dump(self) -> str:
        return (
            f"class {list(self._class_of)} inuse {list(self._inuse)} "
            f"fullness {list(self._fullness)} next {list(self._next)}"
        )
