"""A trace replayed: its references made by tasks of a machine with so much memory.

Not here: reading traces (traces/), when pages are used next (working_set/).

Kernel: none; this is what programs do.
Same: nothing.
Changed: the first reference of a page makes it, read or written: what is in a page that
is only read was read from somewhere. Tasks are in one control group with a limit, and
all the areas that they need are there.
Left out: page tables of address spaces with holes (numbering.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.emulator.core.missed import touch_missed
from swaptools.emulator.core.references import touch_range
from swaptools.emulator.machine.references import touch
from swaptools.emulator.machine.renumbering import Renumbering
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.replays.lengths import Lengths
from swaptools.emulator.replays.moments import (
    Moment,
    Rhythm,
    fragmentation,
    pool_bytes,
    slots_held,
)
from swaptools.emulator.replays.replayed import Replayed
from swaptools.emulator.runs.stats import Samples
from swaptools.errors import IllegalOperation
from swaptools.references import Description, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.task import Task
    from swaptools.references import References

#: The control group that all tasks of a trace are in.
CGROUP: Final = "/replay"
#: The policy of a machine for a trace that has only what missed: a queue.
OF_FAULTS: Final = "fifo"
#: References between two flushes of statistics, unless somebody says another number:
#: few, since a reduced trace has one of thousands, and since a program of which nothing
#: is known to be inactive is killed for want of memory with swap free.
FLUSH_EVERY: Final = 64
_NOTHING_KNOWN: Final = Description("references")


class _Counted(NamedTuple):
    """What a machine counted."""

    #: Pages that were made or read in.
    misses: int
    #: How often one was mapped again that was in memory.
    again: int
    skipped: int
    oom_kills: int


class Replay:
    """A trace on its way through a machine, batch by batch."""

    def __init__(
        self,
        machine: Machine,
        ram_bytes: int,
        *,
        about: Description = _NOTHING_KNOWN,
        lengths: Lengths | None = None,
        every: int | None = None,
        flush_every: int = FLUSH_EVERY,
    ) -> None:
        """Begin.

        Args:
            machine: With its areas, and a policy unless the trace has only misses.
            ram_bytes: What all tasks of the trace may have together.
            about: The trace.
            lengths: What pages compress to; None for half a page each.
            every: References between two looks; None for at most 128 of them.
            flush_every: References between two flushes of statistics, which policies
                of the kernel know memory by.

        Raises:
            IllegalOperation: Less memory than a page, or than the trace is good for.
            SelectionError: Lengths that pages of this machine cannot have.
        """
        _check(machine, ram_bytes, about)
        self.lengths = lengths or Lengths.fixed(machine.page_size // 2)
        self.lengths.check(machine.page_size)
        self._table = array("q", self.lengths.values)
        self.machine = machine
        self.ram_bytes = ram_bytes
        self._about = about
        self._numbering = Renumbering(machine.state)
        self._tasks: list[Task] = []
        self._nr_reached: list[int] = []
        self._rhythm = Rhythm(every)
        self._samples = Samples()
        self._references = self._dropped = 0
        machine.cgroups.create(CGROUP)
        machine.limit(CGROUP, max_bytes=ram_bytes)
        machine.stats_flush = flush_every
        self._before = _counted(machine)
        self._samples.take(machine, 0)

    @property
    def nr_references(self) -> int:
        """Those that were made."""
        return self._references

    # Else the trace says itself what missed.
    @property
    def _has_policy(self) -> bool:
        return self._about.order is not Order.FAULTS

    def add(self, batch: References, future: memoryview[int] | None = None) -> None:
        """Make the references of the next batch.

        Args:
            batch: Page numbers and tasks as the trace has them.
            future: When each page is used next, where the policy asks for that.
        """
        self._dropped += batch.dropped
        numbered = self._numbering.number(batch)
        self._reach()
        done, nr_references = 0, len(batch.pages)
        while done < nr_references:
            count = min(self._rhythm.left(self._references), nr_references - done)
            some = slice(done, done + count)
            part = numbered._replace(
                pages=numbered.pages[some],
                flags=numbered.flags[some],
                tasks=numbered.tasks[some],
            )
            self._make(part, future[some] if future is not None else None)
            done += count
            self._references += count
            if self._references % self._rhythm.every == 0:
                self._look()

    def _make(self, part: References, future: memoryview[int] | None) -> None:
        run = touch_range if self._has_policy else touch_missed
        touch(self.machine.state, self._tasks, part, self._table, future, run)

    # Tasks, and tables for all of their pages; what numbers are dense takes the fewest,
    # and nobody is charged for it.
    def _reach(self) -> None:
        while len(self._tasks) < self._numbering.nr_tasks:
            task = self.machine.task(f"{len(self._tasks)}", CGROUP)
            task.pte.forego_charges()
            self._tasks.append(task)
            self._nr_reached.append(0)
        for place, (task, nr_before) in enumerate(
            zip(self._tasks, self._nr_reached, strict=True)
        ):
            nr_pages = self._numbering.pages_of(place)
            if nr_pages > nr_before and task.is_alive:
                task.pte.reach_soon(nr_pages, MAX_TASK_PAGES)
                task.pte.touch(nr_before, nr_pages - nr_before)
                self._nr_reached[place] = nr_pages

    def _counted(self) -> _Counted:
        now = zip(_counted(self.machine), self._before, strict=True)
        return _Counted(*(after - before for after, before in now))

    def _look(self) -> None:
        machine, counted = self.machine, self._counted()
        held, counts = self._samples.take(machine, self._references)
        total = self._references + self._dropped
        ratio = counted.misses / total if total and self._has_policy else None
        self._rhythm.add(
            Moment(
                references=self._references,
                faults=counted.misses + counted.again,
                misses=counted.misses,
                miss_ratio=ratio,
                slots_held=slots_held(machine),
                pool_bytes=pool_bytes(machine),
                metadata_bytes=held.metadata_bytes,
                written_back=counts["written_back"],
                fragmentation=fragmentation(machine),
                oom_kills=counted.oom_kills,
            )
        )

    def result(self) -> Replayed:
        """Return what has come of the references so far."""
        self._look()
        machine, counted = self.machine, self._counted()
        has_policy = self._has_policy and machine.policy is not None
        return Replayed(
            stats=self._samples.stats(machine),
            policy=machine.policy.name if machine.policy and has_policy else None,
            ram_bytes=self.ram_bytes,
            page_size=machine.page_size,
            lengths=self.lengths.name,
            references=self._references,
            dropped=self._dropped,
            pages=self._numbering.nr_pages,
            tasks=self._numbering.nr_tasks,
            faults=counted.misses + counted.again,
            misses=counted.misses,
            skipped=counted.skipped,
            oom_kills=counted.oom_kills,
            moments=self._rhythm.taken,
        )


def replay(
    references: Iterable[References],
    machine: Machine,
    ram_bytes: int,
    *,
    about: Description = _NOTHING_KNOWN,
    lengths: Lengths | None = None,
    every: int | None = None,
    flush_every: int = FLUSH_EVERY,
    future: Callable[[int], memoryview[int]] | None = None,
) -> Replayed:
    """Replay a whole trace; see Replay.

    Args:
        references: Its batches.
        machine: With its areas, and a policy unless the trace has only misses.
        ram_bytes: What all tasks of the trace may have together.
        about: The trace.
        lengths: What pages compress to; None for half a page each.
        every: References between two looks; None for at most 128 of them.
        flush_every: References between two flushes of statistics.
        future: Returns when the pages of so many next references are used next.

    Raises:
        IllegalOperation: Less memory than a page, or than the trace is good for.
        SelectionError: Lengths that pages of this machine cannot have.
    """
    done = Replay(
        machine,
        ram_bytes,
        about=about,
        lengths=lengths,
        every=every,
        flush_every=flush_every,
    )
    for batch in references:
        done.add(batch, future(len(batch.pages)) if future else None)
    return done.result()


def _check(machine: Machine, ram_bytes: int, about: Description) -> None:
    if machine.policy is None:
        raise IllegalOperation("a machine without a policy, so that nothing leaves")
    if ram_bytes < machine.page_size:
        raise IllegalOperation(f"a memory of {ram_bytes} bytes is less than a page")
    if about.order is not Order.FAULTS:
        least = about.least_pages
        if ram_bytes // machine.page_size < least:
            raise IllegalOperation(
                f"the trace was reduced for memories of {least} pages or more, and "
                f"this one has {ram_bytes // machine.page_size}"
            )


def _counted(machine: Machine) -> _Counted:
    slots = machine.state.slots
    found, stat = slots.pressure[0], slots.vmstat[0]
    nr_read = stat.pswpin + stat.zswpin + stat.swpin_zero
    # What was read is mapped as well.
    again = found.nr_found - nr_read
    return _Counted(found.nr_came, again, found.skipped, found.oom_kill)
