"""How many pages a second go in and out of a pool, and what share the codec has.

A store is a page compressed and its object placed, a load the page read back and
the object freed; pages are half noise, as fresh pages of programs often are, and
loads come in another order than stores. The emulator's own part is to stay under
a fifth of the codec's.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator.compress import CODEC_NAMES, get_codec
from swaptools.emulator.zsmalloc import ZsPool
from swaptools.errors import MissingExtra

if TYPE_CHECKING:
    from swaptools.emulator.compress import Codec

PAGE_SIZE = 4096
NR_PAGES = 4000
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
    start = time.perf_counter()
    compressed = [codec.compress(page) for page in pages]
    stored = time.perf_counter()
    for index in order:
        codec.decompress(compressed[index], PAGE_SIZE)
    return Timing(stored - start, time.perf_counter() - stored)


def time_pool(lengths: list[int], order: list[int]) -> Timing:
    """Time the pool alone, given lengths."""
    pool = ZsPool()
    start = time.perf_counter()
    handles = [pool.malloc(length_bytes) for length_bytes in lengths]
    stored = time.perf_counter()
    for index in order:
        pool.free(handles[index])
    return Timing(stored - start, time.perf_counter() - stored)


def main() -> int:
    """Print a row a codec; fail when the pool takes too large a share."""
    choose = random.Random(1)
    pages = mixed_pages(choose)
    order = choose.sample(range(NR_PAGES), NR_PAGES)
    print("codec     stores/s   loads/s   codec's share   pool to codec")
    worst = 0.0
    for name in CODEC_NAMES:
        try:
            codec = get_codec(name)
        except MissingExtra as exc:
            print(f"{name:8} {exc}")
            continue
        lengths = [min(len(codec.compress(page)), PAGE_SIZE) for page in pages]
        # The fastest of five, each, since anything else that runs only adds.
        by_codec = min((time_codec(codec, pages, order) for _ in range(5)), key=total)
        by_pool = min((time_pool(lengths, order) for _ in range(5)), key=total)
        both = by_codec + by_pool
        ratio = total(by_pool) / total(by_codec)
        worst = max(worst, ratio)
        print(
            f"{name:8} {NR_PAGES / both.store_s:9,.0f} {NR_PAGES / both.load_s:9,.0f}"
            f" {total(by_codec) / total(both):15.1%} {ratio:15.3f}"
        )
    print(f"worst {worst:.3f}, allowed {ALLOWED:.3f}")
    return 0 if worst < ALLOWED else 1


def total(timing: Timing) -> float:
    """Add both ways."""
    return timing.store_s + timing.load_s


if __name__ == "__main__":
    sys.exit(main())
