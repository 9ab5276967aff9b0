"""Names looked up in a system."""

from __future__ import annotations

import pytest

from swaptools.observe.system import Device, Running, SwapFile, System

SYSTEM = System(
    running=Running(),
    devices=(
        Device("/dev/sda2", "8:2", "swap", "AB-cd", "my swap", "1234-02", "Swap"),
        Device("/dev/dm-0", "254:0", mapped_name="vg-swap"),
    ),
    knows_devices=True,
    links={"/dev/disk/by-id/x": "/dev/sda2", "/dev/loop9": "/dev/loop9"},
    files={"/a": SwapFile("/a", inode=(1, 2)), "/b": SwapFile("/b", is_missing=True)},
)


@pytest.mark.parametrize(
    "name",
    [
        "/dev/sda2",
        "UUID=ab-CD",
        'UUID="AB-cd"',
        "LABEL=my swap",
        "PARTUUID=1234-02",
        "PARTLABEL=Swap",
        "/dev/disk/by-uuid/AB-cd",
        "/dev/disk/by-label/my\\x20swap",
        "/dev/disk/by-id/x",
        "8:2",
        "8:2:5",
    ],
)
def test_every_name_of_a_device(name: str) -> None:
    found = SYSTEM.find(name)
    assert found.where == "/dev/sda2"
    assert found.key == "/dev/sda2"
    assert not found.is_missing


def test_the_device_mapper_has_names_of_its_own() -> None:
    assert SYSTEM.find("/dev/mapper/vg-swap").where == "/dev/dm-0"


@pytest.mark.parametrize(
    ("name", "is_missing"),
    [
        ("UUID=none", True),
        ("LABEL=MY SWAP", True),
        ("/dev/sdz", True),
        ("9:9", True),
        ("/b", True),
        ("/never-looked-at", False),
        ("/dev/loop9", False),
        ("swap", False),
        ("", False),
    ],
)
def test_what_leads_nowhere(name: str, is_missing: bool) -> None:
    found = SYSTEM.find(name)
    assert (found.device, found.is_missing) == (None, is_missing)


def test_all_that_have_a_label() -> None:
    twice = (*SYSTEM.devices, Device("/dev/sdb2", label="my swap"))
    found = System(devices=twice).having("label", "my swap")
    assert [device.path for device in found] == ["/dev/sda2", "/dev/sdb2"]


def test_nothing_is_missing_where_devices_are_not_known() -> None:
    image = System(root="/mnt")
    for name in ("UUID=1", "/dev/sda2", "/dev/disk/by-uuid/1", "8:2"):
        assert not image.find(name).is_missing


def test_a_file_is_known_by_its_inode() -> None:
    assert SYSTEM.find("/a").key == "inode 1:2"
    assert SYSTEM.find("/never-looked-at").key == "/never-looked-at"
