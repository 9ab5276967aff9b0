"""Kinds of random lives of pages, for the running kernel and for booted ones.

Not here: the lives (test_slots.py, tests/against_kernels/lives.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.against_kernel.slots_rig import AreaSpec

#: Pages that a task uses, by the order that new folios have there.
REGIONS = {0: (0, 2560), 2: (2560, 1024), 4: (3584, 2048)}
NR_PAGES = 6144
NR_SHARED_PAGES = 1200


@dataclass(frozen=True)
class Kind:
    """One kind of run."""

    name: str
    areas: tuple[AreaSpec, ...]
    zswap: bool = True
    cpus: int = 1
    orders: tuple[int, ...] = (0,)
    #: Pages that are swapped out first, and stay: with more than half of all swap
    #: in use a read frees the slot, and idle slots are reclaimed.
    filled: int = 0
    #: Whether tasks fork, and how often shared memory is mapped.
    forks: bool = False
    mappings: int = 0


def block(pages: int, **options: object) -> AreaSpec:
    return AreaSpec(kind="block", pages=pages, **options)  # type: ignore[arg-type]


KINDS = (
    Kind("solid state", (block(5000),)),
    Kind("rotational", (block(5000, rotational=True),)),
    Kind("bad pages", (block(5000, bad=(1, 2, 77, 1030, 2048, 4990)),), orders=(0, 2)),
    Kind("large folios", (block(7000),), orders=(0, 2, 4)),
    Kind("large folios, rotational", (block(7000, rotational=True),), orders=(0, 2, 4)),
    Kind("zram", (AreaSpec(kind="zram", pages=7000),), zswap=False, orders=(0, 2, 4)),
    Kind(
        "file", (AreaSpec(kind="file", pages=7000, rotational=True),), orders=(0, 2, 4)
    ),
    Kind(
        "three areas, two CPUs",
        (
            block(1500, prio=5),
            block(2000, prio=5),
            block(6000, prio=2, rotational=True),
        ),
        cpus=2,
        orders=(0, 2, 4),
    ),
    Kind(
        "equal rotational areas",
        (block(4000, prio=3, rotational=True), block(4000, prio=3, rotational=True)),
        cpus=2,
    ),
    Kind("default priorities", (block(1500), block(6000)), orders=(0, 4)),
    Kind("more than half full", (block(4500),), filled=2300),
    Kind("more, large folios", (block(6500),), orders=(0, 2, 4), filled=3300),
    Kind(
        "more, two areas",
        (block(2500, prio=4), block(4500, prio=4, rotational=True)),
        cpus=2,
        orders=(0, 2),
        filled=3600,
    ),
    Kind("discard", (block(6000, discard=True),), orders=(0, 2)),
    Kind(
        "two areas with discard",
        (block(3000, discard=True, prio=1), block(3000, discard=True, prio=1)),
    ),
    Kind("fork", (block(7000),), orders=(0, 2), forks=True),
    Kind("fork, zram", (AreaSpec(kind="zram", pages=9000),), zswap=False, forks=True),
    Kind("fork, more than half full", (block(6000),), forks=True, filled=3100),
    Kind("shared memory", (block(5000),), mappings=2),
    Kind(
        "shared memory, full areas",
        (block(1400, prio=1), AreaSpec(kind="zram", pages=1000, prio=2)),
        zswap=False,
        mappings=3,
    ),
)
