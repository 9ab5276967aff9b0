"""A pool of zsmalloc: made, looked at, given back.

Not here: which zspage an object is put in (core/zsmalloc.py), the sizes there are
(size_classes.py), compression (compress.py), what is stored where (zswap.py, zram.py).

Kernel: mm/zsmalloc.c zs_create_pool(), zs_destroy_pool(), v4.18 to v6.18.
Same: what a pool counts.
Changed: all pools of a machine have the same classes, and their zspages are numbered
together.
Left out: see core/zsmalloc.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memory import clear
from swaptools.emulator.core.zsmalloc import zs_free, zs_malloc
from swaptools.emulator.core.zsmalloc_structs import (
    NR_FULLNESS_GROUPS,
    ZS_SIZE_CLASSES,
)
from swaptools.emulator.store.size_classes import (
    NEWEST_ZSMALLOC,
    ZS_HANDLE_SIZE,
    ZS_MIN_ALLOC_SIZE,
    class_table,
    groups_by_inuse,
)
from swaptools.emulator.store.zsmalloc_invariants import check_zs_pool
from swaptools.kernel.swapout_rules import AllocatorRules

if TYPE_CHECKING:
    from swaptools.emulator.core.zsmalloc_structs import ZsPoolRecord
    from swaptools.emulator.store.size_classes import ClassTable, SizeClass
    from swaptools.kernel.swapout_rules import ZsmallocRules

#: struct zspage on 64 bits, one for each zspage. Kernel: BTF of v6.18.
ZSPAGE_BYTES: Final = 56


class ZsPool:
    """A pool: objects by the zspage they are in, pages counted.

    >>> pool = ZsPool()
    >>> zspages = [pool.malloc(2000) for _ in range(3)]
    >>> pool.pool_bytes  # two objects to a page
    8192
    >>> pool.free(zspages[0])
    >>> pool.pool_bytes  # a hole
    8192
    """

    __slots__ = ("_arena", "_fuller_first", "_groups", "number", "page_size", "table")

    def __init__(
        self,
        page_size: int = 4096,
        rules: ZsmallocRules = NEWEST_ZSMALLOC,
        min_alloc_bytes: int = ZS_MIN_ALLOC_SIZE,
        *,
        arena: Arena | None = None,
        codec: int = 0,
    ) -> None:
        """Make an empty pool.

        Args:
            page_size: In bytes.
            rules: Of the kernel.
            min_alloc_bytes: The smallest object.
            arena: Of the machine whose pool it is; all of its pools are alike in what
                comes before. None for a pool by itself.
            codec: Number of the compressor whose pages are in it.
        """
        if arena is None:
            arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
            arena.places_objects = True
        self._arena = arena
        self.page_size = page_size
        self.table = class_table(page_size, rules, min_alloc_bytes)
        self._groups = groups_by_inuse(self.table, rules)
        #: Which of the arena's pools it is.
        self.number = _zs_create_pool(arena, self.table, self._groups)
        self.record.codec = codec
        self._fuller_first = rules.fullness_groups == "quarters"
        self.record.fuller_first = self._fuller_first

    def destroy(self) -> None:
        """Give back the number of a pool without objects.

        Kernel: mm/zsmalloc.c zs_destroy_pool().
        """
        clear(self.record)
        for ci in range(len(self.table.classes)):
            clear(self._arena.slots.zs_classes[self._first_class + ci])

    @property
    def record(self) -> ZsPoolRecord:
        """What the core knows of it."""
        return self._arena.slots.zs_pools[self.number]

    @property
    def nr_pages(self) -> int:
        """Pages that the zspages hold. Kernel: zs_get_total_pages()."""
        return self.record.nr_pages

    @property
    def nr_objects(self) -> int:
        """Objects in the pool."""
        return self.record.nr_objects

    @property
    def nr_zspages(self) -> int:
        """Zspages with an object."""
        return self.record.nr_zspages

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
        """Place an object of 1 to ``page_size`` bytes and return its zspage.

        Raises:
            ValueError: No object can be that long or that short.
        """
        if not 0 < length_bytes <= self.page_size:
            raise ValueError(
                f"an object of {length_bytes} bytes: not 1 to {self.page_size}"
            )
        return self._arena.run(zs_malloc, self.number, length_bytes)

    def free(self, zspage: int) -> None:
        """Take an object out; its zspage too when it was the last one there.

        Raises:
            ValueError: There is no object in that zspage, or it is another pool's.
        """
        self._arena.run(zs_free, self._held(zspage))

    def size_class(self, zspage: int) -> SizeClass:
        """Return the class of the objects in a zspage.

        Raises:
            ValueError: There is no object in it, or it is another pool's.
        """
        record = self._arena.slots.zspages[self._held(zspage)]
        return self.table.classes[record.size_class - self._first_class]

    def check_invariants(self) -> None:
        """Compare the zspages, the counts and the lists with one another.

        Raises:
            InvariantBroken: They disagree.
        """
        s = self._arena.slots
        check_zs_pool(s, self.number, self.table, self._groups, self._fuller_first)

    @property
    def _first_class(self) -> int:
        return self.number * ZS_SIZE_CLASSES

    def _held(self, zspage: int) -> int:
        s = self._arena.slots
        if 0 < zspage < len(s.zspages):
            record = s.zspages[zspage]
            if record.inuse and record.size_class // ZS_SIZE_CLASSES == self.number:
                return zspage
        raise ValueError(f"no object of this pool is in zspage {zspage}")


def _zs_create_pool(arena: Arena, table: ClassTable, groups: list[bytes]) -> int:
    """Return the number of a new pool, with its classes."""
    pools = arena.slots.zs_pools
    free = (n for n in range(1, len(pools)) if not pools[n].nr_classes)
    number = next(free, len(pools))
    first = number * ZS_SIZE_CLASSES
    arena.grow("zs_pools", number + 1)
    arena.grow("zs_classes", first + ZS_SIZE_CLASSES)
    arena.grow("zs_lists", (first + ZS_SIZE_CLASSES) * NR_FULLNESS_GROUPS)
    _lay_out_classes(arena, table, groups)
    arena.slots.zs_pools[number].nr_classes = len(table.classes)
    at = 0
    for ci, size_class in enumerate(table.classes, first):
        record = arena.slots.zs_classes[ci]
        record.pages_per_zspage = size_class.pages_per_zspage
        record.objs_per_zspage = size_class.objs_per_zspage
        record.groups = at
        at += size_class.objs_per_zspage + 1
    return number


def _lay_out_classes(arena: Arena, table: ClassTable, groups: list[bytes]) -> None:
    """Let the core know what all pools have in common."""
    flat = b"".join(groups)
    if len(arena.slots.zs_groups) == len(flat):
        return
    for name, values in (("zs_class_of", table.class_by_length), ("zs_groups", flat)):
        arena.grow(name, len(values))
        getattr(arena.slots, name)[: len(values)] = values
