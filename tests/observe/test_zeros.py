"""Zeros, holes and what is neither."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from swaptools.contents import Unclaimed
from swaptools.observe import zeros
from swaptools.observe.zeros import find_unclaimed, first_content

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def sparse(tmp_path: Path, size: int, *bytes_at: int) -> Path:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(size)
        for at in bytes_at:
            file.seek(at)
            file.write(b"x")
    return path


def test_a_byte_is_found_behind_gibibytes_of_holes_at_once(tmp_path: Path) -> None:
    path = sparse(tmp_path, 1 << 40, (1 << 39) + 5)
    with path.open("rb", buffering=0) as file:
        assert first_content(file, 0, 1 << 40, whole=True) == (1 << 39) + 5
        assert first_content(file, 0, (1 << 39) + 5, whole=True) is None
        assert first_content(file, (1 << 39) + 6, 1 << 40, whole=True) is None


def test_a_page_that_is_allocated_and_zero_is_no_content(tmp_path: Path) -> None:
    path = sparse(tmp_path, 1 << 20)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
        file.seek(70000)
        file.write(bytes(5000))
    with path.open("rb", buffering=0) as file:
        assert first_content(file, 0, 1 << 20, whole=True) is None


def test_where_holes_cannot_be_asked_for_everything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: int) -> int:
        raise OSError(errno.EINVAL, "no holes here")

    path = sparse(tmp_path, 1 << 20, 777_777)
    monkeypatch.setattr(os, "lseek", refuse)
    with path.open("rb", buffering=0) as file:
        assert first_content(file, 0, 1 << 20, whole=True) == 777_777


def test_at_the_edges_one_mebibyte_is_read(tmp_path: Path) -> None:
    size = 16 << 20
    for at, found in (
        ((1 << 20) - 1, (1 << 20) - 1),
        (1 << 20, None),
        (size - (1 << 20), size - (1 << 20)),
        (size - (1 << 20) - 1, None),
    ):
        with sparse(tmp_path, size, at).open("rb", buffering=0) as file:
            assert first_content(file, 0, size, whole=False) == found


class TestUnclaimed:
    """What lies in a part of an area, and how sure that is."""

    def test_nothing(self, tmp_path: Path) -> None:
        """Blank, a hole of any size."""
        path = str(sparse(tmp_path, 1 << 40))
        found = find_unclaimed(path, 4096, 8192, (1 << 40) - 4096)
        assert found == Unclaimed(8192, None, True)
        assert found.is_blank

    def test_bytes_count_from_the_area(self, tmp_path: Path) -> None:
        """And only those of the part matter."""
        path = str(sparse(tmp_path, 1 << 20, 4095, 12288, 500_000, 600_000))
        assert find_unclaimed(path, 4096, 0, 8192).is_blank
        found = find_unclaimed(path, 4096, 8193, 600_000 - 4096)
        assert found == Unclaimed(8193, 500_000 - 4096, True)
        assert not found.is_blank

    def test_an_empty_part(self, tmp_path: Path) -> None:
        """Nothing is in nothing."""
        path = str(sparse(tmp_path, 8192, 1))
        assert find_unclaimed(path, 0, 8192, 8192).is_blank

    def test_a_long_part_is_not_read_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its ends are; zeros there prove nothing of what lies between."""
        monkeypatch.setattr(zeros, "_ENOUGH_BYTES", 4 << 20)
        path = tmp_path / "long"
        path.write_bytes(bytes(8 << 20))
        found = find_unclaimed(str(path), 0, 0, 8 << 20)
        assert found == Unclaimed(0, None, False)
        assert not found.is_blank
        with path.open("r+b") as file:
            file.seek((8 << 20) - 5)
            file.write(b"x")
        assert find_unclaimed(str(path), 0, 0, 8 << 20).nonzero_bytes == (8 << 20) - 5

    def test_where_all_is_claimed_nothing_is_opened(self, tmp_path: Path) -> None:
        assert find_unclaimed(str(tmp_path / "none"), 0, 4096, 4096) == Unclaimed(4096)
