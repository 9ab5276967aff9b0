"""What every design does: the contract that replay.py drives and a test holds them to.

Each design is a file of the same parts in the same order: what the idea is and
where it was posted, its parameters, its state, swap_out, swap_in, free, writeback,
transfer, swapoff, and what it counts.

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.machine.metadata import Usage
    from swaptools.emulator.store.zsmalloc import ZsPool


class Footprint(NamedTuple):
    """What a design holds at a moment."""

    #: Formulas of costs.py, and what each is to be counted for.
    usages: tuple[tuple[str, Usage], ...]
    #: Compressed pages; those in zswap have an entry besides.
    pool: ZsPool
    nr_zswap_entries: int
    disk_slots_held: int
    swap_total_pages: int
    #: Bytes that no formula has.
    other_bytes: int = 0
    #: Pages in memory that no page table maps.
    unmapped_pages: int = 0


class SwapDesign(Protocol):
    """One design at work on one machine."""

    #: By what name it is chosen.
    name: str
    counters: Counters

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Send a folio out of memory.

        Args:
            contents: Its pages: one, or a power of two of them.
            entry: The first of the slots that it has, or 0.
            is_dirty: It differs from what the design has for those slots.
            cgroup: Whose it is.

        Returns:
            What became of it, and its first entry.
        """

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read a page.

        Args:
            entry: Of a page that is out.
            is_shared: Other page tables have the entry as well, so that it stays.

        Raises:
            DeviceReadError: There is nothing to read.
        """

    def free(self, entry: int) -> None:
        """Forget an entry that no page table has any more."""

    def writeback(self, nr_pages: int) -> int:
        """Write so many pages from memory to a disk, oldest first; say how many."""

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Move pages from one disk to another; say how many."""

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Empty a disk and forget it; nothing happens when the design has none."""

    def footprint(self) -> Footprint:
        """Say what is held now."""

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
