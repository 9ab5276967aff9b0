"""What a person sees who looks at a value in an interpreter: one short line."""

from __future__ import annotations

import pytest

from swaptools.area import AreaKind
from swaptools.check import check_area
from swaptools.emulator import Machine
from tests.builders import SAMPLE_UUID, header_page, swap_area

HEADER = f"4 MiB, pages of 4096 bytes, label 'sample', UUID {SAMPLE_UUID}"


def machine() -> Machine:
    made = Machine(cpus=2, zswap=True, compiled=False)
    made.swapon_pages(100, "block", path="/fast", priority=5)
    made.task().write(0, 3)
    return made


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (swap_area().header, f"<SwapHeader {HEADER}>"),
        (swap_area(), f"<SwapArea '/swapfile': file of 4194304 bytes, {HEADER}>"),
        (
            swap_area(
                path="a\x1b[2J",
                kind=AreaKind.IMAGE,
                offset=1 << 20,
                header=None,
                reason="no swap signature found",
                area_bytes=None,
            ),
            "<SwapArea 'a\\x1b[2J' from 1048576: image, no swap signature found>",
        ),
        (
            check_area(swap_area(), ["6.18", "7.2"], 4096),
            "<Report '/swapfile': 6.18 accepts, 7.2 accepts>",
        ),
        (
            check_area(swap_area(header_page(version=2)), "6.18", 4096),
            "<Report '/swapfile': 6.18 EINVAL, H201>",
        ),
        (
            machine(),
            "<Machine 6.18, 2 CPUs, pages of 4096 bytes, zswap on, 1 areas, 1 tasks>",
        ),
        (
            next(iter(machine().areas)),
            "<SwapDevice '/fast', block, 0 of 99 pages used, prio 5>",
        ),
        (machine().task("shell"), "<Task 'shell' in />"),
        (machine().cgroups.root, "<MemCgroup /, 1 tasks>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_one_line_for_people(value: object, text: str) -> None:
    assert repr(value) == text


def test_what_became_of_a_task_is_told() -> None:
    made = Machine(policy="lru", compiled=False)
    made.cgroups.create("a")
    made.limit("a", max_bytes=50 << 12)
    killed, gone = made.task("big", "a"), made.task("done", "a")
    killed.write(0, 60)
    gone.exit()
    assert repr(killed) == "<Task 'big' in /a, killed>"
    assert repr(gone) == "<Task 'done' in /a, gone>"


def test_an_area_that_is_off_can_still_be_looked_at() -> None:
    made = machine()
    (device,) = made.areas
    made.swapoff(device)
    assert repr(device) == "<SwapDevice '/fast', swapped off>"


def test_no_page_is_in_any_of_them() -> None:
    """A page of 256 KiB full of bytes makes nothing longer."""
    page = header_page(page_size=262144, badpages=tuple(range(1, 60000)))
    area = swap_area(page)
    report = check_area(area, "6.18", 4096)
    assert max(len(repr(value)) for value in (area.header, area, report)) < 200
