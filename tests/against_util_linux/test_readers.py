"""blkid(8), swaplabel(8) and file(1) read what we write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools import create_ghost, create_real
from tests.against_util_linux.tools import run, tags
from tests.builders import SAMPLE_UUID

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.format.layout import ByteOrder

pytestmark = pytest.mark.util_linux

UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"
PAGE_SIZES = (4096, 8192, 16384, 65536)
WORDS = {4096: "4k", 8192: "8k", 16384: "16k", 65536: "64k"}


@pytest.fixture(params=PAGE_SIZES)
def page_size(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["little", "big"])
def real(request: pytest.FixtureRequest, page_size: int, tmp_path: Path) -> Path:
    """A real area of 16 pages in each page size and byte order."""
    byte_order: ByteOrder = request.param
    create_real(
        tmp_path / "r",
        size_bytes=16 * page_size,
        page_size=page_size,
        byte_order=byte_order,
        label="our label",
        uuid=SAMPLE_UUID,
    )
    return tmp_path / "r"


def test_blkid_reads_a_real_area(real: Path) -> None:
    found = tags(real)
    assert (found["TYPE"], found["VERSION"], found["USAGE"]) == ("swap", "1", "other")
    assert (found["UUID"], found["LABEL"]) == (UUID_TEXT, "our\\ label")


def test_swaplabel_reads_a_real_area(real: Path) -> None:
    assert run("swaplabel", real) == f"LABEL: our label\nUUID:  {UUID_TEXT}\n"


def test_file_reads_a_real_area(real: Path, page_size: int) -> None:
    said = run("file", "-b", real)
    assert f"Linux swap file, {WORDS[page_size]} page size" in said
    assert "version 1, size 15 pages, 0 bad pages" in said
    assert f"LABEL=our label, UUID={UUID_TEXT}" in said


@pytest.mark.parametrize("ghost_flag", [True, False])
def test_all_three_read_a_64k_ghost_with_and_without_the_flag_the_same(
    ghost_flag: bool, tmp_path: Path
) -> None:
    path = tmp_path / "g"
    create_ghost(
        path,
        size_bytes=64 << 30,
        page_size=65536,
        byte_order="little",
        label="g",
        uuid=SAMPLE_UUID,
        ghost_flag=ghost_flag,
    )
    found = tags(path)
    assert (found["TYPE"], found["UUID"], found["LABEL"]) == ("swap", UUID_TEXT, "g")
    assert run("swaplabel", path) == f"LABEL: g\nUUID:  {UUID_TEXT}\n"
    assert run("file", "-b", path) == (
        "Linux swap file, 64k page size, little endian, version 1,"
        f" size 1048575 pages, 0 bad pages, LABEL=g, UUID={UUID_TEXT}\n"
    )


def test_file_reads_a_4k_ghost_too_small_for_the_others(tmp_path: Path) -> None:
    path = tmp_path / "g"
    create_ghost(
        path,
        size_bytes=64 << 30,
        page_size=4096,
        byte_order="little",
        label="g",
        uuid=SAMPLE_UUID,
    )
    assert run("file", "-b", path) == (
        "Linux swap file, 4k page size, little endian, version 1,"
        f" size 16777215 pages, 0 bad pages, LABEL=g, UUID={UUID_TEXT}\n"
    )


def test_what_swaplabel_writes_we_read(real: Path) -> None:
    from swaptools import read_area

    other = "00112233-4455-6677-8899-aabbccddeeff"
    run("swaplabel", "-L", "theirs", "-U", other, real)
    header = read_area(real).header
    assert header is not None
    assert (header.label, str(header.uuid)) == ("theirs", other)
