"""One field that is wrong is noticed, whatever buffer it is in."""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import (
    CLUSTER_WORDS,
    FIRST_CONTENT,
    MAX_SWAPFILES,
    NR_LISTS,
    STORED_DEVICE,
    STORED_SHIFT,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
    SWAP_MAP_BAD,
    SWAPFILE_CLUSTER,
)
from swaptools.emulator.core.memory import numbers_of
from swaptools.emulator.core.page_tables import PTE_ZERO
from swaptools.emulator.core.slots import is_reserved
from swaptools.emulator.core.zsmalloc_structs import (
    NR_FULLNESS_GROUPS,
    ZS_SIZE_CLASSES,
)
from swaptools.errors import InvariantBroken
from tests.emulator.machine.pressure_fields import pressure_places
from tests.parts import many_or_most

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

# What a slot says whose page is on a device, and has bytes.
_FIRST_WITH_BYTES = STORED_DEVICE << STORED_SHIFT | FIRST_CONTENT

#: Fields of which a wrong one can look right, and why.
MAY_LOOK_RIGHT = {
    "totals.cpu": "any CPU may be next",
    "totals.memcg": "any group may be next",
    "totals.allowed_areas": "any area may be allowed",
    "totals.slots_cache_enabled": "CPUs may have none, or none yet",
    "totals.slots_cache_active": "",
    "si.untouched": "a search may begin at any cluster before the first untouched one",
    "si.cluster_nr": "a scan may go on for as long as it likes, and from any slot",
    "si.cluster_next": "",
    "si.lowest_bit": "",
    "si.highest_bit": "",
    "hints.offset": "a CPU may go on at any slot, of any area that has one such",
    "hints.si": "",
    "ci.order": "a cluster that is full is on no list of its order",
    "frames.content": "what a page without bytes would be compressed to",
    "frames.dirty": "a page of zeros may be written or as it was made",
    "vmstat.pswpout": "what failed counts, too",
    "vmstat.thp_swpout_fallback": "counted here alone, as the next four",
    "vmstat.pmd_swpout_fallback": "",
    "vmstat.mthp_zswpout": "",
    "vmstat.swpout_no_slot": "",
    "vmstat.swpout_refused": "",
    "compressed.flags": "a second chance may have been had",
    "memcgs.zswap_writeback": "a knob, as the next one",
    "memcgs.zswap_max_pages": "",
    "zswap.enabled": "a knob, as the next one",
    "zswap.shrinker_enabled": "",
    "zswap.pool_reached_full": "full once, and not empty enough since",
    "zswap.next_shrink": "the worker may have stopped at any group",
    "zswap.nr_full_gone": "areas that are gone, counted here alone",
    "zswap.pool_limit_hit": "counted here alone, as the next four",
    "zswap.reject_alloc_fail": "",
    "zswap.reject_compress_fail": "",
    "zswap.reject_compress_poor": "",
    "zswap.reject_reclaim_fail": "",
    "zs_pools.codec": "what has a length and no bytes has the same with each",
    "zrams.limit_pages": "a knob, as the next one",
    "zrams.backing_dev_pages": "",
    "zrams.max_used_pages": "there may have been more once",
    "zrams.failed_writes": "counted here alone, as the next three",
    "zrams.nr_huge_since": "",
    "zrams.bd_reads": "",
    "zrams.bd_writes": "",
    "traffic.offered": "what was refused counts, too",
    "traffic.placed": "a place is taken for what its device then refuses",
    "traffic.asked_out": "zswap is asked for what it refuses, and not while it is off",
    "traffic.asked_in": "nor for what was read while it was off",
}

#: A place in a buffer, and the field of the record there; None in one of integers.
Place = tuple[str, int, str | None]


def pages(draw: random.Random, nr_pages: int) -> bytes:
    """Different pages, of which some are zeros and some get no smaller."""
    kinds = [bytes(4096), draw.randbytes(4096), *[draw.randbytes(1365) * 3 + b"."] * 6]
    return b"".join(
        page[:4000] + draw.randbytes(96) if page[0] else page
        for page in draw.choices(kinds, k=nr_pages)
    )


