"""Signatures of other formats: what would be destroyed, and where it lies.

libblkid knows them all, so wipefs(8) is asked where it is installed and the area
begins the file. A short list of what people have on disks, each from the
format's own documentation, serves everywhere else. Swap's own magics are in
format/signature.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ForeignSignature(NamedTuple):
    """A magic of another format; offset in bytes from the start of the area."""

    name: str
    offset: int
    magic: bytes


#: Superblock places are fixed by each format, so a table is enough.
FOREIGN: tuple[ForeignSignature, ...] = (
    ForeignSignature("partition table", 510, b"\x55\xaa"),
    ForeignSignature("GPT (512-byte sectors)", 512, b"EFI PART"),
    ForeignSignature("GPT (4096-byte sectors)", 4096, b"EFI PART"),
    ForeignSignature("ext2/3/4", 1080, b"\x53\xef"),
    ForeignSignature("XFS", 0, b"XFSB"),
    ForeignSignature("btrfs", 65600, b"_BHRfS_M"),
    ForeignSignature("f2fs", 1024, b"\x10\x20\xf5\xf2"),
    ForeignSignature("bcachefs or bcache", 4120, bytes.fromhex("c68573f64e1a45ca")),
    ForeignSignature("LUKS", 0, b"LUKS\xba\xbe"),
    ForeignSignature("LUKS (second header)", 16384, b"SKUL\xba\xbe"),
    ForeignSignature("LVM2", 536, b"LVM2 001"),
    ForeignSignature("Linux RAID 1.1", 0, b"\xfc\x4e\x2b\xa9"),
    ForeignSignature("Linux RAID 1.2", 4096, b"\xfc\x4e\x2b\xa9"),
    ForeignSignature("squashfs", 0, b"hsqs"),
    ForeignSignature("EROFS", 1024, b"\xe2\xe1\xf5\xe0"),
    ForeignSignature("ISO 9660", 32769, b"CD001"),
    ForeignSignature("NTFS", 3, b"NTFS    "),
    ForeignSignature("exFAT", 3, b"EXFAT   "),
    ForeignSignature("FAT16", 54, b"FAT16   "),
    ForeignSignature("FAT32", 82, b"FAT32   "),
    ForeignSignature("ReiserFS", 65588, b"ReIsEr"),
    ForeignSignature("JFS", 32768, b"JFS1"),
    ForeignSignature("ZFS (label 0, uberblock)", 131072, b"\x0c\xb1\xba\x00"),
    ForeignSignature("gzip", 0, b"\x1f\x8b"),
    ForeignSignature("xz", 0, b"\xfd7zXZ\0"),
    ForeignSignature("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ForeignSignature("ELF", 0, b"\x7fELF"),
    ForeignSignature("qcow2", 0, b"QFI\xfb"),
)


def foreign_within(path: Path, offset: int, area_bytes: int) -> list[ForeignSignature]:
    """Find other formats' magics inside an area, as many as can be known.

    Args:
        path: A regular file or block device.
        offset: Where the area begins, in bytes.
        area_bytes: Where it ends, counted from ``offset``; nothing outside counts.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        found = list(find_foreign(file, offset, area_bytes))
        told = _ask_wipefs(path) if offset == 0 else ()
        places = {known.offset for known in found}
        for name, at, length in told:
            if at in places or at + length > area_bytes or name == "swap":
                continue
            file.seek(at)
            found.append(ForeignSignature(name, at, file.read(length)))
    return found


def _ask_wipefs(path: Path) -> tuple[tuple[str, int, int], ...]:
    # (type, offset, length) of what libblkid sees; nothing where it cannot tell.
    import json
    import subprocess  # both only needed before an old device is overwritten

    command = ["wipefs", "--no-act", "--json", "--output", "TYPE,OFFSET,LENGTH"]
    try:
        ran = subprocess.run([*command, path], capture_output=True, timeout=60)
        said = json.loads(ran.stdout or b"{}")
        return tuple(
            (row["type"], int(row["offset"], 16), int(row["length"]))
            for row in said.get("signatures", ())
        )
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return ()


def find_foreign(
    file: BinaryIO, offset: int, area_bytes: int
) -> Iterator[ForeignSignature]:
    """Find the short list's magics inside an area.

    Args:
        file: Open for reading, seekable.
        offset: Where the area begins, in bytes.
        area_bytes: Where it ends, counted from ``offset``; nothing behind is read.
    """
    for known in FOREIGN:
        if known.offset + len(known.magic) > area_bytes:
            continue
        file.seek(offset + known.offset)
        if file.read(len(known.magic)) == known.magic:
            yield known
