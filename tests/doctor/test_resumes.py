"""Swapfiles that a machine is to resume from: by which name, and where they begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from swaptools.doctor import diagnose
from swaptools.observe import survey
from swaptools.observe.resume import FirstByte
from swaptools.observe.system import SwapFile
from tests.doctor.samples import system

_EXT4: dict[str, Any] = {
    "sda1": "ext4 1111",
    "fstab": "/swapfile none swap sw 0 0",
}
_ODD = "does not begin at a page of 4096 bytes on its device"


def _errors(**changes: Any) -> list[tuple[str, str, str]]:
    found = diagnose(system(**changes)).findings
    return [
        (one.code, one.message, one.hint) for one in found if one.severity == "error"
    ]


@pytest.mark.parametrize("cmdline", ["", " resume_offset=4096", " resume_offset=4097"])
def test_between_two_pages_there_is_no_offset(cmdline: str) -> None:
    files = {"/swapfile": {"misaligned": _ODD, "last_page": 1 << 20}}
    ((code, message, hint),) = _errors(
        cmdline=f"resume=/dev/sda1{cmdline}", files=files, **_EXT4
    )
    assert (code, _ODD in message) == ("D206", True)
    assert "resume_offset" not in hint


@pytest.mark.parametrize(
    ("first_bytes", "offset_pages"), [(16 << 20, 4096), (16_778_240, None), (512, None)]
)
def test_an_offset_is_whole_pages(
    first_bytes: int, offset_pages: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sysconf", lambda _name: 4096)
    monkeypatch.setattr(
        "swaptools.observe.resume.find_first_byte",
        lambda _path: FirstByte(first_bytes, None, 0x800, "/dev/sda"),
    )
    placed = survey._placed(SwapFile("/swapfile"), "/swapfile")
    assert placed.offset_pages == offset_pages
    assert placed.misaligned == (None if offset_pages else _ODD)


@pytest.mark.parametrize("name", ["/swapfile", "/sw/f"])
@pytest.mark.parametrize("word", ["cmdline", "grub", "resume"])
def test_a_path_to_a_file_is_no_device(name: str, word: str) -> None:
    said = name if word == "resume" else f"resume={name}"
    place = {"offset_pages": 34816, "last_page": 1 << 20}
    changes = {word: said, "sda1": "ext4 1111"}
    ((code, message, hint),) = _errors(files={name: place}, **changes)
    assert code == "D202"
    assert "it takes a device" in message
    assert hint == "write resume=/dev/sda1 resume_offset=34816"
    for unknown in ({"files": [name]}, {"missing": [name]}):
        ((code, _, hint),) = _errors(**unknown, **changes)
        assert code == "D202"
        assert hint.startswith("name the device of its file system")


def test_a_node_outside_of_dev_is_a_device() -> None:
    made = system(cmdline="resume=/node", missing=["/node"])
    files = {"/node": SwapFile("/node", reason="is a block device", is_block=True)}
    assert diagnose(replace(made, files=files)).findings == ()


def test_RESUME_is_overridden_by_the_command_line() -> None:
    assert _errors(cmdline="resume=/dev/sda2", resume="/f", sda2="swap 1111") == []


def test_a_kernel_that_cannot_hibernate_needs_no_room_for_an_image() -> None:
    changes: dict[str, Any] = {"cmdline": "resume=/dev/sda2", "sda2": "swap 1111 1G"}
    for hibernates, expected in ((False, ["D211"]), (True, ["D207"]), (None, ["D207"])):
        found = diagnose(system(hibernates=hibernates, **changes)).findings
        assert [one.code for one in found] == expected
    inside = system(hibernates=False, container=True, resume="/dev/sda2", sda2="swap 1")
    assert [one.code for one in diagnose(inside).findings] == []
