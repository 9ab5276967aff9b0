"""How far two recordings of a program agree, and that by workload.

Not here: making recordings.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.pressure.recording import NONE

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    from tests.pressure.recording import Recording


@dataclass(frozen=True)
class Agreement:
    """What two recordings have in common, over all batches of both."""

    #: The first batch after which a page is elsewhere; None for none.
    first_batch: int | None
    #: Pages that are there, swapped out or not, counted after each batch, and those
    #: that are swapped out in both or in neither.
    pages: int
    same_states: int
    #: Pages that are swapped out in both, and those of them that have the same slot.
    both_swapped: int
    same_slots: int

    @property
    def is_exact(self) -> bool:
        """Whether every page is in the same place after every batch."""
        return self.first_batch is None


def agreement(one: Recording, other: Recording) -> Agreement:
    """Compare two recordings of the same program."""
    pages = same_states = both = same_slots = 0
    first = None if len(one.entries) == len(other.entries) else len(one.entries)
    for number, (ours, theirs) in enumerate(
        zip(one.entries, other.entries, strict=False)
    ):
        if ours != theirs and (first is None or number < first):
            first = number
        for here, there in zip(ours, theirs, strict=True):
            if here == NONE and there == NONE:
                continue
            pages += 1
            same_states += (here >= 0) == (there >= 0)
            both += here >= 0 and there >= 0
            same_slots += here == there and here >= 0
    return Agreement(first, pages, same_states, both, same_slots)


def first_difference(machine: Recording, ours: Recording) -> str:
    """Say where a recording leaves the machine's."""
    for number, (theirs, here) in enumerate(
        zip(machine.entries, ours.entries, strict=False)
    ):
        if theirs != here:
            return f"batch {number}: {_difference(theirs, here)}"
    return f"{len(machine.entries)} batches, ours {len(ours.entries)}"


def _difference(machine: array[int], ours: array[int]) -> str:
    different = [
        n for n, (m, o) in enumerate(zip(machine, ours, strict=True)) if m != o
    ]
    page = different[0]
    swapped = [sum(entry >= 0 for entry in each) for each in (machine, ours)]
    return (
        f"{len(different)} of {len(machine)} pages, the first is page {page}: "
        f"{machine[page]}, ours {ours[page]}; "
        f"swapped out {swapped[0]}, ours {swapped[1]}"
    )


@dataclass
class Tally:
    """Agreements by what they are of, such as a workload and a policy."""

    by_name: dict[tuple[str, ...], list[Agreement]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, agreement: Agreement, *name: str) -> None:
        """Count one."""
        self.by_name[name].append(agreement)

    def lines(self) -> Iterable[str]:
        """Yield a line for each name: how many are exact, and the shares."""
        for name, each in self.by_name.items():
            exact = sum(one.is_exact for one in each)
            states = _share(
                sum(a.same_states for a in each), sum(a.pages for a in each)
            )
            slots = _share(
                sum(a.same_slots for a in each), sum(a.both_swapped for a in each)
            )
            yield (
                f"{' '.join(name):32} exact {exact:3} of {len(each):3}, "
                f"states {states}, slots {slots}"
            )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "  none"
