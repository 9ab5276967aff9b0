"""What has a place on a disk, and a first byte."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import extents, files, placement
from swaptools.observe.mounts import Mount, Mounts
from swaptools.observe.placement import extents_of, open_placed
from swaptools.observe.resume import _filesystem_uuid, find_first_byte

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_fifo_that_takes_the_place_of_a_file_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at again when it is open; nobody waits for a writer."""
    path = tmp_path / "area"
    path.touch()
    real = files.open_for_reading

    def swapped(name: str) -> object:
        path.unlink()
        os.mkfifo(path)
        return real(name)

    monkeypatch.setattr(placement, "open_for_reading", swapped)
    with pytest.raises(AreaError, match="Is a fifo"), open_placed(str(path)):
        pytest.fail("was opened")


def test_a_seek_that_goes_nowhere_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a character device, where every position is 0."""
    path = tmp_path / "area"
    path.write_bytes(bytes(8192))
    monkeypatch.setattr(os, "lseek", lambda *_: 0)
    with path.open("rb") as file, pytest.raises(OSError, match="Invalid argument"):
        extents._seek(file.fileno(), 8192)


def test_an_area_on_no_block_device_has_no_offset(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Btrfs whose device has no node here, as in a chroot."""
    mount = Mount("btrfs", "/dev/no-such", "no-such", frozenset(), frozenset())
    monkeypatch.setattr(Mounts, "of_descriptor", lambda *_: mount)
    found = find_first_byte(str(area_file()))
    assert found.physical_bytes is None
    assert found.reason == "lies on no device that can be named"


def test_the_uuid_of_the_file_system_is_unknown_to_old_kernels(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(25, "Inappropriate ioctl for device")

    with area_file().open("rb") as file:
        monkeypatch.setattr(fcntl, "ioctl", refused)
        assert _filesystem_uuid(file.fileno()) is None


def test_extents_cover_the_file(area_file: Callable[..., Path]) -> None:
    path = area_file()
    try:
        found = extents_of(str(path))
    except AreaError as exc:
        pytest.skip(exc.reason)
    assert found[0].offset_bytes == 0
    assert sum(extent.length_bytes for extent in found) >= 4096
