"""Block devices by udev's notes, or looked into; partitions of images."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from swaptools.errors import AreaError
from swaptools.observe.blocks import read_devices, read_images
from swaptools.observe.tree import Tree
from tests.builders import SAMPLE_UUID, header_page
from tests.disks import GPT_LINUX, Part, gpt_pieces, write

if TYPE_CHECKING:
    from pathlib import Path

PARTS = (Part(2048, 2048, GPT_LINUX, "root"), Part(4096, 2048, name="swap"))


def disk(path: Path) -> Path:
    """Make a disk of two partitions, an area in the second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, 1 << 22, gpt_pieces(PARTS, 1 << 13))
    with path.open("r+b") as file:
        file.seek(4096 * 512)
        file.write(header_page(last_page=255, label=b"mine"))
    return path


def node(root: Path, name: str, **files: str) -> None:
    """Make what /sys has of a device."""
    folder = root / "sys" / "class" / "block" / name
    folder.mkdir(parents=True)
    for key, text in files.items():
        (folder / key).write_text(f"{text}\n")


def test_swap_of_a_diskless_machine_is_on_the_network(tmp_path: Path) -> None:
    area = tmp_path / "dev" / "nbd1"
    area.parent.mkdir()
    area.write_bytes(header_page(last_page=255, label=b"mine"))
    node(tmp_path, "nbd1", size="2048", dev="43:32")
    (device,) = read_devices(Tree(str(tmp_path)))
    assert (device.path, device.label) == ("/dev/nbd1", "mine")


def test_without_udev_a_device_is_looked_into(tmp_path: Path) -> None:
    disk(tmp_path / "dev" / "sda")
    area = tmp_path / "dev" / "sda2"
    area.write_bytes(header_page(last_page=255, label=b"mine"))
    with area.open("r+b") as file:
        file.truncate(1 << 20)
    devices = tmp_path / "sys" / "devices" / "sda"
    (devices / "sda2").mkdir(parents=True)
    for name, text in (("size", "2048"), ("dev", "8:2"), ("start", "4096")):
        (devices / "sda2" / name).write_text(text)
    node(tmp_path, "sda", size="8192", dev="8:0")
    link = tmp_path / "sys" / "class" / "block" / "sda2"
    link.symlink_to("../../devices/sda/sda2")
    whole, part = read_devices(Tree(str(tmp_path)))
    assert (whole.path, whole.type, whole.unread) == ("/dev/sda", "gpt", None)
    assert (part.path, part.type, part.label) == ("/dev/sda2", "swap", "mine")
    assert part.uuid == str(SAMPLE_UUID)
    assert (part.partuuid, part.partlabel) == (str(PARTS[1].guid), "swap")
    assert part.area is not None
    assert part.area.path == "/dev/sda2"


def test_udev_is_believed(tmp_path: Path) -> None:
    """Its notes are read without opening the device."""
    node(tmp_path, "sda2", size="2048", dev="8:2")
    (tmp_path / "run" / "udev" / "data").mkdir(parents=True)
    (tmp_path / "run" / "udev" / "data" / "b8:2").write_text(
        "S:disk/by-uuid/1\nE:ID_FS_TYPE=ext4\nE:ID_FS_UUID_ENC=1-2\n"
        "E:ID_FS_LABEL_ENC=a\\x20b\nE:ID_PART_ENTRY_NAME=x\\x20y\nE:=\nE\n"
    )
    (device,) = read_devices(Tree(str(tmp_path)))
    assert (device.type, device.uuid, device.label) == ("ext4", "1-2", "a b")
    assert (device.partlabel, device.unread) == ("x y", None)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    node(tmp_path, "sda", size="2048", dev="8:0")
    node(tmp_path, "loop0", size="2048", dev="7:0")
    node(tmp_path, "ram0", size="2048", dev="1:0")
    node(tmp_path, "sdb", size="0", dev="8:16")
    (device,) = read_devices(Tree(str(tmp_path)))
    assert (device.path, device.unread) == ("/dev/sda", "No such file or directory")


@pytest.mark.parametrize(
    ("notes", "unread"),
    [
        ("E:ID_PART_ENTRY_NUMBER=2\n", None),
        (
            "E:ID_FS_AMBIVALENT=filesystem:ext4 other:swap\n",
            "No such file or directory",
        ),
        ("", "No such file or directory"),
    ],
)
def test_what_udev_found_empty_is_known_to_be(
    tmp_path: Path, notes: str, unread: str | None
) -> None:
    node(tmp_path, "sda2", size="2048", dev="8:2")
    (tmp_path / "run" / "udev" / "data").mkdir(parents=True)
    (tmp_path / "run" / "udev" / "data" / "b8:2").write_text(notes)
    (device,) = read_devices(Tree(str(tmp_path)))
    assert (device.type, device.unread) == (None, unread)


@pytest.mark.parametrize(
    ("value", "has_discard"), [("0", False), ("4294966784", True), (None, None)]
)
def test_discards(tmp_path: Path, value: str | None, has_discard: bool | None) -> None:
    node(tmp_path, "sda", size="2048", dev="8:0")
    if value is not None:
        queue = tmp_path / "sys" / "class" / "block" / "sda" / "queue"
        queue.mkdir()
        (queue / "discard_max_bytes").write_text(value)
    (device,) = read_devices(Tree(str(tmp_path)))
    assert device.has_discard is has_discard


def test_partitions_of_an_image(tmp_path: Path) -> None:
    image = disk(tmp_path / "a.img")
    first, second = read_images((str(image),))
    assert (first.path, first.type) == (f"{image} partition 1", None)
    assert (second.type, second.label) == ("swap", "mine")
    assert UUID(second.partuuid or "") == PARTS[1].guid


def test_an_image_without_partitions(tmp_path: Path) -> None:
    image = tmp_path / "a.img"
    image.write_bytes(header_page(last_page=255).ljust(1 << 20, b"\0"))
    (device,) = read_images((str(image),))
    assert (device.path, device.type) == (str(image), "swap")
    with pytest.raises(AreaError, match="No such file"):
        read_images((str(tmp_path / "none"),))
