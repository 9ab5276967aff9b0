"""D421 and D422: the kernel's settings that do not go with what is swapped on.

Not here: zswap's (compression.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import requests
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.config.text import Place
    from swaptools.observe.system import System


def _setting(system: System, name: str, value: str) -> tuple[bool, Place | None]:
    # Whether it has that value, and the place that gives it.
    said = system.config.sysctls.get(name)
    place = said.place if said is not None and said.value == value else None
    if system.running is not None:
        return system.running.sysctls.get(name) == value, place
    return place is not None, place


@rule(
    "D421",
    "zram is hardly used with swappiness 0",
    Severity.WARNING,
    hint="set vm.swappiness to 60, or to more than 100 where zram is the only area",
    is_about_kernel=True,
)
def no_swappiness(system: System) -> Iterator[Remark]:
    """At 0 nothing anonymous is swapped until free and file pages are all but gone.

    Kernel: Documentation/admin-guide/sysctl/vm.rst, swappiness.

    *Trips on:* ``system(swappiness="0", swaps=["/dev/zram0 100"])``
    *Quiet on:* ``system(swappiness="180", swaps=["/dev/zram0 100"])``
    """
    is_zero, place = _setting(system, "vm.swappiness", "0")
    if not is_zero:
        return
    names = [f"/dev/{zram.name}" for zram in system.config.zrams if zram.is_swap]
    if system.running is not None:
        rows = [row.name for row in system.running.swaps or ()]
        names = [name for name in rows if name.startswith("/dev/zram")]
    if names:
        yield Remark(
            f"vm.swappiness is 0, and {names[0]} is swap", place, None, names[0]
        )


@rule(
    "D422",
    "commit limit counts a ghost",
    Severity.WARNING,
    hint="set vm.overcommit_memory to 0, or vm.overcommit_ratio lower",
    is_about_kernel=True,
)
def overcommit_with_ghost(system: System) -> Iterator[Remark]:
    """With overcommit 2 processes are promised memory and swap, and a ghost has none.

    Kernel: mm/util.c vm_commit_limit(); Documentation/mm/overcommit-accounting.rst.

    *Trips on:* ``system(overcommit="2", fstab="/ghost none swap sw 0 0",``
    ``files={"/ghost": {"area_bytes": 4096}})``
    *Quiet on:* ``system(overcommit="2", fstab="/swapfile none swap sw 0 0",``
    ``files=["/swapfile"])``
    """
    is_strict, place = _setting(system, "vm.overcommit_memory", "2")
    if not is_strict:
        return
    rows = (system.running.swaps or ()) if system.running else ()
    names = [row.name for row in rows if row.type == "ghost"]
    for request in requests(system):
        area = request.found.area
        if area is not None and area.is_ghost:
            names.append(request.found.where)
    for name in dict.fromkeys(names):
        message = f"vm.overcommit_memory is 2, and {shown(name)} is a ghost"
        yield Remark(message, place, None, name)
