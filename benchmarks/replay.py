"""Replaying: against libCacheSim's LRU, and in how much memory. Needs the fast extra.

The peer is in a dependency group of its own (``pip install --group bench``), and under
the GPL: it runs in another process. CPU time of both, on the same file: 10 million
requests of a zipf distribution over a million pages, as oracleGeneral. They take turns,
and the fastest round of each counts.

*misses*: the policy ``lru`` misses what LRU there misses, to the request, in each of
five memories. With slots and nothing besides at twice its speed; with zswap in front,
whose pool takes of the same memory, at its speed from 50 000 pages on, and at twice
that from 200 000.

*memory*: 100 million references over 4 million pages, a quarter of them in memory, are
replayed in less than a GiB, whatever is counted on the way.

*sameness*: the same trace twice gives the same bytes, and so it does interpreted.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from array import array
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from resident import peak_bytes
from traces import MISSES, NR_REQUESTS, RECORD, batches, requests

from swaptools.compile_cache import COMPILE_CACHE
from swaptools.emulator import replay
from swaptools.emulator.replays.machines import machine_for
from swaptools.references import References, no_flags, one_task
from swaptools.traces.formats import open_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator import Replayed

PAGE = 4096
ROUNDS = 3
AREA_PAGES = 2_000_000
PEER = Path(__file__).parent / "peers" / "libcachesim_lru.py"
#: At least so many times the speed of the peer, by memory: with slots alone, and with
#: zswap in front; 0 where it is printed and nothing more.
SLOTS_TIMES = dict.fromkeys(MISSES, 2.0)
ZSWAP_TIMES = {1_000: 0.0, 10_000: 0.0, 50_000: 1.0, 200_000: 2.0, 500_000: 2.0}

MANY_REFERENCES = 100_000_000
MANY_PAGES = 4_000_000
MOST_BYTES = 1 << 30
FEW_REFERENCES = 60_000


def replayed(path: Path, nr_pages: int, *, zswap: bool) -> tuple[int, float]:
    """Replay the file in a memory; return misses and seconds of the processor."""
    machine = machine_for(
        nr_pages * PAGE, AREA_PAGES, design="plain", policy="lru", zswap=zswap
    )
    begun = time.process_time()
    with open_trace(str(path), format_name="oracleGeneral") as found:
        done = replay(found, machine, nr_pages * PAGE, about=found.about)
    return done.misses, time.process_time() - begun


def of_peer(path: Path, nr_pages: int) -> tuple[int, float]:
    """Return what the peer misses in a memory, and its seconds.

    Where it is not installed, what it missed once, and no time.
    """
    if find_spec("libcachesim") is None:
        return MISSES[nr_pages], math.inf
    words = [sys.executable, str(PEER), str(path), str(nr_pages)]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    (row,) = (line.split() for line in text.splitlines() if line[:1].isdigit())
    return int(row[0]), float(row[1])


def in_turn(path: Path, nr_pages: int) -> list[tuple[set[int], float]]:
    """Return for the peer, for slots and for zswap what missed, and the best time."""
    runs = (
        lambda: of_peer(path, nr_pages),
        lambda: replayed(path, nr_pages, zswap=False),
        lambda: replayed(path, nr_pages, zswap=True),
    )
    rounds = [[run() for run in runs] for _ in range(ROUNDS)]
    return [
        ({count for count, _ in each}, min(seconds for _, seconds in each))
        for each in zip(*rounds, strict=True)
    ]


def misses(path: Path) -> bool:
    """Print misses and speeds; tell whether they are what they should be."""
    replayed(path, 1_000, zswap=False)  # compiles
    replayed(path, 1_000, zswap=True)
    if find_spec("libcachesim") is None:
        print("libcachesim is not installed: pip install --group bench")
    is_good = True
    print("    PAGES     MISSES      PEER'S  PEER M/s   SLOTS TIMES      ZSWAP TIMES")
    for nr_pages in MISSES:
        (expected, seconds), slots, zswap = in_turn(path, nr_pages)
        is_good &= slots[0] == expected and len(zswap[0]) == 1
        line = f"{nr_pages:9,} {min(slots[0]):10,}  {min(expected):10,} "
        line += f"{NR_REQUESTS / seconds / 1e6:9.1f} "
        for times, (_, fastest) in ((SLOTS_TIMES, slots), (ZSWAP_TIMES, zswap)):
            is_good &= seconds / fastest >= times[nr_pages]
            line += f"{NR_REQUESTS / fastest / 1e6:7.1f} {seconds / fastest:5.2f} "
            line += f"({times[nr_pages]:g})"
        print(line, flush=True)
    return is_good


def many() -> Iterator[References]:
    """Yield references without end in sight, each page as likely as another."""
    rng = np.random.default_rng(3)
    block = 1 << 16
    for _ in range(-(-MANY_REFERENCES // block)):
        pages = rng.integers(0, MANY_PAGES, block, "u8") << np.uint64(20)
        view = memoryview(pages).cast("B").cast("Q")
        yield References(view, no_flags(block), one_task(block))


def peak() -> None:
    """Replay them, and print the most memory that this process had, in bytes."""
    ram_bytes = MANY_PAGES // 4 * PAGE
    machine = machine_for(ram_bytes, 2 * MANY_PAGES, design="plain", policy="lru")
    done = replay(many(), machine, ram_bytes)
    print(json.dumps([peak_bytes(), done.pages, done.misses]))


def memory() -> bool:
    """Do so in a process of its own."""
    words = [sys.executable, __file__, "--peak"]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    most_bytes, pages, missed = json.loads(text)
    print(
        f"\n{MANY_REFERENCES:,} references over {pages:,} pages, {missed:,} misses: "
        f"{most_bytes / (1 << 20):.0f} MiB; less than {MOST_BYTES >> 20}"
    )
    return bool(most_bytes < MOST_BYTES)


def few(*, compiled: bool) -> Replayed:
    """Replay a short trace in a small memory."""
    rng = Random(9)
    pages = array("Q", (int(3000 * rng.random() ** 2) for _ in range(FEW_REFERENCES)))
    machine = machine_for(
        800 * PAGE, 6000, design="plain", policy="two_lists", compiled=compiled
    )
    numbers = np.frombuffer(pages, "u8").copy()
    return replay(batches(numbers), machine, 800 * PAGE)


def sameness() -> bool:
    """Compare what two replays say, and an interpreted one."""
    texts = {json.dumps(few(compiled=how).to_dict()) for how in (True, True, False)}
    print(f"twice compiled and once interpreted: {len(texts)} text")
    return len(texts) == 1


def main() -> int:
    """Print all; 1 where something is not as it should be."""
    if sys.argv[1:] == ["--peak"]:
        peak()
        return 0
    COMPILE_CACHE.say = lambda text: print(text, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "oracle"
        records = np.zeros(NR_REQUESTS, RECORD)
        records["id"], records["size"], records["next"] = requests(), PAGE, -1
        records.tofile(path)
        is_good = misses(path)
    is_good = sameness() and is_good
    return 0 if memory() and is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
