"""mountinfo, and the mount that a descriptor is on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from swaptools.observe import mounts
from swaptools.observe.mounts import Mounts, parse_mountinfo

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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
