"""The same done to many pages, each of which is an operation of its own.

Not here: what one of them is (core/steps.py), ranges (task.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: shared memory, and the mended ghost, whose pages move on behind each
operation; whoever calls does those one by one.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.steps import (
    STEP_DROP,
    STEP_PAGEOUT,
    STEP_READ,
    STEP_WRITE,
    step_range,
)
from swaptools.emulator.machine.oom import make_memory
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from typing import Literal

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.state import AddressSpace, State

    What = Literal["write", "read", "pageout", "drop"]

#: What is done to each page, by name.
STEPS = {
    "write": STEP_WRITE,
    "read": STEP_READ,
    "pageout": STEP_PAGEOUT,
    "drop": STEP_DROP,
}


def put_all(state: State, content: int, pages: range) -> None:
    """Take back what pages would have had in them that are not written."""
    for _ in pages:
        state.contents.put(content)


def do_steps(
    state: State, what: What, task: AddressSpace, pages: range, content: int
) -> Buffer[int]:
    """Do it to pages of a task that works; return what was read of each, from item 1.

    Nothing more is done when it is killed meanwhile.

    Raises:
        DeviceReadError: A page was swapped out and nothing holds it (SIGBUS); those
            before it are done.
    """
    mm = task.pte.mm
    if what == "pageout":
        state.io.measure(mm, pages.start, pages.stop)
    out = state.scratch(len(pages) + 1)
    out[0] = 0
    here, end, cpu = pages.start, pages.stop, state.totals.cpu
    while 0 <= here < end and not state.is_interrupted:
        stop = min(end, here + state.turn_pages * pages.step)
        here = state.run(
            step_range, STEPS[what], mm, here, stop, pages.step, content, cpu, out
        )
        if here == stop < end:
            continue
        state.settle(is_end=not 0 <= here < end)
        if 0 <= here < end and not make_memory(state, task):
            put_all(state, content, range(here, end, pages.step))
            break
    else:
        if 0 <= here < end:  # it was interrupted
            put_all(state, content, range(here, end, pages.step))
            state.settle()
    if here < 0:
        lost = -here - 1
        put_all(state, content, range(lost, end, pages.step))
        reason = read_of_nothing().strerror
        raise DeviceReadError(errno.EFAULT, f"page {lost}: {reason}")
    return out
