"""A good area, changed in the ways a rule's docstring names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from swaptools.area import AreaKind, SwapArea
from swaptools.backing import Backing, Chunk, Extent, ExtentFlags, FileType, InodeFlags
from swaptools.contents import Held, Unclaimed
from swaptools.format.header import SwapHeader
from swaptools.format.partitions import PartitionTable
from swaptools.format.signature import find_signatures
from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What a change belongs to when it is no field of the header.
_AREA_FIELDS = set(SwapArea._fields)
_BACKING_FIELDS = set(Backing._fields)
_PADDING_OFFSET = 1068


def swap_area(
    *, kind: str = "file", second_page_size: int | None = None, **changes: Any
) -> SwapArea:
    """Return an area as read_area() would, good but for the changes.

    Args:
        kind: ``file``, ``block``, ``image`` or ``stream``.
        second_page_size: Put a header for pages of this size behind the first.
        changes: Fields of the header page, of SwapArea or of Backing.
            ``area_bytes`` is as much as the header says unless given. Extents
            are tuples of offset, physical offset, length and the names of
            flags; inode flags are a string, names joined by ``|``; what is held
            are tuples of type and usage. ``damage`` is that of a partition table.
    """
    if "damage" in changes:
        damage = tuple(changes.pop("damage"))
        changes["table"] = PartitionTable("gpt", 512, (), damage)
    if isinstance(changes.get("holds"), list):
        changes["holds"] = tuple(Held(*held) for held in changes["holds"])
    of_area = {name: changes.pop(name) for name in _AREA_FIELDS & changes.keys()}
    of_backing = {name: changes.pop(name) for name in _BACKING_FIELDS & changes.keys()}
    data = _page(**changes)
    if second_page_size is not None:
        data += header_page(page_size=second_page_size)[len(data) :]
    claimed_bytes = (changes.get("last_page", 255) + 1) * changes.get("page_size", 4096)
    area_bytes = of_area.setdefault("area_bytes", claimed_bytes)
    data = data[:area_bytes]
    signatures = find_signatures(data)
    headers = [SwapHeader.parse(data[: s.page_size]) for s in signatures if s.page_size]
    is_device = kind == "block"
    described = {
        "holds": (),
        "unclaimed": _unclaimed(headers[0] if headers else None, area_bytes),
        "path": "/swap",
        "mode": 0o660 if is_device else 0o600,
        "owner_uid": 0,
        "active": False,
        "allocated_bytes": None if is_device else area_bytes,
        "reason": None if headers else "no swap signature found",
        **of_area,
    }
    return SwapArea(
        kind=AreaKind(kind),
        header=headers[0] if headers else None,
        other_headers=tuple(headers[1:]),
        signatures=signatures,
        backing=_backing(is_device, of_backing),
        **described,
    )


def _unclaimed(header: SwapHeader | None, area_bytes: int) -> Unclaimed:
    if header is None:
        return Unclaimed(0)
    claimed = header.page_size if header.ghost_flag else header.size_bytes
    return Unclaimed(min(claimed, area_bytes))


def _page(
    *,
    last_page: int = 255,
    badpages: Iterable[int] = (),
    label: str = "sample",
    bootbits: bytes = b"",
    padding_words: Mapping[int, int] | None = None,
    byte_order: Literal["little", "big"] = "little",
    **fields: Any,
) -> bytes:
    words = [
        (_PADDING_OFFSET + 4 * word, value.to_bytes(4, byte_order))
        for word, value in (padding_words or {}).items()
    ]
    return header_page(
        last_page=last_page,
        badpages=tuple(badpages),
        label=label.encode(),
        byte_order=byte_order,
        patches=((0, bootbits), *words),
        **fields,
    )


def _backing(is_device: bool, changes: dict[str, Any]) -> Backing:
    if "extents" in changes:
        changes["extents"] = tuple(_extent(*found) for found in changes["extents"])
        changes.setdefault("filesystem", "ext4")
    if "data_profiles" in changes:
        changes["data_profiles"] = frozenset(changes["data_profiles"])
    if "chunks" in changes:
        changes["chunks"] = tuple(Chunk(*chunk) for chunk in changes["chunks"])
    if "inode_flags" in changes:
        names = changes["inode_flags"].split("|")
        changes["inode_flags"] = InodeFlags(sum(InodeFlags[name] for name in names))
    elif changes.get("filesystem") == "btrfs":
        changes["inode_flags"] = InodeFlags(0)
    changes.setdefault("device_name", None if is_device else "sda2")
    file_type = FileType.BLOCK if is_device else FileType.REGULAR
    if not is_device:
        changes.setdefault("resolved_path", "/swap")
        changes.setdefault("free_bytes", 8 << 30)
        changes.setdefault("can_fallocate", True)
        changes.setdefault("mount_point", "/")
    return Backing(**{"file_type": file_type, **changes})


def _extent(
    offset_bytes: int, physical_bytes: int | None, length_bytes: int, flags: str = ""
) -> Extent:
    names = flags.split("|") if flags else []
    flag = ExtentFlags(sum(ExtentFlags[name] for name in names))
    return Extent(offset_bytes, physical_bytes, length_bytes, flag)
