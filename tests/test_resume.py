from __future__ import annotations

import os

import pytest

from swaptools.observe.power import Hibernation
from swaptools.observe.resume import FirstByte
from swaptools.resume import resume_offset
from tests.builders import swap_area

UNSET = Hibernation(True, 0, 0, None, None)
SDA2 = os.makedev(8, 2)


def test_the_offset_is_counted_in_pages_of_the_running_kernel() -> None:
    first = FirstByte(46666874880, None, SDA2, "/dev/sda2")
    machine = Hibernation(True, SDA2, 11393280, "/dev/sda2", 11393280)
    answer = resume_offset(swap_area(), first, machine, 4096)
    assert answer.offset_pages == 11393280
    assert answer.device == "8:2"
    assert answer.disagreements == ()


def test_a_ghost_has_no_offset() -> None:
    ghost = swap_area(area_bytes=4096)
    answer = resume_offset(ghost, FirstByte(4096, None, SDA2, None), UNSET, 4096)
    assert answer.offset_pages is None
    assert answer.reason == "a ghost has no storage for an image"


def test_an_area_that_begins_between_two_pages_has_no_offset() -> None:
    first = FirstByte(4096 + 1024, None, SDA2, None)
    answer = resume_offset(swap_area(), first, UNSET, 4096)
    assert answer.reason == "does not begin at a page of 4096 bytes on its device"


def test_why_the_first_byte_could_not_be_found_is_passed_on() -> None:
    first = FirstByte(None, "begins with a hole", SDA2, None)
    assert resume_offset(swap_area(), first, UNSET, 4096).reason == "begins with a hole"


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (UNSET, ("/sys/power/resume_offset is 0",)),
        (Hibernation(True, None, None, None, None), ()),
        (
            Hibernation(True, os.makedev(8, 3), 10, None, 11),
            (
                "/sys/power/resume names another device",
                "resume_offset= on the kernel command line is 11",
            ),
        ),
    ],
)
def test_settings_that_do_not_agree_are_named(
    machine: Hibernation, expected: tuple[str, ...]
) -> None:
    first = FirstByte(40960, None, SDA2, None)
    assert resume_offset(swap_area(), first, machine, 4096).disagreements == expected
