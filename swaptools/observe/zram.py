"""zram devices on this machine, and what lies on one.

Not here: zswap, which may stand in front of them (zswap.py).

Kernel: drivers/block/zram/zram_drv.c mm_stat_show().
"""

from __future__ import annotations

import os
import stat

from swaptools.observe.proc import loop_backing_file, read_text
from swaptools.records import NamedTuple

_BLOCK = "/sys/block"
_BY_NUMBER = "/sys/dev/block"


class Zram(NamedTuple):
    """A zram device that is set up; sizes in bytes."""

    #: ``/dev/zram0``.
    name: str
    #: What it claims to be.
    disksize_bytes: int
    #: As the kernel calls it; None where that is not told.
    compressor: str | None
    #: What is stored, before compression.
    orig_data_bytes: int
    #: The same, after compression.
    compr_data_bytes: int
    #: Memory that the device takes.
    mem_used_bytes: int
    #: Device that takes pages written back, None without one.
    backing_dev: str | None


def read_zrams() -> tuple[Zram, ...]:
    """Read the zram devices that have a size."""
    found = []
    for name in _listed(_BLOCK):
        if not name.startswith("zram"):
            continue
        device = f"{_BLOCK}/{name}"
        disksize_bytes = _number(f"{device}/disksize")
        statistics = read_text(f"{device}/mm_stat") or ""
        numbers = [int(word) for word in statistics.split()]
        if not disksize_bytes or len(numbers) < 3:
            continue
        backing = _word(f"{device}/backing_dev")
        found.append(
            Zram(
                name=f"/dev/{name}",
                disksize_bytes=disksize_bytes,
                compressor=_chosen(read_text(f"{device}/comp_algorithm")),
                orig_data_bytes=numbers[0],
                compr_data_bytes=numbers[1],
                mem_used_bytes=numbers[2],
                backing_dev=None if backing == "none" else backing,
            )
        )
    return tuple(found)


def zram_under(path: str) -> str | None:
    """Return the zram device under a file or device: ``/dev/zram0``.

    Through loop devices, partitions and the device mapper, and through a file
    system; None when there is none, or when it cannot be told.
    """
    device = _device_of(path)
    seen: set[int] = set()
    waiting = [] if device is None else [device]
    while waiting:
        device = waiting.pop()
        if device in seen:
            continue
        seen.add(device)
        name = _name(device)
        if name.startswith("zram"):
            return f"/dev/{name}"
        waiting += _below(device)
    return None


def _device_of(path: str) -> int | None:
    # The device itself, or that of a file's file system.
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev


def _name(device: int) -> str:
    return os.path.basename(os.path.realpath(_node(device)))


def _below(device: int) -> list[int]:
    # What a device stands on: a loop device's file, the parts of a mapping.
    behind = loop_backing_file(device)
    found = [_device_of(behind)] if behind else []
    for slave in _listed(f"{_node(device)}/slaves"):
        major, colon, minor = (
            (read_text(f"{_BLOCK}/{slave}/dev") or "").strip().partition(":")
        )
        found.append(os.makedev(int(major), int(minor)) if colon else None)
    return [number for number in found if number is not None]


def _node(device: int) -> str:
    return f"{_BY_NUMBER}/{os.major(device)}:{os.minor(device)}"


def _listed(place: str) -> list[str]:
    try:
        return sorted(os.listdir(place))
    except OSError:
        return []


def _chosen(text: str | None) -> str | None:
    # "[lzo-rle] lzo lz4": the one in brackets.
    _, _, rest = (text or "").partition("[")
    return rest.partition("]")[0] or None


def _word(path: str) -> str | None:
    return (read_text(path) or "").strip() or None


def _number(path: str) -> int | None:
    text = _word(path)
    return int(text) if text is not None and text.isdigit() else None
