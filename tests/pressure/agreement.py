"""How far two recordings of a program agree, and that by workload.

Not here: making recordings.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.pressure.recording import COUNTERS, NONE

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


def quieter(one: Recording, other: Recording) -> Recording:
    """Return the first of two equal recordings, with the smaller of their counters.

    Those are of the whole machine, so what others do meanwhile only adds to them.
    """
    snapshots = (
        replace(
            ours,
            counters={
                name: min(count, theirs.counters[name])
                for name, count in ours.counters.items()
            },
        )
        for ours, theirs in zip(one.snapshots, other.snapshots, strict=True)
    )
    return replace(one, snapshots=tuple(snapshots))


def counters_agreement(machine: Recording, ours: Recording) -> dict[str, list[int]]:
    """Return of each counter what ours was off in each batch that both counted."""
    off: dict[str, list[int]] = {name: [] for name in COUNTERS}
    for theirs, here in zip(machine.snapshots, ours.snapshots, strict=False):
        for name in theirs.counters.keys() & here.counters.keys():
            off[name].append(here.counters[name] - theirs.counters[name])
    return off


def counters_said(machine: Recording, ours: Recording) -> str:
    """Say which counters differ in how many batches, and by how much in all."""
    off = counters_agreement(machine, ours)
    told = [
        f"{name} {sum(map(bool, each))} of {len(each)} batches by {sum(each):+}"
        for name, each in off.items()
        if any(each)
    ]
    return f"counters differ: {', '.join(told)}" if told else "counters too"


@dataclass
class Tally:
    """Agreements by what they are of, such as a workload and a policy."""

    by_name: dict[tuple[str, ...], list[Agreement]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, agreement: Agreement, *name: str) -> None:
        """Count one."""
        self.by_name[name].append(agreement)

    def exact(self, *name: str) -> tuple[int, int]:
        """Return how many of a name are exact, and how many there are."""
        each = self.by_name.get(name, [])
        return sum(one.is_exact for one in each), len(each)

    def shares(self, *name: str) -> tuple[str, str]:
        """Return the share of pages of which the states agree, and of slots."""
        each = self.by_name.get(name, [])
        states = _share(sum(a.same_states for a in each), sum(a.pages for a in each))
        slots = _share(
            sum(a.same_slots for a in each), sum(a.both_swapped for a in each)
        )
        return states, slots

    def cells(self, *name: str) -> tuple[str, str, str]:
        """Return what stands in a table: how many are exact, and the shares."""
        return str(self.exact(*name)[0]), *self.shares(*name)

    def lines(self) -> Iterable[str]:
        """Yield a line for each name: how many are exact, and the shares."""
        for name in self.by_name:
            exact, nr = self.exact(*name)
            states, slots = self.shares(*name)
            yield (
                f"{' '.join(name):32} exact {exact:3} of {nr:3}, "
                f"states {states}, slots {slots}"
            )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "  none"
