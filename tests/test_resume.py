from __future__ import annotations

import os
from uuid import UUID

import pytest

from swaptools.area import AreaKind
from swaptools.observe.names import NamedDevice
from swaptools.observe.power import Hibernation
from swaptools.observe.resume import FirstByte
from swaptools.resume import resume_offset
from tests.builders import SAMPLE_UUID, swap_area

UNSET = Hibernation(True, 0, 0)
SDA2 = os.makedev(8, 2)


def test_the_offset_is_counted_in_pages_of_the_running_kernel() -> None:
    first = FirstByte(46666874880, None, SDA2, "/dev/sda2")
    machine = Hibernation(
        True, SDA2, 11393280, "/dev/sda2", "11393280", NamedDevice(SDA2)
    )
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
        (Hibernation(True), ()),
        (
            Hibernation(True, os.makedev(8, 3), 10, None, "11"),
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


FS_UUID = UUID("70431c91-96ec-4864-b9b3-45069d54459c")
#: The area of ``told`` begins at page 10 of /dev/sda2.
FIRST = FirstByte(40960, None, SDA2, "/dev/sda2", FS_UUID)


def told(
    resume: str | None, offset: str | None, named: NamedDevice | None = None
) -> tuple[str, ...]:
    """What is said of a command line, without what is the same in all sentences."""
    machine = Hibernation(True, None, None, resume, offset, named)
    answer = resume_offset(swap_area(), FIRST, machine, 4096)
    assert answer.offset_pages == 10
    said = " on the kernel command line"
    return tuple(sentence.replace(said, "") for sentence in answer.disagreements)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("10", ()),
        ("11", ("resume_offset= is 11",)),
        ("10..", "the kernel reads 10, systemd nothing"),
        ("0xa", "the kernel reads 0, systemd 10"),
        ("012", "the kernel reads 12, systemd 10"),
        ("08", "the kernel reads 8, systemd nothing"),
        ("10 ", "the kernel reads 10, systemd nothing"),
        ("-10", "the kernel reads nothing, systemd nothing"),
        ("", "the kernel reads nothing, systemd nothing"),
        ("\u0661", "the kernel reads nothing, systemd nothing"),
        (None, ("resume= comes without resume_offset=10",)),
    ],
)
def test_an_offset_that_is_no_plain_number_is_read_in_two_ways(
    offset: str | None, expected: str | tuple[str, ...]
) -> None:
    """Pasted from filefrag with its dots, or in hex: nobody complains at boot."""
    if isinstance(expected, str):
        expected = (f"resume_offset={offset} is no plain number: {expected}",)
    assert told("/dev/sda2", offset, NamedDevice(SDA2)) == expected


@pytest.mark.parametrize(
    ("resume", "named", "expected"),
    [
        ("/dev/sda2", NamedDevice(SDA2), ()),
        (f"UUID={FS_UUID}", NamedDevice(None, "x", is_unknown=True), ()),
        (f'UUID="{str(FS_UUID).upper()}"', NamedDevice(None, "x"), ()),
        (
            "/dev/sda3",
            NamedDevice(os.makedev(8, 3)),
            ("resume=/dev/sda3 is not /dev/sda2, where the area lies",),
        ),
        (
            "LABEL=none",
            NamedDevice(None, "names no device here"),
            ("resume=LABEL=none names no device here",),
        ),
        (
            "LABEL=none",
            NamedDevice(None, "cannot be looked up", is_unknown=True),
            ("resume=LABEL=none cannot be looked up",),
        ),
        (
            "UUID=stale",
            NamedDevice(None, "names no device here"),
            ("resume=UUID=stale names no device here",),
        ),
        (
            "UUID=00112233-4455-6677-8899-aabbccddeeff",
            NamedDevice(None, "cannot be looked up", is_unknown=True),
            (
                "resume=UUID=00112233-4455-6677-8899-aabbccddeeff"
                " is not /dev/sda2, where the area lies",
            ),
        ),
        (
            f"UUID={SAMPLE_UUID}",
            NamedDevice(None, "names no device here"),
            (
                f"resume=UUID={SAMPLE_UUID}"
                " is the swapfile's own, not that of /dev/sda2",
            ),
        ),
    ],
)
def test_a_stale_resume_device_is_named(
    resume: str, named: NamedDevice, expected: tuple[str, ...]
) -> None:
    assert told(resume, "10", named) == expected


def test_a_device_is_known_by_the_uuid_of_its_header() -> None:
    """And needs no offset."""
    first = FirstByte(0, None, SDA2, "/dev/sda2")
    named = NamedDevice(None, "cannot be looked up", is_unknown=True)
    area = swap_area(kind=AreaKind.BLOCK)
    machine = Hibernation(True, None, None, f"UUID={SAMPLE_UUID}", None, named)
    assert resume_offset(area, first, machine, 4096).disagreements == ()


def test_a_word_that_forbids_it_is_named() -> None:
    machine = Hibernation(True, forbidden_by="hibernate=no")
    assert resume_offset(swap_area(), FIRST, machine, 4096).disagreements == (
        "hibernate=no on the kernel command line: no image is looked for at boot",
    )
