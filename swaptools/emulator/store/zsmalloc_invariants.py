"""What must hold of a pool's zspages, counts and lists, and of all zspages.

Not here: who has objects in them (zram_invariants.py, machine/zswap_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import first_items
from swaptools.emulator.core.zsmalloc_structs import (
    NR_FULLNESS_GROUPS,
    ZS_INUSE_RATIO_100,
    ZS_SIZE_CLASSES,
)
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.store.size_classes import ClassTable, SizeClass

_GROUPS: Final = range(NR_FULLNESS_GROUPS)
_NONE: Final[frozenset[int]] = frozenset()


def check_zs_pool(
    s: Slots,
    number: int,
    table: ClassTable,
    groups: list[bytes],
    is_fuller_first: bool,
) -> None:
    """Compare the zspages of a pool, its counts and its lists with one another.

    Raises:
        InvariantBroken: They disagree.
    """
    _check_layout(s, table, groups)
    _check(s.zs_pools[number].fuller_first == is_fuller_first, "insertion", number)
    record, first = s.zs_pools[number], number * ZS_SIZE_CLASSES
    nr_classes = len(table.classes)
    _check(record.nr_classes == nr_classes, "nr_classes", record.nr_classes)
    on_lists: dict[tuple[int, int], set[int]] = defaultdict(set)
    pages = objects = zspages = 0
    for zspage in range(1, s.totals[0].nr_zspages + 1):
        here = s.zspages[zspage]
        ci = here.size_class - first
        if here.inuse and 0 <= ci < nr_classes:
            zspages += 1
            objects += here.inuse
            pages += table.classes[ci].pages_per_zspage
            inuse, fullness = here.inuse, here.fullness
            _check(inuse < len(groups[ci]), "inuse", zspage)
            _check(fullness == groups[ci][inuse], "group", zspage)
            if fullness < ZS_INUSE_RATIO_100:
                on_lists[ci, fullness].add(zspage)
            else:
                _check(not (here.prev or here.next), "full, and on a list", zspage)
    _check(record.nr_zspages == zspages, "nr_zspages", zspages)
    _check(record.nr_objects == objects, "nr_objects", objects)
    _check(record.nr_pages == pages, "nr_pages", pages)
    at = 0
    for ci in range(nr_classes):
        _check_class(s, first + ci, table.classes[ci], at)
        at += len(groups[ci])
        lists = [on_lists.get((ci, group), _NONE) for group in _GROUPS]
        _check_lists(s, first + ci, lists)


def check_zspages(s: Slots) -> None:
    """Check that every zspage is in a pool, or free and empty.

    Raises:
        InvariantBroken: One is neither.
    """
    nr_zspages = s.totals[0].nr_zspages
    free = list(_chain(s, s.totals[0].free_zspages))
    _check(len(free) == len(set(free)), "a zspage free twice", len(free))
    in_use = sum(s.zs_pools[n].nr_zspages for n in range(len(s.zs_pools)))
    _check(nr_zspages == in_use + len(free), "zspages", nr_zspages)
    for zspage in free:
        here = s.zspages[zspage]
        left = (here.inuse, here.size_class, here.fullness, here.prev)
        _check(not any(left), "a free zspage in use", zspage)


def _check_layout(s: Slots, table: ClassTable, groups: list[bytes]) -> None:
    flat = list(b"".join(groups))
    _check(first_items(s.zs_groups, len(flat)) == flat, "groups", len(flat))
    by_length = list(table.class_by_length)
    found = first_items(s.zs_class_of, len(by_length))
    _check(found == by_length, "classes by length", len(found))


def _check_class(s: Slots, ci: int, size_class: SizeClass, groups: int) -> None:
    record = s.zs_classes[ci]
    _check(record.groups == groups, "groups of a class", ci)
    _check(record.pages_per_zspage == size_class.pages_per_zspage, "pages", ci)
    _check(record.objs_per_zspage == size_class.objs_per_zspage, "objects", ci)


def _check_lists(s: Slots, ci: int, wanted: Sequence[AbstractSet[int]]) -> None:
    fullest = highest = 0
    for group, members in enumerate(wanted):
        first = s.zs_lists[ci * NR_FULLNESS_GROUPS + group]
        if not (first or members):
            continue
        listed = list(_chain(s, first))
        _check(len(listed) == len(members), "listed twice", ci)
        _check(set(listed) == members, "list", ci)
        before = 0
        for zspage in listed:
            _check(s.zspages[zspage].prev == before, "prev", zspage)
            before = zspage
        if members:
            fullest, highest = first, group
    _check(s.zs_classes[ci].fullest == fullest, "fullest", ci)
    _check(s.zs_classes[ci].highest == highest, "highest", ci)


# One zspage after another, up to one more than there are.
def _chain(s: Slots, zspage: int) -> Iterator[int]:
    nr_zspages = s.totals[0].nr_zspages
    for _ in range(nr_zspages + 1):
        if not zspage:
            return
        _check(0 < zspage <= nr_zspages, "no zspage", zspage)
        yield zspage
        zspage = s.zspages[zspage].next
    raise InvariantBroken("zsmalloc: a chain without an end")


def _check(holds: bool, what: str, number: int) -> None:
    expect(holds, f"zsmalloc: {what}", number)
