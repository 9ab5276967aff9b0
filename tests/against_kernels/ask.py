"""Ask one booted kernel: programs and what it did with them, line by line.

``python -m tests.against_kernels.ask 6.12 programs.txt``, or ``-`` for standard
input. Programs are in swapemu's language (programs.py), one after another with a
line ``---`` between them; areas may be ``block``, ``file`` and ``zram``.

``--compare`` asks the emulator, too, and marks where it differs; ``--counters``
shows zswap's, vmstat's and others; ``--json`` prints a line for each program.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.against_kernels import programs
from tests.against_kernels.guest import Guest
from tests.against_kernels.packages import NotToBeHad, get_kernel
from tests.against_kernels.places import program_disks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.against_kernels.programs import Program, State


@contextmanager
def booted(name: str, memory_bytes: int = 1 << 30) -> Iterator[Guest]:
    """Have a kernel up that programs can be done on.

    Raises:
        NotToBeHad: It cannot be had here; says why.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        disks = program_disks(scratch)
        kernel = get_kernel(name)
        guest = stack.enter_context(Guest(kernel, disks, memory_bytes=memory_bytes))
        programs.prepare(guest)
        yield guest


def parse_programs(text: str) -> list[Program]:
    """Cut a text into programs; comments and empty lines are left out."""
    found: list[list[str]] = [[]]
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if line == "---":
            found.append([])
        elif line:
            found[-1].append(line)
    return [tuple(lines) for lines in found if lines]


def _print(program: Program, theirs: list[State], ours: list[State]) -> None:
    for number, (line, state) in enumerate(zip(program, theirs, strict=True)):
        sys.stdout.write(f"{line}\n    {state.text()}\n")
        if number < len(ours):
            for difference in ours[number].differences(state):
                sys.stdout.write(f"  ! emulator: {difference}\n")
    sys.stdout.write("---\n")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kernel", help="a series such as 6.12, or a release")
    parser.add_argument("programs", help="a file, or - for standard input")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--counters", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    name = options.programs
    listed = parse_programs(sys.stdin.read() if name == "-" else Path(name).read_text())
    watch = programs.Watch(counters=options.counters, settled=options.counters)
    try:
        with booted(options.kernel) as guest:
            release, answers = guest.release, programs.ask_kernel(guest, listed, watch)
    except NotToBeHad as why:
        raise SystemExit(f"{options.kernel}: {why}") from None
    for program, theirs in zip(listed, answers, strict=True):
        if options.json:
            said = [state.as_json() for state in theirs]
            shown = {"kernel": release, "program": program, "states": said}
            sys.stdout.write(json.dumps(shown) + "\n")
            continue
        wanted = options.compare
        ours = programs.ask_machine(program, release) if wanted else []
        _print(program, theirs, ours)


if __name__ == "__main__":
    _main()
