"""Fitting a machine with a policy: who leaves when memory runs out.

Not here: policies (pressure/), what they need of memory (oom.py), limits.

Kernel: none; there it is built in.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.pressure_structs import POLICY_HEAD_ITEMS
from swaptools.emulator.machine.oom import begin_pressure
from swaptools.emulator.machine.references import NEVER
from swaptools.emulator.machine.watermarks import (
    Watermarks,
    check_watermarks,
    set_watermarks,
)
from swaptools.emulator.pressure.policy import Policy, find_policy
from swaptools.errors import IllegalOperation, SelectionError

if TYPE_CHECKING:
    from types import EllipsisType

    from swaptools.emulator.machine.state import State

#: Kernel: mm/vmscan.c vm_swappiness.
_SWAPPINESS: Final = 60


def fit_policy(
    state: State,
    policy: str | Policy,
    memcg_version: int,
    watermarks: Watermarks | EllipsisType | None = ...,
) -> Policy:
    """Let a machine on which nothing was done yet have a policy.

    Args:
        state: Of the machine.
        policy: Its name, or itself.
        memcg_version: Of the memory controller, 1 or 2.
        watermarks: At which memory runs out; None if only limits say so, an ellipsis
            for what the kernel makes of the memory that there is.

    Raises:
        SelectionError: No such policy, or something that is none.
        IllegalOperation: There are pages already, or less memory than its watermarks;
            nothing changed.
    """
    if isinstance(policy, str):
        policy = find_policy(policy)
    if not isinstance(policy, Policy):
        raise SelectionError(f"{policy!r} is no policy, nor the name of one")
    if state.totals.nr_frames > 1 or state.totals.nr_page_tables > 1:
        raise IllegalOperation("there are pages already: begin with policy=")
    if watermarks is ...:
        ram_bytes = state.ram_bytes
        watermarks = Watermarks.of(ram_bytes, state.page_size) if ram_bytes else None
    check_watermarks(state, watermarks)
    state.arena.bind(policy.binding)
    begin_pressure(state, policy.items_a_page)
    set_watermarks(state, watermarks)
    pressure = state.slots.pressure[0]
    pressure.memcg_version = memcg_version
    pressure.swappiness = _SWAPPINESS
    pressure.next_victim = -1
    pressure.next_use = NEVER
    pressure.random = policy.seed
    for item, value in policy.rules(state.profile).items():
        if not 0 <= item < POLICY_HEAD_ITEMS:
            raise IllegalOperation(f"policy {policy.name} has no item {item}")
        state.slots.policy_items[item] = value
    return policy
