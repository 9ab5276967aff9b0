"""What limits of version 2 do on booted kernels.

``python -m tests.against_kernels.limits KERNEL...`` as root writes what they do to
tests/pressure/limits.json, and says where the emulator does something else.

Not here: the rows (tests/pressure/limits.py).
"""

from __future__ import annotations

import json
import random
import sys
from typing import Final

from tests.against_kernels.guest import Guest
from tests.against_kernels.packages import get_kernel
from tests.against_kernels.programs import State, Watch, read_state
from tests.pressure.limits import (
    AREA_PAGES,
    LIMITS,
    NR_PAGES,
    PAGE,
    ROWS,
    Outcome,
    Row,
    Step,
    Told,
    differences,
    recorded,
)

_WATCH: Final = Watch(counters=True, settled=True).order
_GENERATIONS: Final = "../sys/kernel/mm/lru_gen/enabled"
_FILES: Final = ("swap.current", "zswap.current")
_LOOK: Final = [_WATCH, *(f"tell /cgroup/g/memory.{name}" for name in _FILES)]
#: Half of each page is noise.
_NOISE: Final = random.Random(1).randbytes(PAGE // 2).hex()


def ask_guest(guest: Guest, row: Row) -> list[Outcome]:
    """Have the steps of a row done."""
    guest.ask(
        [
            *("reset", f"set {_GENERATIONS} {7 if row.policy == 'mglru' else 0}"),
            *("set vm.swappiness 60", f"set zswap.enabled {'NY'[row.has_zswap]}"),
            *(f"swapon z zram {AREA_PAGES}", "cgroup g", "task t"),
            *(f"content 1 {_NOISE} z{PAGE // 2}", f"tables {NR_PAGES}", "join g"),
        ]
    )
    before = _look(guest, [])
    outcomes = [
        now._replace(
            pswpout=now.pswpout - before.pswpout, zswpout=now.zswpout - before.zswpout
        )
        for now in (_look(guest, [_order(step)]) for step in row.steps)
    ]
    guest.ask(["reset"])
    return outcomes


def ask_kernel(name: str) -> tuple[str, dict[str, Told]]:
    """Return a kernel's release, and what it did to each row."""
    with Guest(get_kernel(name)) as guest:
        guest.load("zswap", "zram")
        found = {each: ask_guest(guest, row) for each, row in ROWS.items()}
        all_stored = found["zswap.max max"][-1]
        length_bytes = all_stored.zswap_bytes // all_stored.zswpout
        return guest.release, {
            each: Told(outcomes, length_bytes) for each, outcomes in found.items()
        }


def _order(step: Step) -> str:
    match step.word:
        case "write":
            return f"write {step.first} {step.nr_pages} content=1"
        case "pageout":
            return f"pageout {step.first} {step.nr_pages}"
        case _:
            told = "max" if step.nr_pages is None else step.nr_pages * PAGE
            return f"set g/memory.{step.word.replace('_', '.')} {told}"


def _look(guest: Guest, orders: list[str]) -> Outcome:
    # Looked at before as well: what a processor has gathered is on lists then.
    watched, *files = guest.ask([_WATCH, *orders, *_LOOK])[-len(_LOOK) :]
    state = State()
    read_state(state, watched)
    entries = state.pages["t"]
    swap, zswap = (int(reply.lines[0]) for reply in files)
    return Outcome(
        sum(entry not in (None, "present") for entry in entries),
        state.counters["pswpout"],
        state.counters["zswpout"],
        zswap,
        swap // PAGE,
    )


def _main() -> None:
    told = recorded() if LIMITS.exists() else {}
    for name in sys.argv[1:]:
        release, found = ask_kernel(name)
        told[release] = found
        for row, outcomes in found.items():
            for each in differences(release, row, outcomes):
                sys.stdout.write(f"{release} {row}: {each}\n")
        LIMITS.write_text(json.dumps(told, sort_keys=True) + "\n")


if __name__ == "__main__":
    _main()
