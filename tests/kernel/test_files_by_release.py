"""What file systems say, by release: a row for each rule and its change.

f2fs and exFAT were asked on 5.10.262, 6.1.192, 6.12.118 and 7.3.4, FAT on 6.1.192.
"""

from __future__ import annotations

import pytest

from swaptools.kernel.releases import find_kernel
from tests.cases import every_case
from tests.kernel.answers import (
    EMPTY,
    HEADER_ONLY,
    HOLES,
    PAGES,
    SILENT,
    WHOLE,
    Row,
    einval,
    wrong,
)

COUNTED = "swap activate: swapfile has holes"
RESERVED = [(0, 0, 4096), (4096, 4096, (PAGES - 1) * 4096, "UNWRITTEN")]
LONGER = {"area_bytes": 300 * 4096}
UNALIGNED = {"last_page": 1, "extents": [(0, 512, 4096), (4096, 9216, 4096)]}
COW = "BTRFS warning (device sda2): swapfile must not be copy-on-write"
F2FS = {"filesystem": "f2fs"}
F2FS_TAIL = "F2FS-fs (sda2): Swapfile: last extent is not aligned to section"
F2FS_MOVED = (
    "F2FS-fs (sda2): Swapfile (1) is not align to section: 1) creat(),"
    " 2) ioctl(F2FS_IOC_SET_PIN_FILE), 3) fallocate(2097152 * N)"
)
LFS = "F2FS-fs (sda2): Swapfile not supported in LFS mode"

