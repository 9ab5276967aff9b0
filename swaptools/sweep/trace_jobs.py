"""A cell that replays a trace, ready to run here or elsewhere.

Not here: values of a study (traces.py), one replay (emulator/replays/), where a trace
lies (trace_files.py).
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.machine.knobs import set_knob
from swaptools.emulator.pressure.policy import find_policy
from swaptools.emulator.replays.machines import machine_for
from swaptools.emulator.replays.replay import Replay
from swaptools.sweep.cells import Outcome
from swaptools.sweep.moments import occupancy, spread
from swaptools.sweep.trace_files import place_of
from swaptools.traces.formats import open_trace
from swaptools.traces.kinds import Swappable
from swaptools.working_set.next_use import NextUses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.emulator.replays.lengths import Lengths
    from swaptools.emulator.replays.replayed import Replayed
    from swaptools.references import Description, References
    from swaptools.sweep.cells import Number


class Looked(NamedTuple):
    """What a trace is, by one pass over it."""

    digest: str
    about: Description
    references: int
    pages: int
    #: What its pages compress to, where it has a sample: how often there is a length.
    lengths: dict[int, int]


class TraceJob(NamedTuple):
    """A trace with the values of one cell."""

    name: str
    path: str
    looked: Looked
    ram_bytes: int
    area_pages: int
    design: str | None
    policy: str
    kernel: str | None
    zswap: bool
    knobs: tuple[tuple[str, str], ...]
    lengths: Lengths
    all_pages: bool
    seed: int
    nr_moments: int
    with_slots: bool

    @property
    def inputs(self) -> dict[str, str]:
        """The trace's hash."""
        return {self.name: self.looked.digest}

    @property
    def files(self) -> dict[str, str]:
        """Its path, by its hash."""
        return {self.looked.digest: self.path}

    @property
    def nr_pages(self) -> int:
        """References: one takes as long as a page of a script."""
        return self.looked.references

    def run(self, *, compiled: bool | None) -> Outcome:
        """Replay it.

        Raises:
            SwapToolsError: It cannot be read, or not in such a memory.
        """
        with ExitStack() as stack:
            future = self._future(stack)
            machine = machine_for(
                self.ram_bytes,
                self.area_pages,
                design=self.design,
                policy=self.policy,
                zswap=self.zswap,
                kernel=self.kernel,
                page_size=self.looked.about.page_size,
                compiled=compiled,
            )
            for name, value in self.knobs:
                set_knob(machine, {}, name, value)
            made = _Pictured(
                machine,
                self.ram_bytes,
                about=self.looked.about,
                lengths=self.lengths,
            )
            made.with_slots = self.with_slots
            for batch in self._batches():
                made.add(batch, future(len(batch.pages)) if future else None)
            return _outcome(made.result(), made.pictures, self.nr_moments)

    def _future(self, stack: ExitStack) -> Callable[[int], memoryview[int]] | None:
        if not find_policy(self.policy).needs_future:
            return None
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
        future = NextUses(stack.enter_context(file))
        for batch in self._batches():
            future.add(batch)
        future.names.forget()
        future.finish()
        return future.take

    def _batches(self) -> Iterator[References]:
        place = place_of(self.path, self.looked.digest)
        return batches(place, self.seed, all_pages=self.all_pages)


class _Pictured(Replay):
    """A replay that also looks at the slots, when it looks."""

    with_slots = False

    def _look(self) -> None:
        super()._look()
        if self.with_slots:
            self.pictures[self._rhythm.taken[-1].references] = [
                (area.path, area.max, self._occupancy(area.type, area.max))
                for area in self.machine.areas
            ]
            kept = {moment.references for moment in self._rhythm.taken}
            for gone in self.pictures.keys() - kept:
                del self.pictures[gone]

    @property
    def pictures(self) -> dict[int, list[tuple[str, int, str]]]:
        """Area, its slots and digits for its parts, by references made."""
        found: dict[int, list[tuple[str, int, str]]]
        found = self.__dict__.setdefault("_pictures", {})
        return found

    def _occupancy(self, si: int, nr_slots: int) -> str:
        used = self.machine.state.slot_map.used_slots(si)
        return occupancy((slot for slot, _ in used), nr_slots)


def batches(path: str, seed: int, *, all_pages: bool) -> Iterator[References]:
    """Yield the references of a trace, to pages that go to swap or to all of them."""
    found = open_trace(path, seed=seed)
    try:
        yield from found if all_pages else Swappable(found)
    finally:
        found.source.close()


def _outcome(
    done: Replayed, pictures: dict[int, list[tuple[str, int, str]]], nr_moments: int
) -> Outcome:
    metrics: dict[str, Number | None] = {
        "miss_ratio": done.miss_ratio,
        "misses": done.misses,
        "faults": done.faults,
        "references": done.references,
        "pages": done.pages,
        "skipped": done.skipped,
        "oom_kills": done.oom_kills,
        **done.stats.counts,
    }
    places = spread(list(range(len(done.moments))), nr_moments) if nr_moments else []
    rows = [asdict(done.moments[place]) for place in places]
    names = [name for name in (rows[0] if rows else ()) if rows[-1][name] is not None]
    series = {name: [row[name] or 0 for row in rows] for name in names}
    slots: list[dict[str, Any]] = []
    if pictures and rows:
        seen = [pictures.get(row["references"], []) for row in rows]
        sizes = {name: size for moment in seen for name, size, _ in moment}
        for name, nr_slots in sizes.items():
            used = [{a: text for a, _, text in moment}.get(name) for moment in seen]
            slots.append({"area": name, "nr_slots": nr_slots, "used": used})
    return Outcome(metrics, series, slots)


#: What is counted besides what a machine counts.
OF_REPLAYS: Final = frozenset(
    {"miss_ratio", "misses", "faults", "references", "pages", "skipped", "oom_kills"}
)
