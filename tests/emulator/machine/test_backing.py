"""What a design brings to stand behind an area is of a kind that there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import COMPRESSES, FAILS, KEEPS, LOSES, REFUSES
from swaptools.emulator.designs.plain import PLAIN
from swaptools.emulator.machine.backing import BACKINGS, Backing, Compresses, SwapOps


def machine_with(backing: type[Backing]) -> Machine:
    """One area of a kind from outside, and no zswap."""
    ops = SwapOps(name="tape", type_word="partition", flags=0, backing=backing)
    machine = Machine(design=replace(PLAIN, backings=(ops,)), compiled=False)
    machine.swapon_pages(100, "tape")
    return machine


@pytest.mark.parametrize(
    ("a_kind", "left", "lost"),
    [(KEEPS, 10, 0), (LOSES, 10, 10), (FAILS, 0, 0), (REFUSES, 0, 0)],
)
def test_a_write_ends_as_the_kind_says(a_kind: int, left: int, lost: int) -> None:
    class Tape(Backing):
        kind = a_kind
        a_write = "takes long"

        def counts(self) -> dict[str, int]:
            return {"device_reads": 100}

    machine = machine_with(Tape)
    task = machine.task()
    task.write(0, 10, data=b"swap" * 1024)
    task.pageout(0, 10)
    machine.check_invariants()
    assert machine.footprint().stayed_pages == 10 - left
    assert machine.losses == [("/area0", slot) for slot in range(1, 11)][:lost]
    page = bytes(4096) if lost else b"swap" * 1024
    assert task.read(0, 10) == page * 10
    assert machine.counts()["device_reads"] == 100


def test_one_that_compresses_is_a_zram() -> None:
    class Wide(Compresses):
        a_write = "goes to a pool"

    machine = machine_with(Wide)
    task = machine.task()
    task.write(0, 10, length=2000)
    task.pageout(0, 10)
    machine.check_invariants()
    zram = next(iter(machine.areas)).zram
    assert zram is not None
    assert zram.mm_stat()["compr_data_size"] == 20000
    assert machine.state.slots.si[0].kind == COMPRESSES


def test_kinds_of_what_there_is() -> None:
    kinds = {name: ops.backing.kind for name, ops in BACKINGS.items()}
    assert kinds == {
        "block": KEEPS,
        "file": KEEPS,
        "zram": COMPRESSES,
        "ghost": REFUSES,
        "ghost-block": REFUSES,
        "error": FAILS,
        "zero": LOSES,
    }


@pytest.mark.parametrize("full", [False, True])
def test_losses_are_told_by_the_path_that_an_area_had(full: bool) -> None:
    """Also when another area has its type by then."""
    machine = Machine(compiled=False)
    first = machine.swapon_pages(20, "zero", path="/first")
    task = machine.task()
    task.write(0, 19 if full else 3, length=100)
    task.pageout(0, 19)
    machine.swapoff(first)
    machine.swapon_pages(20, "zero", path="/second")
    task.write(0, 2, length=100)
    task.pageout(0, 2)
    paths = [loss.path for loss in machine.losses]
    assert paths == ["/first"] * (19 if full else 3) + ["/second"] * 2
    machine.check_invariants()
