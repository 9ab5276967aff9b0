"""Machines under pressure, with a policy that is a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.emulator import Machine
from swaptools.emulator.core import charge, hooks
from swaptools.emulator.core.binding import Binding
from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.evict import DROPPED, evict
from swaptools.emulator.core.lru import folio_nr_pages, list_add, list_del
from swaptools.emulator.core.pressure_structs import LRU_INACTIVE, NR_LRUS
from swaptools.emulator.machine import machine as machines
from swaptools.emulator.machine.oom import begin_pressure

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.device import SwapDevice


@hot
def queue_joined(s: Slots, number: int) -> None:
    list_add(s, number, LRU_INACTIVE)


@hot
def queue_shrink(s: Slots, memcg: int, nr: int) -> int:
    lru = s.lrus[memcg * NR_LRUS + LRU_INACTIVE]
    left, tries = 0, lru.nr
    while left < nr and tries > 0 and lru.last:
        number = lru.last
        nr_pages = folio_nr_pages(s, number)
        tries -= nr_pages
        list_del(s, number)
        if evict(s, number, s.totals[0].cpu, 0) <= DROPPED:
            left += nr_pages
        else:
            list_add(s, number, LRU_INACTIVE)
    return left


QUEUE = Binding(
    "queue",
    {
        hooks.charge: charge.try_charge,
        hooks.owner_of: charge.swap_owner,
        hooks.added: charge.commit_charge,
        hooks.mapped: charge.map_again,
        hooks.write_fault_on: charge.drain_for_write,
        hooks.uncharge_page_tables: charge.uncharge_tables,
    },
    {
        hooks.joined: queue_joined,
        hooks.kept: queue_joined,
        hooks.shrink: queue_shrink,
    },
)


def pressed(*, version: int = 2, **kwargs: Any) -> Machine:
    """A machine with that policy, interpreted unless it is asked for otherwise."""
    engine = Engine(compiled=kwargs.pop("compiled", False), binding=QUEUE)
    module: Any = machines
    before = module.Engine
    module.Engine = lambda *, compiled: engine
    try:
        machine = Machine(**kwargs)
    finally:
        module.Engine = before
    begin_pressure(machine.state, 0)
    machine.state.slots.pressure[0].memcg_version = version
    return machine


def limited(
    max_pages: int, backing: str = "zram", nr_slots: int = 4096, **kwargs: Any
) -> tuple[Machine, SwapDevice]:
    """The same with an area, and a group ``a`` that may have so many pages."""
    machine = pressed(**kwargs)
    device = machine.swapon_pages(nr_slots, backing)
    machine.cgroups.create("a")
    machine.cgroups["a"].record.memory_max = max_pages
    return machine, device
