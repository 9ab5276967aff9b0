"""The story of a ghost in one screen, told by running it.

Not here: printing (cli/swapemu.py).

Kernel: as the ghost-rfc profile.
Same: what a ghost takes and refuses, and what /proc/swaps says.
Changed: nothing.
Left out: everything a kernel does besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.machine.machine import Machine
from swaptools.errors import GhostWriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

_GHOST_PAGES = (64 << 30) // 4096
_PAGE = b"A ghost is a header page and nothing else. " * 100


def tell() -> Iterator[str]:
    """Yield the lines of the story; every number in it was just counted."""
    page = _PAGE[:4096]
    machine = Machine(kernel="ghost-rfc", zswap=True, compiled=False)
    device = machine.swapon_pages(_GHOST_PAGES, "ghost", path="/g.swap")
    yield "A file of one page, swapped on as 64 GiB:"
    yield from machine.proc_swaps().splitlines()
    yield ""
    yield "zswap on. A page that compresses is swapped out and read again:"
    task = machine.task()
    task.write(0, data=page)
    task.pageout(0)
    stored, pool = machine.zswap.stored_pages, machine.zswap.pool_total_size
    yield f"  page 0 is on slot {_slot(task.entries(0)[0])}; zswap holds {stored} page"
    yield f"  in {pool} bytes; written to a device: {machine.vmstat()['pswpout']}"
    equal = "equal" if task.read(0) == page else "DIFFERENT"
    yield f"  read again: {equal}"
    yield ""
    yield "zswap off. The same page, swapped out by another task:"
    machine.zswap.enabled = False
    other = machine.task()
    other.write(0, data=page)
    other.pageout(0)
    refused = machine.vmstat()["swpout_refused"]
    yield f"  page 0 has slot {_slot(other.entries(0)[0])}, the write was refused"
    yield f"  {refused} time: no write reaches a ghost. The page is kept in memory"
    equal = "equal" if other.read(0) == page else "DIFFERENT"
    yield f"  (SwapCached {machine.meminfo()['SwapCached']} kB); read again: {equal}"
    yield f"  slots that show as used: {device.inuse_pages}"
    yield from machine.proc_swaps().splitlines()
    yield ""
    yield "By hand, one slot of the ghost:"
    slot = device.alloc()
    try:
        device.write(slot, page)
    except GhostWriteRefused as exc:
        yield f"  write to slot {slot}: {exc.strerror} ({type(exc).__name__})"
    machine.zswap.enabled = True
    device.write(slot, page)
    equal = "equal" if device.read(slot) == page else "DIFFERENT"
    yield f"  zswap on, the same write: taken, and read again: {equal}"


def _slot(entry: object) -> int:
    return int(entry[1]) if isinstance(entry, tuple) else 0
