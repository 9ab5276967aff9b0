"""What swapon(2) itself tests, by release: a row for each rule and its change.

Where a rule changed within a series or between two, the release just before it is
asked, too.
"""

from __future__ import annotations

import pytest

from swaptools.kernel.profiles import PROFILES
from tests.kernel.answers import (
    EMPTY,
    HEADER_ONLY,
    MAINLINE,
    SILENT,
    Row,
    Said,
    einval,
    version,
    wrong,
)

GIB = 1 << 30
MODE = "mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null),cpuset=/,mems_allowed=0"
MODE_4_18 = "mode:0x14080c0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"
DEVICE = {"kind": "block"}
ENCRYPTED = (
    "Filesystem-level encrypted swapfile '/swap' is unsupported."
    " Create a loop device over it, or use dm-crypt"
)
IO_ERROR = "Buffer I/O error on dev swap, logical block 0, async page read"


def border(page: int, last_page: int) -> Said:
    return einval(f"Bad slot offset is out of border: {page} (last_page: {last_page})")


def duplicated(page: int) -> Said:
    return einval(f"Duplicated bad slot offset {page}")


def no_memory(array_bytes: int) -> Said:
    return (
        "ENOMEM",
        f"vmalloc error: size {array_bytes}, exceeds total pages, {MODE}",
    )


def no_memory_4_18(rest: str) -> Said:
    return ("ENOMEM", f"vmalloc: allocation failure: {rest}")


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
        {"4.18": 255, "6.16": SILENT},
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
    # memory, on a machine of 1 GiB
    Row(
        "2^32 pages",
        {**DEVICE, "last_page": (1 << 32) - 2},
        {
            "4.18": no_memory_4_18(f"{(1 << 32) - 1} bytes, {MODE_4_18}"),
            "5.4": no_memory_4_18(f"{(1 << 32) - 1} bytes, {MODE}"),
            "5.15": no_memory((1 << 32) - 1),
            "7.1": no_memory(2 << 32),
            "7.2": (1 << 32) - 2,
        },
        ram_bytes=GIB,
    ),
    Row(
        "2^29 pages",
        {**DEVICE, "last_page": (1 << 29) - 1},
        {"4.18": (1 << 29) - 1},
        ram_bytes=2 * GIB,
    ),
    Row(
        "2^32 pages, and bad 0",
        {**DEVICE, "last_page": (1 << 32) - 2, "badpages": (0,)},
        {
            "4.18": no_memory_4_18(f"{(1 << 32) - 1} bytes, {MODE_4_18}"),
            "5.4": no_memory_4_18(f"{(1 << 32) - 1} bytes, {MODE}"),
            "5.15": no_memory((1 << 32) - 1),
            "7.1": border(0, -2),
        },
        ram_bytes=GIB,
    ),
    # which comes first
    Row(
        "a hole, and no memory",
        {"last_page": (1 << 31) - 1, "extents": HEADER_ONLY},
        {
            "4.18": no_memory_4_18(f"{1 << 31} bytes, {MODE_4_18}"),
            "5.4": no_memory_4_18(f"{1 << 31} bytes, {MODE}"),
            "5.15": no_memory(1 << 31),
            "6.12.42": einval("swapon: file /swap has unallocated extents"),
            "6.13": no_memory(1 << 31),
            "6.17": einval("swapon: file /swap has unallocated extents"),
        },
        ram_bytes=GIB,
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_answer(row: Row) -> None:
    """Usable pages, or the error and its line, word for word, on every series."""
    assert wrong(row) == []


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
