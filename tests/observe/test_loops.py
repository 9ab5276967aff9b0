"""Loop devices are found by what is behind them, whatever its name is."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.observe import devices, loops, proc
from swaptools.observe.loops import Loop, read_loops, use_through_loop
from swaptools.observe.proc import ActiveSwaps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDLE = ActiveSwaps((), frozenset(), frozenset())
LOOP0, LOOP0P1, LOOP1 = (os.makedev(7, 0), os.makedev(259, 0), os.makedev(7, 1))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of no loop devices, and nothing mounted; ``dev`` holds the nodes."""
    for name in ("block", "dev"):
        (tmp_path / name).mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text("")
    monkeypatch.setattr(loops, "_BLOCK", str(tmp_path / "block"))
    monkeypatch.setattr(loops, "_DEV", str(tmp_path / "dev"))
    monkeypatch.setattr(proc, "_MOUNTINFO", mounts)
    return tmp_path


@pytest.fixture
def image(machine: Path) -> Path:
    """A file that may lie behind one."""
    path = machine / "image"
    path.write_bytes(bytes(8192))
    return path


def attach(
    machine: Path, name: str, behind: Path | str, *parts: int, minor: int = 0
) -> None:
    """Let /sys say that a loop device is over ``behind``, with these partitions."""
    place = machine / "block" / name
    (place / "loop").mkdir(parents=True)
    (place / "loop" / "backing_file").write_text(f"{behind}\n")
    (place / "dev").write_text(f"7:{minor}\n")
    for number in parts:
        (place / f"{name}p{number}").mkdir()
        (place / f"{name}p{number}" / "dev").write_text(f"259:{number - 1}\n")


def test_a_file_behind_a_loop_device_is_known_by_its_inode(
    machine: Path, image: Path
) -> None:
    attach(machine, "loop0", image, 1)
    attach(machine, "loop1", machine / "gone (deleted)", minor=1)
    (machine / "block" / "sda").mkdir()
    status = image.stat()
    assert list(read_loops()) == [
        Loop("loop0", (LOOP0, LOOP0P1), (status.st_dev, status.st_ino), 0)
    ]


def test_a_loop_device_that_nobody_uses_is_none_of_our_business(
    machine: Path, image: Path
) -> None:
    attach(machine, "loop0", image)
    assert use_through_loop(image.stat(), IDLE) is None


@pytest.mark.parametrize("number", ["7:0", "259:0"], ids=["whole", "partition"])
def test_a_mounted_one_is_named_with_its_place(
    number: str, machine: Path, image: Path
) -> None:
    attach(machine, "loop0", image, 1)
    (machine / "mountinfo").write_text(f"40 1 {number} / /mnt rw - ext4 /dev/loop0 rw")
    node = machine / "dev" / "loop0"
    assert use_through_loop(image.stat(), IDLE) == f"{node}, which is mounted on /mnt"
    other = machine / "other"
    other.touch()
    assert use_through_loop(other.stat(), IDLE) is None


@pytest.mark.parametrize("number", [LOOP0, LOOP0P1], ids=["whole", "partition"])
def test_a_swapped_on_one_is_named(number: int, machine: Path, image: Path) -> None:
    attach(machine, "loop0", image, 1)
    swaps = IDLE._replace(devices=frozenset({number}))
    node = machine / "dev" / "loop0"
    assert use_through_loop(image.stat(), swaps) == f"{node}, which is swapped on"


def test_a_hard_link_is_the_same_file(machine: Path, image: Path) -> None:
    attach(machine, "loop0", image)
    link = machine / "link"
    link.hardlink_to(image)
    swaps = IDLE._replace(devices=frozenset({LOOP0}))
    assert use_through_loop(link.stat(), swaps) is not None


def test_a_loop_device_over_a_loop_device_counts(
    machine: Path, image: Path, as_device: Callable[..., None]
) -> None:
    """The kernel lets a second one over the first, and calls nobody its holder."""
    attach(machine, "loop0", image)
    node = machine / "dev" / "loop0"
    node.touch()
    as_device(node, number=LOOP0)
    attach(machine, "loop1", node, minor=1)
    swaps = IDLE._replace(devices=frozenset({LOOP1}))
    over = machine / "dev" / "loop1"
    for below in (image, node):
        assert use_through_loop(below.stat(), swaps) == f"{over}, which is swapped on"


def test_a_deleted_name_is_no_hiding_place(
    machine: Path,
    image: Path,
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device itself tells device and inode; lo_rdevice is 0 for a file."""
    attach(machine, "loop0", f"{image} (deleted)", 1)
    node = machine / "dev" / "loop0"
    node.touch()
    as_device(node, number=LOOP0)
    status = image.stat()

    def answer(_descriptor: int, request: int, buffer: bytearray) -> int:
        assert (request, len(buffer)) == (0x4C05, 232)
        struct.pack_into("=3Q", buffer, 0, status.st_dev, status.st_ino, 0)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", answer)
    swaps = IDLE._replace(devices=frozenset({LOOP0P1}))
    assert use_through_loop(status, swaps) == f"{node}, which is swapped on"


def test_a_mount_in_another_namespace_holds_the_device(
    machine: Path,
    image: Path,
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attach(machine, "loop0", image)
    node = machine / "dev" / "loop0"
    node.touch()
    as_device(node, number=LOOP0)
    asked: list[Any] = []

    def claimed(path: str) -> bool:
        asked.append(path)
        return True

    monkeypatch.setattr(devices, "is_claimed", claimed)
    assert use_through_loop(image.stat(), IDLE) == f"{node}, which is held by somebody"
    assert asked == [str(node)]
    # Another device that took its name in /dev tells nothing.
    as_device(node, number=LOOP1)
    assert use_through_loop(image.stat(), IDLE) is None


def test_a_machine_without_sys_has_no_loop_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "_BLOCK", str(tmp_path / "nowhere"))
    assert list(read_loops()) == []
