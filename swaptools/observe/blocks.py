"""The block devices of a system and what lies on each, or the partitions of images.

udev's notes are read first, which takes no privilege; where it keeps none, the device
is looked into. Nothing is claimed and nothing written.

Not here: one tag looked up on the running machine (tags.py).

systemd: src/udev/udev-builtin-blkid.c, the properties ID_FS_* and ID_PART_ENTRY_*.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.errors import AreaError
from swaptools.observe import read_area
from swaptools.observe.proc import ActiveSwaps
from swaptools.observe.system import Device

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swaptools.area import SwapArea
    from swaptools.format.partitions import Partition
    from swaptools.observe.tree import Tree

#: Where the kernel lists its block devices.
BLOCK: Final = "/sys/class/block"
_DATABASE: Final = "/run/udev/data"
_SECTOR_BYTES: Final = 512
#: What never holds an area that a configuration names.
_PASSED_OVER: Final = re.compile(r"(?:ram|sr|fd)\d+")
_AMBIVALENT: Final = "ID_FS_AMBIVALENT"
_MULTIPATH: Final = "DM_MULTIPATH_DEVICE_PATH"
_TYPE_OF_SWAP: Final = "swap"
_NO_SWAPS: Final = ActiveSwaps((), frozenset(), frozenset())


def read_devices(tree: Tree) -> tuple[Device, ...]:
    """Look at every block device that has a size."""
    return tuple(_devices(tree))


def _devices(tree: Tree) -> Iterator[Device]:
    for node in tree.list(BLOCK):
        name = os.path.basename(node)
        sectors = _number(tree.word(f"{node}/size"))
        number = tree.word(f"{node}/dev")
        if not sectors or number is None or _PASSED_OVER.fullmatch(name):
            continue
        noted = _noted(tree, number)
        if _MULTIPATH in noted:
            continue
        device = Device(
            path=f"/dev/{name.replace('!', '/')}",
            number=number,
            size_bytes=sectors * _SECTOR_BYTES,
            partuuid=noted.get("ID_PART_ENTRY_UUID"),
            partlabel=_decoded(noted.get("ID_PART_ENTRY_NAME")),
            mapped_name=tree.word(f"{node}/dm/name"),
            mapping=tree.word(f"{node}/dm/uuid"),
            has_discard=_has_discard(tree, node),
        )
        if "ID_FS_TYPE" in noted:
            yield _with_header(tree, _from_notes(device, noted))
        elif noted and "ID_PART_TABLE_TYPE" in noted:
            yield device
        else:
            is_noted = bool(noted) and _AMBIVALENT not in noted
            yield from _looked_into(tree, device, is_noted=is_noted)


def _from_notes(device: Device, noted: Mapping[str, str]) -> Device:
    return device._replace(
        type=noted["ID_FS_TYPE"],
        uuid=_decoded(noted.get("ID_FS_UUID_ENC")),
        label=_decoded(noted.get("ID_FS_LABEL_ENC")),
    )


def _noted(tree: Tree, number: str) -> dict[str, str]:
    text = tree.text(f"{_DATABASE}/b{number}") or ""
    found = {}
    for line in text.split("\n"):
        name, equals, value = line.removeprefix("E:").partition("=")
        if line.startswith("E:") and equals:
            found[name] = value
    return found


def _decoded(value: str | None) -> str | None:
    r"""Undo what udev does to a value: ``a\x20b`` is ``a b``."""
    if value is None or "\\" not in value:
        return value
    raw = value.encode("utf-8", "surrogateescape")
    undone = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), raw)
    return undone.decode("utf-8", "surrogateescape")


def _has_discard(tree: Tree, node: str) -> bool | None:
    for place in (f"{node}/queue", f"{node}/../queue"):
        most = tree.word(f"{place}/discard_max_bytes")
        if most is not None:
            return most != "0"
    return None


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isdecimal() and len(text) < 20
    return int(text) if text is not None and is_number else None


def _with_header(tree: Tree, device: Device) -> Device:
    # udev says that it is swap; how large, the header says, where it may be read.
    if device.type != _TYPE_OF_SWAP:
        return device
    try:
        path = tree.real(device.path)
        area = read_area(path, active=_NO_SWAPS, below=False)
    except (OSError, ValueError):
        return device
    return device._replace(area=_named(area, device.path))


def _looked_into(tree: Tree, device: Device, *, is_noted: bool) -> Iterator[Device]:
    try:
        area = _read(tree.real(device.path))
    except (OSError, ValueError) as exc:
        reason = exc.reason if isinstance(exc, AreaError) else str(exc)
        if device.is_zram or device.path.startswith("/dev/loop"):
            return  # never named by what survives a boot
        # udev looked, and found nothing; of several things it names none.
        yield device if is_noted else device._replace(unread=reason)
        return
    device = _with_contents(device, area)
    if device.partuuid is None:
        device = _with_entry(tree, device)
    yield device


def _with_entry(tree: Tree, device: Device) -> Device:
    # The partition's own name and GUID are in the table of its disk.
    name = os.path.basename(device.path)
    node = f"{BLOCK}/{name}"
    start = _number(tree.word(f"{node}/start"))
    if start is None:
        return device
    disk = os.path.basename(os.path.dirname(tree.resolve(node)))
    try:
        whole = _read(tree.real(f"/dev/{disk.replace('!', '/')}"))
    except (OSError, ValueError):
        return device
    for one in whole.table.partitions if whole.table else ():
        if one.start_bytes == start * _SECTOR_BYTES:
            return device._replace(partuuid=one.uuid, partlabel=one.name)
    return device


def _read(path: str) -> SwapArea:
    return read_area(path, active=_NO_SWAPS, below=False, holds=True)


def _with_contents(device: Device, area: SwapArea) -> Device:
    held = next((one for one in area.holds or () if one.type == area.believed), None)
    if held is None and area.header is None:
        return device
    is_swap = area.header is not None and (held is None or held.type == _TYPE_OF_SWAP)
    if is_swap and area.header is not None:
        return device._replace(
            type=_TYPE_OF_SWAP,
            uuid=area.header.uuid_text,
            label=area.header.label or None,
            area=_named(area, device.path),
        )
    if held is None:
        return device
    return device._replace(type=held.type, uuid=held.uuid, label=held.label)


def _named(area: SwapArea, path: str) -> SwapArea:

    return area._replace(path=path, kind=AreaKind.BLOCK, allocated_bytes=None)


def read_images(paths: tuple[str, ...]) -> tuple[Device, ...]:
    """Look at images, or devices, that a system will have: one device a partition.

    Raises:
        AreaError: One cannot be looked at.
    """
    found: list[Device] = []
    for path in paths:
        whole = _read(path)
        partitions = whole.table.partitions if whole.table else ()
        if not partitions:
            size_bytes = whole.area_bytes
            found.append(_with_contents(Device(path, size_bytes=size_bytes), whole))
            continue
        for one in partitions:
            if not one.is_extended and one.start_bytes < (whole.area_bytes or 0):
                found.append(_partition(path, one))
    return tuple(found)


def _partition(path: str, one: Partition) -> Device:
    device = Device(
        path=f"{path} partition {one.number}",
        partuuid=one.uuid,
        partlabel=one.name,
        size_bytes=one.size_bytes,
    )
    area = read_area(
        path, partition=one.number, active=_NO_SWAPS, below=False, holds=True
    )
    return _with_contents(device, area)


def is_block(status: os.stat_result) -> bool:
    """Tell whether a path is a block device."""
    return stat.S_ISBLK(status.st_mode)
