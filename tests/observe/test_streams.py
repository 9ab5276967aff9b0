"""Standard input from a byte on: sought in where it can be, else read over."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from swaptools.cli.swapcheck import main
from swaptools.errors import AreaError
from swaptools.observe import read_area
from tests.builders import header_page
from tests.disks import Part, gpt_pieces, write

if TYPE_CHECKING:
    from pathlib import Path

TIB = 1 << 40


@pytest.mark.parametrize("moved", [0, 4096])
def test_a_file_is_sought_in(
    moved: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terabyte of a hole, and the header behind it; from where the input stands."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.seek(moved + TIB)
        file.write(header_page(last_page=7))
    with image.open("rb") as file:
        file.seek(moved)
        monkeypatch.setattr(sys, "stdin", _Input(file))
        area = read_area("-", TIB)
    assert area.header is not None
    assert (area.header.last_page, area.area_bytes) == (7, 4096)


def test_a_file_that_ends_before_says_by_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(100))
    with image.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", _Input(file))
        with pytest.raises(AreaError, match="ends 50 bytes before offset 150"):
            read_area("-", 150)
    for begin in (0, 1):  # lseek(2) takes no such offset, and no larger one
        with image.open("rb") as file:
            file.seek(begin)
            monkeypatch.setattr(sys, "stdin", _Input(file))
            with pytest.raises(AreaError, match=r"ends \d+ bytes before offset"):
                read_area("-", (1 << 63) - 1)


def test_a_device_without_an_end_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open("/dev/zero", "rb") as file:
        monkeypatch.setattr(sys, "stdin", _Input(file))
        with pytest.raises(AreaError, match="a character device has no offsets"):
            read_area("-", TIB)


def test_a_pipe_is_read_over(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, bytes(4096) + header_page(last_page=7))
    os.close(writing)
    with open(reading, "rb") as file:
        monkeypatch.setattr(sys, "stdin", _Input(file))
        area = read_area("-", 4096)
    assert area.header is not None
    assert area.header.last_page == 7


def test_a_gpt_whose_end_is_not_seen_is_a_gpt(tmp_path: Path) -> None:
    """Through a pipe libblkid sees no second table, and believes the guard."""
    pieces = gpt_pieces((Part(2048, 4095),), 8192)
    image = write(tmp_path / "disk", 8192 * 512, pieces)
    said = CliRunner().invoke(main, ["-"], input=image.read_bytes()).stdout
    assert "H306 divided into partitions: a partition table (gpt)" in said


class _Input:
    def __init__(self, file: object) -> None:
        self.buffer = file
