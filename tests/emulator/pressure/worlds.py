"""Machines under pressure as random programs find them: policies, kernels, areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine

if TYPE_CHECKING:
    import random

GROUPS: Final = ("a", "a/b", "a/b/c", "d")
#: A policy, and a kernel whose profile it is asked for.
POLICIES: Final = (
    ("two_lists", "6.18"),
    ("two_lists", "7.2"),
    ("two_lists", "6.12"),
    ("mglru", "6.12"),
    ("mglru", "6.18"),
    ("mglru", "7.2"),
    ("lru", "6.18"),
    ("fifo", "ghost-rfc"),
    ("random", "6.1"),
    ("two_lists", "ghost-rfc"),
    ("mglru", "ghost-rfc-6.12"),
    ("fifo", "ghost-rfc-dynamic"),
)
#: Kinds of areas by falling priority, with their slots.
AREAS: Final = (
    (("zram", 1500),),
    (("block", 1500),),
    (("ghost", 4000),),
    (("ghost", 90), ("block", 900)),
    (("zram", 100), ("file", 2000)),
    (("error", 900),),
    (("ghost", 300), ("error", 600)),
    (("block", 60),),
)


@dataclass(frozen=True, slots=True)
class World:
    """What a machine is made of."""

    policy: str
    kernel: str
    memcg_version: int
    areas: tuple[tuple[str, int], ...]
    zswap: bool
    cpus: int
    ram_bytes: int | None

    def machine(self, *, compiled: bool = False) -> Machine:
        machine = Machine(
            self.kernel,
            self.cpus,
            self.zswap,
            ram_bytes=self.ram_bytes,
            policy=self.policy,
            memcg_version=self.memcg_version,
            mended=self.ram_bytes is not None,
            compiled=compiled,
        )
        machine.zswap.shrinker_enabled = self.cpus == 2
        for number, (kind, nr_slots) in enumerate(self.areas):
            machine.swapon_pages(nr_slots, kind, priority=9 - number)
        for path in GROUPS:
            machine.cgroups.create(path)
        return machine


def draw_world(draw: random.Random, policy: tuple[str, str] | None = None) -> World:
    name, kernel = policy or draw.choice(POLICIES)
    has_ghosts = kernel.startswith("ghost")
    areas = draw.choice([a for a in AREAS if has_ghosts or "ghost" not in dict(a)])
    return World(
        name,
        kernel,
        draw.choice((1, 2, 2)),
        areas,
        draw.random() < 0.6 or areas[0][0] == "ghost",
        draw.choice((1, 2)),
        draw.choice((None, 8 << 20, 2 << 20)),
    )
