"""swapinfo --who and --map against the kernel that has the slots."""

from __future__ import annotations

import json
import mmap
import os
import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.cli.swapinfo import main
from swaptools.emulator import Machine
from swaptools.observe import pagemap
from swaptools.observe.proc import read_swaps
from tests.against_kernel import slots_rig as rig
from tests.against_kernel.holders import CGROUPS, Holder, holding, memory_cgroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("kernel"),
    pytest.mark.skipif(not CGROUPS.is_dir(), reason="no memory cgroups of version 1"),
]

PAGE = mmap.PAGESIZE
NR_SLOTS = 20_000
#: Anonymous pages that three processes have, of one process that reads some back,
#: of shared memory, and in huge pages.
SHARED, ALONE, READ_BACK, SHM, HUGE = 1000, 500, 40, 300, 1024


def forked_twice() -> list[Any]:
    pages = rig.KernelPages(SHARED)
    pages.write(0, SHARED, 0, 1)
    pages.pageout(0, SHARED)
    return [pages, Holder(lambda: pages), Holder(lambda: pages)]


def alone() -> rig.KernelPages:
    pages = rig.KernelPages(ALONE)
    pages.write(0, ALONE, 0, 2)
    pages.pageout(0, ALONE)
    pages.read(0, READ_BACK)
    return pages


def shared_memory() -> rig.KernelShm:
    memory = rig.KernelShm(SHM)
    memory.write(0, SHM, 0, 3)
    memory.pageout(0, SHM)
    return memory


def huge() -> rig.KernelPages:
    pages = rig.KernelPages(HUGE)
    pages.write(0, HUGE, 9, 4)
    pages.pageout(0, HUGE)
    return pages


