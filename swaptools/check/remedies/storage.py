"""Remedies that give a file other storage: holes filled, nothing shared or packed.

Not here: file systems that have none to give (elsewhere.py), its length (lengths.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.remedies import contents
from swaptools.check.remedies.headers import anew
from swaptools.check.remedies.lengths import allocated
from swaptools.check.remedies.obstacles import in_the_way
from swaptools.check.remedies.ways import choose
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from swaptools.check.case import Case


def fill_holes(case: Case) -> Remedy:
    """Have the file system allocate what is missing; the header stays."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None:
        return refused
    return choose(case, [*allocated(case), *anew(case, case.whole_bytes)])


def make_anew(case: Case) -> Remedy:
    """Make the file anew: with extents of its own, not copied on write, not packed."""
    refused = in_the_way(case) or contents.not_swap(case) or contents.unclaimed(case)
    if refused is not None:
        return refused
    if case.backing.filesystem == "f2fs":
        return Remedy(
            "make it anew in a directory that f2fs does not compress, pinned: see F714"
        )
    return choose(case, anew(case, case.whole_bytes))
