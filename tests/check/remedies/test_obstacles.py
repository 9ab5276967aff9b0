"""What has to go first: nothing that is in the way gets a command."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import every_case
from tests.check.remedies.cases import sentence
from tests.check.remedies.test_contents import KERNELS, WRITTEN

OBSTACLES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"active": True}, "swap it off first"),
    ({"is_behind_swap": True}, "swap off the loop device"),
    ({"loop_use": "/dev/loop0, which is mounted on /mnt"}, "mounted on /mnt"),
    ({"is_unlinked": True}, "make a new file"),
    ({"is_executing": True}, "end the process"),
    ({"is_readonly_filesystem": True}, "writable first (A801)"),
    ({"is_readonly_mount": True}, "writable first (A801)"),
    ({"is_readonly_subvolume": True}, "writable first (A801)"),
    ({"is_readonly_device": True}, "read-only"),
    ({"filesystem": "squashfs", "is_readonly_filesystem": True}, "squashfs cannot"),
    ({"inode_flags": "IMMUTABLE"}, "(A802)"),
    ({"inode_flags": "APPEND"}, "(A802)"),
    ({"inode_flags": "VERITY"}, "fs-verity"),
)


@every_case(("code", "changes"), WRITTEN)
@every_case(("obstacle", "words"), OBSTACLES)
def test_in_the_way_of_every_change(
    code: str, changes: dict[str, Any], obstacle: dict[str, Any], words: str
) -> None:
    """The sentence says what goes first."""
    is_device = changes.get("kind") == "block"
    if is_device and not obstacle.keys() & {"active", "is_readonly_device"}:
        return
    if code.startswith("F7"):  # only their file systems ask these questions
        obstacle = {key: obstacle[key] for key in obstacle if key != "filesystem"}
        words = words.replace("squashfs cannot", "writable first")
    said = sentence(code, KERNELS.get(code, "6.18"), **{**changes, **obstacle})
    assert words in said


@pytest.mark.parametrize("code", ["H101", "H201"])
def test_a_stream_is_only_read(code: str) -> None:
    """Whatever it holds."""
    changes = {"magic": bytes(10)} if code == "H101" else {"version": 2}
    assert "comes from" in sentence(code, path="-", kind="stream", **changes)


def test_a_character_device_comes_from_no_file() -> None:
    """It is read as a stream, and there is nothing else to ask about."""
    null = {"path": "/dev/null", "kind": "stream", "file_type": "character device"}
    said = sentence("H105", **null, area_bytes=0, magic=bytes(10))
    assert said == "use a regular file or a block device"


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [({"is_readonly_filesystem": True}, "A801"), ({"inode_flags": "APPEND"}, "chattr")],
)
def test_around_an_area_in_an_image(obstacle: dict[str, Any], words: str) -> None:
    """A loop device asks for none of these, who writes to the image does."""
    said = sentence("H201", version=2, kind="image", offset=4096, **obstacle)
    assert words in said


def test_a_part_of_a_disk_has_a_device_of_its_own() -> None:
    """Through the whole disk it cannot be written while another part is in use."""
    said = sentence("H201", version=2, kind="block", offset=1 << 20, path="/dev/sda")
    assert "own device" in said
