"""zram devices that are made at boot: by zram-generator, or by zram-tools of Debian.

zram-generator: man zram-generator.conf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.assignments import parse_assignments
from swaptools.config.files import ENABLED, first_layer, layered
from swaptools.config.text import Place, Said
from swaptools.config.units import parse_unit
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What zram devices get where nothing else is said: zram-generator and zram-tools.
_ZRAM_PRIORITY: Final = "100"


class ZramDevice(NamedTuple):
    """A zram device that is made at boot."""

    name: str
    place: Place
    #: As written.
    priority: Said
    is_swap: bool = True


def zram_devices(files: Mapping[str, bytes]) -> Iterator[ZramDevice]:
    """Yield the devices that files ask for."""
    main = first_layer(files, "systemd/zram-generator.conf")
    paths = [main] if main else []
    paths += layered(files, "systemd/zram-generator.conf.d")
    devices: dict[str, dict[str, Said]] = {}
    for path in paths:
        for setting in parse_unit(files[path]).settings:
            if setting.section.startswith("zram"):
                device = devices.setdefault(setting.section, {})
                said = Said(setting.value, Place(path, setting.line))
                device[setting.key] = said
    for name, keys in devices.items():
        if keys.get("zram-size", Said("", Place(""))).value == "0":
            continue
        place = keys[""].place if "" in keys else next(iter(keys.values())).place
        priority = keys.get("swap-priority", Said(_ZRAM_PRIORITY, place))
        kind = keys.get("fs-type", Said("", place)).value
        is_swap = kind == "swap" or (not kind and "mount-point" not in keys)
        yield ZramDevice(name, place, priority, is_swap)
    if f"{ENABLED}/zramswap.service" in files:
        yield _zram_tools(files)


def _zram_tools(files: Mapping[str, bytes]) -> ZramDevice:
    path = "/etc/default/zramswap"
    assigned = parse_assignments(files.get(path, b"")).get("PRIORITY")
    place = Place(path, assigned.line if assigned else None)
    value = assigned.value if assigned else _ZRAM_PRIORITY
    return ZramDevice("zram0", place, Said(value, place))
