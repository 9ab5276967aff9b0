"""Where on its device btrfs keeps a byte: its chunk tree, read by ioctl as root.

FIEMAP tells btrfs's own logical addresses; the chunk tree says which part of
which device stands behind them. Only chunks with one copy on one device are
followed to a byte, as swapon(2) asks for.

Kernel: include/uapi/linux/btrfs.h struct btrfs_ioctl_search_key,
include/uapi/linux/btrfs_tree.h struct btrfs_chunk; fs/btrfs/inode.c
btrfs_swap_activate().
"""

from __future__ import annotations

import fcntl
import struct
from typing import TYPE_CHECKING, Final

from swaptools.backing import Chunk
from swaptools.observe.btrfs import profile_name
from swaptools.observe.ioctl import iowr
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.backing import Extent

#: struct btrfs_ioctl_search_args is 4096 bytes.
BTRFS_IOC_TREE_SEARCH: Final = iowr(0x94, 17, 4096)
_CHUNK_TREE: Final = 3
_FIRST_CHUNK_TREE_OBJECTID: Final = 256
_CHUNK_ITEM_KEY: Final = 228
_MAX_U64: Final = (1 << 64) - 1

#: tree, objectid, offset and transid from and to, type from and to, nr_items.
_KEY: Final = struct.Struct("=7Q3I4x32x")
#: struct btrfs_ioctl_search_header: transid, objectid, offset, type, len.
_ITEM: Final = struct.Struct("=3Q2I")
#: struct btrfs_chunk up to its stripes: length, type, num_stripes.
_CHUNK: Final = struct.Struct("=Q16xQ12xH2x")
#: struct btrfs_stripe: devid, offset, dev_uuid.
_STRIPE: Final = struct.Struct("=QQ16x")


class _Chunk(NamedTuple):
    # A run of logical addresses, and its first stripe.
    logical: int
    length: int
    profile: str
    device: int
    physical: int

    def holds(self, logical: int, length: int) -> bool:
        # Whether a part of this run lies here.
        return self.logical < logical + length and logical < self.logical + self.length


def file_chunks(descriptor: int, extents: tuple[Extent, ...]) -> tuple[Chunk, ...]:
    """List the chunks that a file lies in, in file order.

    Args:
        descriptor: Of any file on the file system.
        extents: The file's, as FIEMAP has them.

    Raises:
        OSError: The tree cannot be searched; that takes root.
    """
    mapped = list(_chunks(descriptor))
    return tuple(
        Chunk(chunk.profile, chunk.device)
        for extent in extents
        if extent.physical_bytes is not None
        for chunk in mapped
        if chunk.holds(extent.physical_bytes, extent.length_bytes)
    )


def physical_byte(descriptor: int, logical: int) -> int | None:
    """Return where on its device a logical address lies, in bytes.

    Args:
        descriptor: Of any file on the file system.
        logical: As FIEMAP has it.

    Returns:
        None when the chunk has several copies or devices, or is not there.

    Raises:
        OSError: The tree cannot be searched; that takes root.
    """
    for chunk in _chunks(descriptor):
        if chunk.holds(logical, 1):
            is_single = chunk.profile == "single"
            return chunk.physical + logical - chunk.logical if is_single else None
    return None


def _chunks(descriptor: int) -> Iterator[_Chunk]:
    first = 0
    while True:
        found = _search(descriptor, first)
        yield from found
        if not found:
            return
        first = found[-1].logical + 1


def _search(descriptor: int, first: int) -> list[_Chunk]:
    # As many chunks from ``first`` on as one answer holds.
    buffer = bytearray(4096)
    _KEY.pack_into(
        buffer,
        0,
        _CHUNK_TREE,
        _FIRST_CHUNK_TREE_OBJECTID,
        _FIRST_CHUNK_TREE_OBJECTID,
        first,
        _MAX_U64,
        0,
        _MAX_U64,
        _CHUNK_ITEM_KEY,
        _CHUNK_ITEM_KEY,
        _MAX_U64 >> 32,
    )
    fcntl.ioctl(descriptor, BTRFS_IOC_TREE_SEARCH, buffer)
    count = _KEY.unpack_from(buffer)[9]
    found = []
    position = _KEY.size
    for _ in range(count):
        _, _, logical, _, item_bytes = _ITEM.unpack_from(buffer, position)
        position += _ITEM.size
        length, flags, _ = _CHUNK.unpack_from(buffer, position)
        device, physical = _STRIPE.unpack_from(buffer, position + _CHUNK.size)
        found.append(_Chunk(logical, length, profile_name(flags), device, physical))
        position += item_bytes
    return found
