"""References to pages of several tasks, in the order in which they were made.

Not here: what one of them does (core/references.py), traces.

Kernel: none; this is what programs do.
Same: nothing.
Changed: what is written is not known, but only how long it is when compressed.
Left out: pages of code and of files, which are taken for pages of the task.
"""

from __future__ import annotations

import errno
from array import array
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.references import (
    TASK_ITEMS,
    TASK_LAST_PAGE,
    TASK_MEMCG,
    TASK_MM,
    TASK_WRITES,
    survey,
    touch_range,
)
from swaptools.emulator.machine.oom import make_memory
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.errors import DeviceReadError, IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.task import Task
    from swaptools.references import References

#: Of a page that is never used again, and of all where that is not known.
NEVER: Final = (1 << 62) - 1
NO_FUTURE: Final = memoryview(array("q", [NEVER]))


def touch(
    state: State,
    tasks: Sequence[Task],
    references: References,
    length: int | array[int] | None,
    future: memoryview[int] | None,
    function: Callable[..., int] = touch_range,
) -> None:
    """Make references, one after another; see Machine.touch().

    With touch_missed() in the place of touch_range(), each of them misses.
    """
    state.check_alive()
    contents = _contents(state.page_size, length)
    pages, flags, numbers = references.pages, references.flags, references.tasks
    nr, here = len(pages), 0
    if len(flags) != nr or len(numbers) != nr or len(future or pages) != nr:
        raise IllegalOperation("as many pages, flags, tasks and next uses are needed")
    uses = future or NO_FUTURE
    given, ahead = (pages, flags, numbers, uses), state.arena.is_compiled
    with state.ends_anyway():
        known = _reached(state, tasks, references)
        state.find_allowed_areas()
        while 0 <= here < nr and not state.is_interrupted:
            stop = min(nr, here + state.turn_pages)
            here = state.run(function, *given, here, stop, known, contents, ahead)
            if here == stop < nr:
                continue
            state.settle(is_end=not 0 <= here < nr)
            if 0 <= here < nr:
                make_memory(state, tasks[numbers[here]])
                forget_killed(tasks, known)
        if 0 <= here < nr:  # it was interrupted
            state.settle()
    if here < 0:
        page, reason = pages[-here - 1], read_of_nothing().strerror
        raise DeviceReadError(errno.EFAULT, f"page {page}: {reason}")


def _contents(page_size: int, length: int | array[int] | None) -> array[int]:
    if not isinstance(length, array):
        length = page_size // 2 if length is None else length
        if not isinstance(length, int) or not 0 <= length <= page_size:
            raise IllegalOperation(f"{length} is no length of a page of {page_size}")
        return array("q", (length,))
    if length.typecode != "q" or not length or len(length) & len(length) - 1:
        raise IllegalOperation("lengths are a power of two of them, of format q")
    if not 0 <= min(length) <= max(length) <= page_size:
        raise IllegalOperation(f"lengths of pages are from 0 to {page_size}")
    return length


def forget_killed(tasks: Sequence[Task], known: Buffer[int]) -> None:
    """Let the references of tasks that were killed be skipped."""
    for number, task in enumerate(tasks):
        if task.is_killed:
            known[number * TASK_ITEMS + TASK_MM] = 0


# What is known of the tasks, which have room for their pages; nothing has changed when
# one is no task's.
def _reached(
    state: State, tasks: Sequence[Task], references: References
) -> Buffer[int]:
    known = state.arena.integers(len(tasks) * TASK_ITEMS)
    for number in range(len(tasks)):
        known[number * TASK_ITEMS + TASK_LAST_PAGE] = -1
    pages, flags, numbers = references.pages, references.flags, references.tasks
    place = state.run(survey, pages, flags, numbers, known, MAX_TASK_PAGES)
    if place < len(pages):
        page, number = pages[place], numbers[place]
        raise IllegalOperation(f"there is no task {number}, or no page {page}")
    items = range(0, len(known), TASK_ITEMS)
    reached = [at for at in items if known[at + TASK_LAST_PAGE] >= 0]
    for at in reached:
        task = tasks[at // TASK_ITEMS]
        if not (task.is_alive or task.is_killed):
            raise IllegalOperation(f"there is no task {at // TASK_ITEMS}")
    living = [at for at in reached if not tasks[at // TASK_ITEMS].is_killed]
    for at in living:
        task = tasks[at // TASK_ITEMS]
        task.pte.reach_soon(known[at + TASK_LAST_PAGE] + 1, MAX_TASK_PAGES)
        task.has_anon_vma |= bool(known[at + TASK_WRITES])
    for at in living:  # a task may be there twice, and its row has moved
        task = tasks[at // TASK_ITEMS]
        known[at + TASK_MM] = task.pte.mm
        known[at + TASK_MEMCG] = task.memcg.number
    return known
