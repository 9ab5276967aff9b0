"""The size classes of zsmalloc: which object sizes there are, and their zspages.

Not here: the pool that places objects (core/zsmalloc.py).

Pages are joined to a *zspage* and cut into equal objects. A request goes to the
smallest class that holds it and the 8-byte handle in front of it. Sizes go in
steps of a 256th of the page; a size whose zspage has as many pages and objects
as that of the next larger class is no class of its own.

Kernel: mm/zsmalloc.c, v4.18 to v6.18; what changed is in ZsmallocRules.
Same: sizes, pages and objects to a zspage, merging, the huge class, groups.
Changed: the class of a request is looked up by its length.
Left out: 32-bit machines, whose smallest object depends on the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from swaptools.emulator.core.zsmalloc_structs import (
    ZS_INUSE_RATIO_0,
    ZS_INUSE_RATIO_100,
)
from swaptools.kernel.swapout_rules import ZsmallocRules

#: In front of each object, save a huge one. Kernel: ZS_HANDLE_SIZE.
ZS_HANDLE_SIZE = 8
#: The smallest object on 64 bits. Kernel: ZS_MIN_ALLOC_SIZE.
ZS_MIN_ALLOC_SIZE = 32
#: Of a kernel that nobody named.
NEWEST_ZSMALLOC = ZsmallocRules()

# The steps between sizes, as a power of two of the page. Kernel: CLASS_BITS.
_CLASS_BITS = 8


@dataclass(frozen=True, slots=True)
class SizeClass:
    """One size of object and the zspages that hold it.

    Kernel: mm/zsmalloc.c struct size_class.
    """

    #: Object with its handle, in bytes.
    size_bytes: int
    pages_per_zspage: int
    objs_per_zspage: int

    @property
    def is_huge(self) -> bool:
        """One object on one page: nothing is saved. Kernel: ZsHugePage()."""
        return self.pages_per_zspage == self.objs_per_zspage == 1


@dataclass(frozen=True, slots=True)
class ClassTable:
    """All size classes of a pool."""

    #: The smallest first.
    classes: tuple[SizeClass, ...]
    #: Index into ``classes`` by the length of a request in bytes.
    class_by_length: tuple[int, ...]

    @property
    def huge_class_bytes(self) -> int:
        """Length from which an object takes a page of its own.

        Kernel: mm/zsmalloc.c zs_huge_class_size().
        """
        fitting = (c.size_bytes for c in self.classes if not c.is_huge)
        return max(fitting) - ZS_HANDLE_SIZE + 1


def calculate_zspage_chain_size(
    size_bytes: int, page_size: int, rules: ZsmallocRules
) -> int:
    """Return the pages of a zspage that waste least; the fewest of equals.

    Kernel: mm/zsmalloc.c calculate_zspage_chain_size(), get_pages_per_zspage().
    """

    def waste(nr_pages: int) -> int:
        zspage_bytes = nr_pages * page_size
        wasted_bytes = zspage_bytes % size_bytes
        if rules.chain_by == "waste":
            return wasted_bytes
        return -((zspage_bytes - wasted_bytes) * 100 // zspage_bytes)

    return min(range(1, rules.chain_size + 1), key=waste)


@cache
def class_table(
    page_size: int = 4096,
    rules: ZsmallocRules = NEWEST_ZSMALLOC,
    min_alloc_bytes: int = ZS_MIN_ALLOC_SIZE,
) -> ClassTable:
    """Derive the size classes of a kernel.

    Kernel: mm/zsmalloc.c zs_create_pool(), can_merge(), get_size_class_index().
    """
    step_bytes = page_size >> _CLASS_BITS
    sizes = [*range(min_alloc_bytes, page_size, step_bytes), page_size]
    of_size: list[SizeClass] = []
    for size_bytes in reversed(sizes):
        pages = calculate_zspage_chain_size(size_bytes, page_size, rules)
        new = SizeClass(size_bytes, pages, pages * page_size // size_bytes)
        merges = bool(of_size) and _can_merge(of_size[-1], new)
        of_size.append(of_size[-1] if merges else new)
    of_size.reverse()
    classes = tuple(dict.fromkeys(of_size))
    number = {c: i for i, c in enumerate(classes)}
    needed = (min(n + ZS_HANDLE_SIZE, page_size) for n in range(page_size + 1))
    steps = (max(0, -(-(n - min_alloc_bytes) // step_bytes)) for n in needed)
    return ClassTable(classes, tuple(number[of_size[step]] for step in steps))


def _can_merge(larger: SizeClass, new: SizeClass) -> bool:
    return (
        larger.pages_per_zspage == new.pages_per_zspage
        and larger.objs_per_zspage == new.objs_per_zspage
    )


def get_fullness_group(
    inuse: int, objs_per_zspage: int, rules: ZsmallocRules = NEWEST_ZSMALLOC
) -> int:
    """Return the group of a zspage with ``inuse`` objects.

    Kernel: mm/zsmalloc.c get_fullness_group().
    """
    if inuse == 0:
        return ZS_INUSE_RATIO_0
    if inuse == objs_per_zspage:
        return ZS_INUSE_RATIO_100
    if rules.fullness_groups == "quarters":
        return 1 if inuse <= 3 * objs_per_zspage // 4 else 2
    return 100 * inuse // objs_per_zspage // 10 + 1


@cache
def groups_by_inuse(table: ClassTable, rules: ZsmallocRules) -> list[bytes]:
    """Return, for each class, the group of a zspage by its number of objects."""
    return [
        bytes(
            get_fullness_group(inuse, size_class.objs_per_zspage, rules)
            for inuse in range(size_class.objs_per_zspage + 1)
        )
        for size_class in table.classes
    ]
