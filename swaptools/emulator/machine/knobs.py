"""What of a machine can be set and shown while it runs, by the kernel's names.

Not here: what a knob does (zswap.py, memcg.py, zram.py), scripts (script.py).

Kernel: /sys/module/zswap/parameters, memory.zswap.* of a cgroup, /sys/block/zram*,
/proc/sys/vm/overcommit_memory.
Same: names, values and units.
Changed: ``zswap.`` stands for the directory of the module, the path of a cgroup and
the name of an area for theirs.
Left out: every other knob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.errors import IllegalOperation
from swaptools.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.store.memcg import MemCgroup
    from swaptools.emulator.store.zram import Zram

_SWITCH = {"Y": True, "1": True, "on": True, "N": False, "0": False, "off": False}


def set_knob(
    machine: Machine, areas: Mapping[str, SwapDevice], name: str, value: str
) -> None:
    """Set a knob of the machine, of a cgroup or of a zram area.

    Args:
        machine: Whose knob it is.
        areas: Those that a name can begin with.
        name: ``zswap.enabled``, ``a/b/memory.zswap.max``, ``fast.mem_limit``, ...
        value: As it would be written to the file.

    Raises:
        IllegalOperation: No such knob, or not a value for it.
    """
    if name in _MACHINE_KNOBS:
        _MACHINE_KNOBS[name](machine, value)
        return
    path, _, knob = name.rpartition("/")
    area, _, zram_knob = name.rpartition(".")
    if knob in _CGROUP_KNOBS and path:
        _CGROUP_KNOBS[knob](machine.cgroups[path], value, machine.page_size)
    elif zram_knob in _ZRAM_KNOBS:
        _ZRAM_KNOBS[zram_knob](zram_of(areas, area), value)
    else:
        known = ", ".join([*_MACHINE_KNOBS, *_CGROUP_KNOBS, *_ZRAM_KNOBS])
        raise IllegalOperation(f"no knob {name!r}; known: {known}")


def zram_of(areas: Mapping[str, SwapDevice], name: str) -> Zram:
    """Return the zram device that an area of that name is.

    Raises:
        IllegalOperation: It is none.
    """
    zram = areas[name].zram if name in areas else None
    if zram is None:
        raise IllegalOperation(f"no zram area {name!r}")
    return zram


def cgroup_files(machine: Machine, path: str) -> dict[str, int | str]:
    """Return what the files of a cgroup show."""
    memcg, page_size = machine.cgroups[path], machine.page_size
    limit_pages = memcg.zswap_max_pages
    return {
        "memory.zswap.current": memcg.zswap_bytes,
        "memory.zswap.max": "max" if limit_pages is None else limit_pages * page_size,
        "memory.zswap.writeback": int(memcg.zswap_writeback),
    }


def _switch(value: str) -> bool:
    if value not in _SWITCH:
        raise IllegalOperation(f"{value!r} is not Y or N")
    return _SWITCH[value]


def _number(value: str, limit: int) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > limit:
        raise IllegalOperation(f"{value!r} is not 0 to {limit}")
    return int(value)


def _set_enabled(machine: Machine, value: str) -> None:
    machine.zswap.enabled = _switch(value)


def _set_compressor(machine: Machine, value: str) -> None:
    machine.zswap.compressor = value


def _set_max_pool_percent(machine: Machine, value: str) -> None:
    machine.zswap.max_pool_percent = _number(value, 100)


def _set_accept_threshold_percent(machine: Machine, value: str) -> None:
    machine.zswap.accept_threshold_percent = _number(value, 100)


def _set_shrinker_enabled(machine: Machine, value: str) -> None:
    machine.zswap.shrinker_enabled = _switch(value)


def _set_overcommit_memory(machine: Machine, value: str) -> None:
    machine.overcommit_memory = _number(value, 2)


def _set_drop_caches(machine: Machine, value: str) -> None:
    if _number(value, 3) & 2:
        machine.drop_slab()


# Kernel: mm/memcontrol.c zswap_max_write(): whole pages.
def _set_zswap_max(memcg: MemCgroup, value: str, page_size: int) -> None:
    memcg.zswap_max_pages = None if value == "max" else parse_size(value) // page_size


def _set_zswap_writeback(memcg: MemCgroup, value: str, _page_size: int) -> None:
    memcg.zswap_writeback = bool(_number(value, 1))


# Kernel: drivers/block/zram/zram_drv.c mem_limit_store(): whole pages, rounded up.
def _set_mem_limit(zram: Zram, value: str) -> None:
    zram.limit_pages = -(-parse_size(value) // zram.page_size)


_MACHINE_KNOBS: dict[str, Callable[[Machine, str], None]] = {
    "zswap.enabled": _set_enabled,
    "zswap.compressor": _set_compressor,
    "zswap.max_pool_percent": _set_max_pool_percent,
    "zswap.accept_threshold_percent": _set_accept_threshold_percent,
    "zswap.shrinker_enabled": _set_shrinker_enabled,
    "vm.overcommit_memory": _set_overcommit_memory,
    "vm.drop_caches": _set_drop_caches,
}
_CGROUP_KNOBS: dict[str, Callable[[MemCgroup, str, int], None]] = {
    "memory.zswap.max": _set_zswap_max,
    "memory.zswap.writeback": _set_zswap_writeback,
}
_ZRAM_KNOBS: dict[str, Callable[[Zram, str], None]] = {"mem_limit": _set_mem_limit}
