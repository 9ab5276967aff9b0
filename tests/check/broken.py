"""Areas whose header pages are broken in ways that are drawn."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

from swaptools.observe import read_area
from swaptools.observe.proc import active_swaps
from tests.hostile.headers import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea


def broken_areas(seed: int, nr_areas: int) -> Iterator[SwapArea]:
    """Yield files of some lengths, as read_area() has them; the same every time."""
    rng, file = Random(seed), os.memfd_create("header")
    active = active_swaps()
    try:
        for _ in range(nr_areas):
            data = mutated(rng)
            os.ftruncate(file, 0)
            os.pwrite(file, data, 0)
            os.ftruncate(file, rng.choice((4096, len(data), 40960, 1 << 20)))
            yield read_area("header", active=active, below=False, descriptor=file)
    finally:
        os.close(file)