ROWS = (
    # ext4
    Row("ext4", {"extents": WHOLE}, {"4.18": 255}),
    Row(
        "ext4, reserved only",
        {"extents": RESERVED},
        {"4.18": 255, "5.7": einval(HOLES), "5.9.4": einval(HOLES), "5.9.5": 255},
    ),
    Row(
        "ext4, a hole",
        {"extents": HEADER_ONLY},
        {
            "4.18": einval(HOLES),
            "5.9.5": einval("swapon: file has unallocated extents"),
            "5.15": einval("swapon: file /swap has unallocated extents"),
        },
    ),
    Row(
        "ext4, a hole behind the last page",
        {**LONGER, "extents": WHOLE},
        {
            "4.18": 255,
            "5.9.5": einval("swapon: file has unallocated extents"),
            "5.15": einval("swapon: file /swap has unallocated extents"),
        },
    ),
    Row(
        "ext4, data inline",
        {"extents": [(0, 0, PAGES * 4096, "DATA_INLINE")]},
        {
            "4.18": einval(HOLES),
            "5.10": einval("swapon: file is inline"),
            "5.15": einval("swapon: file /swap is inline"),
        },
    ),
    Row(
        "ext4, blocks of 1 KiB off page bounds",
        {"extents": [(0, 1024, PAGES * 4096)]},
        {"4.18": 254},
    ),
    Row(
        "ext4, no page on page bounds",
        UNALIGNED,
        {
            "4.18": EMPTY,
            "5.10": einval("swapon: Cannot find a single usable page in file."),
        },
    ),
    # XFS
    Row(
        "XFS, a hole",
        {"filesystem": "xfs", "extents": HEADER_ONLY},
        {
            "4.18": einval("swapon: file has unallocated extents"),
            "5.15": einval("swapon: file /swap has unallocated extents"),
        },
    ),
    Row(
        "XFS, shared",
        {"filesystem": "xfs", "extents": [(0, 0, PAGES * 4096, "SHARED")]},
        {
            "4.18": einval("swapon: file has shared extents"),
            "5.15": einval("swapon: file /swap has shared extents"),
        },
    ),
    Row(
        "XFS, no page on page bounds",
        {"filesystem": "xfs", **UNALIGNED},
        {
            "4.18": 0xFFFFFFFF,
            "5.4": einval("swapon: Cannot find a single usable page in file."),
        },
    ),
    Row(
        "XFS, longer than its header",
        {"filesystem": "xfs", **LONGER, "extents": [(0, 0, 300 * 4096)]},
        {"4.18": 299, "5.4": 255, "5.10": 299, "5.10.65": 255},
    ),
    # btrfs
    Row(
        "btrfs, copied on write",
        {"filesystem": "btrfs"},
        {"4.18": einval(HOLES), "5.0": einval(COW)},
    ),
    Row(
        "btrfs, NOCOW",
        {"filesystem": "btrfs", "inode_flags": "NOCOW", "extents": WHOLE},
        {"4.18": einval(HOLES), "5.0": 255},
    ),
    # f2fs
    Row("f2fs", {**F2FS, "extents": WHOLE}, {"4.18": 255}),
    Row(
        "f2fs, a hole",
        {**F2FS, "extents": HEADER_ONLY},
        {
            "4.18": einval(HOLES),
            "5.15": einval(F2FS_TAIL),
            "6.12": einval(F2FS_MOVED),
        },
    ),
    Row(
        "f2fs, a hole where a section is moved",
        {**F2FS, "last_page": 4095, "extents": HEADER_ONLY},
        {
            "4.18": einval(HOLES),
            "5.15": ("ENOENT", F2FS_MOVED),
            "6.12": einval(F2FS_MOVED),
        },
    ),
    Row(
        "f2fs, a hole behind a section",
        {**F2FS, "last_page": 1023, "extents": [(0, 1 << 21, 1 << 21)]},
        {"4.18": einval(HOLES), "5.15": einval("F2FS-fs (sda2): Swapfile has holes")},
    ),
    Row(
        "f2fs, a hole behind the last page",
        {**F2FS, **LONGER, "extents": WHOLE},
        {"4.18": 255, "6.12": einval(F2FS_MOVED)},
    ),
    Row(
        "f2fs, a hole behind sections",
        {**F2FS, "last_page": 511, "area_bytes": 4 << 20, "extents": [(0, 0, 1 << 21)]},
        {"4.18": 511},
    ),
    Row(
        "f2fs, compressed",
        {**F2FS, "inode_flags": "COMPRESSED"},
        {"4.18": 255, "5.10": SILENT},
    ),
    Row(
        "f2fs, a log",
        {**F2FS, "is_log_structured": True},
        {"4.18": 255, "5.10": einval(LFS)},
    ),
    Row(
        "f2fs, a log on zones",
        {**F2FS, "is_log_structured": True, "is_on_zones": True},
        {"4.18": 255, "5.10": einval(LFS), "6.12": 255},
    ),
    # over the network
    Row(
        "NFS, a hole",
        {"filesystem": "nfs4", "allocated_bytes": 4096},
        {"4.18": 255, "5.10": einval(COUNTED)},
    ),
    Row("NFS", {"filesystem": "nfs"}, {"4.18": 255}),
    Row(
        "SMB",
        {"filesystem": "cifs"},
        {"4.18": einval(HOLES), "5.10": 255, "5.19": SILENT, "6.12": 255},
    ),
    Row(
        "SMB, a hole",
        {"filesystem": "smb3", "allocated_bytes": 4096},
        {
            "4.18": einval(HOLES),
            "5.10": einval(COUNTED),
            "5.19": SILENT,
            "6.12": einval(COUNTED),
        },
    ),
    # others
    Row(
        "exFAT, a hole",
        {"filesystem": "exfat", "extents": HEADER_ONLY},
        {
            "4.18": einval(HOLES),
            "7.2": einval("swapon: file /swap has unallocated extents"),
        },
    ),
    Row(
        "NTFS through FUSE, which calls a hole data",
        {
            "filesystem": "fuseblk",
            "extents": [(0, None, PAGES * 4096)],
            "allocated_bytes": (PAGES - 1) * 4096,
        },
        {"4.18": einval(HOLES)},
    ),
    Row(
        "FAT, a hole",
        {"filesystem": "vfat", "extents": HEADER_ONLY},
        {"4.18": einval(HOLES)},
    ),
    Row("ramfs", {"filesystem": "ramfs"}, {"4.18": einval(HOLES)}),
)


@every_case("row", ROWS, ids=lambda row: row.name)
def test_answer(row: Row) -> None:
    """Usable pages, or the error and its line, word for word, on every series."""
    assert wrong(row) == []


@pytest.mark.parametrize(
    ("release", "sharing"),
    [
        ("5.4", "last_snapshot"),
        ("5.10", "cross_reference"),
        ("6.12.7", "cross_reference"),
        ("6.12.8", "backrefs"),
        ("6.18", "backrefs"),
    ],
)
def test_what_counts_as_shared_on_btrfs(release: str, sharing: str) -> None:
    """Nothing outside shows it, so that a note tells of it."""
    assert find_kernel(release).profile.files.btrfs_sharing == sharing
