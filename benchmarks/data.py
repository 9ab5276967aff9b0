"""How many pages a second go in and out of zswap, and what share the codec has.

A store is a page compressed and its object placed, a load the page read back and
the object freed; pages are half noise, as fresh pages of programs often are.

``pool`` is zsmalloc alone, loads in another order than stores. ``machine`` is all
the emulator does for a page that is paged out and read again through a task: slots,
page tables, zswap and pool, that is everything but the codec. With deflate, which
takes longest, it is to stay under a fifth of the codec's time.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.store.compress import CODEC_NAMES, get_codec
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import MissingExtra

if TYPE_CHECKING:
    from swaptools.emulator.store.compress import Codec

PAGE_SIZE = 4096
NR_PAGES = 4000
ROUNDS = 5
ALLOWED = 1 / 5


@dataclass(frozen=True)
class Timing:
    """Seconds for all pages, in and out."""

    store_s: float
    load_s: float

    def __add__(self, other: Timing) -> Timing:
        return Timing(self.store_s + other.store_s, self.load_s + other.load_s)


def mixed_pages(choose: random.Random) -> list[bytes]:
    """Make pages with a different amount of noise, words and zeros in each."""
    words = [choose.randbytes(choose.randrange(2, 12)) for _ in range(200)]
    pages = []
    for _ in range(NR_PAGES):
        noise = choose.randbytes(choose.randrange(PAGE_SIZE))
        zeros = bytes(choose.randrange(PAGE_SIZE // 2))
        text = b"".join(choose.choices(words, k=PAGE_SIZE // 2))
        pages.append((noise + zeros + text)[:PAGE_SIZE])
    return pages


def time_codec(codec: Codec, pages: list[bytes], order: list[int]) -> Timing:
    """Time the codec alone."""
    start = time.process_time()
    compressed = [codec.compress(page) for page in pages]
    stored = time.process_time()
    for index in order:
        codec.decompress(compressed[index], PAGE_SIZE)
    return Timing(stored - start, time.process_time() - stored)


def time_pool(lengths: list[int], order: list[int]) -> Timing:
    """Time the pool alone, given lengths."""
    pool = ZsPool()
    start = time.process_time()
    zspages = [pool.malloc(length_bytes) for length_bytes in lengths]
    stored = time.process_time()
    for index in order:
        pool.free(zspages[index])
    return Timing(stored - start, time.process_time() - stored)


def time_machine(name: str, pages: list[bytes]) -> Timing:
    """Time pages through a task, codec included; the first round warms up."""
    machine = Machine(zswap=True, compressor=name)
    machine.swapon_pages(2 * NR_PAGES)
    task = machine.task()
    task.write(0, NR_PAGES, data=b"".join(pages))
    timings = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        task.pageout(0, NR_PAGES)
        stored = time.process_time()
        task.read(0, NR_PAGES)
        timings.append(Timing(stored - start, time.process_time() - stored))
    return min(timings[1:], key=total)


def main() -> int:
    """Print a row a codec; fail when a share is too large."""
    choose = random.Random(1)
    pages = mixed_pages(choose)
    order = choose.sample(range(NR_PAGES), NR_PAGES)
    print("compiled" if can_compile() else "interpreted (the fast extra compiles)")
    print("codec     stores/s   loads/s   pool to codec   machine to codec")
    shares = {"pool": 0.0, "machine, deflate": 0.0}
    for name in CODEC_NAMES:
        try:
            codec = get_codec(name)
        except MissingExtra as exc:
            print(f"{name:8} {exc}")
            continue
        lengths = [min(len(codec.compress(page)), PAGE_SIZE) for page in pages]
        # The fastest round, each, since anything else that runs only adds.
        rounds = range(ROUNDS)
        by_codec = min((time_codec(codec, pages, order) for _ in rounds), key=total)
        by_pool = min((time_pool(lengths, order) for _ in rounds), key=total)
        all_of_it = time_machine(name, pages)
        pool = total(by_pool) / total(by_codec)
        machine = total(all_of_it) / total(by_codec) - 1
        shares["pool"] = max(shares["pool"], pool)
        if name == "deflate":
            shares["machine, deflate"] = machine
        print(
            f"{name:8} {NR_PAGES / all_of_it.store_s:9,.0f}"
            f" {NR_PAGES / all_of_it.load_s:9,.0f} {pool:15.3f} {machine:18.3f}"
        )
    print(", ".join(f"{what} {share:.3f}" for what, share in shares.items()))
    print(f"allowed {ALLOWED:.3f}")
    return 0 if max(shares.values()) < ALLOWED else 1


def total(timing: Timing) -> float:
    """Add both ways."""
    return timing.store_s + timing.load_s


if __name__ == "__main__":
    sys.exit(main())
