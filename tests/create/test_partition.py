"""An area in a partition of an image: never a byte outside of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import CreateRequest, create, create_ghost, create_real
from swaptools.errors import AreaError, CreateRefused
from tests.builders import SAMPLE_UUID, header_page
from tests.create.witness import untouched
from tests.disks import GPT_LINUX, Part, gpt_pieces, mbr_entry, mbr_sector, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.create import CreateResult

MIB = 1 << 20
IMAGE_BYTES = 8 * MIB
#: Where each sample has its partition 2, in bytes: from, length.
SECOND = (3 * MIB, 2 * MIB)


def gpt(path: Path, sector_bytes: int = 512, *parts: Part) -> Path:
    """Three partitions of 2 MiB, the second for swap, something in the others."""
    sectors = IMAGE_BYTES // sector_bytes
    each = 2 * MIB // sector_bytes
    first = MIB // sector_bytes
    usual = (
        Part(first, each, GPT_LINUX),
        Part(first + each, each),
        Part(first + 2 * each, each, GPT_LINUX),
    )
    pieces = gpt_pieces(parts or usual, sectors, sector_bytes)
    chance = random.Random(3)
    if not parts:
        pieces |= {
            MIB: chance.randbytes(2 * MIB),
            5 * MIB: chance.randbytes(2 * MIB),
        }
    return write(path, IMAGE_BYTES, pieces)


def mbr(path: Path) -> Path:
    """A primary partition, an extended one, and two logical ones in that."""
    first = MIB // 512
    entries = mbr_sector(
        mbr_entry(0x83, first, 2 * first), mbr_entry(0x05, 3 * first, 4 * first)
    )
    logical = mbr_sector(
        mbr_entry(0x82, 1, first), mbr_entry(0x05, 2 * first, 2 * first)
    )
    second = mbr_sector(mbr_entry(0x82, 1, first))
    return write(
        path,
        IMAGE_BYTES,
        {
            0: entries,
            MIB: random.Random(3).randbytes(2 * MIB),
            3 * MIB: logical,
            5 * MIB: second,
        },
    )


def make(path: Path, partition: int | None = 2, **wishes: Any) -> CreateResult:
    return create_real(
        path,
        partition=partition,
        page_size=4096,
        uuid=SAMPLE_UUID,
        label="sample",
        **wishes,
    )


def outside(path: Path, start: int, length: int) -> bytes:
    data = path.read_bytes()
    return data[:start] + data[start + length :]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("sector_bytes", [512, 4096])
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("size_bytes", [None, 2 * MIB, 65536, 2 * MIB - 1])
def test_a_partition_of_a_gpt_image(
    sector_bytes: int, force: bool, size_bytes: int | None, tmp_path: Path
) -> None:
    path = gpt(tmp_path / "disk.img", sector_bytes)
    start, length = SECOND
    before, inode = outside(path, start, length), path.stat().st_ino
    result = make(path, force=force, size_bytes=size_bytes)
    pages = (size_bytes or length) // 4096
    assert result.header.last_page == pages - 1
    assert (result.warnings, result.file_bytes) == ((), IMAGE_BYTES)
    assert outside(path, start, length) == before
    data = path.read_bytes()[start : start + length]
    assert data == header_page(last_page=pages - 1) + bytes(length - 4096)
    assert path.stat().st_ino == inode


@pytest.mark.parametrize(("number", "start"), [(5, 3 * MIB + 512), (6, 5 * MIB + 512)])
def test_a_logical_partition(number: int, start: int, tmp_path: Path) -> None:
    path = mbr(tmp_path / "disk.img")
    before = outside(path, start, MIB)
    assert make(path, number).header.last_page == 255
    assert outside(path, start, MIB) == before
    assert path.read_bytes()[start : start + 4096] == header_page(last_page=255)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_offset_where_a_partition_begins_is_that_partition(
    number: int, tmp_path: Path
) -> None:
    path = gpt(tmp_path / "disk.img")
    start = (2 * number - 1) * MIB
    before = outside(path, start, 2 * MIB)
    result = create_real(path, offset=start, force=True, page_size=4096)
    assert result.header.last_page == 511
    assert outside(path, start, 2 * MIB) == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("where", [{"partition": 2}, {"offset": SECOND[0]}])
def test_an_area_larger_than_its_partition_is_refused_always(
    where: dict[str, int], force: bool, tmp_path: Path
) -> None:
    path = gpt(tmp_path / "disk.img")
    sentence = r"2101248 bytes does not fit, 2097152 are there$"
    for dry_run in (True, False):
        with untouched(path), pytest.raises(CreateRefused, match=sentence):
            ask(path, size_bytes=2 * MIB + 4096, force=force, dry_run=dry_run, **where)


def ask(path: Path, **wishes: Any) -> CreateResult:
    return create(
        CreateRequest(path=str(path), is_ghost=False, page_size=4096, **wishes)
    )


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("number", "sentence"),
    [(4, "has no partition 4; there are: 1, 2, 3"), (255, "has no partition 255")],
)
def test_a_partition_that_is_not_there(
    number: int, sentence: str, force: bool, tmp_path: Path
) -> None:
    path = gpt(tmp_path / "disk.img")
    with untouched(path), pytest.raises(AreaError, match=sentence):
        make(path, number, force=force)


def test_an_extended_partition_only_holds_others(tmp_path: Path) -> None:
    path = mbr(tmp_path / "disk.img")
    with untouched(path), pytest.raises(AreaError, match="only holds other part"):
        make(path, 2, force=True)


def test_a_file_without_a_table_has_no_partitions(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(MIB))
    with untouched(path), pytest.raises(AreaError, match="has no partition table"):
        make(path, 1, force=True)


def test_nothing_has_no_partitions(tmp_path: Path) -> None:
    sentence = "a partition needs an existing file or device"
    with pytest.raises(CreateRefused, match=sentence):
        make(tmp_path / "new", size_bytes=MIB)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [{"partition": 2}, {"offset": SECOND[0]}])
def test_a_ghost_is_no_part_of_anything(part: dict[str, int], tmp_path: Path) -> None:
    path = gpt(tmp_path / "disk.img")
    with untouched(path), pytest.raises(CreateRefused, match="a ghost is a whole file"):
        create_ghost(path, force=True, **part)  # type: ignore[arg-type]


def test_partitions_that_overlap_are_left_alone(tmp_path: Path) -> None:
    path = gpt(tmp_path / "disk.img", 512, Part(2048, 4096), Part(4096, 4096))
    for number in (1, 2):
        sentence = f"partition {number} and partition {3 - number} overlap"
        with untouched(path), pytest.raises(CreateRefused, match=sentence):
            make(path, number, force=True)


def test_what_lies_in_the_partition_is_kept_without_force(tmp_path: Path) -> None:
    path = gpt(tmp_path / "disk.img")
    with untouched(path), pytest.raises(CreateRefused, match="holds data at byte 10"):
        make(path, 1)
    assert make(path, 1, force=True).warnings == (
        "partition 1 is of type 0fc63daf-8483-4772-8e79-3d69d8477de4, not swap's:"
        " what goes by the type, as systemd does, will not swap on it",
    )


@pytest.mark.parametrize(
    ("offset", "sentence"),
    [
        (512, r"begins outside of every partition of the table \(gpt\)"),
        (8192, r"begins outside of every partition of the table \(gpt\)"),
        (SECOND[0] + 4096, "begins within partition 2"),
        (SECOND[0] + 512, "begins within partition 2"),
    ],
)
def test_beside_a_partition_it_takes_force(
    offset: int, sentence: str, tmp_path: Path
) -> None:
    """The zeros there are a table's, or a file system's."""
    path = gpt(tmp_path / "disk.img")
    with untouched(path), pytest.raises(CreateRefused, match=f"{sentence}; use -f"):
        ask(path, offset=offset, size_bytes=65536)


def test_with_force_it_ends_where_the_next_partition_begins(tmp_path: Path) -> None:
    path = gpt(tmp_path / "disk.img")
    before = path.read_bytes()
    result = ask(path, offset=512 * 1024, force=True)
    assert result.header.size_bytes == MIB // 2
    assert path.read_bytes()[MIB:] == before[MIB:]
    with untouched(path), pytest.raises(CreateRefused, match="does not fit"):
        ask(path, offset=512 * 1024, force=True, size_bytes=MIB)


def test_the_whole_image_is_no_area_and_its_swap_partition_is_named(
    tmp_path: Path,
) -> None:
    path = gpt(tmp_path / "disk.img")
    sentence = (
        r"holds a partition table \(gpt\), swap in partition 2 \(offset 3145728\):"
        r" see --partition; use -f to overwrite it"
    )
    with untouched(path), pytest.raises(CreateRefused, match=sentence):
        ask(path)


def test_if_needed_and_keep_id_see_the_area_in_the_partition(tmp_path: Path) -> None:
    path = gpt(tmp_path / "disk.img")
    make(path)
    assert ask(path, partition=2, if_needed=True, label="sample").changed is False
    ask(path, partition=2, keep_id=True, force=True, label="other")
    start = SECOND[0]
    assert path.read_bytes()[start : start + 4096] == header_page(
        last_page=511, label=b"other"
    )


def test_the_partition_of_a_disk(
    tmp_path: Path, as_device: Callable[..., None], swaps: Callable[..., None]
) -> None:
    swaps()
    path = gpt(tmp_path / "sda")
    before = outside(path, *SECOND)
    as_device(path)
    assert make(path, badpages=(3,)).header.badpages == (3,)
    assert outside(path, *SECOND) == before


def test_wiping_stays_within_the_partition(tmp_path: Path) -> None:
    """A superblock of btrfs in it, and copies of the same bytes around it."""
    path = gpt(tmp_path / "disk.img", 512, Part(2048, 512), Part(2560, 512))
    with path.open("r+b") as file:
        for at in (MIB, MIB + 262144):
            file.seek(at + 65600)
            file.write(b"_BHRfS_M")
    before = outside(path, MIB, 262144)
    result = make(path, 1, force=True)
    assert outside(path, MIB, 262144) == before
    data = path.read_bytes()[MIB : MIB + 262144]
    assert data == header_page(last_page=63) + bytes(262144 - 4096)
    assert "btrfs" in result.wiped


def test_damage_to_the_table_is_said(tmp_path: Path) -> None:
    """The image was cut, its second table with it; a partition that is there counts."""
    path = gpt(tmp_path / "disk.img")
    assert not make(path).warnings
    with path.open("r+b") as file:
        file.truncate(IMAGE_BYTES - MIB // 2)
    warnings = make(path, force=True).warnings
    assert warnings
    assert all(text.startswith("partition table damaged: ") for text in warnings)
