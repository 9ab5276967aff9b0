"""Programs under a limit of memory, done by booted kernels with generations.

``python -m tests.against_kernels.pressure [--keep] KERNEL...`` has each kernel do the
programs, and prints how near the emulator's policies come (tests/pressure/nearness.py);
``--keep`` writes what the kernels did down (tests/pressure/generations.py). As root.

The task has its page tables before it joins its group; before each access it was
switched to, so that its page tables are worth a walk, and its processor forgets all
translations; behind each batch nothing waits on a list of the processor. Two runs of a
kernel then do the same.

Not here: what is done (tests/pressure/programs.py).
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from tests.against_kernels.guest import Guest
from tests.against_kernels.packages import NotToBeHad, get_kernel
from tests.against_kernels.programs import State, Watch, read_state
from tests.pressure.generations import (
    Seen,
    emulate,
    held_out,
    keep,
    places_of,
    programs,
    seen,
)
from tests.pressure.nearness import lines, series
from tests.pressure.programs import DROP, PAGEOUT, WRITE, operations

__all__ = ["SHORT", "ask_guest", "ask_kernel", "emulated", "series"]

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from tests.pressure.programs import Program

_PAGE: Final = 4096
#: Words of an order. Kernel side: guest.h MAX_WORDS.
_MOST_WORDS: Final = 8000
_ENABLED: Final = "tell /sys/kernel/mm/lru_gen/enabled"
_WATCH: Final = Watch(counters=True, settled=True)


#: Those of tried() that are done soon, of four workloads.
SHORT: Final = (
    "random seed 3 limit 1586",
    "loop seed 2 limit 2063",
    "zipf seed 2 limit 1348",
    "sequential seed 0 limit 2000",
)


def emulated(name: str, kernel: str) -> Seen:
    """Return what comes of a program under the policy of kernels with generations."""
    return emulate(_named(name), kernel, "mglru")


def _named(name: str) -> Program:
    return next(each for each in (*programs(), *held_out()) if str(each) == name)


def ask_guest(guest: Guest, program: Program) -> Seen:
    """Have a booted kernel do a program."""
    limit = program.limit_pages * _PAGE
    guest.ask(
        [
            *("reset", "set zswap.enabled N", "set vm.swappiness 60"),
            *("swapon z zram 65536", "cgroup g", "task t"),
            *(f"tables {program.nr_pages + 512}", "join g"),
            f"set g/memory.max {limit}",
        ]
    )
    first = _look(guest, [])
    states = [_look(guest, list(_words(batch))) for batch in program.batches]
    guest.ask(["reset"])
    nr_pages = program.nr_pages
    return seen(
        [each.counters["pswpout"] - first.counters["pswpout"] for each in states],
        [_places(each, nr_pages) for each in states],
    )


def _look(guest: Guest, words: list[str]) -> State:
    orders = [
        " ".join(["refer", *words[first : first + _MOST_WORDS]])
        for first in range(0, len(words), _MOST_WORDS)
    ]
    state = State()
    read_state(state, guest.ask([*orders, _WATCH.order])[-1])
    return state


def _places(state: State, nr_pages: int) -> bytes:
    entries = state.pages["t"]
    return places_of([*entries, *[None] * (nr_pages - len(entries))])


def _words(batch: array[int]) -> Iterator[str]:
    letters = {WRITE: "w", PAGEOUT: "p", DROP: "d"}
    for what, first, nr_pages in operations(batch):
        letter = letters.get(what, "")
        yield f"{first}{letter}{nr_pages if letter in ('p', 'd') else ''}"


def ask_kernel(name: str, asked: Sequence[str]) -> tuple[str, dict[str, Seen]]:
    """Return a kernel's release, and what it did to each program.

    Raises:
        NotToBeHad: It cannot be had, or has no generations.
    """
    with Guest(get_kernel(name)) as guest:
        guest.load("zswap", "zram")
        if not int(guest.ask([_ENABLED])[0].lines[0], 16):
            raise NotToBeHad("its generations are not enabled")
        return guest.release, {each: ask_guest(guest, _named(each)) for each in asked}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kernels", nargs="+", metavar="KERNEL")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    found = {}
    for name in options.kernels:
        try:
            release, did = ask_kernel(name, list(map(str, [*programs(), *held_out()])))
        except NotToBeHad as why:
            sys.stdout.write(f"{name}: skipped, {why}\n")
            continue
        found[release] = did
        if options.keep:
            keep({release: did})
    for line in lines(found):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    _main()
