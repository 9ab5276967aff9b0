"""Try a policy on recorded runs of the machine: ``python -m tests.pressure.again``.

With files that a run of the kernel test kept (``--pressure-keep``), or with the golden
ones; needs no root.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.pressure.agreement import Tally, agreement, first_difference
from tests.pressure.emulated import emulate
from tests.pressure.recording import load

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


def main() -> None:
    """Compare each file, and say how far they agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=GOLDEN)
    parser.add_argument("--policy", default="two_lists")
    parser.add_argument("--compiled", action="store_true")
    args = parser.parse_args()
    tally = Tally()
    for path in args.files:
        machine = load(path.read_text())
        begun = time.monotonic()
        ours = emulate(
            machine.program, machine.backend, args.policy, compiled=args.compiled
        )
        seconds = time.monotonic() - begun
        agrees = agreement(machine, ours)
        tally.add(agrees, args.policy, machine.program.workload, machine.backend)
        said = "exact" if agrees.is_exact else first_difference(machine, ours)
        sys.stdout.write(
            f"{machine.program} {machine.backend}: {said}, {seconds:.1f} s\n"
        )
    for line in tally.lines():
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
