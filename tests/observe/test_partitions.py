"""An area in an image ends where its partition does, and each of swap is found."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from swaptools.area import AreaKind
from swaptools.errors import AreaError
from swaptools.observe import devices, proc, read_area, read_areas
from tests.builders import BTRFS_SUPERBLOCK, header_page
from tests.disks import (
    GPT_LINUX,
    Part,
    gpt_pieces,
    mbr_entry,
    mbr_sector,
    with_right_crc,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECTORS = 32768
MIB = 1 << 20
#: Swap in 2, no header in 3, a header in 4 although its type is another.
PARTS = (
    Part(2048, 2048, GPT_LINUX, "root"),
    Part(4096, 2048, name="swap"),
    Part(6144, 2048),
    Part(8192, 2048, GPT_LINUX),
)
HEADER = header_page(last_page=255)


def pieces(parts: tuple[Part, ...] = PARTS, *swap: int) -> dict[int, bytes]:
    """A GPT, and a header of 1 MiB at the beginning of some partitions."""
    headers = {512 * parts[number - 1].first: HEADER for number in swap or (2, 4)}
    return gpt_pieces(parts, SECTORS) | headers


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write(tmp_path / "disk.img", SECTORS * 512, pieces())


def test_a_partition_is_an_area_of_its_own(image: Path) -> None:
    area = read_area(image, partition=2)
    assert (area.kind, area.offset, area.area_bytes) == (
        AreaKind.IMAGE,
        2 * MIB,
        MIB,
    )
    assert area.partition is not None
    assert (area.partition.number, area.partition.name) == (2, "swap")
    assert area.header is not None


def test_an_offset_finds_the_partition_that_begins_there(image: Path) -> None:
    by_offset = read_area(image, 2 * MIB, below=False)
    assert by_offset == read_area(image, partition=2, below=False)


@pytest.mark.parametrize(
    ("offset", "area_bytes"),
    [
        (4096, MIB - 4096),  # before the first one
        (2 * MIB + 4096, MIB - 4096),  # within one
        (5 * MIB, (SECTORS - 33) * 512 - 5 * MIB),  # before the backup of the table
        ((SECTORS - 1) * 512, 512),  # in the backup
    ],
)
def test_elsewhere_an_area_ends_before_what_comes_next(
    image: Path, offset: int, area_bytes: int
) -> None:
    area = read_area(image, offset)
    assert (area.partition, area.area_bytes) == (None, area_bytes)


def test_the_whole_of_an_image_has_the_table(image: Path) -> None:
    area = read_area(image)
    assert (area.kind, area.offset, area.partition) == (AreaKind.FILE, 0, None)
    assert area.table is not None
    assert len(area.table.partitions) == 4
    assert area.reason == (
        "holds a partition table (gpt), swap in partitions 2 (offset 2097152),"
        " 3 (offset 3145728)"
    )


def test_each_partition_of_swap_is_read(image: Path) -> None:
    """By type or by header, with or without the other."""
    areas = read_areas(image)
    assert [area.partition.number for area in areas if area.partition] == [2, 3, 4]
    assert [area.header is not None for area in areas] == [True, False, True]


def test_one_that_was_chosen_is_read_alone(image: Path) -> None:
    (by_number,) = read_areas(image, partition=4)
    (by_offset,) = read_areas(image, 2 * MIB)
    assert (by_number.offset, by_offset.offset) == (4 * MIB, 2 * MIB)
    (whole,) = read_areas(image, 0)
    assert (whole.partition, whole.area_bytes) == (None, SECTORS * 512)


def test_an_image_without_swap_is_one_thing(tmp_path: Path) -> None:
    parts = (Part(2048, 2048, GPT_LINUX),)
    image = write(tmp_path / "image", SECTORS * 512, gpt_pieces(parts, SECTORS))
    (area,) = read_areas(image)
    assert area.partition is None
    assert area.reason == "holds a partition table (gpt) without a partition for swap"


def test_a_header_over_the_table_comes_first(tmp_path: Path) -> None:
    """The whole is swap to a kernel, and its boot sector divides it."""
    table = mbr_sector(mbr_entry(0x82, 2048, 99))
    pieces = {0: table + HEADER[512:]}
    whole, part = read_areas(write(tmp_path / "image", SECTORS * 512, pieces))
    assert (whole.partition, whole.header is not None) == (None, True)
    assert part.partition is not None


def test_what_is_left_of_a_table_is_seen(tmp_path: Path) -> None:
    """Only the backup at the end: nothing at the beginning tells of it."""
    left = {at: data for at, data in pieces().items() if at >= 1 * MIB}
    (first, *_) = read_areas(write(tmp_path / "image", SECTORS * 512, left))
    assert first.partition is not None
    assert first.table is not None
    assert first.table.damage[0] == "no protective MBR: no kernel reads this GPT"


def test_logical_partitions(tmp_path: Path) -> None:
    table = {
        0: mbr_sector(mbr_entry(0x83, 2048, 2048), mbr_entry(0x05, 8192, 16384)),
        8192 * 512: mbr_sector(mbr_entry(0x82, 2048, 2048)),
        10240 * 512: HEADER,
    }
    image = write(tmp_path / "image", SECTORS * 512, table)
    (area,) = read_areas(image)
    assert area.partition is not None
    assert (area.partition.number, area.offset, area.area_bytes) == (5, 5 * MIB, MIB)
    with pytest.raises(AreaError, match="partition 2 only holds other partitions"):
        read_area(image, partition=2)


def test_a_partition_cut_short_ends_with_the_image(image: Path) -> None:
    os.truncate(image, 4 * MIB + 8192)
    area = read_area(image, partition=4)
    assert area.area_bytes == 8192
    assert area.table is not None
    assert any("cut short" in said for said in area.table.damage)


def test_a_partition_behind_the_end_is_none(image: Path) -> None:
    os.truncate(image, 4 * MIB)
    assert [a.partition.number for a in read_areas(image) if a.partition] == [2, 3]
    os.truncate(image, 4 * MIB - 1)
    with pytest.raises(AreaError, match="offset 4194304 is behind the end"):
        read_area(image, partition=4)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(9, "has no partition 9; there are: 1, 2, 3, 4"), (0, "has no partition 0")],
)
def test_a_number_that_is_not_there(image: Path, number: int, sentence: str) -> None:
    with pytest.raises(AreaError, match=sentence):
        read_area(image, partition=number)


def test_an_image_without_a_table(tmp_path: Path) -> None:
    path = write(tmp_path / "area", MIB, {0: HEADER})
    with pytest.raises(AreaError, match="has no partition table"):
        read_area(path, partition=1)
    assert read_area(path).table is None


def test_neighbours_are_not_seen(tmp_path: Path) -> None:
    """Another page's magic, and a file system, behind the end of a small one."""
    small = (Part(2048, 16), Part(2064, 2048))
    header = header_page(last_page=1)
    other = header_page(page_size=16384)
    table = gpt_pieces(small, SECTORS) | {
        MIB: header,
        MIB + 16384 - 10: other[-10:],
        MIB + 65600: BTRFS_SUPERBLOCK,
    }
    path = write(tmp_path / "image", SECTORS * 512, table)
    area = read_area(path, partition=1, holds=True)
    assert area.area_bytes == 8192
    assert len(area.signatures) == 1
    assert [held.type for held in area.holds or ()] in ([], ["swap"])
    assert area.unclaimed is not None
    assert area.unclaimed.is_blank


