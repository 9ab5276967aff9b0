"""Areas that nobody has to be asked about, and that libblkid would say the same."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from swaptools.contents import Held
from swaptools.format.header import SwapHeader
from swaptools.observe import read_area
from swaptools.observe.blank import only_swap
from swaptools.observe.blkid import PROBER, Prober
from tests.builders import SAMPLE_UUID, header_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: More than is read of it.
SIZE = 300 << 10
SAMPLE = Held("swap", "other", "sample", str(SAMPLE_UUID), 4086, b"SWAPSPACE2")


def look(path: Path, page_size: int = 4096) -> Held | None:
    data = path.read_bytes()
    header = SwapHeader.parse(data[:page_size])
    with path.open("rb") as file:
        return only_swap(file.fileno(), header, data[: 1 << 18], len(data))


def area_of(path: Path, page: bytes, area_bytes: int = SIZE) -> Path:
    path.write_bytes(page)
    os.truncate(path, area_bytes)
    return path


@pytest.fixture
def prober() -> Iterator[Prober]:
    made = Prober(timeout_seconds=20)
    yield made
    made.close()


def test_a_fresh_area_is_known(tmp_path: Path) -> None:
    area = area_of(tmp_path / "area", header_page(last_page=255))
    assert look(area) == SAMPLE
    # Zeros that were written are zeros.
    area.write_bytes(area.read_bytes()[: 1 << 18])
    assert look(area) == SAMPLE


def test_zeros_behind_what_is_read_are_looked_at(tmp_path: Path) -> None:
    """As long as there are few: the page cache has some of what was promised."""
    area = area_of(tmp_path / "area", header_page(last_page=255), SIZE + (2 << 20))
    with area.open("r+b") as file:
        file.seek(SIZE)
        # As much as file(1) reads.
        file.write(bytes(1 << 20))
    assert look(area) == SAMPLE
    with area.open("r+b") as file:
        file.seek(SIZE)
        file.write(bytes(2 << 20))
    assert look(area) is None


def test_nobody_is_asked_about_one(tmp_path: Path) -> None:
    PROBER.close()
    area = area_of(tmp_path / "area", header_page(last_page=255))
    seen = read_area(area, holds=True)
    assert (seen.holds, seen.believed) == ((SAMPLE,), "swap")
    assert PROBER.pid == 0


@pytest.mark.parametrize("at", [0, 510, 1080, 1535, 1536, 4085, 4096, 65600, SIZE - 1])
def test_a_byte_that_is_not_zero_is_a_case_for_libblkid(
    tmp_path: Path, at: int
) -> None:
    area = area_of(tmp_path / "area", header_page(last_page=255))
    with area.open("r+b") as file:
        file.seek(at)
        file.write(b"\x01")
    assert look(area) is None


@pytest.mark.parametrize(
    ("page", "area_bytes"),
    [
        (header_page(last_page=255), 40959),
        (header_page(last_page=0), SIZE),
        (header_page(last_page=255, version=2), SIZE),
        (header_page(last_page=255, label=b"blank behind "), SIZE),
        (header_page(last_page=255, label="Ü".encode()), SIZE),
        (header_page(last_page=255, label=b"\x1b"), SIZE),
        (header_page(last_page=255, badpages=(3,)), SIZE),
        (header_page(last_page=255, uuid=UUID(int=0x137F << 80)), SIZE),
        (header_page(last_page=0x34340000), SIZE),
        (header_page(page_size=2048, last_page=255), SIZE),
    ],
    ids=[
        "too short for it",
        "no page",
        "version",
        "label with a blank",
        "label beyond ASCII",
        "label of control bytes",
        "bad pages",
        "minix in the UUID",
        "nilfs2 in last_page",
        "pages that it does not know",
    ],
)
def test_what_libblkid_may_see_in_another_way_it_is_asked_about(
    tmp_path: Path, page: bytes, area_bytes: int
) -> None:
    size = 2048 if page[2038:2048] == b"SWAPSPACE2" else 4096
    assert look(area_of(tmp_path / "area", page, area_bytes), size) is None


@pytest.mark.slow
def test_libblkid_says_the_same(tmp_path: Path, prober: Prober) -> None:
    """Of whatever headers there are: each that is known here it knows so, too."""
    random_ = random.Random(18)
    nr_known = 0
    for number in range(60):
        page_size = random_.choice([4096, 8192, 16384, 32768, 65536])
        header = SwapHeader.new(
            page_size=page_size,
            last_page=random_.choice([9, 300, random_.getrandbits(32)]),
            byte_order=random_.choice(["little", "big"]),
            uuid=UUID(int=random_.getrandbits(128) * random_.randrange(2)),
            label=random_.choice(["", "swap", "two words", "/dev/$x", "-" * 16]),
        )
        area = area_of(tmp_path / str(number), header.build())
        known = look(area, page_size)
        with area.open("rb") as file:
            said = prober.ask(file.fileno(), 0, SIZE)
        if said.reason is not None:
            pytest.skip(said.reason)
        if known is not None:
            nr_known += 1
            assert (said.holds, said.believed) == ((known,), "swap")
    assert nr_known > 40
