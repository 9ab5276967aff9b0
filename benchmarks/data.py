"""Pages with data: out and in through zswap, under each design, with bytes, in memory.

CPU time, the fastest of some rounds, since whatever else runs only adds. What is to
hold stands behind each row, and whether it does. Four tables:

*by length*: pages without bytes go out and come back, on a plain area and through
zswap. Compiled, zswap is to have half of the plain area's speed each way, and 2.5 and
2 million pages a second.

*designs*: zswap on and a disk; pages go out, some are written back, some come back, are
changed, go out again, all are dropped. Compiled, no design may take twice as long as
plain, and each is to be 20 times as fast as at commit 82d01bd, which is taken out of
the history; interpreted, none slower than 0.8 times that.

*bytes*: half noise, as fresh pages of programs often are; every page is another. The
codec compresses each once and proves it by decompressing. What the machine takes
besides, out and in, is to be under a tenth of that. Pages are read as a list of them.

*memory*: 4 million pages in zswap by length, in a process of its own.
"""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.store.compress import CODEC_NAMES, get_codec
from swaptools.errors import MissingExtra

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.store.compress import Codec

PAGE_SIZE = 4096
ROUNDS = 4
BEFORE = "82d01bd"
#: Pages of a round, compiled and interpreted.
NR_PAGES = {True: 1 << 18, False: 1 << 13}
NR_BYTES_PAGES = 4000
#: Of those, what a thread takes at a time.
_TURN = 32
#: Of the designs: what the old engine does in some seconds.
NR_DESIGN_PAGES = {True: 1 << 15, False: 1 << 13}
NR_MEMORY_PAGES = 4 << 20

#: What is to hold, compiled.
PAGES_S = {"out": 2.5e6, "in": 2e6}
OF_PLAIN = 0.5
OF_PLAIN_TIME = 2.0
OF_BEFORE = 20.0
OF_CODEC = 0.1
RESIDENT_MIB = 600
#: And interpreted.
OF_BEFORE_INTERPRETED = 0.8


class Timing(NamedTuple):
    """Seconds for all pages, out and in."""

    out_s: float
    in_s: float


def fastest(timings: list[Timing]) -> Timing:
    """Return the fastest way out and the fastest way in, of whichever round."""
    return Timing(min(t.out_s for t in timings), min(t.in_s for t in timings))


# --- by length -------------------------------------------------------------


def write_lengths(task: Task, first: int, nr_pages: int) -> None:
    """Write pages, 64 in a row of each length."""
    draw = random.Random(first)
    for at in range(first, first + nr_pages, 64):
        task.write(at, min(64, first + nr_pages - at), length=draw.randrange(60, 3000))


def time_lengths(*, compiled: bool, zswap: bool) -> Timing:
    """Time pages out and in again."""
    nr_pages = NR_PAGES[compiled]
    machine = Machine(zswap=zswap, compiled=compiled)
    machine.swapon_pages(2 * nr_pages)
    task = machine.task()
    timings = []
    for _ in range(ROUNDS + 1):  # the first compiles
        write_lengths(task, 0, nr_pages)
        start = time.process_time()
        task.pageout(0, nr_pages)
        out = time.process_time()
        task.read(0, nr_pages)
        timings.append(Timing(out - start, time.process_time() - out))
    return fastest(timings[1:])


def verdict(goal: str, holds: bool) -> str:
    """Say what is to hold, and whether it does."""
    return f"   {goal}: {'OK' if holds else 'short'}"


def print_lengths(*, compiled: bool) -> bool:
    """Print a row each way; tell whether what is to hold holds."""
    plain = time_lengths(compiled=compiled, zswap=False)
    zswap = time_lengths(compiled=compiled, zswap=True)
    print(f"\nby length, {way_of(compiled)}    plain       zswap    of plain")
    holds = True
    for way, plain_s, zswap_s in zip(("out", "in"), plain, zswap, strict=True):
        rates = [NR_PAGES[compiled] / seconds for seconds in (plain_s, zswap_s)]
        ratio = rates[1] / rates[0]
        row = f"{way:22}{rates[0]:12,.0f}{rates[1]:12,.0f}{ratio:10.2f} x"
        if compiled:
            here = rates[1] >= PAGES_S[way] and ratio >= OF_PLAIN
            goal = f">= {OF_PLAIN} x, >= {PAGES_S[way] / 1e6} M/s"
            row += verdict(goal, here)
            holds &= here
        print(row)
    return holds


