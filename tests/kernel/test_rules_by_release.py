"""What was seen and read of each kernel, a row here for each rule and its change.

Where a rule changed within a series or between two, the release just before it is
asked, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from swaptools.kernel.attempt import Attempt
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge_attempt
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.kernel.attempt import Verdict

MAINLINE = [name for name in PROFILES if not name.startswith("ghost")]
#: Each series as it began.
FIRST = [f"{name}.0" for name in MAINLINE]
GIB = 1 << 30
HOLES = "swapon: swapfile has holes"
COUNTED = "swap activate: swapfile has holes"
MODE = "mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"
MODE_4_18 = "mode:0x14080c0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"

#: An answer: usable pages, or an error number and its line.
Said = int | tuple[str, str | None]
SILENT: Said = ("EINVAL", None)


def einval(message: str) -> Said:
    return ("EINVAL", message)


class Row(NamedTuple):
    """An area, and what kernels say to it from the first one named on."""

    name: str
    area: dict[str, Any]
    #: Release -> answer; a release not named answers as the last before it.
    answers: dict[str, Said]
    ram_bytes: int | None = None


PAGES = 256
WHOLE = [(0, 0, PAGES * 4096)]
RESERVED = [(0, 0, 4096), (4096, 4096, (PAGES - 1) * 4096, "UNWRITTEN")]
HEADER_ONLY = [(0, 0, 4096)]
LONGER = {"area_bytes": 300 * 4096}
DEVICE = {"kind": "block"}
UNALIGNED = {"last_page": 1, "extents": [(0, 512, 4096), (4096, 9216, 4096)]}
ENCRYPTED = (
    "Filesystem-level encrypted swapfile '/swap' is unsupported."
    " Create a loop device over it, or use dm-crypt"
)
IO_ERROR = "Buffer I/O error on dev swap, logical block 0, async page read"
COW = "BTRFS warning (device sda2): swapfile must not be copy-on-write"
F2FS = {"filesystem": "f2fs"}
F2FS_TAIL = "F2FS-fs (sda2): Swapfile: last extent is not aligned to section"
F2FS_MOVED = (
    "F2FS-fs (sda2): Swapfile (1) is not align to section: 1) creat(),"
    " 2) ioctl(F2FS_IOC_SET_PIN_FILE), 3) fallocate(2097152 * N)"
)
LFS = "F2FS-fs (sda2): Swapfile not supported in LFS mode"


def border(page: int, last_page: int) -> Said:
    return einval(f"Bad slot offset is out of border: {page} (last_page: {last_page})")


def duplicated(page: int) -> Said:
    return einval(f"Duplicated bad slot offset {page}")


EMPTY = einval("Empty swap-file")

ROWS = (
    # before the header
    Row("zoned", {"kind": "block", "is_zoned": True}, {"4.18": 255, "5.10": SILENT}),
    Row("unlinked", {"is_unlinked": True}, {"4.18": 255, "5.15": ("ENOENT", None)}),
    Row(
        "encrypted",
        {"inode_flags": "ENCRYPTED"},
        {
            "4.18": 255,
            "5.15.224": einval(ENCRYPTED),
            "5.16": 255,
            "6.1.187": einval(ENCRYPTED),
            "6.2": 255,
            "6.6.153": einval(ENCRYPTED),
            "6.7": 255,
            "6.12.107": 255,
            "6.12.108": einval(ENCRYPTED),
            "6.14": 255,
            "6.18": 255,
            "6.18.49": einval(ENCRYPTED),
            "6.19": 255,
            "7.1.12": 255,
            "7.1.13": einval(ENCRYPTED),
        },
    ),
    Row(
        "blocks larger than pages",
        {"filesystem": "xfs", "block_bytes": 8192},
        {"4.18": 255, "6.18": SILENT},
    ),
    Row("tmpfs", {"filesystem": "tmpfs"}, {"4.18": SILENT}),
    Row(
        "less than a block of 4096 bytes",
        {"kind": "block", "block_bytes": 4096, "area_bytes": 2048},
        {
            "4.18": einval("Unable to find swap-space signature"),
            "6.12": ("EIO", IO_ERROR),
        },
    ),
    # the bad page list
    Row("bad 0", {**DEVICE, "badpages": (0,)}, {"4.18": SILENT, "7.1": border(0, 255)}),
    Row(
        "bad 0xffffffff",
        {**DEVICE, "last_page": 15, "badpages": (0xFFFFFFFF,)},
        {"4.18": SILENT, "7.1": border(-1, 15)},
    ),
    Row(
        "bad 7,7",
        {**DEVICE, "badpages": (7, 7)},
        {"4.18": 253, "7.1": duplicated(7)},
    ),
    Row(
        "bad 1,1 of two",
        {**DEVICE, "last_page": 2, "badpages": (1, 1)},
        {"4.18": EMPTY},
    ),
    Row(
        "bad 1,1,1 of two",
        {**DEVICE, "last_page": 2, "badpages": (1, 1, 1)},
        {"4.18": 0xFFFFFFFF, "7.1": EMPTY},
    ),
    Row(
        "bad 1,0 of one",
        {**DEVICE, "last_page": 1, "badpages": (1, 0)},
        {"4.18": SILENT, "7.1": EMPTY},
    ),
    Row(
        "bad 1,2,0 of three",
        {**DEVICE, "last_page": 3, "badpages": (1, 2, 0)},
        {"4.18": SILENT, "7.1": border(0, 3)},
    ),
    Row("all bad", {**DEVICE, "last_page": 3, "badpages": (3, 1, 2)}, {"4.18": EMPTY}),
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
        "FAT, a hole",
        {"filesystem": "vfat", "extents": HEADER_ONLY},
        {"4.18": einval(HOLES)},
    ),
    Row("ramfs", {"filesystem": "ramfs"}, {"4.18": einval(HOLES)}),
    # which comes first
    Row(
        "a hole, and no memory",
        {"last_page": (1 << 31) - 1, "extents": HEADER_ONLY},
        {
            "4.18": (
                "ENOMEM",
                f"vmalloc: allocation failure: 2147483648 bytes, {MODE_4_18}",
            ),
            "5.4": ("ENOMEM", f"vmalloc: allocation failure: 2147483648 bytes, {MODE}"),
            "5.15": (
                "ENOMEM",
                f"vmalloc error: size 2147483648, exceeds total pages, {MODE}",
            ),
            "6.12.42": einval("swapon: file /swap has unallocated extents"),
            "6.13": (
                "ENOMEM",
                f"vmalloc error: size 2147483648, exceeds total pages, {MODE}",
            ),
            "6.17": einval("swapon: file /swap has unallocated extents"),
        },
        ram_bytes=GIB,
    ),
)


def version(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def asked(row: Row) -> list[tuple[str, Said]]:
    """Every series, and every release that is named, with the answer."""
    named = [release for release in row.answers if release not in PROFILES]
    questions = dict.fromkeys([*FIRST, *named])
    firsts = sorted(row.answers, key=version)
    found = []
    for release in questions:
        known = [first for first in firsts if version(first) <= version(release)]
        found.append((release, row.answers[known[-1]]))
    return found


def answer(release: str, row: Row) -> Verdict:
    kernel = find_kernel(release)
    area = swap_area(**row.area)
    return judge_attempt(Attempt.of(area, kernel.profile, 4096, row.ram_bytes))


QUESTIONS = [(row, *question) for row in ROWS for question in asked(row)]


@pytest.mark.parametrize(
    ("row", "release", "said"),
    QUESTIONS,
    ids=[f"{row.name} on {release}" for row, release, _ in QUESTIONS],
)
def test_answer(row: Row, release: str, said: Said) -> None:
    """Usable pages, or the error and its line, word for word."""
    verdict = answer(release, row)
    found: Said = (
        verdict.pages if verdict.accepted else (verdict.errno or "", verdict.message)
    )
    assert found == said


@pytest.mark.parametrize(
    ("field", "first", "before", "after"),
    [
        ("default_priority", "6.19", "descending", "equal"),
        ("adding_ends_with", "6.6", "FS", ""),
        ("pads_proc_swaps", "5.10", False, True),
        ("asks_extents_first", "6.12", False, True),
    ],
)
def test_field(field: str, first: str, before: object, after: object) -> None:
    """What no verdict shows."""
    for name in MAINLINE:
        expected = before if version(name) < version(first) else after
        assert getattr(PROFILES[name].swapon, field) == expected, name


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
