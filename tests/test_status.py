from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.area import AreaKind, SwapArea
from swaptools.errors import AreaError
from swaptools.observe.proc import SwapRow
from swaptools.status import (
    ActiveArea,
    ActiveAreas,
    active_areas,
    no_hibernation,
    whole_sizes,
    whole_used,
)
from tests.builders import header_page, swap_area

if TYPE_CHECKING:
    from collections.abc import Callable

TIB = 1 << 40


def row(name: str, type_: str = "file", *, is_deleted: bool = False) -> SwapRow:
    return SwapRow(name, type_, 4096, 0, -2, is_deleted)


def denied(path: str) -> SwapArea:
    raise AreaError(path, "Permission denied", 13)


def blank(path: str) -> SwapArea:
    return SwapArea(path=path, kind=AreaKind.FILE, reason="empty")


def nothing(_path: str) -> None:
    """Nobody knows."""


def active_area(row: SwapRow, look: Callable[[str], SwapArea]) -> ActiveArea:
    (area,) = active_areas([row], {}, look, nothing, nothing).areas
    return area


def test_an_unreadable_header_is_said_and_the_rest_stays() -> None:
    assert active_area(row("/swapfile"), denied) == ActiveArea(
        name="/swapfile",
        type="file",
        size=4096,
        used=0,
        priority=-2,
        uuid=None,
        label=None,
        no_hibernation=None,
        zram=None,
        error="permission denied",
    )


def test_a_name_that_is_no_path_is_not_looked_at() -> None:
    assert active_area(row("xswap0", "xswap"), denied).error == "not a path"


def test_a_deleted_file_is_not_looked_at() -> None:
    gone = active_area(row("/swapfile", is_deleted=True), denied)
    assert gone.error == "deleted"


def test_a_file_whose_header_is_gone_is_said() -> None:
    assert active_area(row("/swapfile"), blank).error == "no swap header"


@pytest.mark.parametrize(
    ("swap", "reason"),
    [
        (row("/dev/sda2", "partition"), None),
        (row("/swapfile"), None),
        (row("/g.swap", "ghost"), "ghost: has no storage of its own"),
        (row("xswap0", "xswap"), "xswap: has no storage of its own"),
        (row("/dev/zram0", "partition"), "zram: is in memory"),
        (row("/dev/loop3", "partition"), "loop device: not there at resume"),
        (row("/f", is_deleted=True), "deleted: cannot be found at resume"),
    ],
)
def test_what_can_hold_a_hibernation_image(swap: SwapRow, reason: str | None) -> None:
    assert no_hibernation(swap) == reason


def test_zram_is_looked_for_under_each_area() -> None:
    under = {"/dev/dm-0": "/dev/zram0", "xswap0": "/dev/zram1"}
    gone = row("/dev/dm-0", is_deleted=True)
    rows = [row("/dev/dm-0"), row("/swapfile"), gone, row("xswap0")]
    found = active_areas(rows, {}, blank, under.get, nothing)
    assert [area.zram for area in found.areas] == ["/dev/zram0", None, None, None]


@pytest.mark.parametrize(
    ("shown", "claims", "total", "expected"),
    [
        ([5, 7], [None, None], 12, [5, 7]),
        ([5, 7], [4 * TIB + 5, 7], 12, [5, 7]),
        ([5], [None], 8 * TIB + 5, [8 * TIB + 5]),
        ([5], [5], 8 * TIB + 5, [8 * TIB + 5]),
        ([5, 7], [4 * TIB + 5, 7], 4 * TIB + 12, [4 * TIB + 5, 7]),
        ([5, 7], [4 * TIB + 5, None], 4 * TIB + 12, [4 * TIB + 5, 7]),
        ([5, 7], [5, None], 4 * TIB + 12, [5, 4 * TIB + 7]),
        ([5, 7], [4 * TIB + 9, 7], 4 * TIB + 12, [4 * TIB + 5, 7]),
        ([5, 7], [4 * TIB + 5, 8 * TIB + 7], 4 * TIB + 12, [5, 7]),
        ([5, 7], [None, None], 4 * TIB + 12, [5, 7]),
        ([5, 7, 9], [8 * TIB + 5, None, None], 12 * TIB + 21, [8 * TIB + 5, 7, 9]),
        ([5], [8 * TIB + 5], None, [8 * TIB + 5]),
        ([5], [None], None, [5]),
        ([5], [3], None, [5]),
        ([5], [None], 3, [5]),
        ([], [], 0, []),
    ],
    ids=str,
)
def test_sizes_over_4_tib_are_whole(
    shown: list[int], claims: list[int | None], total: int | None, expected: list[int]
) -> None:
    """SwapTotal has the last word, and headers say whose the rest is."""
    assert whole_sizes(shown, claims, total) == expected


@pytest.mark.parametrize(
    ("shown", "sizes", "used", "expected"),
    [
        ([5], [9 * TIB], 5, [5]),
        ([5], [9 * TIB], 4 * TIB + 900, [4 * TIB + 5]),
        ([5], [9 * TIB], 4 * TIB - 900, [4 * TIB + 5]),
        ([5, 0], [9 * TIB, TIB], 8 * TIB + 5, [8 * TIB + 5, 0]),
        ([5, 0], [9 * TIB, 9 * TIB], 4 * TIB + 5, [5, 0]),
        ([5], [TIB], 4 * TIB + 5, [5]),
        ([5], [TIB], 0, [5]),
    ],
    ids=str,
)
def test_use_over_4_tib_is_whole_where_it_can_be_told(
    shown: list[int], sizes: list[int], used: int, expected: list[int]
) -> None:
    assert whole_used(shown, sizes, used) == expected


def test_a_large_area_is_put_together() -> None:
    """5 TiB that /proc/swaps shows as 1, of which 1 is in use, shown as such."""
    claims = header_page(last_page=(5 * TIB >> 12) - 1)
    large = swap_area(claims, area_bytes=5 * TIB)
    shown = SwapRow("/dev/vdb", "partition", TIB - 4096, TIB >> 1, -2)
    meminfo = {"SwapTotal": 5 * TIB - 4096, "SwapFree": 5 * TIB - 4096 - (TIB >> 1)}
    found = active_areas([shown], meminfo, lambda _path: large, nothing, nothing)
    assert found.missing_bytes == 0
    assert (found.areas[0].size, found.areas[0].used) == (5 * TIB - 4096, TIB >> 1)


def test_what_belongs_to_no_area_for_sure_is_counted() -> None:
    rows = [row("/dev/vdb"), row("/dev/vdc")]
    meminfo = {"SwapTotal": 4 * TIB + 8192, "SwapFree": 4 * TIB + 8192}
    found = active_areas(rows, meminfo, denied, nothing, nothing)
    assert found.missing_bytes == 4 * TIB
    assert ActiveAreas(found.areas).missing_bytes == 0


def test_without_the_right_to_read_the_header_the_device_is_measured() -> None:
    rows = [SwapRow("/dev/vdb", "partition", 5, 0, -2), row("/dev/vdc")]
    sizes = {"/dev/vdb": 4 * TIB + 4101, "/dev/vdc": 8192}
    meminfo = {"SwapTotal": 4 * TIB + 5 + 4096}
    found = active_areas(rows, meminfo, denied, nothing, sizes.get)
    assert [area.size for area in found.areas] == [4 * TIB + 5, 4096]
    assert found.missing_bytes == 0
