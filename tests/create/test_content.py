from __future__ import annotations

import io

from swaptools.create.content import unreadable_pages


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
