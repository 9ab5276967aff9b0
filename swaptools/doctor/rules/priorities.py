"""D411 to D413: in which order areas are filled.

Not here: a priority that is none (entries.py).

Kernel: mm/swapfile.c, the list of available areas, highest priority first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.config.text import Place, shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import not_swapped_on, number, requests
from swaptools.records import NamedTuple
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System


class _Rank(NamedTuple):
    name: str
    #: None for the kernel's default.
    priority: int | None
    is_zram: bool
    place: Place | None


def _ranks(system: System) -> list[_Rank]:
    # As they run; where nothing does, as they will.
    if system.running is not None and system.running.swaps:
        return [
            _Rank(
                row.name,
                row.priority if row.priority >= 0 else None,
                row.name.startswith("/dev/zram"),
                _place(row.name, system),
            )
            for row in system.running.swaps
        ]
    return list(_planned(system))


def _planned(system: System) -> Iterator[_Rank]:
    for request in requests(system):
        if not request.is_auto or not_swapped_on(request, system):
            continue
        if request.found.is_missing:
            continue
        priority = request.priority
        is_default = priority is None or priority < 0
        where = request.found.where
        is_zram = where.startswith("/dev/zram")
        rank = None if is_default else priority
        yield _Rank(where, rank, is_zram, request.place)
    for zram in system.config.zrams:
        if zram.is_swap:
            rank = number(zram.priority.value)
            rank = None if rank is None or rank < 0 else rank
            yield _Rank(f"/dev/{zram.name}", rank, True, zram.priority.place)


def _place(name: str, system: System) -> Place | None:
    for zram in system.config.zrams:
        if name == f"/dev/{zram.name}":
            return zram.priority.place
    key = system.find(name).key
    for request in requests(system):
        if request.found.key == key:
            return request.place
    return None


def _pairs(system: System) -> Iterator[tuple[_Rank, _Rank]]:
    # Each zram device, and each area that is on none.
    ranks = _ranks(system)
    for zram in (rank for rank in ranks if rank.is_zram):
        for disk in (rank for rank in ranks if not rank.is_zram):
            yield zram, disk


@rule(
    "D411",
    "zram and disk have one priority",
    Severity.WARNING,
    hint="give zram a higher one: pri= in fstab(5), swap-priority= in"
    " zram-generator.conf(5)",
    is_about_kernel=True,
)
def one_priority(system: System) -> Iterator[Remark]:
    """Areas of one priority are used in turn, so half of what is swapped goes to disk.

    Kernel: mm/swapfile.c swap_alloc_entry(), plist_requeue().

    *Trips on:* ``system(swaps=["/dev/zram0 100", "/dev/sda2 100"])``
    *Quiet on:* ``system(swaps=["/dev/zram0 100", "/dev/sda2 -2"])``
    """
    for zram, disk in _pairs(system):
        if zram.priority is not None and zram.priority == disk.priority:
            message = f"{zram.name} and {shown(disk.name)} both have {zram.priority}"
            yield Remark(message, zram.place or disk.place, None, zram.name)


@rule(
    "D412",
    "disk is filled before zram",
    Severity.WARNING,
    hint="give zram the higher priority: pri= in fstab(5), swap-priority= in"
    " zram-generator.conf(5)",
    is_about_kernel=True,
)
def disk_first(system: System) -> Iterator[Remark]:
    """The area of the highest priority is used until it is full: zram stays idle.

    Kernel: mm/swapfile.c swap_alloc_entry().

    *Trips on:* ``system(swaps=["/dev/zram0 5", "/dev/sda2 10"])``
    *Quiet on:* ``system(swaps=["/dev/zram0 10", "/dev/sda2 5"])``
    """
    for zram, disk in _pairs(system):
        if disk.priority is not None and (zram.priority or -1) < disk.priority:
            own = "the default" if zram.priority is None else str(zram.priority)
            message = f"{shown(disk.name)} has {disk.priority}, {zram.name} {own}"
            yield Remark(message, zram.place or disk.place, None, zram.name)


@rule(
    "D413",
    "several areas have the default priority",
    Severity.NOTE,
    hint="write pri= where the order matters",
    is_about_kernel=True,
)
def default_priorities(system: System) -> Iterator[Remark]:
    """Up to 6.19 the first one swapped on is filled first; from 7.0 on, all in turn.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon): -2, -3 and so on, and -1 for all in
    7.0.

    *Trips on:* ``system(swaps=["/dev/sda2 -2", "/dev/sdb2 -3"])``
    *Quiet on:* ``system(swaps=["/dev/sda2 10", "/dev/sdb2 -2"])``
    """
    ranks = [rank for rank in _ranks(system) if rank.priority is None]
    places = {rank.name: rank.place for rank in ranks[::-1]}
    names = list(dict.fromkeys(rank.name for rank in ranks))
    if len(names) > 1:
        message = (
            f"{', '.join(map(shown, names))}: filled one after the other up to Linux"
            " 6.19, in turn from 7.0 on"
        )
        yield Remark(message, places[names[1]])
