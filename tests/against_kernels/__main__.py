"""``make test-kernels``: ask one kernel after another, and say where it differs.

``python -m tests.against_kernels [--headers N] [--lives N] [--counters N]
[--pressure N] [--sizes] [--seed N] [--seconds N] [--keep] [KERNEL...]``; a kernel is a
series or a release.
Each number is for each kernel. What cannot be had is said and skipped. A difference
is printed with the least that shows it, and makes the exit status 1. ``--keep``
writes down what came of it, for docs/kernels.md (tests/kernel/page.py).
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time

from tests.against_kernels.guest import why_not
from tests.against_kernels.packages import NotToBeHad, get_kernel
from tests.against_kernels.rounds import KERNELS, SHOWN, Amounts, ask_all
from tests.against_kernels.verdicts import Town, town
from tests.kernel import judged
from tests.kernel.judged import Judged


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="test-kernels")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL")
    parser.add_argument("--headers", type=int, default=3000)
    parser.add_argument("--lives", type=int, default=60)
    parser.add_argument("--counters", type=int, default=12)
    parser.add_argument("--pressure", type=int, default=4)
    parser.add_argument("--sizes", action="store_true")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--seconds", type=int, help="begin no kernel after so many")
    parser.add_argument("--keep", action="store_true", help="for docs/kernels.md")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _ask(name: str, where: Town, amounts: Amounts, *, keep: bool) -> bool:
    # Whether all of it agreed, or could not be had.
    try:
        kernel = get_kernel(name)
    except NotToBeHad as why:
        _say(f"{name}: skipped, {why}")
        return True
    _say(f"{name}: {kernel.release}, seed {amounts.seed}")
    is_good = True
    parts: dict[str, str] = {}
    for part in ask_all(kernel, where, amounts):
        is_good = is_good and part.is_good
        parts[part.what] = part.figures
        _say(f"  {part}")
        for difference in part.differences[:SHOWN]:
            _say(f"    {difference}")
    if keep:
        judged.keep(name, Judged(kernel.release, amounts.seed, _commit(), parts))
    return is_good


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip()


def _main() -> int:
    options = _parse()
    reason = why_not() if os.geteuid() == 0 else "needs root, to fill file systems"
    if reason:
        _say(f"skipped: {reason}")
        return 0
    amounts = Amounts(
        options.headers,
        options.lives,
        options.counters,
        options.pressure,
        options.sizes,
        options.seed,
    )
    bad = []
    began = time.monotonic()
    try:
        with town() as where:
            for name in options.kernels or KERNELS:
                if options.seconds and time.monotonic() - began > options.seconds:
                    _say(f"{name}: skipped, the time is over")
                elif not _ask(name, where, amounts, keep=options.keep):
                    bad.append(name)
    except NotToBeHad as why:
        _say(f"skipped: {why}")
    if bad:
        _say(f"differs: {' '.join(bad)}")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(_main())
