"""Machines under pressure, with a policy that is a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.emulator import Machine
from swaptools.emulator.pressure.fifo import FIFO

if TYPE_CHECKING:
    from swaptools.emulator.machine.device import SwapDevice


def pressed(*, version: int = 2, **kwargs: Any) -> Machine:
    """A machine with that policy, interpreted unless it is asked for otherwise."""
    kwargs.setdefault("compiled", False)
    return Machine(policy=FIFO, memcg_version=version, **kwargs)


def limited(
    max_pages: int, backing: str = "zram", nr_slots: int = 4096, **kwargs: Any
) -> tuple[Machine, SwapDevice]:
    """The same with an area, and a group ``a`` that may have so many pages."""
    machine = pressed(**kwargs)
    device = machine.swapon_pages(nr_slots, backing)
    machine.cgroups.create("a")
    machine.cgroups["a"].record.memory_max = max_pages
    return machine, device