def way_of(compiled: bool) -> str:
    """Say how the machine runs."""
    return "compiled" if compiled else "interpreted"


# --- designs ---------------------------------------------------------------


def time_design(name: str, *, compiled: bool) -> float:
    """Time all that is done with pages under a design."""
    nr_pages = NR_DESIGN_PAGES[compiled]
    machine = Machine(design=name, compiled=compiled)
    disks = (DiskSetup("disk", 4 * nr_pages, prio=5),)
    machine.set_up(Setup(disks, virtual_pages=4 * nr_pages, zswap=True))
    task = machine.task()
    start = time.process_time()
    task.write(0, nr_pages, length=1400)
    task.pageout(0, nr_pages)
    machine.write_back(nr_pages // 4)
    task.read(0, nr_pages // 2)
    task.write(0, nr_pages // 4, length=1400)
    task.pageout(0, nr_pages)
    task.drop(0, nr_pages)
    return time.process_time() - start


def time_designs(*, compiled: bool) -> dict[str, float]:
    """Time each some times, in turn."""
    taken: dict[str, float] = {}
    for _ in range(ROUNDS + compiled):  # the first compiles
        for name in design_names():
            once = time_design(name, compiled=compiled)
            taken[name] = min(once, taken.get(name, once))
    return taken


def print_designs(*, compiled: bool) -> bool:
    """Print a row each; tell whether what is to hold holds."""
    way = way_of(compiled)
    new = run_in(None, __file__, "designs", way)
    with tree(BEFORE) as folder:
        old = run_in(folder, __file__, "designs", way) if folder else {}
    print(f"\ndesigns, {way:12}      pages/s   of plain's time   of {BEFORE}")
    nr_pages = NR_DESIGN_PAGES[compiled] * 5
    holds = True
    for name, seconds in new.items():
        of_plain = seconds / new["plain"]
        row = f"{name:20}{nr_pages / seconds:14,.0f}{of_plain:16.2f} x"
        here = of_plain <= OF_PLAIN_TIME or not compiled
        goal = f"<= {OF_PLAIN_TIME} x, " if compiled else ""
        if name in old:
            ratio = old[name] / seconds
            wanted = OF_BEFORE if compiled else OF_BEFORE_INTERPRETED
            here &= ratio >= wanted
            goal += f">= {wanted} x"
            row += f"{ratio:10.2f} x"
        print(row + verdict(goal, here))
        holds &= here
    return holds


# --- bytes -----------------------------------------------------------------


def mixed_pages(choose: random.Random) -> list[bytes]:
    """Make pages with a different amount of noise, words and zeros in each."""
    words = [choose.randbytes(choose.randrange(2, 12)) for _ in range(200)]
    pages = []
    for _ in range(NR_BYTES_PAGES):
        noise = choose.randbytes(choose.randrange(PAGE_SIZE))
        zeros = bytes(choose.randrange(PAGE_SIZE // 2))
        text = b"".join(choose.choices(words, k=PAGE_SIZE // 2))
        pages.append((noise + zeros + text)[:PAGE_SIZE])
    return pages


def time_codec(codec: Codec, pages: list[bytes]) -> float:
    """Time the codec alone: all pages compressed, and decompressed.

    In threads where the machine has some for it: two at once take more time of the
    processors than one after the other, whoever starts them.
    """

    def there_and_back(some: list[bytes]) -> None:
        for data in [codec.compress(page) for page in some]:
            codec.decompress(data, PAGE_SIZE)

    parts = [pages[at : at + _TURN] for at in range(0, len(pages), _TURN)]
    start = time.process_time()
    if codec.is_slow:
        with ThreadPoolExecutor() as threads:
            list(threads.map(there_and_back, parts))
    else:
        there_and_back(pages)
    return time.process_time() - start


def time_bytes(name: str, pages: list[bytes]) -> Timing:
    """Time pages out, for the first time with these bytes, and in."""
    machine = Machine(zswap=True, compressor=name, compiled=can_compile())
    machine.swapon_pages(2 * len(pages))
    task = machine.task()
    task.write(0, 1, data=pages[0])  # compiles
    task.pageout(0, 1)
    task.read(0, 1)
    task.write(0, len(pages), data=b"".join(pages))
    start = time.process_time()
    task.pageout(0, len(pages))
    out = time.process_time()
    task.read_pages(0, len(pages))
    return Timing(out - start, time.process_time() - out)


def print_bytes() -> bool:
    """Print a row a codec; tell whether what is to hold holds."""
    pages = mixed_pages(random.Random(1))
    print(f"\nbytes, {way_of(can_compile())}       out/s        in/s   own to codec")
    holds = True
    for name in CODEC_NAMES:
        try:
            codec = get_codec(name)
        except MissingExtra as exc:
            print(f"{name:8} {exc}")
            continue
        by_codec = min(time_codec(codec, pages) for _ in range(ROUNDS))
        taken = fastest([time_bytes(name, pages) for _ in range(ROUNDS)])
        own = sum(taken) / by_codec - 1
        holds &= own <= OF_CODEC
        rates = [len(pages) / seconds for seconds in taken]
        row = f"{name:20}{rates[0]:12,.0f}{rates[1]:12,.0f}{own:12.3f}"
        print(row + verdict(f"<= {OF_CODEC}", own <= OF_CODEC))
    return holds


# --- memory ----------------------------------------------------------------


def resident_mib() -> float:
    """Fill a pool with pages without bytes; return what this process had at most."""
    machine = Machine(zswap=True, compiled=can_compile())
    machine.swapon_pages(NR_MEMORY_PAGES + 1024)
    task = machine.task()
    turn = 1 << 14
    for first in range(0, NR_MEMORY_PAGES, turn):
        write_lengths(task, first, turn)
        task.pageout(first, turn)
    stored = machine.zswap.stored_pages
    if stored != NR_MEMORY_PAGES:
        raise SystemExit(f"only {stored} pages are in zswap")
    return peak_bytes() / (1 << 20)


def print_memory() -> bool:
    """Print how much that is, of a process of its own."""
    # The first compiles, if nobody has, and what that takes is no page's.
    found: float = min(run_in(None, __file__, "memory") for _ in range(2))
    pages = NR_MEMORY_PAGES
    print(f"\nmemory: {pages:,} pages in zswap, {found:.0f} MiB resident at most,")
    row = f"        {found * (1 << 20) / pages:.0f} bytes a page"
    print(row + verdict(f"< {RESIDENT_MIB} MiB", found < RESIDENT_MIB))
    return found < RESIDENT_MIB


def main() -> int:
    """Print every table; fail when something does not hold."""
    asked = sys.argv[1:]
    if asked[:1] == ["designs"]:
        json.dump(time_designs(compiled=asked[1] == "compiled"), sys.stdout)
        return 0
    if asked == ["memory"]:
        json.dump(resident_mib(), sys.stdout)
        return 0
    holds = [print_bytes()]
    for compiled in (False, True)[: 1 + can_compile()]:
        holds.append(print_lengths(compiled=compiled))
        holds.append(print_designs(compiled=compiled))
    if can_compile():
        holds.append(print_memory())
    else:
        print("interpreted only: the fast extra is not installed")
    return 0 if all(holds) else 1


# The package of another commit has no history.py beside it, and needs none.
if __name__ == "__main__":
    from history import run_in, tree
    from resident import peak_bytes

    sys.exit(main())
