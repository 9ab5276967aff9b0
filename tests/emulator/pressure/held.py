"""What has to hold of a machine under pressure, whatever was done.

Not here: what invariants of the machine itself compare (machine/invariants.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import FIRST_CONTENT, STORED_MASK
from swaptools.emulator.core.page_tables import PTE_PRESENT, PTE_SHIFT, PTE_SWAP
from swaptools.emulator.core.slots import (
    data_index,
    get_stored,
    slot_index,
    swap_cache_get,
)

if TYPE_CHECKING:
    from swaptools.emulator import Machine
    from swaptools.emulator.machine.page_tables import PageTable

PAGE: Final = 4096
#: What of a group is limited by what.
LIMITS: Final = (
    *(("memory", "memory_max"), ("swap", "swap_max"), ("memsw", "memsw_max")),
    ("zswap_bytes", "zswap_max_pages"),
)
#: zswap asks before it takes a folio, and takes it as a whole: if there is a byte left,
#: or if it could write an entry back in its favour, however small.
#: Kernel: mm/zswap.c zswap_store().
FOLIO_BYTES: Final = 16 * PAGE


def usage(machine: Machine) -> dict[tuple[str, str], int]:
    """What each group has of what may be limited, and what zswap wrote back so far."""
    found = {
        (memcg.path, name): getattr(memcg.record, name)
        for memcg in machine.cgroups
        for name, _ in LIMITS
    }
    return found | {("", "written_back"): machine.vmstat()["zswpwb"]}


def check_limits(machine: Machine, before: dict[tuple[str, str], int]) -> None:
    """Nobody has more than it may, unless it had that before and may not any more.

    Or pages are in memory again that zswap wrote back and a device did not take.
    """
    nr_written = machine.vmstat()["zswpwb"] - before["", "written_back"]
    can_return = any(area.ops.name == "error" for area in machine.areas)
    for memcg in machine.cgroups:
        for name, limit in LIMITS:
            found, most = getattr(memcg.record, name), getattr(memcg.record, limit)
            had = before.get((memcg.path, name), 0)
            if name == "zswap_bytes" and most > 0:
                most = max(most * PAGE, had) + FOLIO_BYTES * (1 + nr_written)
            elif most >= 0 and name in ("memory", "memsw") and can_return:
                most += nr_written
            told = f"{memcg.path} has {found}, {limit} is {most}"
            assert most < 0 or found <= max(most, had), told


def content_of(machine: Machine, table: PageTable, page: int) -> int:
    """What a page would read as, as a length, without touching it."""
    s, pte = machine.state.slots, table[page] if page < len(table) else 0
    content = 0
    if pte & PTE_PRESENT:
        content = s.frames[pte >> PTE_SHIFT].content
    elif pte & PTE_SWAP:
        entry = pte >> PTE_SHIFT
        cached = swap_cache_get(s, entry)
        if cached >= 0:
            content = s.frames[cached].content
        else:
            stored = get_stored(s, data_index(s, slot_index(s, entry)))
            assert stored, f"nothing holds page {page}"
            content = stored & STORED_MASK
    else:
        assert pte == 0, f"page {page} is {pte:#x}"
    assert content < FIRST_CONTENT
    return content


def check_contents(
    machine: Machine, table: PageTable, wanted: dict[int, int], nr_pages: int
) -> None:
    """No page is lost, or what another one is."""
    for page in range(nr_pages):
        found = content_of(machine, table, page)
        expected = wanted.get(page, 0)
        assert found == expected, f"page {page}: {found} instead of {expected}"
