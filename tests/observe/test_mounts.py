"""mountinfo, and the mount that a descriptor is on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import mounts, statfs
from swaptools.observe.mounts import Mounts, parse_mountinfo

if TYPE_CHECKING:
    from pathlib import Path


TEXT = """\
29 1 254:1 / / rw,relatime shared:1 master:2 - btrfs /dev/nowhere7 rw,ssd
31 29 0:40 / /a\\040b ro,nodev - overlay overlay rw,lowerdir=/x
cut short
32 29 0:50 / /far rw - fuse.sshfs host:/ rw
33 29 8:1 / /old rw - ext3 /dev/nowhere8 ro
"""


def test_fields() -> None:
    """Optional fields before the dash are skipped, broken lines left out."""
    found = parse_mountinfo(TEXT)
    assert sorted(found) == [29, 31, 32, 33]
    root, overlay, old = (found[number] for number in (29, 31, 33))
    assert (root.filesystem, root.device_name) == ("btrfs", "nowhere7")
    assert (overlay.filesystem, overlay.device_name) == ("overlay", None)
    assert (root.mount_point, overlay.mount_point) == ("/", "/a b")
    assert overlay.options == {"ro", "nodev"}
    assert old.super_options == {"ro"}
    assert found[32].filesystem == "fuse"


def test_ext3_is_ext4_where_its_driver_serves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver decides what swapon(2) asks, not the name of the format."""
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path)
    assert parse_mountinfo(TEXT)[33].filesystem == "ext3"
    (tmp_path / "nowhere8").mkdir()
    assert parse_mountinfo(TEXT)[33].filesystem == "ext4"


def test_mount_of_a_descriptor(tmp_path: Path) -> None:
    """The one with the file's mount number; none for a closed descriptor."""
    path = tmp_path / "file"
    path.touch()
    table = Mounts()
    with path.open("rb") as file:
        mount = table.of_descriptor(file.fileno())
    assert mount is not None
    assert mount.filesystem
    assert table.of_descriptor(os.sysconf("SC_OPEN_MAX") - 1) is None


def on_a_plain_chroot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A root that is no mount point is in no table: only what is mounted below."""
    table = tmp_path / "mountinfo"
    table.write_text("999999 1 0:5 / /proc rw - proc proc rw\n")
    monkeypatch.setattr(mounts, "_MOUNTINFO", table)


def test_a_file_system_without_a_line_is_told_by_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as the table has it, wherever it has it."""
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        listed = Mounts().of_descriptor(file.fileno())
        on_a_plain_chroot(monkeypatch, tmp_path)
        unlisted = Mounts().of_descriptor(file.fileno())
    assert listed is not None
    assert unlisted is not None
    assert unlisted.filesystem == listed.filesystem
    assert unlisted.options == {"rw"}


@pytest.mark.parametrize(
    ("magic", "device", "expected"),
    [
        (0xEF53, 0x801, "ext4"),
        (0x9FA0, 0x5, "proc"),
        (0x65735546, 0x5, "fuse"),
        (0x65735546, 0x801, "fuseblk"),
        (0x12345678, 0x5, "0x12345678"),
    ],
)
def test_without_proc_the_magic_number_names_it(
    magic: int,
    device: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file system that is not known keeps its number."""
    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path / "no-sysfs" / "ext4")
    monkeypatch.setattr(statfs, "filesystem_magic", lambda _descriptor: magic)
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        place = os.stat_result((*status[:2], device, *status[3:10]))
        monkeypatch.setattr(os, "fstat", lambda _descriptor: place)
        mount = Mounts().of_descriptor(file.fileno())
    assert mount is not None
    assert mount.filesystem == expected


def test_ext2_has_its_own_driver_where_sysfs_has_no_ext4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One magic number for three formats: the driver is what counts."""
    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path / "ext4")
    monkeypatch.setattr(mounts, "_name_of_device", lambda _device: "vda1")
    monkeypatch.setattr(statfs, "filesystem_magic", lambda _descriptor: 0xEF53)
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        found = Mounts().of_descriptor(file.fileno())
        assert found is not None
        assert (found.filesystem, found.source) == ("ext2", "/dev/vda1")
        (tmp_path / "ext4" / "vda1").mkdir(parents=True)
        found = Mounts().of_descriptor(file.fileno())
        assert found is not None
        assert found.filesystem == "ext4"
