"""References to pages of several tasks, in the order in which they were made.

Not here: what one of them does (core/references.py), traces.

Kernel: none; this is what programs do.
Same: nothing.
Changed: what is written is not known, but only how long it is when compressed.
Left out: pages of code and of files, which are taken for pages of the task.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.references import (
    REFERENCE_PAGE_SHIFT,
    REFERENCE_TASK_SHIFT,
    TASK_ITEMS,
    TASK_MEMCG,
    TASK_MM,
    touch_range,
)
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.errors import DeviceReadError, IllegalOperation
from swaptools.references import WRITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.task import Task
    from swaptools.references import References


def touch(
    state: State, tasks: Sequence[Task], references: References, length: int | None
) -> None:
    """Make references, one after another; see Machine.touch()."""
    state.check_alive()
    page_size = state.page_size
    content = page_size // 2 if length is None else length
    if not isinstance(content, int) or not 0 <= content <= page_size:
        raise IllegalOperation(f"{content} is no length of a page of {page_size}")
    _reach(tasks, references)
    nr, here = len(references.pages), 0
    made, known = _packed(state, references), _known(state, tasks)
    state.find_allowed_areas()
    while 0 <= here < nr:
        here = state.run(touch_range, made, here, nr, known, content)
        state.settle()
    if here < 0:
        page, reason = references.pages[-here - 1], read_of_nothing().strerror
        raise DeviceReadError(errno.EFAULT, f"page {page}: {reason}")


# Room in each task for its pages; nothing has changed when one is no task's.
def _reach(tasks: Sequence[Task], references: References) -> None:
    pages, writes = {0: 0}, {0: 0}
    if not any(references.tasks):
        pages[0] = max(references.pages, default=0)
        writes[0] = any(flags & WRITE for flags in references.flags)
    else:
        for number, page, flags in zip(
            references.tasks, references.pages, references.flags, strict=True
        ):
            pages[number] = max(page, pages.get(number, 0))
            writes[number] = writes.get(number, 0) | flags & WRITE
    for number, page in pages.items():
        if number >= len(tasks) or not tasks[number].is_alive:
            raise IllegalOperation(f"there is no task {number}")
        if page >= MAX_TASK_PAGES:
            raise IllegalOperation(f"no page {page}")
    for number, page in pages.items():
        tasks[number].pte.reach_soon(page + 1, MAX_TASK_PAGES)
        tasks[number].has_anon_vma |= bool(writes[number])


def _packed(state: State, references: References) -> Buffer[int]:
    made = state.scratch(len(references.pages))
    for place, (number, page, flags) in enumerate(
        zip(references.tasks, references.pages, references.flags, strict=True)
    ):
        made[place] = (
            number << REFERENCE_TASK_SHIFT
            | page << REFERENCE_PAGE_SHIFT
            | flags & WRITE
        )
    return made


def _known(state: State, tasks: Sequence[Task]) -> Buffer[int]:
    known = state.arena.integers(len(tasks) * TASK_ITEMS)
    for number, task in enumerate(tasks):
        known[number * TASK_ITEMS + TASK_MM] = task.pte.mm
        known[number * TASK_ITEMS + TASK_MEMCG] = task.memcg.number
    return known