@pytest.fixture(scope="module")
def machine(
    kernel: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[set[int]]:
    """An area, and six processes in three cgroups; their numbers."""
    spec = rig.AreaSpec(kind="block", pages=NR_SLOTS)
    with ExitStack() as stack:
        stack.enter_context(rig.settings(zswap=True))
        scratch = tmp_path_factory.mktemp("slots")
        stack.enter_context(rig.area_on(spec, scratch))
        one = stack.enter_context(memory_cgroup("swaptools-one"))
        two = stack.enter_context(memory_cgroup("swaptools-two"))
        before = set(all_pids())
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        children = [
            Holder(shared_memory, two),
            Holder(forked_twice, one),
            Holder(alone, one),
            Holder(huge, two),
        ]
        stack.enter_context(holding(*children))
        yield set(all_pids()) - before


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208


def run(*words: str) -> Any:
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def used_bytes() -> int:
    return sum(row.used_bytes for row in read_swaps())


def slots_of(pid: int) -> list[int]:
    """Slots of a process, one mapping after the other, as proc(5) has it."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb") as table:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if start >> 47:
                continue
            table.seek(start // PAGE * 8)
            data = table.read((end - start) // PAGE * 8)
            words = struct.unpack(f"<{len(data) // 8}Q", data)
            found += [w >> 5 & (1 << 50) - 1 for w in words if w >> 62 == 1]
    return found


def test_who_adds_up_to_what_is_used(
    machine: set[int], say: Callable[..., None]
) -> None:
    told = run("--who")
    rows = {row["pid"]: row for row in told["processes"]}
    rest = {one["what"]: one["bytes"] for one in told["rest"]}
    shares = sum(row["share_bytes"] for row in rows.values())
    say(f"used {told['used_bytes']}, shares {shares}, {rest}, {told['unseen']}")
    assert told["used_bytes"] == used_bytes()
    assert shares + sum(rest.values()) == told["used_bytes"]
    assert rest == {"shared_memory": SHM * PAGE, "unmapped": READ_BACK * PAGE}
    assert shares == (SHARED + ALONE - READ_BACK + HUGE) * PAGE
    assert machine >= set(rows)
    thirds = sorted(
        r["share_bytes"] for r in rows.values() if r["swap_bytes"] == SHARED * PAGE
    )
    assert len(thirds) == 3
    assert sum(thirds) == SHARED * PAGE
    assert thirds[2] - thirds[0] <= 1


def test_who_by_cgroup_adds_up(machine: set[int], say: Callable[..., None]) -> None:
    assert machine
    told = run("--who=cgroup")
    own = {row["path"]: row["own_bytes"] for row in told["cgroups"]}
    rest = {one["what"]: one["bytes"] for one in told["rest"]}
    say(f"used {told['used_bytes']}, {own}, {rest}")
    assert sum(own.values()) + sum(rest.values()) == used_bytes()
    assert own["/swaptools-two"] == (SHM + HUGE) * PAGE
    assert own["/swaptools-one"] == (SHARED + ALONE - READ_BACK) * PAGE


def test_the_map_is_what_page_tables_hold(
    machine: set[int], say: Callable[..., None]
) -> None:
    (area,) = run("--map")["areas"]
    held = {slot for first, nr, *_ in area["held"] for slot in range(first, first + nr)}
    theirs = {pid: slots_of(pid) for pid in machine}
    expected = set().union(*theirs.values())
    say(f"{len(held)} slots held, {len(expected)} in pagemap, {area['clusters']}")
    assert held == expected
    assert area["held_slots"] == len(expected) == SHARED + ALONE - READ_BACK + HUGE
    assert area["shared_slots"] == SHARED
    assert area["unseen_slots"] == SHM + READ_BACK
    for first, nr, holders, pid in area["held"]:
        assert set(range(first, first + nr)) <= set(theirs[pid])
        assert holders == sum(first in slots for slots in theirs.values())


def emulated_slots() -> set[int]:
    """What the emulator has in use after the same."""
    machine = Machine(kernel="6.18", zswap=True, compiled=False)
    device = machine.swapon_pages(NR_SLOTS, "block")
    mapping = machine.shm(SHM).map(machine.task())
    mapping.write(0, SHM)
    mapping.pageout(0, SHM)
    for nr_pages, order in ((SHARED, 0), (ALONE, 0), (HUGE, 9)):
        task = machine.task()
        task.write(0, nr_pages, order=order)
        task.pageout(0, nr_pages)
        if nr_pages == ALONE:
            task.read(0, READ_BACK)
    return {slot for slot, _ in machine.state.slot_map.used_slots(device.type)}


@pytest.mark.usefixtures("machine")
def test_free_clusters_are_those_of_the_emulated_machine(
    say: Callable[..., None],
) -> None:
    """The header's slot, and what lies behind the end, are in no free cluster."""
    (area,) = run("--map")["areas"]
    used = emulated_slots()
    taken = {slot // 512 for slot in used} | {0, NR_SLOTS // 512}
    held = {slot for first, nr, *_ in area["held"] for slot in range(first, first + nr)}
    nr_free = -(-NR_SLOTS // 512) - len(taken)
    say(f"{area['clusters']}; emulated: {len(used)} slots, {nr_free} clusters free")
    assert held < used
    assert len(used - held) == area["unseen_slots"]
    assert area["clusters"]["free"] == nr_free


@pytest.mark.usefixtures("machine")
def test_kernels_without_a_scan_show_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    (scanned,) = run("--map")["areas"]
    monkeypatch.setattr(pagemap, "can_scan", lambda: False)
    (read,) = run("--map")["areas"]
    assert read["held"] == scanned["held"]


@pytest.mark.usefixtures("machine")
def test_the_picture_fits_a_terminal(say: Callable[..., None]) -> None:
    result = CliRunner().invoke(main, ["--map"])
    say(result.stdout)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.usefixtures("machine")
def test_the_tables_of_who(say: Callable[..., None]) -> None:
    for words in (["--who"], ["--who=cgroup", "-b"]):
        result = CliRunner().invoke(main, words)
        say(result.stdout)
        assert result.exit_code == 0
