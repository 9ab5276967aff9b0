"""A slot's data written and read without a task: as if a folio were on it.

Not here: taking and freeing slots by hand (device.py).

Kernel: none; mm/page_io.c swap_writeout() and swap_read_folio() want a folio.
Same: who is asked, in which order.
Changed: a refusal is an exception, and changes nothing: there is no folio that could
stay in memory; a read leaves the data where they are.
Left out: pages without bytes.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.frames import free_frame
from swaptools.emulator.core.slots import (
    get_content,
    get_stored,
    slot_index,
    swap_cache_del,
    swap_cache_get,
)
from swaptools.emulator.machine.swap_io import is_ghost, read_of_nothing
from swaptools.errors import DeviceWriteError, GhostWriteRefused

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State


def write_slot(state: State, entry: int, page: bytes) -> None:
    """Store a page of the root cgroup in a slot.

    Raises:
        GhostWriteRefused: zswap did not take it and there is nowhere else.
        DeviceWriteError: The device did not take it.
    """
    state.work_for(state.cgroups.root)
    state.contents.reap()
    content = state.io.content_of(page)
    is_stored = state.io.store(content, entry)
    state.contents.put(content)
    s = state.slots
    if not is_stored:
        if is_ghost(state.backings[entry >> TYPE_SHIFT].ops):
            raise GhostWriteRefused(errno.EIO, "a ghost has no place for data")
        raise DeviceWriteError(errno.EIO, "write error on swap-device")
    cached = swap_cache_get(s, entry)
    if cached >= 0:  # written back to a device that failed
        swap_cache_del(s, cached)
        free_frame(s, cached)


def read_slot(state: State, entry: int) -> bytes:
    """Return the page that a used slot's data are.

    Raises:
        DeviceReadError: Nothing holds them, or only their length is known.
    """
    s = state.slots
    cached = swap_cache_get(s, entry)
    stored = get_stored(s, slot_index(s, entry))
    if cached >= 0:
        content = get_content(s, s.frames[cached].content)
    elif stored:
        content = state.io.read_slot(entry)
    else:
        raise read_of_nothing()
    page = state.io.page_of(content)
    state.contents.put(content)
    if not isinstance(page, bytes):
        raise read_of_nothing()
    return page
