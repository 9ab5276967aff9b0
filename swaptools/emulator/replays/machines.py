"""The machine that a trace is replayed on, where nobody brings one.

Not here: what becomes of the trace (replay.py).

Kernel: none.
Same: nothing.
Changed: every design is given the same: memory, a disk, and as much room to advertise.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.machine.setup import DiskSetup, Setup

if TYPE_CHECKING:
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.pressure.policy import Policy

#: The disk that pages go to, or that stands behind what is virtual.
DISK: Final = "disk"


def machine_for(
    ram_bytes: int,
    area_pages: int,
    *,
    design: str | Design | None = None,
    policy: str | Policy | None = "two_lists",
    zswap: bool = True,
    kernel: str | None = None,
    page_size: int = 4096,
    compiled: bool | None = None,
) -> Machine:
    """Start a machine with a disk, and with what its design makes besides.

    Args:
        ram_bytes: Its memory, of which zswap's pool may have a share.
        area_pages: Slots of the disk, and of what is advertised besides.
        design: What it is fitted with, by name or itself; None for a kernel as it is.
        policy: Who leaves memory, by name or itself; None for nobody.
        zswap: Whether it is on, where the design asks.
        kernel: Its kernel; None for that of the design.
        page_size: In bytes.
        compiled: As for any machine.

    Raises:
        SelectionError: No such design, kernel or policy.
        SwapOnError: The kernel takes no such area.
    """
    machine = Machine(
        kernel,
        page_size=page_size,
        ram_bytes=ram_bytes,
        design=design,
        policy=policy,
        watermarks=None,  # the tasks have a limit, and the kernel has no memory
        compiled=compiled,
    )
    disk = DiskSetup(DISK, area_pages)
    machine.set_up(
        Setup((disk,), virtual_pages=area_pages, zswap=zswap, ram_bytes=ram_bytes)
    )
    return machine
