from __future__ import annotations

import errno
import io
import os
from typing import TYPE_CHECKING

from swaptools.create.content import first_content, unreadable_pages

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Worn(io.BytesIO):
    """A device on which some pages of 4096 bytes cannot be read."""

    def __init__(self, pages: int, bad: set[int]) -> None:
        super().__init__(bytes(pages * 4096))
        self.bad = bad

    def read(self, count: int | None = -1, /) -> bytes:
        assert count is not None
        first = self.tell() // 4096
        last = (self.tell() + count - 1) // 4096
        if self.bad & set(range(first, last + 1)):
            raise OSError("medium error")
        return super().read(count)


def quiet(_done: int, _total: int) -> None:
    pass


def test_exactly_the_bad_pages_are_found() -> None:
    worn = Worn(1000, {0, 3, 255, 256, 999})
    assert unreadable_pages(worn, 0, 1000, 4096, quiet) == [0, 3, 255, 256, 999]


def test_pages_are_counted_from_the_offset_in_pages_of_the_header() -> None:
    """Page 2 of 8 KiB at offset 4096 covers the device's pages 5 and 6."""
    worn = Worn(1000, {6})
    assert unreadable_pages(worn, 4096, 400, 8192, quiet) == [2]


def test_pages_behind_the_end_of_the_device_cannot_be_read() -> None:
    assert unreadable_pages(Worn(3, set()), 0, 5, 4096, quiet) == [3, 4]


def test_progress_never_goes_back_and_ends_at_all_of_it() -> None:
    told: list[tuple[int, int]] = []
    unreadable_pages(Worn(1000, {7}), 0, 1000, 4096, lambda *far: told.append(far))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (4096000, 4096000)


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
