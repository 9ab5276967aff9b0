"""How many entries each leaf of zswap's trees has: what the trees take of memory.

Not here: the entries (zswap.py), which are kept with their slots.

Kernel: mm/zswap.c swap_zswap_tree(); include/linux/xarray.h XA_CHUNK_SIZE.
Same: an entry is under the slot it is for; 64 neighbours share a leaf.
Changed: leaves are counted and not made.
Left out: upper nodes.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from swaptools.emulator.core.constants import TYPE_SHIFT

#: Entries to a leaf. Kernel: include/linux/xarray.h XA_CHUNK_SIZE.
XA_CHUNK_SIZE: Final = 64


class ZswapTree:
    """The trees of all areas. Kernel: zswap_trees."""

    def __init__(self) -> None:
        """Start with no entry."""
        #: Entries and leaves, by type of area.
        self.nr_entries: Counter[int] = Counter()
        self.nr_leaves: Counter[int] = Counter()
        self._leaves: dict[int, int] = {}

    def add(self, swpentry: int) -> None:
        """Count an entry for a slot."""
        leaf, si = swpentry // XA_CHUNK_SIZE, swpentry >> TYPE_SHIFT
        before = self._leaves.get(leaf, 0)
        self._leaves[leaf] = before + 1
        self.nr_entries[si] += 1
        if not before:
            self.nr_leaves[si] += 1

    def remove(self, swpentry: int) -> None:
        """Forget it again."""
        leaf, si = swpentry // XA_CHUNK_SIZE, swpentry >> TYPE_SHIFT
        self.nr_entries[si] -= 1
        self._leaves[leaf] -= 1
        if not self._leaves[leaf]:
            del self._leaves[leaf]
            self.nr_leaves[si] -= 1
