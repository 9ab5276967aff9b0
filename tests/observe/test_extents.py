"""Extents by FIEMAP and by SEEK_HOLE, on whatever file system is here."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.backing import Extent, ExtentFlags, first_hole
from swaptools.observe import extents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20


@pytest.fixture
def sparse(tmp_path: Path) -> Iterator[int]:
    """A descriptor of 3 MiB with a hole in the second."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"x" * MIB)
        file.seek(2 * MIB)
        file.write(b"y" * MIB)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def no_fiemap(*_: object) -> int:
    """Answer as tmpfs does."""
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


@pytest.mark.parametrize("has_fiemap", [True, False])
def test_a_hole_is_found_either_way(
    sparse: int, has_fiemap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies between two extents is the hole."""
    if not has_fiemap:
        monkeypatch.setattr(fcntl, "ioctl", no_fiemap)
    found = extents.find_extents(sparse, 3 * MIB)
    assert first_hole(found, 3 * MIB) == MIB
    assert first_hole(found, MIB) is None
    assert sum(extent.length_bytes for extent in found) == 2 * MIB


def test_a_hole_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEEK_DATA finds nothing, which is no error."""
    monkeypatch.setattr(fcntl, "ioctl", no_fiemap)
    path = tmp_path / "hole"
    path.touch()
    os.truncate(path, MIB)
    with path.open("rb") as file:
        assert extents.find_extents(file.fileno(), MIB) == ()


def test_other_errors_are_not_swallowed(
    sparse: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a missing FIEMAP is a reason to try something else."""

    def denied(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "ioctl", denied)
    with pytest.raises(OSError, match="Input/output"):
        extents.find_extents(sparse, 3 * MIB)


class _Fiemap:
    """A file system that keeps a list of extents and answers FIEMAP."""

    def __init__(self, listed: list[tuple[int, int, int, int]]) -> None:
        self.listed = listed
        self.asked: list[int] = []

    def __call__(self, _descriptor: int, request: int, buffer: bytearray) -> int:
        assert request == 0xC020660B
        start, _, flags, _, room, _ = struct.unpack_from("=QQIIII", buffer)
        self.asked.append(flags)
        found = [one for one in self.listed if one[0] + one[2] > start][:room]
        for number, (logical, physical, length, marks) in enumerate(found):
            values = (logical, physical, length, marks)
            struct.pack_into("=QQQ16xI12x", buffer, 32 + 56 * number, *values)
        struct.pack_into("=I", buffer, 20, len(found))
        return 0


def test_more_extents_than_fit_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is asked for until the last one is seen."""
    listed = [(4096 * n, 8192 * n, 4096, 0) for n in range(700)]
    monkeypatch.setattr(fcntl, "ioctl", _Fiemap(listed))
    found = extents.find_extents(3, 700 * 4096)
    assert found == tuple(Extent(*one[:3], ExtentFlags(0)) for one in listed)


@pytest.mark.parametrize(
    ("sync", "flags", "asked"),
    [
        (True, ExtentFlags.DELALLOC, [0, 1]),
        (True, ExtentFlags.UNWRITTEN, [0]),
        (False, ExtentFlags.DELALLOC, [0]),
    ],
)
def test_synced_only_when_it_matters(
    sync: bool, flags: Any, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is written back only where the place of a delayed part is wanted."""
    fiemap = _Fiemap([(0, 0, 4096, int(flags | ExtentFlags.LAST))])
    monkeypatch.setattr(fcntl, "ioctl", fiemap)
    (extent,) = extents.find_extents(3, 4096, sync=sync)
    assert extent.has_flag(flags)
    assert fiemap.asked == asked