def test_a_divided_image_is_not_read_whole(image: Path) -> None:
    """It may be terabytes, and is not what anything is written over."""
    assert read_area(image, holds=True).unclaimed is None
    assert read_area(image, partition=3, holds=True).unclaimed is not None


@pytest.mark.slow
def test_mutated_images_are_read_or_refused(tmp_path: Path) -> None:
    """Whatever the table says, nothing but an AreaError comes out."""
    chance = random.Random(3)
    path = tmp_path / "image"
    for _ in range(100):
        mutated = pieces()
        for at in chance.sample([0, 512, 1024, 2 * MIB, (SECTORS - 1) * 512], 2):
            piece = bytearray(mutated[at])
            for _ in range(chance.randint(1, 3)):
                piece[chance.randrange(min(len(piece), 600))] = chance.randrange(256)
            is_header = at in (512, (SECTORS - 1) * 512)
            mutated[at] = with_right_crc(bytes(piece)) if is_header else bytes(piece)
        write(path, SECTORS * 512, mutated)
        os.truncate(path, chance.choice([SECTORS * 512, chance.randrange(5 * MIB)]))
        for offset, number in ((None, None), (None, chance.randint(1, 4)), (MIB, None)):
            with suppress(AreaError):
                for area in read_areas(path, offset, partition=number, below=False):
                    assert 0 <= area.offset <= path.stat().st_size
                    assert area.area_bytes is not None
                    assert area.offset + area.area_bytes <= path.stat().st_size


class TestDisk:
    """A whole disk: the kernel has a device of its own for each partition."""

    @pytest.fixture
    def sysfs(
        self,
        image: Path,
        as_device: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> Path:
        as_device(image, number=0x800)
        root = image.parent / "sys"
        node = root / "8:0" / "sda2"
        node.mkdir(parents=True)
        (node / "start").write_text("4096\n")
        (node / "dev").write_text("8:2\n")
        monkeypatch.setattr(devices, "_SYSFS", root)
        return root

    @pytest.mark.usefixtures("sysfs")
    def test_the_partition_is_active_when_its_device_is(self, image: Path) -> None:
        active = proc.ActiveSwaps((), frozenset(), frozenset({0x802}))
        assert read_area(image, partition=2, active=active, below=False).active is True
        assert read_area(image, partition=3, active=active, below=False).active is False
        assert read_area(image, active=active, below=False).active is False

    @pytest.mark.usefixtures("sysfs")
    def test_the_kernels_device_is_found_by_where_it_begins(self) -> None:
        assert devices.partition_beginning_at(0x800, 2 * MIB) == ("sda2", 0x802)
        assert devices.partition_beginning_at(0x800, 3 * MIB) is None

    def test_a_disk_in_use_does_not_make_its_partitions_so(
        self, image: Path, sysfs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another partition of it may be mounted; this one has no device here."""
        monkeypatch.setattr(devices, "is_claimed", lambda _path: True)
        whole = read_area(image, 0).backing
        part = read_area(image, partition=3).backing
        assert whole is not None
        assert part is not None
        assert (whole.is_claimed, part.is_claimed) == (True, False)
