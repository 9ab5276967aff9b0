"""The allocator below zswap and zram: how many pages a set of objects takes.

Not here: the sizes there are (size_classes.py), compression (compress.py), what
is stored where (zswap.py, zram.py).

Within its size class an object goes to the fullest zspage with room: zspages are
listed in groups by tenths of their use, the last one to enter a group is its
first. Frees leave holes, later requests fill them, and a zspage goes back only
when it is empty. Older kernels have two groups, and an emptier zspage comes behind
the first.

Kernel: mm/zsmalloc.c, v4.18 to v6.18; what changed is in ZsmallocRules.
Same: fullness groups and their order, which zspage an object goes to, pages held.
Changed: a handle is a small number, given out again after a free; state is flat
lists; full zspages are on no list, as nothing looks for one; an empty zspage is
never kept back because one of its pages is locked.
Left out: the order of objects in a zspage, compaction (only the shrinker and
zram's ``compact`` file ask for it), migration, locks, failing for want of memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from swaptools.emulator.store.size_classes import (
    NEWEST_ZSMALLOC,
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

    from swaptools.kernel.swapout_rules import ZsmallocRules

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
        "_fuller_first",
        "_fullest",
        "_fullness",
        "_groups",
        "_inuse",
        "_next",
        "_nonempty",
        "_prev",
        "_zspage_of",
        "nr_pages",
        "page_size",
        "table",
    )

    def __init__(
        self,
        page_size: int = 4096,
        rules: ZsmallocRules = NEWEST_ZSMALLOC,
        min_alloc_bytes: int = ZS_MIN_ALLOC_SIZE,
    ) -> None:
        self.page_size = page_size
        self.table = class_table(page_size, rules, min_alloc_bytes)
        self._fuller_first = rules.fullness_groups == "quarters"
        #: Pages that the zspages hold. Kernel: zs_get_total_pages().
        self.nr_pages = 0
        self._class_by_length = self.table.class_by_length
        # By class: the group for each number of objects in use; the first zspage
        # of each group; the groups that have one, a bit each; and the first of
        # the fullest of them, where the next object goes.
        self._groups = [_groups_by_inuse(c, rules) for c in self.table.classes]
        nr_classes = len(self.table.classes)
        self._first = [_NONE] * (nr_classes * NR_FULLNESS_GROUPS)
        self._nonempty = [0] * nr_classes
        self._fullest = [_NONE] * nr_classes
        # By zspage; neighbours in its group's list mean nothing off the lists.
        self._class_of: list[int] = []
        self._inuse: list[int] = []
        self._fullness: list[int] = []
        self._prev: list[int] = []
        self._next: list[int] = []
        self._free_zspages: list[int] = []
        # By handle; the kernel's are never 0 either.
        self._zspage_of = [_NONE]
        self._free_handles: list[int] = []

    @property
    def nr_objects(self) -> int:
        """Objects in the pool."""
        return len(self._zspage_of) - 1 - len(self._free_handles)

    @property
    def nr_zspages(self) -> int:
        """Zspages with an object."""
        return len(self._inuse) - len(self._free_zspages)

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
        zspage = self._fullest[ci]
        if zspage == _NONE:
            zspage = self._alloc_zspage(ci)
        self._inuse[zspage] = inuse = self._inuse[zspage] + 1
        group = self._groups[ci][inuse]
        if group != self._fullness[zspage]:
            self._fix_fullness_group(zspage, ci, group)
        if self._free_handles:
            handle = self._free_handles.pop()
            self._zspage_of[handle] = zspage
        else:
            handle = len(self._zspage_of)
            self._zspage_of.append(zspage)
        return handle

    def free(self, handle: int) -> None:
        """Take an object out; its zspage too when it was the last one there.

        Raises:
            ValueError: Nobody holds that handle.

        Kernel: mm/zsmalloc.c zs_free().
        """
        zspage = self._held(handle)
        self._zspage_of[handle] = _NONE
        self._free_handles.append(handle)
        self._inuse[zspage] = inuse = self._inuse[zspage] - 1
        ci = self._class_of[zspage]
        group = self._groups[ci][inuse]
        if group != self._fullness[zspage]:
            self._fix_fullness_group(zspage, ci, group)
            if group == ZS_INUSE_RATIO_0:
                self.nr_pages -= self.table.classes[ci].pages_per_zspage
                self._free_zspages.append(zspage)

    def size_class(self, handle: int) -> SizeClass:
        """Return the class that an object is in.

        Raises:
            ValueError: Nobody holds that handle.
        """
        return self.table.classes[self._class_of[self._held(handle)]]

    def check_invariants(self) -> None:
        """Compare the handles, the counts and the lists with one another.

        Raises:
            InvariantBroken: They disagree.
        """
        objects = Counter(z for z in self._zspage_of if z != _NONE)
        live = set(range(len(self._inuse))) - set(self._free_zspages)
        self._check(objects.keys() == live, "live zspages", len(live))
        self._check(objects.total() == self.nr_objects, "nr_objects", self.nr_objects)
        pages = 0
        on_lists: dict[tuple[int, int], set[int]] = defaultdict(set)
        for zspage in live:
            ci, group = self._class_of[zspage], self._fullness[zspage]
            pages += self.table.classes[ci].pages_per_zspage
            self._check(self._inuse[zspage] == objects[zspage], "inuse", zspage)
            self._check(self._groups[ci][objects[zspage]] == group, "group", zspage)
            if group != ZS_INUSE_RATIO_100:
                on_lists[ci, group].add(zspage)
        self._check(pages == self.nr_pages, "nr_pages", pages)
        for ci in range(len(self.table.classes)):
            self._check_lists(ci, on_lists)

    def _check_lists(self, ci: int, on_lists: dict[tuple[int, int], set[int]]) -> None:
        fullest = _NONE
        for group in range(NR_FULLNESS_GROUPS):
            members = list(self._members(ci, group))
            self._check(set(members) == on_lists[ci, group], "list", ci)
            self._check(len(set(members)) == len(members), "listed twice", ci)
            bit = self._nonempty[ci] >> group & 1
            self._check(bit == bool(members), "bit of a list", ci)
            fullest = members[0] if members else fullest
        self._check(self._fullest[ci] == fullest, "fullest", ci)

    def _held(self, handle: int) -> int:
        if 0 < handle < len(self._zspage_of):
            zspage = self._zspage_of[handle]
            if zspage != _NONE:
                return zspage
        raise ValueError(f"no object has handle {handle}")

    def _alloc_zspage(self, ci: int) -> int:
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

    # Moves a zspage from its list to the head of another group's, or behind the head
    # if that is fuller. Empty ones, just made or about to go, and full ones are on no
    # list. In one piece because this is half the cost of a store.
    def _fix_fullness_group(self, zspage: int, ci: int, group: int) -> None:
        first, after_of, before_of = self._first, self._next, self._prev
        lists = ci * NR_FULLNESS_GROUPS
        nonempty = self._nonempty[ci]
        old = self._fullness[zspage]
        self._fullness[zspage] = group
        if ZS_INUSE_RATIO_0 < old < ZS_INUSE_RATIO_100:
            before, after = before_of[zspage], after_of[zspage]
            if after != _NONE:
                before_of[after] = before
            if before != _NONE:
                after_of[before] = after
            else:
                first[lists + old] = after
                if after == _NONE:
                    nonempty ^= 1 << old
        if ZS_INUSE_RATIO_0 < group < ZS_INUSE_RATIO_100:
            before, after = _NONE, first[lists + group]
            compares = self._fuller_first and after != _NONE
            if compares and self._inuse[zspage] < self._inuse[after]:
                before, after = after, after_of[after]
                after_of[before] = zspage
            if after != _NONE:
                before_of[after] = zspage
            before_of[zspage] = before
            after_of[zspage] = after
            if before == _NONE:
                first[lists + group] = zspage
            nonempty |= 1 << group
        self._nonempty[ci] = nonempty
        fullest = nonempty.bit_length() - 1
        self._fullest[ci] = first[lists + fullest] if nonempty else _NONE

    def _members(self, ci: int, group: int) -> Iterator[int]:
        zspage = self._first[ci * NR_FULLNESS_GROUPS + group]
        while zspage != _NONE:
            yield zspage
            zspage = self._next[zspage]

    def _check(self, holds: bool, what: str, number: int) -> None:
        if not holds:
            raise InvariantBroken(
                f"zsmalloc: {what} ({number}): class {self._class_of} "
                f"inuse {self._inuse} fullness {self._fullness} next {self._next} "
                f"zspage of handle {self._zspage_of}"
            )


def _groups_by_inuse(size_class: SizeClass, rules: ZsmallocRules) -> bytes:
    objs = size_class.objs_per_zspage
    return bytes(get_fullness_group(inuse, objs, rules) for inuse in range(objs + 1))
