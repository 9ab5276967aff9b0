"""Devices by the names that people give them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import names
from swaptools.observe.names import NamedDevice, find_device

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VDA1 = os.makedev(254, 1)


@pytest.fixture
def disk(
    tmp_path: Path,
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Udev's directories with one device; the node itself is returned."""
    node = area_file("vda1")
    as_device(node, number=VDA1)
    for tag, name in (
        ("uuid", "70431c91-96ec-4864-b9b3-45069d54459c"),
        ("label", "my\\x20swap\\x2fé"),
        ("partuuid", "12345678-01"),
    ):
        (tmp_path / f"by-{tag}").mkdir()
        (tmp_path / f"by-{tag}" / name).symlink_to(node)
    monkeypatch.setattr(names, "_BY", f"{tmp_path}/by-")
    return node


@pytest.mark.parametrize(
    "name",
    [
        "UUID=70431c91-96ec-4864-b9b3-45069d54459c",
        "UUID=70431C91-96EC-4864-B9B3-45069D54459C",
        'UUID="70431c91-96ec-4864-b9b3-45069d54459c"',
        "LABEL=my swap/é",
        "PARTUUID=12345678-01",
        "254:1",
        "fe01",
    ],
)
def test_a_name_leads_to_a_device(name: str, disk: Path) -> None:
    assert find_device(name) == NamedDevice(VDA1)


def test_a_path_may_have_the_prefix_of_uswsusp(disk: Path) -> None:
    assert find_device(str(disk)) == NamedDevice(VDA1)
    assert find_device(f"swap:{disk}") == NamedDevice(VDA1)


@pytest.mark.parametrize("name", ["UUID=stale", "/no/such", "vda1", "LABEL=../x", ""])
def test_a_stale_name_leads_nowhere(name: str, disk: Path) -> None:
    assert find_device(name) == NamedDevice(None, "names no device here")


def test_a_file_is_no_device(area_file: Callable[..., Path]) -> None:
    found = find_device(str(area_file()))
    assert found == NamedDevice(None, "is no block device")


def test_without_udev_a_tag_cannot_be_looked_up(disk: Path) -> None:
    found = find_device("PARTLABEL=x")
    assert found.number is None
    assert found.is_unknown
    assert found.reason is not None
    assert found.reason.startswith("cannot be looked up: there is no ")


@pytest.mark.parametrize(
    ("name", "number"),
    [("8:2", (8, 2)), ("8:2:5", (8, 2)), ("802", (8, 2)), ("100fd00", (0xFD, 0x1000))],
)
def test_numbers_are_packed_as_the_kernel_does(
    name: str, number: tuple[int, int]
) -> None:
    assert find_device(name) == NamedDevice(os.makedev(*number))
