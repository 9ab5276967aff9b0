"""Tasks and their page table entries: what a design is driven by, and what is walked.

A page is in memory, or its entry says where it is. Of pages that have come back
some keep their slot (the swap cache), and so do those that nobody took.

Not here: what a task and a page of memory are (task.py), what an entry means (the
designs), scripts (replay.py).

Kernel: mm/memory.c do_swap_page(), do_wp_page(); mm/vmscan.c shrink_folio_list();
mm/swapfile.c unuse_mm().
Same: address order, sharing after fork until one writes, what a write does to a
slot that is kept, a folio split when it finds no run; a walk looks at every entry
of every task that ever swapped.
Changed: entries that were never filled are not counted as visited, of which the
kernel sees those that share a table with others; references to a slot are counted
here; slots that are kept are all given back when a folio finds none.
Left out: large folios on swap-in, readahead, shmem.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.designs.page import Outcome
from swaptools.emulator.designs.task import Frame, Task
from swaptools.emulator.machine.invariants import expect
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.page import Content, Loaded
    from swaptools.emulator.designs.task import Folio


class Storage(Protocol):
    """What page tables ask of a design; design.py says more of each."""

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Send a folio out of memory."""

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read a page."""

    def free(self, entry: int) -> None:
        """Forget an entry that no page table has any more."""


class PageTables:
    """All tasks of a machine, over one design."""

    def __init__(self, design: Storage, counters: Counters) -> None:
        """Start with no task."""
        self._design = design
        self._counters = counters
        self.tasks: dict[str, Task] = {}
        self._refs: Counter[int] = Counter()
        # Kernel: the swap cache. Frames that keep a slot, by entry.
        self._cached: dict[int, Frame] = {}
        self.nr_stayed = 0

    # --- what tasks do -----------------------------------------------------

    def write(
        self, task: Task, vpn: int, content: Content, folio: Folio | None = None
    ) -> None:
        """Change a page, or make one."""
        here = self._fault(task, vpn)
        if here is None:
            task.ptes[vpn] = Frame(content, folio=folio)
        elif here.mapcount > 1 or self._refs[here.entry]:
            self._unmap(here)
            task.ptes[vpn] = Frame(content)
        else:
            self._uncache(here)
            self._count_stayed(here, False)
            here.content, here.is_dirty = content, True

    def read(self, task: Task, vpn: int) -> Content | None:
        """Return what is in a page; None for one that was never written.

        Raises:
            DeviceReadError: The design has lost it.
        """
        here = self._fault(task, vpn)
        return here.content if here else None

    def drop(self, task: Task, vpn: int) -> None:
        """Forget a page."""
        here = task.ptes.pop(vpn, None)
        if isinstance(here, int):
            self._put(here)
        elif here is not None:
            self._unmap(here)

    def fork(self, parent: Task, name: str) -> Task:
        """Let a new task share every page and slot."""
        child = Task(name, parent.cgroup, dict(parent.ptes), parent.has_swapped)
        for here in child.ptes.values():
            if isinstance(here, int):
                self._refs[here] += 1
            else:
                here.mapcount += 1
        self.tasks[name] = child
        return child

    def end(self, task: Task) -> None:
        """Drop everything of a task."""
        for vpn in sorted(task.ptes):
            self.drop(task, vpn)
        del self.tasks[task.name]

    def pageout(self, task: Task, vpn: int, end: int) -> int:
        """Send the folio at a page out of memory; returns the page behind it."""
        here = task.ptes.get(vpn)
        if not isinstance(here, Frame) or here.mapcount > 1:
            return vpn + 1
        frames = self._whole_folio(task, vpn, end) or [here]
        if len(frames) > 1 and self._send(task, vpn, frames) is Outcome.NO_SLOT:
            self._counters.folios_split += 1
            for frame in frames:
                frame.folio = None
            frames = [here]
        if len(frames) == 1:
            self._send_page(task, vpn, here)
        return vpn + len(frames)

    def _send_page(self, task: Task, vpn: int, frame: Frame) -> None:
        if self._send(task, vpn, [frame]) is not Outcome.NO_SLOT:
            return
        self._reclaim_cached()
        if self._send(task, vpn, [frame]) is Outcome.NO_SLOT:
            self._counters.no_slot += 1
            self._count_stayed(frame, True)

    def _send(self, task: Task, vpn: int, frames: list[Frame]) -> Outcome:
        outcome, entry = self._design.swap_out(
            [frame.content for frame in frames],
            frames[0].entry,
            is_dirty=any(frame.is_dirty for frame in frames),
            cgroup=task.cgroup,
        )
        if outcome is Outcome.NO_SLOT:
            return outcome
        task.has_swapped = True
        for page, frame in enumerate(frames):
            if outcome is Outcome.STAYS:
                self._cache(frame, entry + page)
            else:
                self._cached.pop(entry + page, None)
                task.ptes[vpn + page] = entry + page
                self._refs[entry + page] += 1
            self._count_stayed(frame, outcome is Outcome.STAYS)
        return outcome

    def _whole_folio(self, task: Task, vpn: int, end: int) -> list[Frame] | None:
        head = task.ptes[vpn]
        folio = head.folio if isinstance(head, Frame) else None
        if folio is None or folio[:2] != (task.name, vpn) or vpn + folio.nr_pages > end:
            return None
        frames: list[Frame] = []
        for page in range(folio.nr_pages):
            here = task.ptes.get(vpn + page)
            if not isinstance(here, Frame) or here.folio != folio or here.mapcount > 1:
                return None
            expected = frames[0].entry + page if frames and frames[0].entry else 0
            if frames and here.entry != expected:
                return None
            frames.append(here)
        return frames

    # --- entries and slots -------------------------------------------------

    def _fault(self, task: Task, vpn: int) -> Frame | None:
        here = task.ptes.get(vpn)
        if not isinstance(here, int):
            return here
        frame = self._cached.get(here)
        if frame is None:
            frame = self._load(here, is_shared=self._refs[here] > 1)
        else:
            frame.mapcount += 1
        task.ptes[vpn] = frame
        self._put(here)
        return frame

    def _load(self, entry: int, *, is_shared: bool) -> Frame:
        loaded = self._design.swap_in(entry, is_shared=is_shared)
        frame = Frame(loaded.content, is_dirty=loaded.is_dirty)
        if loaded.keeps_slot:
            self._cache(frame, entry)
        else:
            frame.is_dirty = True
        return frame

    def _put(self, entry: int) -> None:
        self._refs[entry] -= 1
        if self._refs[entry]:
            return
        del self._refs[entry]
        frame = self._cached.get(entry)
        if frame is None:
            self._design.free(entry)
        elif not frame.mapcount:
            self._forget(frame)

    # A frame that nobody maps stays while an entry leads to it.
    def _unmap(self, frame: Frame) -> None:
        frame.mapcount -= 1
        if not frame.mapcount and not self._refs[frame.entry]:
            self._forget(frame)

    def _forget(self, frame: Frame) -> None:
        self._uncache(frame)
        self._count_stayed(frame, False)

    def _cache(self, frame: Frame, entry: int) -> None:
        frame.entry = entry
        self._cached[entry] = frame

    def _uncache(self, frame: Frame) -> None:
        entry, frame.entry = frame.entry, 0
        if not entry:
            return
        del self._cached[entry]
        frame.is_dirty = True
        if not self._refs[entry]:
            self._design.free(entry)

    # Kernel: mm/swapfile.c __try_to_reclaim_swap(), of all slots at once.
    def _reclaim_cached(self) -> None:
        for frame in list(self._cached.values()):
            if not frame.has_stayed and not self._refs[frame.entry]:
                self._uncache(frame)

    def _count_stayed(self, frame: Frame, stays: bool) -> None:
        self.nr_stayed += stays - frame.has_stayed
        frame.has_stayed = stays

    # --- walking -----------------------------------------------------------

    def unuse(self, area: int) -> int:
        """Bring every page of an area back; returns the entries looked at."""
        visits = 0
        brought: dict[int, Frame] = {}
        for task in self._walked():
            visits += len(task.ptes)
            for vpn, entry in self._swapped(task, area):
                frame = brought.get(entry) or self._cached.get(entry)
                if frame is None:
                    frame = self._load(entry, is_shared=True)
                    frame.mapcount = 0
                brought[entry] = frame
                frame.mapcount += 1
                task.ptes[vpn] = frame
                self._put(entry)
        for entry, frame in list(self._cached.items()):
            if entry >> TYPE_SHIFT == area:
                self._uncache(frame)
        return visits

    def repoint(
        self, area: int, nr_pages: int, move: Callable[[int], int]
    ) -> tuple[int, int]:
        """Let ``move`` give pages of an area a new entry, one walk for all.

        Returns the entries looked at, and how many pages were moved.
        """
        visits = 0
        moved: dict[int, int] = {}
        for task in self._walked():
            visits += len(task.ptes)
            for vpn, entry in self._swapped(task, area):
                if entry not in moved and entry not in self._cached:
                    if len(moved) == nr_pages:
                        continue
                    new = move(entry)
                    if not new:
                        continue
                    moved[entry] = new
                if entry in moved:
                    task.ptes[vpn] = moved[entry]
                    self._refs[moved[entry]] += 1
                    self._refs[entry] -= 1
        for entry in moved:
            del self._refs[entry]
        return visits, len(moved)

    def _walked(self) -> Iterator[Task]:
        return (task for task in self.tasks.values() if task.has_swapped)

    def _swapped(self, task: Task, area: int) -> list[tuple[int, int]]:
        return [
            (vpn, here)
            for vpn, here in sorted(task.ptes.items(), key=lambda pte: pte[0])
            if isinstance(here, int) and here >> TYPE_SHIFT == area
        ]

    # --- looking -----------------------------------------------------------

    def start(self, name: str, cgroup: str = "/") -> Task:
        """Start a task with no pages."""
        if name in self.tasks:
            raise IllegalOperation(f"there is a task {name}")
        self.tasks[name] = Task(name, cgroup)
        return self.tasks[name]

    def check_invariants(self) -> None:
        """Compare references, map counts and slots that are kept."""
        refs: Counter[int] = Counter()
        maps: Counter[int] = Counter()
        frames: dict[int, Frame] = {}
        for task in self.tasks.values():
            for here in task.ptes.values():
                if isinstance(here, int):
                    refs[here] += 1
                else:
                    maps[id(here)] += 1
                    frames[id(here)] = here
        expect(refs == self._refs, "references to slots")
        frames.update((id(frame), frame) for frame in self._cached.values())
        expect(
            all(frame.mapcount == maps[key] for key, frame in frames.items()),
            "map counts",
        )
        stayed = sum(frame.has_stayed for frame in frames.values())
        expect(stayed == self.nr_stayed, "pages that stayed", stayed, self.nr_stayed)
        for entry, frame in self._cached.items():
            expect(frame.entry == entry, "slot kept", entry, frame.entry)
