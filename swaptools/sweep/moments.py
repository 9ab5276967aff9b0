"""Moments of a run that a row keeps: a few, spread over it, and the slots at each.

Not here: what is looked at (emulator/runs/stats.py).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from swaptools.emulator.runs.stats import Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.machine.footprint import Footprint
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.tables import Counts
    from swaptools.sweep.cells import Number

#: Parts of an area in a picture of its slots, and the digit of one that is full.
PARTS: Final = 96
FULL: Final = 9


class Moments(Samples):
    """Looks at a machine now and then, of which a few are kept."""

    def __init__(self, nr_moments: int, *, with_slots: bool) -> None:
        """Keep so many at most, none for 0."""
        super().__init__()
        self._nr_moments = nr_moments
        self._with_slots = with_slots and nr_moments > 0
        # Every so many looks there is a picture: area, its slots, digits.
        self._every = 1
        self._looks = 0
        self._pictures: dict[int, list[tuple[str, int, str]]] = {}
        #: Of each quantity, at these moments.
        self.series: dict[str, list[Number]] = {}
        #: Of each area: its name, its slots, digits at each moment, null without it.
        self.slots: list[dict[str, Any]] = []

    def take(self, machine: Machine, touched: int) -> tuple[Footprint, Counts]:
        """Take a sample, and a picture if it is time for one."""
        looked_at = super().take(machine, touched)
        if self._with_slots and self._looks % self._every == 0:
            self._pictures[self._looks] = _pictures(machine)
            if len(self._pictures) > 2 * self._nr_moments:
                self._every *= 2
                kept = self._pictures.items()
                self._pictures = {at: p for at, p in kept if at % self._every == 0}
        self._looks += 1
        return looked_at

    def finish(self, machine: Machine) -> None:
        """Choose which of them are kept; the last sample was of the end."""
        if not self._nr_moments:
            return
        if self._with_slots:
            self._pictures[self._looks - 1] = _pictures(machine)
        samples = self.stats(machine).samples
        places = sorted(self._pictures) if self._with_slots else range(len(samples))
        kept = spread(list(places), self._nr_moments)
        rows = [asdict(samples[place]) for place in kept]
        self.series = {name: [row[name] for row in rows] for name in rows[0]}
        if self._with_slots:
            self._keep_slots([self._pictures[place] for place in kept])

    def _keep_slots(self, moments: list[list[tuple[str, int, str]]]) -> None:
        sizes = {name: size for moment in moments for name, size, _ in moment}
        for name, nr_slots in sizes.items():
            seen = [{area: text for area, _, text in moment} for moment in moments]
            used = [each.get(name) for each in seen]
            self.slots.append({"area": name, "nr_slots": nr_slots, "used": used})


def spread(places: list[int], most: int) -> list[int]:
    """Return some of a list, the first and the last among them.

    >>> spread([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)
    [0, 4, 8]
    """
    if len(places) <= most:
        return places
    if most == 1:
        return places[-1:]
    last = len(places) - 1
    return [places[at * last // (most - 1)] for at in range(most)]


def occupancy(used: Iterable[int], nr_slots: int, nr_parts: int = PARTS) -> str:
    """Return a digit for each part of an area: 0 for none of its slots in use.

    >>> occupancy([0, 1, 2, 3, 9], nr_slots=12, nr_parts=3)
    '903'

    Args:
        used: Offsets of the slots in use.
        nr_slots: Of the area.
        nr_parts: At most; there are no more of them than slots.
    """
    nr_parts = max(min(nr_parts, nr_slots), 1)
    counts = [0] * nr_parts
    for offset in used:
        counts[offset * nr_parts // nr_slots] += 1
    size = -(-nr_slots // nr_parts)
    return "".join(str(min(-(-FULL * each // size), FULL)) for each in counts)


def _pictures(machine: Machine) -> list[tuple[str, int, str]]:
    slot_map = machine.state.slot_map
    return [
        (
            area.path,
            area.max,
            occupancy((slot for slot, _ in slot_map.used_slots(area.type)), area.max),
        )
        for area in machine.areas
    ]
