"""How many pages a second each design moves, relative to a real area.

Pages go out, come back, are changed, go out again and are dropped, one at a time.
With the ``fast`` extra each design runs again with the slot map compiled, which has
to count the same. It gains nothing here: a design asks for one slot at a time, and
crossing into compiled code costs what a slot costs. No design may take three times
as long as plain.
"""

from __future__ import annotations

import sys
import time

from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.designs.lineup import LINEUP
from swaptools.emulator.runs.replay import Replay
from swaptools.emulator.runs.scenario import parse_scenario

SCENARIO = parse_scenario("""
zswap on
virtual 256M
swapon disk block 256M prio=5
write 0 16000 length=1400
pageout 0 16000
shrink 4000
read 0 8000
write 0 4000 length=1400
pageout 0 16000
drop 0 16000
""")
ROUNDS = 3
ALLOWED = 3.0


def seconds(name: str, *, compiled: bool) -> float:
    """Time one run."""
    replay = Replay(SCENARIO, name, compiled=compiled)
    start = time.perf_counter()
    replay.run()
    return time.perf_counter() - start


def fastest(names: list[str], *, compiled: bool) -> dict[str, float]:
    """Time each design some times, in turn; the rest of the machine only adds."""
    taken: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name in names:
            once = seconds(name, compiled=compiled)
            taken[name] = min(once, taken.get(name, once))
    return taken


def main() -> int:
    """Print a row a design; fail when the ways differ or one is too slow."""
    ways = (False, True) if can_compile() else (False,)
    if len(ways) == 1:
        print("interpreted only: the fast extra is not installed")
    names = list(LINEUP)
    taken = {way: fastest(names, compiled=way) for way in ways}
    failed = False
    print("design         " + "".join(f"{_way(way):>27}" for way in ways))
    for name in names:
        row = f"{name:15}"
        for way in ways:
            ratio = taken[way][name] / taken[way]["plain"]
            failed |= ratio > ALLOWED
            rate = SCENARIO.nr_pages / taken[way][name]
            row += f"{rate:12,.0f}/s {ratio:6.2f} x plain"
        print(row)
        counts = [Replay(SCENARIO, name, compiled=way).run() for way in ways]
        failed |= counts[0] != counts[-1]
    return int(failed)


def _way(compiled: bool) -> str:
    return "compiled" if compiled else "interpreted"


if __name__ == "__main__":
    sys.exit(main())
