"""Sets of pages of mixed compressibility, the same ones every time.

A set is drawn from kinds of content that programs leave in memory; each set has
its own shares of them, so that together they reach most size classes.
"""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_SIZE = 4096

_WORDS = (
    b"swap page folio cluster entry slot device zswap pool object class "
    b"return static struct int unsigned long const void if for while "
).split()


def _text(choose: random.Random) -> bytes:
    return b" ".join(choose.choices(_WORDS, k=PAGE_SIZE // 2))


def _pointers(choose: random.Random) -> bytes:
    heap = 0x7F00_0000_0000 + choose.randrange(1 << 30)
    return b"".join(
        (heap + choose.randrange(1 << 16) * 8).to_bytes(8, "little")
        for _ in range(PAGE_SIZE // 8)
    )


def _small_integers(choose: random.Random) -> bytes:
    top = 1 << choose.randrange(2, 16)
    return b"".join(
        choose.randrange(top).to_bytes(4, "little") for _ in range(PAGE_SIZE // 4)
    )


def _sparse(choose: random.Random) -> bytes:
    page = bytearray(PAGE_SIZE)
    for _ in range(choose.randrange(1, 200)):
        page[choose.randrange(PAGE_SIZE)] = choose.randrange(1, 256)
    return bytes(page)


def _part_noise(choose: random.Random) -> bytes:
    noise_bytes = choose.randrange(1, PAGE_SIZE)
    filler = choose.randbytes(choose.randrange(2, 64))
    return choose.randbytes(noise_bytes) + filler * PAGE_SIZE


def _noise(choose: random.Random) -> bytes:
    return choose.randbytes(PAGE_SIZE)


def _repeats(choose: random.Random) -> bytes:
    piece = choose.randbytes(choose.randrange(9, 512))
    return piece * PAGE_SIZE


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _text,
    _pointers,
    _small_integers,
    _sparse,
    _part_noise,
    _noise,
    _repeats,
)


@cache
def page_set(seed: int, nr_pages: int) -> tuple[bytes, ...]:
    """Draw pages; no two are equal and none is of one repeated word."""
    choose = random.Random(seed)
    shares = [choose.random() ** 2 for _ in KINDS]
    pages: dict[bytes, None] = {}
    while len(pages) < nr_pages:
        kind = choose.choices(KINDS, shares)[0]
        page = kind(choose)[:PAGE_SIZE]
        if page[8:] != page[:-8]:
            pages[page] = None
    return tuple(pages)
