"""Mounts, attributes, mode and owner: no byte of the area changes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from swaptools.contents import Held, Unclaimed
from tests.check.remedies.cases import command, finding, sentence

MIB = 1 << 20


class TestReadOnly:
    """Remounted where that is known to work."""

    RO: ClassVar[dict[str, Any]] = {
        "is_readonly_filesystem": True,
        "filesystem": "ext4",
    }

    def test_the_file_system(self) -> None:
        """By the directory it is on."""
        pasted = command("A801", **self.RO, mount_point="/my data")
        assert pasted == "mount -o remount,rw '/my data'"

    def test_only_this_mount(self) -> None:
        """The file system can be written through another."""
        view: dict[str, Any] = {"filesystem": "ext4", "is_readonly_mount": True}
        assert command("A801", **view) == "mount -o remount,bind,rw /"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"filesystem": "squashfs"}, "squashfs never can"),
            ({"filesystem": "iso9660"}, "iso9660 never can"),
            ({"is_readonly_device": True}, "device below"),
            ({"filesystem": "nfs"}, "one that is"),
            ({"mount_point": None}, "one that is"),
        ],
    )
    def test_not_everywhere(self, changes: dict[str, Any], words: str) -> None:
        """Some are read-only for good, of some it is not known."""
        assert words in sentence("A801", **{**self.RO, **changes})

    def test_a_snapshot_stays_as_it_is(self) -> None:
        """Somebody keeps it; its file system can be written elsewhere."""
        kept: dict[str, Any] = {"filesystem": "btrfs", "is_readonly_subvolume": True}
        assert "subvolume that can be written" in sentence("A801", **kept)

    def test_what_else_it_takes(self) -> None:
        """The next refusal is named."""
        found = finding("A801", **self.RO, extents=[(0, 0, 4096)])
        assert found.hint_command is not None
        assert "has unallocated extents" in found.hint


class TestAttributes:
    """chattr(1), when the mount allows it."""

    def test_taken_off(self) -> None:
        """Both at once."""
        assert command("A802", inode_flags="IMMUTABLE") == "chattr -i -a /swap"

    def test_the_file_behind_a_link(self) -> None:
        """chattr(1) does not follow it."""
        place = {"path": "/link", "resolved_path": "/my swap"}
        pasted = command("A802", **place, inode_flags="IMMUTABLE")
        assert pasted == "chattr -i -a '/my swap'"

    def test_not_on_a_read_only_mount(self) -> None:
        """It comes first."""
        changes: dict[str, Any] = {"is_readonly_mount": True, "filesystem": "ext4"}
        assert "A801" in sentence("A802", inode_flags="APPEND", **changes)

    def test_what_else_it_takes(self) -> None:
        """Here nothing makes it swap."""
        found = finding("A802", inode_flags="IMMUTABLE", version=2)
        assert "EINVAL" in found.hint


class TestProtect:
    """Only what is needed, and what it needs."""

    def test_mode(self) -> None:
        """Its owner may do that."""
        assert command("I405", mode=0o644) == "chmod 600 /swap"

    def test_owner(self) -> None:
        """Only root may."""
        found = finding("I405", owner_uid=1000)
        assert found.hint_command == "chown 0:0 /swap"
        assert "root" in found.hint

    def test_both(self) -> None:
        """In this order: a change of owner may clear bits."""
        pasted = command("I405", owner_uid=1000, mode=0o666)
        assert pasted == "chown 0:0 /swap && chmod 600 /swap"

    def test_a_device_keeps_its_group(self) -> None:
        """It is others who are shut out."""
        assert command("I405", kind="block", mode=0o666) == "chmod o= /swap"

    def test_while_it_is_active(self) -> None:
        """Mode and owner can be changed under use."""
        assert command("I405", mode=0o644, active=True) == "chmod 600 /swap"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"filesystem": "vfat"}, "umask=077"),
            ({"filesystem": "fuseblk"}, "umask=077"),
            ({"is_readonly_filesystem": True}, "A801"),
            ({"inode_flags": "IMMUTABLE"}, "A802"),
        ],
    )
    def test_where_it_cannot_be(self, changes: dict[str, Any], words: str) -> None:
        """No mode to change, or nobody may."""
        assert words in sentence("I405", mode=0o644, **changes)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("A801", {"is_readonly_mount": True, "filesystem": "ext4"}),
        ("A802", {"inode_flags": "IMMUTABLE"}),
        ("I405", {"mode": 0o644}),
    ],
)
def test_what_is_not_swap_keeps_its_attributes(
    code: str, changes: dict[str, Any]
) -> None:
    """Somebody's file may be immutable, or readable, on purpose."""
    assert command(code, **changes) is not None
    ext4 = (Held("ext4", "filesystem"),)
    assert "ext4" in sentence(code, **changes, holds=ext4)
    if code != "I405":  # which is quiet without a header
        text = Unclaimed(0, nonzero_bytes=0)
        said = sentence(code, **changes, magic=bytes(10), unclaimed=text)
        assert "byte 0" in said
