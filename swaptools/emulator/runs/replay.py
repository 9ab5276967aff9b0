"""A scenario under a design: operations in order, counts, and a look now and then.

Every page that a task reads is compared with what the task wrote last.

Not here: the operations' meaning for page tables (page_tables.py), scenarios as
text (scenario.py), comparing results (cli/compare.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import get_formula
from swaptools.emulator.designs.counters import Sample, Stats
from swaptools.emulator.designs.lineup import make_design
from swaptools.emulator.designs.page import Content
from swaptools.emulator.designs.page_tables import PageTables
from swaptools.emulator.designs.task import Folio
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.metadata import account, content_bytes
from swaptools.emulator.machine.setup import PAGE_SIZE
from swaptools.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.task import Task
    from swaptools.emulator.machine.metadata import Mode
    from swaptools.emulator.runs.scenario import Operation, Scenario

#: Pages between two samples of one operation.
SAMPLE_PAGES = 256


@dataclass(slots=True)
class _Peaks:
    """What was largest in any sample."""

    metadata_bytes: int = 0
    content_bytes: int = 0
    disk_slots_held: int = 0
    stayed_pages: int = 0


class Replay:
    """One scenario under one design."""

    def __init__(
        self, scenario: Scenario, name: str, *, compiled: bool = False
    ) -> None:
        """Start the design on the scenario's machine.

        Args:
            scenario: What is done.
            name: Which design.
            compiled: Run the slot map compiled.

        Raises:
            SelectionError: There is no such design.
        """
        self._scenario = scenario
        setup = replace(scenario.setup, compiled=compiled)
        self.design = make_design(name, setup)
        self.page_tables = PageTables(self.design, self.design.counters)
        self._task: Task | None = None
        self._tokens: dict[str, dict[int, int]] = {}
        self._next_token = 1
        self._touched = 0
        self._samples: list[Sample] = []
        self._peaks = _Peaks()
        self._at_start = self.design.footprint()
        self._sample()

    def steps(self) -> Iterator[int]:
        """Do everything, yielding the number of pages touched so far.

        Raises:
            ScriptError: An operation that makes no sense, with its line.
            InvariantBroken: The design returned a wrong page.
        """
        for operation in self._scenario.operations:
            for _ in _DO[operation.verb](self, operation):
                self._sample()
                yield self._touched

    def run(self) -> Stats:
        """Do everything, and say what it came to."""
        for _ in self.steps():
            pass
        return self.stats()

    def stats(self) -> Stats:
        """Return the counts so far."""
        footprint = self.design.footprint()
        last = self._samples[-1]
        return Stats(
            design=self.design.name,
            metadata_mode=metadata_mode(self._at_start),
            swap_total_bytes=self._at_start.swap_total_pages * PAGE_SIZE,
            swap_total_end_bytes=footprint.swap_total_pages * PAGE_SIZE,
            metadata_peak_bytes=self._peaks.metadata_bytes,
            metadata_end_bytes=last.metadata_bytes,
            content_peak_bytes=self._peaks.content_bytes,
            content_end_bytes=last.content_bytes,
            disk_slots_held_peak=self._peaks.disk_slots_held,
            disk_slots_held_end=last.disk_slots_held,
            stayed_peak_pages=self._peaks.stayed_pages,
            stayed_end_pages=self.page_tables.nr_stayed,
            unmapped_end_pages=footprint.unmapped_pages,
            counters=replace(self.design.counters),
            samples=tuple(self._samples),
        )

    def check_invariants(self) -> None:
        """Raise InvariantBroken when design and page tables contradict each other."""
        self.design.check_invariants()
        self.page_tables.check_invariants()

    # --- operations --------------------------------------------------------

    @property
    def _working(self) -> Task:
        if self._task is None:
            self._task = self.page_tables.start("main")
            self._tokens["main"] = {}
        return self._task

    def _turn_to(self, operation: Operation) -> Iterator[None]:
        name = operation.name
        if name not in self.page_tables.tasks:
            self.page_tables.start(name, operation.cgroup)
            self._tokens[name] = {}
        self._task = self.page_tables.tasks[name]
        yield

    def _write(self, operation: Operation) -> Iterator[None]:
        task = self._working
        size = 1 << operation.order
        for vpn in self._pages(operation):
            head = vpn - vpn % size
            in_range = operation.first <= head and head + size <= (
                operation.first + operation.nr_pages
            )
            folio = Folio(task.name, head, size) if size > 1 and in_range else None
            content = Content(self._next_token, operation.length_bytes)
            self._next_token += 1
            self.page_tables.write(task, vpn, content, folio)
            self._tokens[task.name][vpn] = content.token
            if self._is_time():
                yield
        yield

    def _pageout(self, operation: Operation) -> Iterator[None]:
        vpn, step = operation.first, operation.step
        end = vpn + operation.nr_pages * step
        while vpn < end:
            end_of_call = end if operation.step == 1 else vpn + 1
            behind = self.page_tables.pageout(self._working, vpn, end_of_call)
            self._touched += behind - vpn
            vpn = behind + step - 1
            if self._is_time():
                yield
        yield

    def _read(self, operation: Operation) -> Iterator[None]:
        task = self._working
        for vpn in self._pages(operation):
            content = self.page_tables.read(task, vpn)
            token = content.token if content else None
            wanted = self._tokens[task.name].get(vpn)
            expect(
                token == wanted, "a wrong page", self.design.name, vpn, token, wanted
            )
            if self._is_time():
                yield
        yield

    def _drop(self, operation: Operation) -> Iterator[None]:
        task = self._working
        for vpn in self._pages(operation):
            self.page_tables.drop(task, vpn)
            self._tokens[task.name].pop(vpn, None)
            if self._is_time():
                yield
        yield

    def _fork(self, operation: Operation) -> Iterator[None]:
        task = self._working
        if operation.name in self.page_tables.tasks:
            raise ScriptError(f"there is a task {operation.name}", operation.line)
        self.page_tables.fork(task, operation.name)
        self._tokens[operation.name] = dict(self._tokens[task.name])
        yield

    def _exit(self, _operation: Operation) -> Iterator[None]:
        self.page_tables.end(self._working)
        self._task = None
        yield

    def _shrink(self, operation: Operation) -> Iterator[None]:
        self.design.writeback(operation.nr_pages)
        self._touched += operation.nr_pages
        yield

    def _transfer(self, operation: Operation) -> Iterator[None]:
        source, target = operation.name, operation.target
        self.design.transfer(source, target, operation.nr_pages, self.page_tables)
        self._touched += operation.nr_pages
        yield

    def _swapoff(self, operation: Operation) -> Iterator[None]:
        self.design.swapoff(operation.name, self.page_tables)
        yield

    def _pages(self, operation: Operation) -> Iterator[int]:
        end = operation.first + operation.nr_pages * operation.step
        for vpn in range(operation.first, end, operation.step):
            yield vpn
            self._touched += 1

    # --- samples -----------------------------------------------------------

    def _is_time(self) -> bool:
        return self._touched - self._samples[-1].pages_touched >= SAMPLE_PAGES

    def _sample(self) -> None:
        footprint = self.design.footprint()
        counters = self.design.counters
        sample = Sample(
            pages_touched=self._touched,
            metadata_bytes=metadata_bytes(footprint),
            content_bytes=content_bytes(
                footprint.pool, footprint.nr_zswap_entries, "structs"
            ),
            disk_slots_held=footprint.disk_slots_held,
            pte_visits=counters.swapoff_pte_visits + counters.transfer_pte_visits,
        )
        self._samples.append(sample)
        peaks = self._peaks
        peaks.metadata_bytes = max(peaks.metadata_bytes, sample.metadata_bytes)
        peaks.content_bytes = max(peaks.content_bytes, sample.content_bytes)
        peaks.disk_slots_held = max(peaks.disk_slots_held, sample.disk_slots_held)
        peaks.stayed_pages = max(peaks.stayed_pages, self.page_tables.nr_stayed)


def metadata_bytes(footprint: Footprint) -> int:
    """Count what a design's records take at a moment."""
    counted = sum(
        account(get_formula(costs), mode_of(costs), usage).metadata_bytes
        for costs, usage in footprint.usages
    )
    return round(counted) + footprint.other_bytes


def mode_of(costs: str) -> Mode:
    """Return *structs* where sizes of structures are known, else *published*."""
    return "structs" if get_formula(costs).has("structs") else "published"


def metadata_mode(footprint: Footprint) -> str:
    """Return the mode, or modes, that a design's areas are counted in."""
    return "+".join(sorted({mode_of(costs) for costs, _ in footprint.usages}))


_DO: dict[str, Callable[[Replay, Operation], Iterator[None]]] = {
    "task": Replay._turn_to,
    "write": Replay._write,
    "pageout": Replay._pageout,
    "read": Replay._read,
    "drop": Replay._drop,
    "fork": Replay._fork,
    "exit": Replay._exit,
    "shrink": Replay._shrink,
    "transfer": Replay._transfer,
    "swapoff": Replay._swapoff,
}
