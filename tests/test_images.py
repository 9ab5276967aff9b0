"""Golden images: a folder is a test. tests/images/make.py tells how each was made."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from swaptools.cli.swapinfo import main
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures
from tests.images.make import CASES, PLACE

IMAGES = Path(__file__).parent / "images"
FOLDERS = sorted(path.parent for path in IMAGES.glob("*/expect.json"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def image(folder: Path) -> bytes:
    return lzma.decompress((folder / "area.img.xz").read_bytes())


def test_every_case_has_its_folder_and_every_folder_its_case() -> None:
    assert {folder.name for folder in FOLDERS} == set(CASES)


def test_the_note_tells_the_maker_and_the_checksum(folder: Path) -> None:
    note = (folder / "NOTE").read_text()
    assert re.search(r"^    \S|^By hand: ", note, re.MULTILINE)
    assert note.endswith(
        f"sha256 of area.img: {hashlib.sha256(image(folder)).hexdigest()}\n"
    )


def test_swapinfo_sees_what_is_expected(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "area.img"
    path.write_bytes(image(folder))
    done = CliRunner().invoke(main, ["--json", os.fspath(path)])
    (row,) = json.loads(done.stdout)["swapareas"]
    for key in PLACE:
        del row[key]
    assert row == json.loads((folder / "expect.json").read_text())
    assert done.exit_code == 0


def test_its_header_builds_again_byte_for_byte(folder: Path) -> None:
    data = image(folder)
    page_size = find_signatures(data)[0].page_size
    assert page_size is not None
    assert SwapHeader.parse(data[:page_size]).build() == data[:page_size]
