"""What lies under a path, as far as it can be told without root."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools.backing import Backing, FileType, InodeFlags
from swaptools.observe import backing as room
from swaptools.observe import btrfs, devices, mounts
from swaptools.observe.backing import observe_backing, observe_directory
from swaptools.observe.mounts import Mount, Mounts
from tests.conftest import needs_proc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two pages."""
    file = tmp_path / "area"
    file.write_bytes(bytes(8192))
    return file


def test_a_regular_file(path: Path) -> None:
    """Type, name, mount and extents."""
    backing, unseen = observe_backing(str(path), Mounts())
    assert backing.file_type is FileType.REGULAR
    assert backing.resolved_path == os.path.realpath(path)
    assert backing.filesystem
    assert backing.block_bytes
    assert not (backing.is_unlinked)
    assert not (backing.is_executing)
    assert unseen == ()


def test_a_symbolic_link_is_followed(path: Path) -> None:
    """The kernel prints where it leads."""
    link = path.with_name("link")
    link.symlink_to(path)
    backing, _ = observe_backing(str(link), Mounts())
    assert backing.resolved_path == os.path.realpath(path)


@needs_proc
def test_an_unlinked_file(path: Path) -> None:
    """Only a descriptor leads to it."""
    with path.open("rb") as file:
        path.unlink()
        backing, _ = observe_backing(f"/proc/self/fd/{file.fileno()}", Mounts())
    assert backing.is_unlinked


def test_a_name_that_looks_unlinked(path: Path) -> None:
    """The kernel's suffix can be part of a name."""
    odd = path.rename(path.with_name("area (deleted)"))
    backing, _ = observe_backing(str(odd), Mounts())
    assert not backing.is_unlinked


@needs_proc
def test_a_running_program() -> None:
    """The interpreter that runs this test."""
    backing, _ = observe_backing(os.path.realpath(sys.executable), Mounts())
    assert backing.is_executing


def test_a_program_that_nobody_runs(path: Path) -> None:
    """May be executed, and is not."""
    path.chmod(0o755)
    backing, _ = observe_backing(str(path), Mounts())
    assert not backing.is_executing


def test_a_character_device() -> None:
    """Nothing else matters then."""
    backing, unseen = observe_backing("/dev/zero", Mounts())
    assert backing.file_type is FileType.CHARACTER
    assert unseen == ()


def test_inode_flags(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An int, though the request says long; unknown bits are kept."""

    def answer(_descriptor: int, request: int, buffer: bytearray) -> int:
        assert request == 0x80086601
        struct.pack_into("=I", buffer, 0, 0x80000 | 0x800000)
        return 0

    monkeypatch.setattr(room, "find_extents", lambda *_, **__: ())
    monkeypatch.setattr(fcntl, "ioctl", answer)
    backing, _ = observe_backing(str(path), Mounts())
    assert backing.has_flag(InodeFlags.NOCOW)
    assert not backing.has_flag(InodeFlags.IMMUTABLE)


def test_what_cannot_be_asked_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown extents are None with a sentence; missing flags need none."""

    def denied(*_: object, **__: object) -> tuple[()]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(room, "find_extents", denied)
    backing, unseen = observe_backing(str(path), Mounts())
    assert backing.extents is None
    assert unseen == ("extents: Permission denied",)


def test_without_proc(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path and file system are known all the same."""
    real = os.readlink

    def readlink(name: str) -> str:
        if name.startswith("/proc/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return real(name)

    monkeypatch.setattr(os, "readlink", readlink)
    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
    backing, unseen = observe_backing(str(path), Mounts())
    assert backing.resolved_path == str(path.resolve())
    assert backing.filesystem
    assert unseen == ()


def test_a_file_system_that_nothing_tells(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is then not known, and that is said."""
    monkeypatch.setattr(Mounts, "of_descriptor", lambda *_: None)
    backing, unseen = observe_backing(str(path), Mounts())
    assert backing.filesystem is None
    assert unseen == ("file system: nothing tells it",)


def test_looking_changes_nothing(path: Path) -> None:
    """Not even a time stamp; reading is all that is asked of the file."""
    path.chmod(0o400)
    before = path.stat()
    observe_backing(str(path), Mounts())
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def test_many_files_share_a_mount_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is read once, however many files, listed in it or not."""
    calls = []

    def counted() -> dict[int, Mount]:
        calls.append(1)
        return {}

    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: 7)
    monkeypatch.setattr(mounts, "_read_mounts", counted)
    table = Mounts()
    for name in "abc":
        (tmp_path / name).touch()
        backing, _ = observe_backing(str(tmp_path / name), table)
        assert backing.filesystem
    assert len(calls) == 1


def test_a_directory_says_what_a_new_file_will_stand_on(path: Path) -> None:
    """The same as the file says, but for what only a file has."""
    there, _ = observe_backing(str(path), Mounts())
    for flags in (os.O_RDONLY, os.O_PATH):
        descriptor = os.open(path.parent, flags | os.O_DIRECTORY)
        place = observe_directory(descriptor, Mounts())
        os.close(descriptor)
        assert place == Backing(
            file_type=FileType.REGULAR,
            filesystem=there.filesystem,
            device_name=there.device_name,
            mount_point=there.mount_point,
            block_bytes=there.block_bytes,
            is_dax=there.is_dax,
            data_profiles=place.data_profiles,
            device_count=place.device_count,
        )


def test_a_device_that_is_open_already_is_not_claimed_again(
    path: Path, as_device: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it open may be its holder, and would find himself."""
    as_device(path)
    monkeypatch.setattr(devices, "is_claimed", lambda _: True)
    with path.open("rb") as file:
        ours, _ = observe_backing(str(path), Mounts(), file.fileno())
    theirs, _ = observe_backing(str(path), Mounts())
    assert (ours.is_claimed, theirs.is_claimed) == (False, True)


@pytest.mark.parametrize(("flags", "expected"), [(0, False), (1, True), (2, False)])
def test_a_subvolume_that_is_read_only(
    flags: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its flags stand behind its name; the bit says so, not another one."""

    def answer(_descriptor: int, _request: int, buffer: bytearray) -> None:
        struct.pack_into("=Q256sQQQQ", buffer, 0, 256, b"kept", 5, 256, 9, flags)

    monkeypatch.setattr(fcntl, "ioctl", answer)
    assert btrfs.is_readonly_subvolume(0) is expected


def test_no_subvolume_to_ask_about(path: Path) -> None:
    """Another file system does not know the question."""
    with path.open("rb") as file:
        assert not btrfs.is_readonly_subvolume(file.fileno())


@pytest.mark.parametrize(
    ("filesystem", "flags", "expected"),
    [
        ("ext4", InodeFlags.EXTENTS | InodeFlags.IMMUTABLE, True),
        ("ext4", InodeFlags(0), False),
        ("ext4", None, False),
        ("xfs", InodeFlags(0), True),
        ("btrfs", InodeFlags.NOCOW, True),
        ("ext2", InodeFlags(0), False),
        ("fuseblk", None, False),
        ("newfs", None, False),
    ],
)
def test_who_promises_space(
    filesystem: str, flags: InodeFlags | None, expected: bool
) -> None:
    """ext4 to a file with extents only; who is not known for it is not asked."""
    assert room._can_fallocate(filesystem, flags) is expected


def test_room_that_is_left(path: Path) -> None:
    """As df(1) counts it for others than root, near enough while others write."""
    backing, _ = observe_backing(str(path), Mounts())
    assert backing.free_bytes is not None
    assert abs(backing.free_bytes - shutil.disk_usage(path).free) < 1 << 30
    assert not backing.is_readonly_device
