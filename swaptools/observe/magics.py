"""Signatures of other formats that are known here: a short table.

libblkid knows far more file systems and RAID formats and looks more closely. Disk
images of virtual machines and compressed files are what it does not know. Each from
its format's own documentation; types and usages are libblkid's words.

Not here: asking libblkid (blkid.py), swap's own magics (format/signature.py).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools.contents import Held
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Magic(NamedTuple):
    """What to compare where; a negative offset counts from the end of the area."""

    type: str
    usage: str | None
    offset_bytes: int
    magic: bytes


#: Asked always: what libblkid does not know, and magics so long that none lies
#: there by chance, which libblkid passes over when the rest is damaged.
CERTAIN: Final = (
    Magic("qcow2", "container", 0, b"QFI\xfb"),
    Magic("qed", "container", 0, b"QED\0"),
    Magic("vmdk", "container", 0, b"KDMV"),
    Magic("vmdk", "container", 0, b"COWD"),
    Magic("vmdk", "container", 0, b"# Disk DescriptorFile"),
    Magic("vdi", "container", 64, b"\x7f\x10\xda\xbe"),
    Magic("vhdx", "container", 0, b"vhdxfile"),
    Magic("vpc", "container", 0, b"conectix"),
    Magic("vpc", "container", -512, b"conectix"),
    Magic("gzip", "compressed", 0, b"\x1f\x8b\x08"),
    Magic("xz", "compressed", 0, b"\xfd7zXZ\0"),
    Magic("zstd", "compressed", 0, b"\x28\xb5\x2f\xfd"),
    Magic("lz4", "compressed", 0, b"\x04\x22\x4d\x18"),
    *(
        Magic("bzip2", "compressed", 0, b"BZh%d1AY&SY" % level)
        for level in range(1, 10)
    ),
    Magic("ELF", None, 0, b"\x7fELF"),
    Magic("gpt", "partitions", 512, b"EFI PART"),
    Magic("gpt", "partitions", 4096, b"EFI PART"),
    Magic("gpt", "partitions", -512, b"EFI PART"),
    Magic("gpt", "partitions", -4096, b"EFI PART"),
    Magic("crypto_LUKS", "crypto", 0, b"LUKS\xba\xbe"),
    Magic("crypto_LUKS", "crypto", 16384, b"SKUL\xba\xbe"),
    Magic("BitLocker", "crypto", 3, b"-FVE-FS-"),
    Magic("LVM2_member", "raid", 24, b"LVM2 001"),
    Magic("LVM2_member", "raid", 536, b"LVM2 001"),
    Magic("btrfs", "filesystem", 65600, b"_BHRfS_M"),
    Magic("bcachefs", "filesystem", 4120, bytes.fromhex("c68573f64e1a45ca")),
    Magic("ntfs", "filesystem", 3, b"NTFS    "),
    Magic("exfat", "filesystem", 3, b"EXFAT   "),
)

#: Asked where libblkid cannot be: what else people have on disks.
COMMON: Final = (
    Magic("dos", "partitions", 510, b"\x55\xaa"),
    Magic("linux_raid_member", "raid", 0, b"\xfc\x4e\x2b\xa9"),
    Magic("linux_raid_member", "raid", 4096, b"\xfc\x4e\x2b\xa9"),
    Magic("ext4", "filesystem", 1080, b"\x53\xef"),
    Magic("xfs", "filesystem", 0, b"XFSB"),
    Magic("f2fs", "filesystem", 1024, b"\x10\x20\xf5\xf2"),
    Magic("squashfs", "filesystem", 0, b"hsqs"),
    Magic("erofs", "filesystem", 1024, b"\xe2\xe1\xf5\xe0"),
    Magic("iso9660", "filesystem", 32769, b"CD001"),
    Magic("vfat", "filesystem", 54, b"FAT1"),
    Magic("vfat", "filesystem", 82, b"FAT32   "),
    Magic("reiserfs", "filesystem", 65588, b"ReIsEr"),
    Magic("jfs", "filesystem", 32768, b"JFS1"),
    Magic("zfs_member", "filesystem", 131072, b"\x0c\xb1\xba\x00"),
)


#: How much of an area has to be known at its beginning, and at its end.
START_BYTES: Final = 1 << 18
END_BYTES: Final = 4096


def find_magics(
    start: bytes, end: bytes, area_bytes: int, table: tuple[Magic, ...]
) -> Iterator[Held]:
    """Find what of a table lies in an area.

    Args:
        start: Its first START_BYTES, or all of it.
        end: Its last END_BYTES, or all of it.
        area_bytes: How long it is.
        table: CERTAIN, or COMMON as well.
    """
    if not _has_any(start, end, table):
        return
    for type_, usage, at, magic in table:
        if at >= 0 and start.startswith(magic, at):
            yield Held(type_, usage, None, None, at, magic)
        elif 0 <= len(end) + at < len(end) and end.startswith(magic, len(end) + at):
            yield Held(type_, usage, None, None, area_bytes + at, magic)


def _has_any(start: bytes, end: bytes, table: tuple[Magic, ...]) -> bool:
    # Nearly every area has none: one look a place tells.
    for at, magics in _by_place(table):
        data, place = (start, at) if at >= 0 else (end, len(end) + at)
        if place >= 0 and data.startswith(magics, place):
            return True
    return False


@cache
def _by_place(table: tuple[Magic, ...]) -> tuple[tuple[int, tuple[bytes, ...]], ...]:
    places: dict[int, list[bytes]] = {}
    for magic in table:
        places.setdefault(magic.offset_bytes, []).append(magic.magic)
    return tuple((at, tuple(magics)) for at, magics in places.items())
