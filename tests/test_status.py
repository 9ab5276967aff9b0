from __future__ import annotations

import pytest

from swaptools.area import AreaKind, SwapArea
from swaptools.errors import AreaError
from swaptools.observe.proc import SwapRow
from swaptools.status import ActiveArea, active_area, no_hibernation


def row(name: str, type_: str = "file", *, is_deleted: bool = False) -> SwapRow:
    return SwapRow(name, type_, 4096, 0, -2, is_deleted)


def denied(path: str) -> SwapArea:
    raise AreaError(path, "Permission denied", 13)


def blank(path: str) -> SwapArea:
    return SwapArea(path=path, kind=AreaKind.FILE, reason="empty")


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
