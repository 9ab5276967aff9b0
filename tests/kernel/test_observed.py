"""What patched and stock kernels were seen to answer, a row here for a row there.

Seen on Linux 7.2.13 and 6.12.117, each with and without the ghost swapfile
patch of February 2026 (back-ported for 6.12), with pages of 4096 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.swapon import judge
from tests.cases import every_case
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.kernel.attempt import Verdict

GIB = 1 << 30
NO_SIGNATURE = "Unable to find swap-space signature"
SHORTER = "Swap area shorter than signature indicates"
EMPTY = "Empty swap-file"
VERSION = "Unable to handle swap header version {}"
BORDER = "Bad slot offset is out of border: {} (last_page: {})"
NO_MEMORY = (
    "vmalloc error: size 4294967295, exceeds total pages,"
    " mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"
)


class Said(NamedTuple):
    """An answer: usable pages when taken, else an error and its line."""

    pages: int = 0
    errno: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, verdict: Verdict) -> Said:
        """Take the same from a verdict."""
        return cls(verdict.pages, verdict.errno, verdict.message)


def einval(message: str | None = None) -> Said:
    """A refusal with a line, or without a word."""
    return Said(errno="EINVAL", message=message)


class Row(NamedTuple):
    """A header and the answers to it."""

    name: str
    header: dict[str, Any]
    #: 7.2 with the patch, and 6.12 with it where that differs.
    patched: Said
    patched612: Said | None = None
    #: The header itself is at fault, so stock kernels say the same.
    fault: bool = False


def good(last_page: int) -> Row:
    """A header that claims so many pages, and is taken."""
    return Row(f"last_page {last_page}", {"last_page": last_page}, Said(last_page))


def faulty(name: str, message: str | None, **header: Any) -> Row:
    """A header that every kernel refuses alike."""
    return Row(name, header, einval(message), fault=True)


#: An area of 4096 bytes: the header page and nothing else.
HEADERS = (
    *map(good, (1, 2, 9, 10, 511, 512, 513, 1023, (1 << 20) - 1, (1 << 24) - 1)),
    good((1 << 28) - 1),
    Row(
        "last_page 2^32-2",
        {"last_page": (1 << 32) - 2},
        Said((1 << 32) - 2),
        Said(errno="ENOMEM", message=NO_MEMORY),
    ),
    Row(
        "last_page 2^32-1",
        {"last_page": (1 << 32) - 1},
        Said((1 << 32) - 2),
        Said(errno="ENOMEM", message=NO_MEMORY),
    ),
    faulty("last_page 0", EMPTY, last_page=0),
    faulty("version 0", VERSION.format(0), version=0),
    faulty("version 2", VERSION.format(2), version=2),
    faulty("version 0x02000000", VERSION.format(33554432), version=0x02000000),
    faulty("version 0xffffffff", VERSION.format(-1), version=0xFFFFFFFF),
    Row("big-endian", {"byte_order": "big"}, Said(255)),
    faulty("SWAP-SPACE", NO_SIGNATURE, magic=b"SWAP-SPACE"),
    faulty("lower case", NO_SIGNATURE, magic=b"swapspace2"),
    faulty("S1SUSPEND", NO_SIGNATURE, magic=b"S1SUSPEND"),
    faulty("random page", NO_SIGNATURE, magic=b"\xa5" * 10, bootbits=b"\x5a" * 1024),
    faulty("zero page", NO_SIGNATURE, magic=bytes(10), version=0, last_page=0),
    Row("random bootbits", {"bootbits": b"\xa5" * 1024}, Said(255)),
    Row(
        "random padding",
        {"padding_words": dict.fromkeys(range(117), 0xA5A5A5A5)},
        Said(255),
    ),
    Row("unused badpages", {"badpages": (7, 7, 0), "nr_badpages": 0}, Said(255)),
    Row("label without NUL", {"label": "0123456789abcdef"}, Said(255)),
    Row("one bad page", {"badpages": (3,)}, Said(254)),
    Row(
        "637 bad pages",
        {"last_page": 1023, "badpages": range(1, 638)},
        Said(1023 - 637),
    ),
    Row(
        "bad page 0",
        {"last_page": 1023, "badpages": (0,)},
        einval(BORDER.format(0, 1023)),
        einval(),
    ),
    Row(
        "bad page behind last_page",
        {"last_page": 1023, "badpages": (1024,)},
        einval(BORDER.format(1024, 1023)),
        einval(),
    ),
    Row(
        "bad page three times",
        {"last_page": 1023, "badpages": (7, 7, 7)},
        einval("Duplicated bad slot offset 7"),
        Said(1020),
    ),
    Row("all bad", {"last_page": 9, "badpages": range(1, 10)}, einval(EMPTY)),
    Row(
        "638 bad pages",
        {"last_page": 1023, "badpages": range(1, 638), "nr_badpages": 638},
        einval(BORDER.format(1465057280, 1023)),
        einval(),
    ),
    Row(
        "0xffffffff bad pages",
        {"last_page": 1023, "badpages": range(1, 638), "nr_badpages": 0xFFFFFFFF},
        einval(BORDER.format(1465057280, 1023)),
        einval(),
    ),
    Row(
        "700 bad pages, all within",
        {"last_page": (1 << 32) - 2, "badpages": range(1, 638), "nr_badpages": 700},
        einval(),  # read past the page: refused, whatever lies there names the line
        Said(errno="ENOMEM", message=NO_MEMORY),
    ),
    faulty(
        "638 bad pages, big-endian",
        None,
        byte_order="big",
        last_page=1023,
        nr_badpages=638,
    ),
)

SIZES = (
    ("empty", 0, 255, einval(NO_SIGNATURE)),
    ("a byte short", 4095, 255, einval(NO_SIGNATURE)),
    ("a byte more", 4097, 255, einval(SHORTER)),
    ("two pages less a byte", 8191, 255, einval(SHORTER)),
    ("two pages, more claimed", 8192, 2, einval(SHORTER)),
    ("a byte more, one page claimed", 4097, 1, einval(SHORTER)),
    ("two pages less a byte, one claimed", 8191, 1, einval(SHORTER)),
    ("two pages, one claimed", 8192, 1, Said(1)),
    ("1 MiB", 1 << 20, 255, Said(255)),
)

ONE_HOLE = [(0, 0, 4096)]
PLACES = (
    ("ext4", {"filesystem": "ext4", "extents": ONE_HOLE}, None),
    ("xfs", {"filesystem": "xfs", "extents": ONE_HOLE}, None),
    ("btrfs", {"filesystem": "btrfs", "inode_flags": "COMPRESSED"}, None),
    ("btrfs CoW", {"filesystem": "btrfs"}, None),
    ("ramfs", {"filesystem": "ramfs"}, None),
    ("tmpfs", {"filesystem": "tmpfs"}, "EINVAL"),
    ("overlayfs", {"filesystem": "overlay"}, "EINVAL"),
    ("read-only file system", {"is_readonly_filesystem": True}, "EROFS"),
    ("read-only subvolume", {"is_readonly_subvolume": True}, "EROFS"),
    ("read-only mount", {"is_readonly_mount": True}, "EROFS"),
    ("readable by all", {"mode": 0o644}, None),
    ("twice, or by a hard link", {"active": True}, "EBUSY"),
    ("one-page block device", {"kind": "block"}, None),
)


def answer(kernel: str, ram_bytes: int = 3 * GIB, **sample: Any) -> Verdict:
    """Ask a profile on a machine like the one that was watched."""
    return judge(swap_area(**sample), PROFILES[kernel], 4096, ram_bytes)


@every_case("row", HEADERS, ids=lambda row: row.name)
@every_case("kernel", ["ghost-rfc", "ghost-rfc-6.12"])
def test_patched_kernels_on_a_header_page(row: Row, kernel: str) -> None:
    """Table 1: one page, a ghost when the header is good."""
    verdict = answer(kernel, area_bytes=4096, **row.header)
    expected = row.patched
    if kernel == "ghost-rfc-6.12" and row.patched612 is not None:
        expected = row.patched612
    assert Said.of(verdict) == expected
    assert verdict.is_ghost is verdict.accepted


@every_case("row", HEADERS, ids=lambda row: row.name)
@every_case("kernel", ["6.12", "6.18", "7.2"])
@every_case("kind", ["file", "block"])
def test_stock_kernels_on_a_header_page(row: Row, kernel: str, kind: str) -> None:
    """Table 6 n: too short, unless the header is at fault first."""
    verdict = answer(kernel, area_bytes=4096, kind=kind, **row.header)
    assert Said.of(verdict) == (row.patched if row.fault else einval(SHORTER))


@every_case(
    ("area_bytes", "last_page", "expected"),
    [row[1:] for row in SIZES],
    ids=[row[0] for row in SIZES],
)
@every_case("kernel", ["ghost-rfc", "ghost-rfc-6.12", "6.12", "7.2"])
def test_sizes(kernel: str, area_bytes: int, last_page: int, expected: Said) -> None:
    """Table 1, second part: any other size is no ghost, with the patch or without."""
    verdict = answer(kernel, area_bytes=area_bytes, last_page=last_page)
    assert Said.of(verdict) == expected
    assert not verdict.is_ghost


@every_case(
    ("sample", "errno"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES]
)
@every_case("kernel", ["ghost-rfc", "ghost-rfc-6.12"])
def test_places(kernel: str, sample: dict[str, Any], errno: str | None) -> None:
    """Table 2: a ghost is not asked for its extents, but it has to be readable."""
    verdict = answer(kernel, area_bytes=4096, **sample)
    expected = Said(255) if errno is None else Said(errno=errno)
    assert Said.of(verdict) == expected
    assert verdict.is_ghost is verdict.accepted


def test_small_memory_is_not_refused() -> None:
    """1 TiB on 6.12 with 512 MiB: no array is larger, so the OOM killer acts."""
    last_page = (1 << 28) - 1
    verdict = answer("ghost-rfc-6.12", 500 << 20, area_bytes=4096, last_page=last_page)
    assert verdict.accepted


@pytest.mark.parametrize(
    ("kernel", "last_page", "seen_mb"),
    [
        ("7.2", (1 << 28) - 1, 25),
        ("7.2", (1 << 32) - 1, 398),
        ("6.12", (1 << 24) - 1, 53),
        ("6.12", (1 << 28) - 1, 787),
    ],
)
def test_kernel_memory(kernel: str, last_page: int, seen_mb: int) -> None:
    """What swapon(2) took, as MemAvailable showed it, to a tenth."""
    taken = PROFILES[kernel].swapon.static_bytes(last_page + 1)
    assert taken / 1e6 == pytest.approx(seen_mb, rel=0.1)


def test_the_february_series_ignores_bad_pages_of_a_ghost() -> None:
    """15/15 looks at no list, and its ghosts cost nothing before they are used."""
    header = {"area_bytes": 4096, "last_page": 1023}
    verdict = answer("ghost-rfc-dynamic", badpages=(0, 7, 7), **header)
    assert Said.of(verdict) == Said(1023)
    profile = PROFILES["ghost-rfc-dynamic"]
    assert profile.swapon.static_bytes(1 << 32, is_ghost=True) == 0
    assert profile.swapon.static_bytes(1 << 32) > 0


@pytest.mark.parametrize(
    ("area", "message"),
    [
        ({"last_page": 1, "badpages": (1, 1, 1)}, EMPTY),
        ({"last_page": 2, "badpages": (0xFFFFFFFF,)}, BORDER.format(-1, 2)),
        (
            {"last_page": (1 << 32) - 2, "badpages": (0xFFFFFFFF,)},
            BORDER.format(-1, -2),
        ),
    ],
)
def test_a_ghost_has_the_list_of_7_1(area: dict[str, Any], message: str) -> None:
    """Section 9, D2 and D3: nothing left comes first, numbers are signed."""
    verdict = answer("ghost-rfc", area_bytes=4096, **area)
    assert Said.of(verdict) == einval(message)


def test_a_ghost_larger_than_memory() -> None:
    """Section 9, D8: the whole line, but for the process and a rate limit."""
    area = {"area_bytes": 4096, "last_page": (1 << 32) - 2}
    verdict = answer("ghost-rfc", 256 << 20, **area)
    assert Said.of(verdict) == Said(
        errno="ENOMEM",
        message="vmalloc error: size 402653184, exceeds total pages,"
        " mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)",
    )
