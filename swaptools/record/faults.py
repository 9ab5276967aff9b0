"""What a program misses in a memory of some size: the page faults that it has.

It runs under a cgroup's limit, with swap: nearly as fast as alone, where that is fast.

Not here: the limit (limit.py), the swap (zram.py), the events (tracing.py).
"""

from __future__ import annotations

import os
import time
from array import array
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError
from swaptools.record.child import Child, check_runs
from swaptools.record.limit import limited
from swaptools.record.memory import Memory
from swaptools.record.recording import MOST_TASKS, Recording
from swaptools.record.tracing import Tracing
from swaptools.record.zram import some_swap
from swaptools.traces.batcher import Batcher
from swaptools.traces.faults import Fault, parse_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swaptools.record.lengths import Lengths
    from swaptools.traces.compact_write import TraceWriter

_WAIT_S: Final = 0.02
#: zram is as large as so many memories, and as large as this.
_ZRAM_TIMES: Final = 8
_LEAST_ZRAM_BYTES: Final = 1 << 30


def check_faults(words: Sequence[str]) -> None:
    """Look whether it is root who asks, and whether the program is there.

    Raises:
        RecordError: Not so.
    """
    if os.geteuid() != 0:
        raise RecordError("--how faults is root's: cgroups, swap and tracing", 125)
    check_runs(words[0])


class Faults(Recording):
    """One recording of faults; ``broken`` are lines of events that were none."""

    def __init__(
        self,
        writer: TraceWriter,
        ram_bytes: int,
        tell: Callable[[str], None],
        lengths: Lengths | None = None,
    ) -> None:
        """Get ready.

        Args:
            writer: Where references go.
            ram_bytes: What the program and all that it starts may have.
            tell: Called with sentences for people.
            lengths: A sample of what pages compress to, or None for no sample.
        """
        super().__init__(writer, tell, lengths)
        self._batcher = Batcher()
        self._ram_bytes = ram_bytes
        self._rest = b""
        self._commands: dict[int, bytes] = {}
        self._memories: dict[int, Memory] = {}

    def run(self, words: Sequence[str]) -> Iterator[int]:
        """Record a program until it has ended.

        Yields:
            Faults so far, now and then.

        Raises:
            RecordError: It cannot be started, or the machine has not what it takes.
        """
        with ExitStack() as stack:
            size_bytes = max(_ZRAM_TIMES * self._ram_bytes, _LEAST_ZRAM_BYTES)
            self._tell(stack.enter_context(some_swap(size_bytes)))
            group = stack.enter_context(limited(self._ram_bytes))
            tracing = stack.enter_context(Tracing())

            def enter() -> None:
                group.enter()
                tracing.add(os.getpid())

            child = stack.enter_context(Child(words, enter))
            for seen in self._follow(tracing, child):
                group.keep_fresh()
                yield seen
            if tracing.lost:
                self._tell(f"{tracing.lost:,} faults were lost: they came too fast")
        self._finish()

    def _follow(self, tracing: Tracing, child: Child) -> Iterator[int]:
        while True:
            data = tracing.read()
            if data:
                self._take(data)
            yield self.seen
            if not data:
                if self.exit_code is not None:  # nothing has come since
                    return
                time.sleep(_WAIT_S)
            if self.exit_code is None:
                self.exit_code = child.look()
            self._write_now_and_then()

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [parse_fault(line) for line in lines if b"page_fault_" in line]
        self.broken += found.count(None)
        faults = [fault for fault in found if fault is not None and fault.is_miss]
        self.seen += len(faults)
        self._meet(faults)
        for fault in faults:
            self._add(fault)

    def _meet(self, faults: list[Fault]) -> None:
        # Look at the memories once for all of these: at what is new in each of them.
        pages: dict[int, set[int]] = {}
        for fault in faults:
            if fault.task in self._commands or len(self._commands) < MOST_TASKS:
                self._commands[fault.task] = fault.command  # exec gives another
                pages.setdefault(fault.task, set()).add(fault.page)
        for task, used in pages.items():
            self._memories.setdefault(task, Memory(task)).learn(used)

    def _add(self, fault: Fault) -> None:
        memory, flags = self._memories.get(fault.task), fault.flags
        if memory is not None:
            flags = memory.flags(fault.page, flags)
            if self._lengths is not None:
                self._lengths.look(memory, memoryview(array("Q", (fault.page,))))
        for batch in self._batcher.add(fault.page, 1, flags, fault.task, fault.time_ns):
            self._gatherer.add(batch)

    def _flush(self) -> None:
        for batch in self._batcher.flush():
            self._gatherer.add(batch)
        super()._flush()

    def _finish(self) -> None:
        for task, command in self._commands.items():
            name = command.decode("utf-8", "backslashreplace")
            self._writer.name_task(task, f"{task}: {name}")
        self._flush()
