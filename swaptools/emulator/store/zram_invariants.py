"""What must hold of a zram's records, its list, its pool and its sums.

Not here: the pool by itself (zsmalloc.py), that the slots of its area have them
(machine/invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import (
    COMPRESSED_HUGE,
    COMPRESSED_IDLE,
    COMPRESSED_SAME,
    COMPRESSED_WRITTEN_BACK,
    TYPE_SHIFT,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.zsmalloc_structs import ZS_SIZE_CLASSES

if TYPE_CHECKING:
    from swaptools.emulator.core.compressed import Compressed
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.store.zsmalloc import ZsPool

_HUGE_OUT: Final = COMPRESSED_HUGE | COMPRESSED_WRITTEN_BACK
_FLAGS: Final = _HUGE_OUT | COMPRESSED_SAME | COMPRESSED_IDLE


def check_zram(s: Slots, si: int, pool: ZsPool, codec: int) -> None:
    """Compare the records of a zram's pages with its pool and its sums.

    Raises:
        InvariantBroken: They disagree.
    """
    _check_fixed(s, si, pool, codec)
    pages = [s.compressed[index] for index in _listed(s, si)]
    for record in pages:
        _check_page(s, si, pool, record)
    _check_sums(s, si, pool, pages)


# Its slots with a page, the one written longest ago first.
def _listed(s: Slots, si: int) -> list[int]:
    zram, records = s.zrams[si], s.compressed
    listed: list[int] = []
    before, index = -1, zram.first
    while index >= 0 and len(listed) <= zram.nr_stored:
        _check(index < len(records), "no slot", index)
        _check(records[index].prev == before, "prev", index)
        listed.append(index)
        before, index = index, records[index].next
    _check(index == -1, "a list without an end", index)
    _check(zram.last == before, "last", before)
    _check(zram.nr_stored == len(listed), "pages", len(listed))
    return listed


def _check_page(s: Slots, si: int, pool: ZsPool, record: Compressed) -> None:
    flags, entry = record.flags, record.entry
    _check(entry >> TYPE_SHIFT == si, "a page of another zram", entry)
    _check(record.pool == pool.number, "an object of another pool", entry)
    _check(record.memcg == 0, "charged to a cgroup", entry)
    is_same = flags & COMPRESSED_SAME != 0
    is_huge = flags & COMPRESSED_HUGE != 0
    is_out = flags & COMPRESSED_WRITTEN_BACK != 0
    _check(flags & ~_FLAGS == 0, "flags", flags)
    _check(not (is_same and (is_huge or is_out)), "kinds", entry)
    _check((record.zspage == 0) == (is_same or is_out), "an object", entry)
    _check((record.length == 0) == (record.zspage == 0), "length", entry)
    if record.zspage:
        _check((record.length == pool.page_size) == is_huge, "huge", entry)
        wanted = pool.table.class_by_length[record.length]
        wanted += pool.number * ZS_SIZE_CLASSES
        _check(s.zspages[record.zspage].size_class == wanted, "class", entry)


def _check_sums(s: Slots, si: int, pool: ZsPool, pages: list[Compressed]) -> None:
    zram = s.zrams[si]

    def having(flags: int) -> int:
        return sum(record.flags & flags == flags for record in pages)

    in_zspages = Counter(record.zspage for record in pages if record.zspage)
    sums = {
        "bytes": (zram.compr_data_bytes, sum(record.length for record in pages)),
        "same": (zram.nr_same, having(COMPRESSED_SAME)),
        "huge": (zram.nr_huge, having(COMPRESSED_HUGE) - having(_HUGE_OUT)),
        "moved": (zram.bd_count, having(COMPRESSED_WRITTEN_BACK)),
        "objects": (pool.nr_objects, in_zspages.total()),
    }
    for what, (kept, counted) in sums.items():
        _check(kept == counted, what, counted)
    for zspage, nr_objects in in_zspages.items():
        _check(s.zspages[zspage].inuse == nr_objects, "objects in", zspage)


def _check_fixed(s: Slots, si: int, pool: ZsPool, codec: int) -> None:
    zram = s.zrams[si]
    found = (zram.pool, zram.codec, zram.page_size, zram.huge_class_bytes)
    huge_class_bytes = pool.table.huge_class_bytes
    wanted = (pool.number, codec, pool.page_size, huge_class_bytes)
    _check(found == wanted, "another zram", zram.pool)
    _check(pool.record.codec == codec, "codec of a pool", codec)
    most = zram.max_used_pages
    _check(most >= pool.nr_pages, "max_used_pages", most)
    _check(0 <= zram.bd_count <= zram.bd_writes, "bd_writes", zram.bd_writes)
    _check(0 <= zram.nr_huge <= zram.nr_huge_since, "huge since", zram.nr_huge)


def _check(holds: bool, what: str, number: int) -> None:
    expect(holds, f"zram: {what}", number)
