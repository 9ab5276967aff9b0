"""What of a machine can be set and shown while it runs, by the kernel's names.

Not here: what a knob does (zswap.py, memcg.py, zram.py), scripts (runs/).

Kernel: /sys/module/zswap/parameters, memory.zswap.* of a cgroup, /sys/block/zram*,
/proc/sys/vm/overcommit_memory.
Same: names, values and units.
Changed: ``zswap.`` stands for the directory of the module, the path of a cgroup and
the name of an area for theirs.
Left out: every other knob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.emulator.store.compress import get_codec
from swaptools.errors import IllegalOperation, quoted
from swaptools.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.store.memcg import MemCgroup
    from swaptools.emulator.store.zram import Zram

_MAX_DIGITS = 19
_SWITCH = {"Y": True, "1": True, "on": True, "N": False, "0": False, "off": False}


class _Knob(NamedTuple):
    """One file."""

    #: From what is written to its value; raises ValueError.
    read: Callable[[str], Any]
    #: Sets it; the target is the machine, a cgroup or a zram device.
    write: Callable[[Machine, Any, Any], None]


class Setting(NamedTuple):
    """A value for a knob, understood but not yet written."""

    knob: _Knob
    value: Any
    #: Whose it is, if not the machine's: one of these, or neither.
    cgroup: str = ""
    area: str = ""

    def apply(self, machine: Machine, areas: Mapping[str, SwapDevice]) -> None:
        """Write it.

        Raises:
            IllegalOperation: There is no such cgroup or area.
        """
        target: object = machine
        if self.cgroup:
            target = machine.cgroups[self.cgroup]
        elif self.area:
            target = zram_of(areas, self.area)
        self.knob.write(machine, target, self.value)


def read_setting(name: str, value: str) -> Setting:
    """Understand a knob and a value for it.

    Args:
        name: ``zswap.enabled``, ``a/b/memory.zswap.max``, ``fast.mem_limit``, ...
        value: As it would be written to the file.

    Raises:
        IllegalOperation: No such knob, or not a value for it.
        ValueError: Not a size.
    """
    if name in _MACHINE_KNOBS:
        knob = _MACHINE_KNOBS[name]
        return Setting(knob, knob.read(value))
    path, _, file = name.rpartition("/")
    if file in _CGROUP_KNOBS and path:
        knob = _CGROUP_KNOBS[file]
        return Setting(knob, knob.read(value), cgroup=path)
    area, _, attribute = name.rpartition(".")
    if attribute in _ZRAM_KNOBS and area:
        knob = _ZRAM_KNOBS[attribute]
        return Setting(knob, knob.read(value), area=area)
    known = ", ".join([*_MACHINE_KNOBS, *_CGROUP_KNOBS, *_ZRAM_KNOBS])
    raise IllegalOperation(f"no knob {quoted(name)}; known: {known}")


def set_knob(
    machine: Machine, areas: Mapping[str, SwapDevice], name: str, value: str
) -> None:
    """Set a knob of the machine, of a cgroup or of a zram area.

    Args:
        machine: Whose knob it is.
        areas: Those that a name can begin with.
        name: As read_setting() has it.
        value: As it would be written to the file.

    Raises:
        IllegalOperation: No such knob, or not a value for it.
    """
    read_setting(name, value).apply(machine, areas)


def zram_of(areas: Mapping[str, SwapDevice], name: str) -> Zram:
    """Return the zram device that an area of that name is.

    Raises:
        IllegalOperation: It is none.
    """
    zram = areas[name].zram if name in areas else None
    if zram is None:
        raise IllegalOperation(f"no zram area {name!r}")
    return zram


def _switch(value: str) -> bool:
    if value not in _SWITCH:
        raise IllegalOperation(f"{quoted(value)} is not Y or N")
    return _SWITCH[value]


def _up_to(limit: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        digits = value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        if not digits or int(value) > limit:
            raise IllegalOperation(f"{quoted(value)} is not 0 to {limit}")
        return int(value)

    return read


def _codec(value: str) -> str:
    return get_codec(value).name


def _max_or_bytes(value: str) -> int | None:
    return None if value == "max" else parse_size(value)


def _of_zswap(name: str) -> Callable[[Machine, object, object], None]:
    def write(machine: Machine, _target: object, value: object) -> None:
        setattr(machine.zswap, name, value)

    return write


def _set_overcommit_memory(machine: Machine, _target: object, value: int) -> None:
    machine.state.overcommit_memory = value


def _set_drop_caches(machine: Machine, _target: object, value: int) -> None:
    if value & 2:
        machine.drop_slab()


# Kernel: mm/memcontrol.c zswap_max_write(): whole pages.
def _set_zswap_max(machine: Machine, memcg: MemCgroup, value: int | None) -> None:
    memcg.zswap_max_pages = None if value is None else value // machine.page_size


def _set_zswap_writeback(_machine: Machine, memcg: MemCgroup, value: int) -> None:
    memcg.zswap_writeback = bool(value)


# Kernel: drivers/block/zram/zram_drv.c mem_limit_store(): whole pages, rounded up.
def _set_mem_limit(_machine: Machine, zram: Zram, value: int) -> None:
    zram.limit_pages = -(-value // zram.page_size)


_MACHINE_KNOBS: dict[str, _Knob] = {
    "zswap.enabled": _Knob(_switch, _of_zswap("enabled")),
    "zswap.compressor": _Knob(_codec, _of_zswap("compressor")),
    "zswap.max_pool_percent": _Knob(_up_to(100), _of_zswap("max_pool_percent")),
    "zswap.accept_threshold_percent": _Knob(
        _up_to(100), _of_zswap("accept_threshold_percent")
    ),
    "zswap.shrinker_enabled": _Knob(_switch, _of_zswap("shrinker_enabled")),
    "vm.overcommit_memory": _Knob(_up_to(2), _set_overcommit_memory),
    "vm.drop_caches": _Knob(_up_to(3), _set_drop_caches),
}
_CGROUP_KNOBS: dict[str, _Knob] = {
    "memory.zswap.max": _Knob(_max_or_bytes, _set_zswap_max),
    "memory.zswap.writeback": _Knob(_up_to(1), _set_zswap_writeback),
}
_ZRAM_KNOBS: dict[str, _Knob] = {"mem_limit": _Knob(parse_size, _set_mem_limit)}
