"""The table of docs/pressure.md: programs under one policy after another.

``python -m tests.pressure.page`` writes it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.pressure.generations import limited, program_of, programs
from tests.pressure.programs import NAMES, operations

PAGE: Final = Path(__file__).parents[2] / "docs" / "pressure.md"
POLICIES: Final = ("two_lists", "mglru", "lru", "fifo")
_KERNEL: Final = "6.18"
_BLOCK: Final = re.compile(r"(<!-- table: policies -->\n).*?(<!-- end -->)", re.DOTALL)
#: Limits up to here are in the table.
_LIMIT_PAGES: Final = 2800


def counts(name: str, policy: str) -> tuple[int, int]:
    """Return how many pages a program pages out and reads back under a policy."""
    program = program_of(name)
    machine, task = limited(program, _KERNEL, policy)
    for batch in program.batches:
        for what, first, nr_pages in operations(batch):
            getattr(task, NAMES[what])(first, nr_pages)
    found = machine.vmstat()
    return found["pswpout"], found["pswpin"]


def row(name: str) -> str:
    """Return the line of a program."""
    cells = ["{}, {}".format(*counts(name, policy)) for policy in POLICIES]
    return f"| {' | '.join([name, *cells])} |"


def told() -> list[str]:
    """Return the programs that the page tells of."""
    lines = shown().splitlines()[2:]
    return [line.removeprefix("| ").partition(" | ")[0] for line in lines]


def names() -> list[str]:
    """Return those of which it should."""
    return [str(each) for each in programs() if each.limit_pages <= _LIMIT_PAGES]


def table() -> str:
    """Return all of it."""
    head = f"| program | {' | '.join(POLICIES)} |\n|---|{'---:|' * len(POLICIES)}\n"
    return head + "".join(f"{row(name)}\n" for name in names())


def shown() -> str:
    """Return what the page has."""
    match = _BLOCK.search(PAGE.read_text())
    assert match is not None
    return match[0].partition("\n")[2].removesuffix("<!-- end -->")


if __name__ == "__main__":
    made = table()
    PAGE.write_text(_BLOCK.sub(lambda m: m[1] + made + m[2], PAGE.read_text()))
