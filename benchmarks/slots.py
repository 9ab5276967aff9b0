"""How fast slots are taken and freed, interpreted and compiled, and in what memory.

Area of 16 GiB, CPU time. "random" and "one by one" are at half full: a random half of
the slots is in use. Random frees 1024 of them at a time, picked at random, and takes as
many; one by one every single step is at another place, where the entry and the slot's
item are two lines that no cache has. Compiled, they are asked for some steps before.
"""

from __future__ import annotations

import ctypes
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from resident import peak_bytes

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.core.slot_alloc import alloc_range, free_range, toggle_range

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = (16 << 30) // 4096
TURN = 1024
SECONDS = 1.0
#: Memory a slot taken or freed touches, in bytes: its entry, its map item and its
#: share of the bitmaps and cluster record, read and written.
TOUCHED_BYTES = 2 * (8 + 2) + 1


def machine_of(compiled: bool) -> Machine:
    """Return a machine with one solid-state area of 16 GiB."""
    machine = Machine(compiled=compiled)
    machine.swapon_pages(PAGES)
    machine.state.arena.add_tables(PAGES // 512 + 513)
    return machine


def rate(turn: Callable[[], int]) -> float:
    """Repeat a turn for a while; return operations a second."""
    turn()
    operations = 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        operations += turn()
    return operations / (time.process_time() - start)


def core_sequential(compiled: bool, order: int) -> float:
    """Fill a part of the area in order and empty it again."""
    machine = machine_of(compiled)
    run = machine.state.run
    nr = (1 << 18 if compiled else 1 << 13) >> order
    entries = machine.state.arena.integers(nr)

    def turn() -> int:
        done = run(alloc_range, order, 0, entries, 0, nr)
        run(free_range, order, entries, 0, nr)
        return (done + nr) << order

    return rate(turn)


def half_full(compiled: bool, order: int) -> tuple[Machine, Any, int]:
    """Return a machine whose area is half full, at random places; interpreted, a part.

    With it come the entries of its folios, 0 where there is none, and how many
    places there are. The first half of them is in use.
    """
    machine = machine_of(compiled)
    run = machine.state.run
    # Interpreted, a step takes longer than memory: fewer places are as good.
    nr = (PAGES - 512 if compiled else PAGES // 64) >> order
    entries: Any = machine.state.arena.integers(nr)
    nr = run(alloc_range, order, 0, entries, 0, nr)
    shuffled = list(entries[:nr])
    random.Random(1).shuffle(shuffled)
    entries[:nr] = shuffled
    half = nr // 2
    run(free_range, order, entries, half, nr - half)
    entries[half:nr] = [0] * (nr - half)
    return machine, entries, nr


def core_random(compiled: bool, order: int) -> float:
    """Free folios at random places, 1024 a turn, and take as many."""
    machine, entries, nr = half_full(compiled, order)
    run = machine.state.run
    turns = iter(range(1 << 62))

    def turn() -> int:
        first = next(turns) % (nr // 2 // TURN) * TURN
        run(free_range, order, entries, first, TURN)
        done = run(alloc_range, order, 0, entries, first, TURN)
        return (TURN + done) << order

    return rate(turn)


def core_one_by_one(compiled: bool, order: int) -> float:
    """Free the folio of a random place, or take one where there is none."""
    machine, entries, nr = half_full(compiled, order)
    run = machine.state.run
    draw = random.Random(2)
    drawn = 1 << 20 if compiled else 1 << 16
    places: Any = machine.state.arena.integers(drawn)
    places[:] = [draw.randrange(nr) << 4 | order for _ in range(drawn)]
    length = 1 << 14 if compiled else TURN
    turns = iter(range(1 << 62))

    def turn() -> int:
        first = next(turns) * length % drawn
        done: int = run(toggle_range, 0, entries, places, first, length)
        return done << order

    return rate(turn)


def task_sequential(compiled: bool, order: int) -> float:
    """Page out and drop a range of a task, which is written between turns."""
    machine = machine_of(compiled)
    task = machine.task()
    nr = 1 << 16 if compiled else 1 << 12
    spent = 0.0
    operations = 0
    while spent < SECONDS:
        task.write(0, nr, order)
        start = time.process_time()
        task.pageout(0, nr)
        task.drop(0, nr)
        if operations or not compiled:
            spent += time.process_time() - start
        operations += 2 * nr
    return operations / spent


def task_random(compiled: bool, order: int) -> float:
    """Drop ranges anywhere in a task that fills half of the area; page new ones out."""
    machine = machine_of(compiled)
    draw = random.Random(1)
    task = machine.task()
    pages = PAGES // 2 if compiled else 1 << 16
    for first in range(0, pages, 1 << 14):
        task.write(first, 1 << 14, order)
        task.pageout(first, 1 << 14)
    spent = 0.0
    operations = 0
    while spent < SECONDS:
        firsts = [draw.randrange(pages // TURN) * TURN for _ in range(16)]
        start = time.process_time()
        for first in firsts:
            task.drop(first, TURN)
        spent += time.process_time() - start
        for first in firsts:
            task.write(first, TURN, order)
        start = time.process_time()
        for first in firsts:
            task.pageout(first, TURN)
        spent += time.process_time() - start
        operations += 2 * TURN * len(set(firsts))
    return operations / spent


def copy_bytes_per_second() -> float:
    """Return what memmove() reads and writes a second, far outside of any cache."""
    size = 256 << 20
    source, target = (
        ctypes.create_string_buffer(size),
        ctypes.create_string_buffer(size),
    )
    ctypes.memmove(target, source, size)
    start = time.process_time()
    ctypes.memmove(target, source, size)
    return 2 * size / (time.process_time() - start)


def large_area(kind: str) -> None:
    """Print memory and swapon time of an area of 16 TiB with a million slots in use."""
    kernel = "ghost-rfc-dynamic" if kind == "dynamic" else "ghost-rfc"
    machine = Machine(kernel=kernel, compiled=False)
    start = time.process_time()
    device = machine.swapon_pages(1 << 32, "ghost")
    swapon_seconds = time.process_time() - start
    clusters = 1954
    places = random.Random(1).sample(range(1, (1 << 23) - 1), clusters)
    for number in range(1, clusters + 1) if kind == "dynamic" else places:
        device.alloc_cluster(number)
    peak_mib = peak_bytes() / (1 << 20)
    print(
        f"16 TiB, {kind:<7} ghost: {device.inuse_pages} slots in {clusters} clusters,"
        f" {peak_mib:.0f} MiB resident at most, swapon {swapon_seconds * 1000:.1f} ms"
    )


def main() -> None:
    """Print every figure, and the ratios between the two ways."""
    if len(sys.argv) > 1:
        large_area(sys.argv[1])
        return
    copied = copy_bytes_per_second()
    limit = copied / TOUCHED_BYTES
    print(f"memory: {copied / 1e9:.1f} GB/s copied, at {TOUCHED_BYTES} bytes a slot at")
    print(f"        most {limit / 1e6:.0f} M operations a second\n")
    print("million slots taken or freed a second   interpreted  compiled  ratio")
    for function in (
        core_sequential,
        core_random,
        core_one_by_one,
        task_sequential,
        task_random,
    ):
        for order in (0, 4):
            slow = function(False, order)
            fast = function(True, order) if can_compile() else 0.0
            name = f"{function.__name__.replace('_', ', ')}, order {order}"
            print(
                f"{name:<40}{slow / 1e6:>10.3f}{fast / 1e6:>10.2f}{fast / slow:>7.0f}"
                f"  {fast / limit:.0%} of the memory limit"
            )
    for kind in ("dynamic", "static"):
        subprocess.run([sys.executable, __file__, kind], check=True)


if __name__ == "__main__":
    main()