def living(kernel: str | None, design: str | None = None) -> Machine:
    """A machine in mid-life: some of everything is in use and something is free."""
    machine = Machine(
        kernel,
        cpus=2,
        zswap=True,
        ram_bytes=3 << 20,
        design=design,
        compiled=False,
    )
    machine.swapon_pages(1900, "block", priority=3)
    machine.swapon_pages(1200, "block", True, 3, bad_pages=(5, 700))
    machine.swapon_pages(700, "zram", priority=2)
    machine.swapon_pages(900, "file", priority=1, discard=True)
    device = machine.swapon_pages(600, "block", priority=0)
    if design:
        machine.swapon_pages(500, priority=5)
    gone = machine.swapon_pages(2000, "block")
    draw = random.Random(3)
    for path in ("a", "a/b", "c"):
        machine.cgroups.create(path)
    task, others = machine.task(), [machine.task(cgroup="a/b")]
    shared = machine.shm(200).map(task)
    others.append(others[0].fork())
    for first in range(0, 1200, 100):
        machine.cpu = first // 100 % 2
        task.write(first, 100, draw.choice((0, 2)), pages(draw, 100))
        task.pageout(first, 100)
        for other in others:
            other.write(first, 20, 0, pages(draw, 20))
        others.append(others[1].fork())
        others[1].pageout(first // 2, 30)
    shared.write(0, 200, 0, pages(draw, 200))
    shared.pageout(0, 150)
    for first in range(0, 1200, 7):
        task.read(first, 3)
    machine.zswap.enabled = False
    machine.swapon_pages(30, "zero", priority=9)
    task.write(1400, 64, 4, pages(draw, 64))
    task.write(1500, 500, 0, pages(draw, 500))
    task.pageout(1400, 600)
    task.drop(1200, 250)
    task.read(1700, 40)
    shared.read(20, 40)
    if machine.areas.space is None:
        device.write(device.alloc(), pages(draw, 1))
    machine.swapoff(gone)
    machine.check_invariants()
    return machine


def fields(record: Any) -> list[str | None]:
    """The names of a record's fields."""
    if isinstance(record, int):
        return [None]
    return [field[0] for field in record._fields_]


def places(machine: Machine) -> Iterator[Place]:
    """Every field in use."""
    s, totals = machine.state.slots, machine.state.totals
    clusters = numbers_of(s.ci)
    tables = {s.ci[ci].table - 1 for ci in clusters if s.ci[ci].table}
    types = [device.type for device in machine.areas.and_space()]
    nr_rows = len(s.traffic) // MAX_SWAPFILES
    held = [
        cpu * totals.slots_cache_pages + place
        for cpu in range(totals.nr_cpus)
        for place in range(totals.slots_cache_pages)
    ]
    heads = {s.frames[n].block for n in range(1, totals.nr_frames)}
    pools = [n for n in range(len(s.zs_pools)) if s.zs_pools[n].nr_classes]
    classes = [
        pool * ZS_SIZE_CLASSES + number
        for pool in pools
        for number in range(s.zs_pools[pool].nr_classes)
    ]
    in_use: dict[str, Sequence[int]] = {
        "totals": [0],
        "trial": range(len(machine.profile.allocator.trial_order)),
        "avail": range(totals.nr_avail),
        "si": types,
        "lists": [si * NR_LISTS + where for si in types for where in range(NR_LISTS)],
        "hints": [n for n in range(len(s.hints)) if s.hints[n].offset],
        "slots_cache": range(totals.nr_cpus if totals.slots_cache_pages else 0),
        "taken": [n for n in held if s.taken[n]],
        "returned": [n for n in held if s.returned[n]],
        "ci": [ci for ci in clusters if s.ci[ci].flags],
        "free_tables": range(totals.nr_free_tables),
        "words": [t * CLUSTER_WORDS + n for t in tables for n in range(CLUSTER_WORDS)],
        "map": [t * SWAPFILE_CLUSTER + n for t in tables for n in range(512)],
        "redirects": [n for n in range(len(s.redirects)) if s.redirects[n]],
        "frames": range(1, totals.nr_frames),
        "free_blocks": range(len(s.free_blocks)),
        "lengths": [n for n in range(len(s.lengths)) if s.lengths[n]],
        "compressed": [
            t * SWAPFILE_CLUSTER + n
            for t in tables
            for n in range(SWAPFILE_CLUSTER)
            if s.compressed[t * SWAPFILE_CLUSTER + n].entry
        ],
        "leaves": range(len(s.leaves)),
        "memcgs": [memcg.number for memcg in machine.cgroups],
        "zswap": [0],
        "zrams": [si for si in range(MAX_SWAPFILES) if s.zrams[si].pool],
        "losses": range(s.vmstat[0].swpout_lost),
        "zs_class_of": range(1, machine.state.page_size + 1),
        "zs_groups": range(len(s.zs_groups)),
        "zs_pools": pools,
        "zs_classes": classes,
        "zs_lists": [
            ci * NR_FULLNESS_GROUPS + group
            for ci in classes
            for group in range(NR_FULLNESS_GROUPS)
        ],
        "zspages": range(1, totals.nr_zspages + 1),
        "contents": [n for n in range(len(s.contents)) if s.contents[n].refs],
        "ptes": [n for n in range(len(s.ptes)) if s.ptes[n] > PTE_ZERO],
        "pmds": range(machine.state.page_tables.nr_items),
        "vmstat": [0],
        "traffic": [row * MAX_SWAPFILES + si for row in range(nr_rows) for si in types],
    }
    unused: dict[tuple[str, str], Callable[[int], object]] = {
        ("frames", "live"): lambda n: n not in heads,
        ("frames", "order"): lambda n: n not in heads,
        ("frames", "next"): lambda n: n not in heads or s.frames[n].live,
        # A page of zeros may be either, as that of shared memory is.
        ("frames", "dirty"): lambda n: (
            not (s.frames[n].content and (s.frames[n].mapcount or s.frames[n].entry))
        ),
        ("contents", "next"): lambda _n: True,
        ("slots_cache", "cur"): lambda n: not s.slots_cache[n].nr,
    }
    if totals.has_policy:
        in_use |= pressure_places(machine)
    for name, numbers in in_use.items():
        buffer = getattr(s, name)
        for number in numbers:
            for field in fields(buffer[number]):
                is_unused = unused.get((name, str(field)))
                if is_unused is None or not is_unused(number):
                    yield name, number, field
    for index in (t * SWAPFILE_CLUSTER + n for t in tables for n in range(512)):
        if s.map[index] & SWAP_HAS_CACHE and not is_reserved(s, index):
            yield "slots", index, "cache"
        # On a device, what a page without bytes would be compressed to is anything.
        stored = s.slots[index].stored
        is_any = STORED_DEVICE << STORED_SHIFT <= stored < _FIRST_WITH_BYTES
        has_data = s.map[index] & SWAP_HAS_DATA and s.map[index] != SWAP_MAP_BAD
        if has_data and not is_any:
            yield "slots", index, "stored"


def flip(machine: Machine, place: Place) -> None:
    """Change the lowest bit of a field."""
    name, number, field = place
    buffer = getattr(machine.state.slots, name)
    if field is None:
        buffer[number] ^= 1
    else:
        setattr(buffer[number], field, getattr(buffer[number], field) ^ 1)


def is_noticed(machine: Machine, place: Place) -> bool:
    """Whether a flipped field is; it is put back."""
    flip(machine, place)
    try:
        machine.check_invariants()
    except InvariantBroken:
        return True
    finally:
        flip(machine, place)
    return False


def places_by_kind(machine: Machine) -> dict[str, list[Place]]:
    """All of them by buffer and field."""
    kinds: dict[str, list[Place]] = {}
    for place in places(machine):
        kinds.setdefault(f"{place[0]}.{place[2]}", []).append(place)
    return kinds


def shares(
    machine: Machine, nr_flips: int, but: Collection[str] = (), nr_parts: int = 1
) -> tuple[Counter[str], Counter[str]]:
    """How many fields were flipped of each kind, and how many of them noticed.

    Of one kind in so many parts, that is.
    """
    draw = random.Random(5)
    kinds = dict(list(places_by_kind(machine).items())[::nr_parts])
    flipped: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for kind, all_places in kinds.items():
        if kind in but:
            continue
        for place in draw.sample(all_places, min(nr_flips, len(all_places))):
            flipped[kind] += 1
            noticed[kind] += is_noticed(machine, place)
    machine.check_invariants()
    return flipped, noticed


def told(flipped: Counter[str], noticed: Counter[str]) -> str:
    """How many were noticed of how many, by buffer."""
    sums: dict[str, list[int]] = {}
    for kind, number in flipped.items():
        both = sums.setdefault(kind.partition(".")[0], [0, 0])
        both[0] += noticed[kind]
        both[1] += number
    shown = [f"{name} {seen} of {number}" for name, (seen, number) in sums.items()]
    return f"{noticed.total()} of {flipped.total()}: {', '.join(shown)}"


@pytest.mark.parametrize(
    "nr_parts", [60, pytest.param(12, marks=pytest.mark.slow), *many_or_most(1)]
)
def test_a_flipped_field_is_noticed(nr_parts: int) -> None:
    """Any but those of which a wrong one can look right, as InvariantBroken."""
    flipped, noticed = shares(living("6.18"), 1, MAY_LOOK_RIGHT, nr_parts)
    assert noticed == flipped


@pytest.mark.parametrize("nr_flips", many_or_most(3, 30))
@pytest.mark.parametrize(
    ("kernel", "design"),
    [("6.18", None), ("6.12", None), ("7.2", None)]
    + [(None, design) for design in ("vswap", "zram", "ghost-dynamic")],
)
def test_of_all_flipped_fields_95_in_100_are_noticed(
    kernel: str | None, design: str | None, nr_flips: int
) -> None:
    """Of all there are, those that can look right among them; pytest -s shows them.

    Of each kind so many stand for the others. All are noticed but for those kinds.
    """
    machine = living(kernel, design)
    flipped, noticed = shares(machine, nr_flips)
    nr_of = {kind: len(found) for kind, found in places_by_kind(machine).items()}
    expected = sum(nr * noticed[kind] / flipped[kind] for kind, nr in nr_of.items())
    share = expected / sum(nr_of.values())
    sys.stdout.write(f"{design or kernel}: {share:.1%}, {told(flipped, noticed)}\n")
    not_seen = {kind for kind in flipped if noticed[kind] < flipped[kind]}
    assert not_seen <= MAY_LOOK_RIGHT.keys()
    assert share >= 0.95
