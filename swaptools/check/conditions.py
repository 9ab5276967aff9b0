"""What a rule may need to have anything to say, asked once for all of them.

Thousands of areas are alike: taken, with one magic and no bad pages. A rule that can
only speak of others names one of these, and then is not asked about those.

Not here: that the kernel finds a header, which is a rule's own word (registry.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.format.constants import SWAPSPACE2

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.check.case import Case

    Condition = Callable[[Case], bool]

_SWAPSPACE2: Final = SWAPSPACE2.decode()
_WITH_RULES_OF_THEIR_OWN: Final = frozenset({"btrfs", "f2fs"})


def is_refused(case: Case) -> bool:
    """The kernel does not take the area."""
    return not case.verdict.accepted


def is_ghost(case: Case) -> bool:
    """The kernel takes the area for a ghost, or would if it were in order."""
    return case.is_taken_as_ghost


def has_badpages(case: Case) -> bool:
    """The header that the kernel finds lists bad pages."""
    return case.attempt.header is not None and case.attempt.header.nr_badpages > 0


def has_odd_magic(case: Case) -> bool:
    """A magic of swap's own lies there besides that of a header of this page size."""
    return any(
        found.page_size != case.page_size or found.name != _SWAPSPACE2
        for found in case.area.signatures
    )


def is_on_btrfs_or_f2fs(case: Case) -> bool:
    """It lies on a file system that has rules of its own."""
    return case.backing.filesystem in _WITH_RULES_OF_THEIR_OWN


#: All of them.
CONDITIONS: Final[tuple[Condition, ...]] = (
    is_refused,
    is_ghost,
    has_badpages,
    has_odd_magic,
    is_on_btrfs_or_f2fs,
)
