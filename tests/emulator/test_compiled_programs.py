"""Under pressure, too, the compiled and the interpreted emulator are the same.

Two machines do the same random programs under limits, under each policy. The
interpreted one has buffers that see what flat memory would not hold. ``make test-long``
does more programs, under every policy and set of rules.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator.core.engine import Engine, can_compile
from swaptools.emulator.core.pressure_structs import GEN_ITEMS, NR_LRUS
from tests.emulator.checked import Checked
from tests.emulator.pressure.random_programs import NR_PAGES, NR_SHARED, Program
from tests.emulator.pressure.worlds import POLICIES, draw_world

if TYPE_CHECKING:
    from swaptools.emulator import Machine

pytestmark = pytest.mark.skipif(not can_compile(), reason="needs the fast extra")

NR_STEPS = 60
#: One policy takes some minutes to compile; all of them are for long.
FEW = [("two_lists", "6.18")]
CASES = [
    pytest.param(policy, seed, id=f"{'-'.join(policy)}-{seed}", marks=mark)
    for policies, seeds, mark in (
        (FEW, range(4), pytest.mark.compiled),
        (POLICIES, range(4, 24), pytest.mark.long),
    )
    for policy in policies
    for seed in seeds
]


def seen(program: Program, number: int) -> object:
    """What can be seen of one of the machines."""
    machine, tasks = program.machines[number], program.tasks[number]
    entries = [tasks[place].entries(0, NR_PAGES) for place in program.wanted]
    for mapping in program.objects[number].mappings:
        entries.append(mapping.entries(0, NR_SHARED))
    return (
        entries,
        machine.vmstat(),
        machine.proc_swaps(),
        machine.zswap_debugfs(),
        [fields(memcg.record) for memcg in machine.cgroups],
        fields(machine.state.slots.pressure[0]),
    )


def fields(record: Any) -> tuple[int, ...]:
    return tuple(getattr(record, name) for name, _ in record._fields_)


def known(machine: Machine) -> dict[str, list[object]]:
    """All that a policy knows of pages, slots, tables and groups that there were."""
    s, totals = machine.state.slots, machine.state.totals
    nr_groups = 1 + max(memcg.number for memcg in machine.cgroups)
    used = {
        "pages": range(1, totals.nr_frames),
        "swapped": [index for index in range(len(s.map)) if s.map[index]],
        "lrus": range(nr_groups * NR_LRUS),
        "lruvecs": range(nr_groups),
        "spaces": range(s.pressure[0].nr_spaces),
        "pgtables": range(1, totals.nr_page_tables),
    }
    found: dict[str, list[object]] = {
        name: [fields(getattr(s, name)[place]) for place in places]
        for name, places in used.items()
    }
    for name in ("stocks", "policy_items"):
        found[name] = used_part([*getattr(s, name)])
    # There may be more room than it takes, compiled or not.
    found["lrugens"] = [s.lrugens[n] for n in range(nr_groups * GEN_ITEMS)]
    return found


def used_part(items: list[object]) -> list[object]:
    """Items without the zeros behind them, of which compiled buffers have more."""
    while items and not items[-1]:
        items.pop()
    return items


@pytest.mark.parametrize(("policy", "seed"), CASES)
def test_same_programs(policy: tuple[str, str], seed: int) -> None:
    """After each operation; and in the end in all that is known of any page."""
    draw = random.Random(f"{policy} {seed}")
    world = draw_world(draw, policy)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Engine, "plain", Checked)
        machines = [world.machine(compiled=compiled) for compiled in (True, False)]
    program = Program(draw, machines)
    for number in range(NR_STEPS):
        program.step()
        told = number, program.did[-1]
        assert seen(program, 0) == seen(program, 1), told
    program.check()
    assert known(machines[0]) == known(machines[1])
