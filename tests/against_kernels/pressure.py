"""Programs under a limit of memory, done by booted kernels with generations.

``python -m tests.against_kernels.pressure [--keep] KERNEL...`` says how many pages each
program paged out, and how many the emulator's policies do; ``--keep`` writes what the
kernels did down (tests/pressure/generations.py). As root.

The task has its page tables before it joins its group, and its processor forgets all
translations before each access; two runs of a kernel then do the same.

Not here: what is done (tests/pressure/programs.py).
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Final

from tests.against_kernels.guest import Guest
from tests.against_kernels.packages import NotToBeHad, get_kernel
from tests.pressure.generations import BOOTED, emulate, programs, recorded, steps_of
from tests.pressure.programs import DROP, PAGEOUT, WRITE, operations

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from tests.pressure.programs import Program

POLICIES: Final = ("mglru", "two_lists", "lru", "fifo")
_PAGE: Final = 4096
#: Words of an order. Kernel side: guest.h MAX_WORDS.
_MOST_WORDS: Final = 8000
_ENABLED: Final = "tell /sys/kernel/mm/lru_gen/enabled"


def ask_guest(guest: Guest, program: Program) -> list[int]:
    """Do a program; return how many pages each batch behind the first paged out."""
    limit = program.limit_pages * _PAGE
    guest.ask(
        [
            *("reset", "set zswap.enabled N", "set vm.swappiness 60"),
            *("swapon z zram 65536", "cgroup g", "task t"),
            *(f"tables {program.nr_pages + 512}", "join g"),
            f"set g/memory.max {limit}",
        ]
    )
    totals = [_do(guest, batch) for batch in program.batches]
    guest.ask(["reset"])
    return steps_of(totals)


def _do(guest: Guest, batch: array[int]) -> int:
    words = list(_words(batch))
    orders = [
        " ".join(["refer", *words[first : first + _MOST_WORDS]])
        for first in range(0, len(words), _MOST_WORDS)
    ]
    told = guest.ask([*orders, "tell /proc/vmstat"])[-1]
    return int(told.value("pswpout") or 0)


def _words(batch: array[int]) -> Iterator[str]:
    letters = {WRITE: "w", PAGEOUT: "p", DROP: "d"}
    for what, first, nr_pages in operations(batch):
        letter = letters.get(what, "")
        yield f"{first}{letter}{nr_pages if letter in ('p', 'd') else ''}"


def ask_kernel(name: str) -> tuple[str, dict[str, list[int]]]:
    """Return a kernel's release, and what it did to each program.

    Raises:
        NotToBeHad: It cannot be had, or has no generations.
    """
    with Guest(get_kernel(name)) as guest:
        guest.load("zswap", "zram")
        enabled = guest.ask([_ENABLED])[0].lines[0]
        if not int(enabled, 16):
            raise NotToBeHad("its generations are not enabled")
        return guest.release, {str(each): ask_guest(guest, each) for each in programs()}


def _say(release: str, found: dict[str, list[int]]) -> None:
    kernel = ".".join(release.split(".")[:2])
    for program in programs():
        told = found[str(program)]
        sys.stdout.write(f"{release} {program}: {sum(told)} paged out\n")
        for policy in POLICIES:
            ours = emulate(program, kernel, policy)
            same = sum(map(int.__eq__, ours, told))
            sys.stdout.write(
                f"    {policy} {sum(ours)}, {same} of {len(told)} batches the same\n"
            )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kernels", nargs="+", metavar="KERNEL")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    kept = recorded() if BOOTED.exists() else {}
    for name in options.kernels:
        try:
            release, found = ask_kernel(name)
        except NotToBeHad as why:
            sys.stdout.write(f"{name}: skipped, {why}\n")
            continue
        kept[release] = found
        _say(release, found)
    if options.keep:
        BOOTED.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    _main()
