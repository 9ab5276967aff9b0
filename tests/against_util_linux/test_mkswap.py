"""Our bytes and words beside mkswap(8)'s."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

from swaptools.cli.ghost_mkswap import main
from tests.against_util_linux.tools import mkswap_knows, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.util_linux

UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"
PAGE_SIZES = (4096, 8192, 16384, 65536)


def ours(*words: str | Path) -> str:
    done = CliRunner().invoke(
        main, [str(word) for word in words], prog_name="ghost-mkswap"
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def page_0(path: Path, page_size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(page_size)


def blank(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    path.chmod(0o600)
    return path


@pytest.mark.sampled(4)
@pytest.mark.parametrize("page_size", [2048, *PAGE_SIZES, 32768])
@pytest.mark.parametrize("label", ["x", "fifteen letters", ""])
def test_page_0_of_a_real_area_is_mkswaps(
    page_size: int, label: str, tmp_path: Path
) -> None:
    theirs = blank(tmp_path / "theirs", 1 << 20)
    names = ("-L", label) if label else ()
    run("mkswap", "-q", "-p", str(page_size), *names, "-U", UUID_TEXT, theirs)
    words = ("--real", "-f", "-p", str(page_size), *names, "-U", UUID_TEXT)
    ours(*words, tmp_path / "r", "1M")  # -f: this kernel may not take such pages
    assert page_0(tmp_path / "r", page_size) == page_0(theirs, page_size)


@pytest.mark.parametrize("page_size", PAGE_SIZES)
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_page_0_is_mkswaps_in_either_byte_order(
    page_size: int, byte_order: str, tmp_path: Path
) -> None:
    if not mkswap_knows("--endianness"):
        pytest.skip("this mkswap has no --endianness")
    theirs = blank(tmp_path / "theirs", 1 << 20)
    words = ("-p", str(page_size), "-e", byte_order, "-L", "x", "-U", UUID_TEXT)
    run("mkswap", "-q", *words, theirs)
    ours("--real", *words, tmp_path / "r", "1M")
    assert page_0(tmp_path / "r", page_size) == page_0(theirs, page_size)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("page_size", PAGE_SIZES)
@pytest.mark.parametrize("kib", [1 << 10, 1 << 20, 1 << 26])
def test_a_ghost_without_the_flag_is_mkswaps_forced_onto_one_page(
    page_size: int, kib: int, tmp_path: Path
) -> None:
    theirs = blank(tmp_path / "theirs", page_size)
    words = ("-p", str(page_size), "-L", "x", "-U", UUID_TEXT)
    run("mkswap", "-q", "-f", *words, theirs, str(kib))
    ours("--no-flag", *words, tmp_path / "g", f"{kib}K")
    assert (tmp_path / "g").read_bytes() == theirs.read_bytes()


def test_the_flag_is_all_that_sets_a_ghost_apart(tmp_path: Path) -> None:
    theirs = blank(tmp_path / "theirs", 4096)
    run("mkswap", "-q", "-f", "-p", "4096", "-U", UUID_TEXT, theirs, "1048576")
    ours("-p", "4096", "-U", UUID_TEXT, tmp_path / "g", "1G")
    expected = bytearray(theirs.read_bytes())
    expected[1532:1536] = b"GHST"
    assert (tmp_path / "g").read_bytes() == expected


#: In KiB: around every change of unit, and where one decimal is rounded.
SIZES_KIB = (
    40, 44, 64, 100, 1000, 1020, 1024, 1028, 1080, 1536, 2044, 2048, 99996,
    102400, 1000000, 1048572, 1048576, 1048580, 1153436, 3145732, 10485760,
    104857600, 999999996, 1073741824, 1181116004, 17179869180,
)  # fmt: skip


@pytest.mark.sampled(13)
@pytest.mark.parametrize("kib", SIZES_KIB)
@pytest.mark.parametrize("label", ["x", ""])
def test_the_two_lines_are_mkswaps_word_for_word(
    kib: int, label: str, tmp_path: Path
) -> None:
    """Onto sparse files, so that every size can be had."""
    words = ("-p", "4096", "-U", UUID_TEXT, *(("-L", label) if label else ()))
    files = [tmp_path / "theirs", tmp_path / "ours"]
    for path in files:
        path.touch(mode=0o600)
        try:
            os.truncate(path, kib * 1024)
        except OSError:
            pytest.skip("this file system has no files of that size")
    assert ours("--real", *words, files[1]) == run("mkswap", *words, files[0])
    assert page_0(files[1], 4096) == page_0(files[0], 4096)


class Difference(NamedTuple):
    """A word in which we differ from mkswap(8) on purpose."""

    options: tuple[str, ...]
    theirs: str
    ours: str
    reason: str


ALLOWED = (
    Difference(
        ("--no-flag",),
        r"Setting up swapspace version 1, size = 1024 MiB \(1073737728 bytes\)",
        r"Setting up ghost swapspace version 1, size = 1024 MiB \(1073737728 bytes\)",
        "a ghost is called one: it holds nothing, whatever size it claims",
    ),
)


@pytest.mark.parametrize("difference", ALLOWED, ids=lambda each: each.reason)
def test_the_words_differ_where_the_table_says(
    difference: Difference, tmp_path: Path
) -> None:
    theirs = blank(tmp_path / "theirs", 4096)
    words = ("-p", "4096", "-U", UUID_TEXT)
    said = run("mkswap", "-f", *words, theirs, "1048576").splitlines()
    we_say = ours(*difference.options, *words, tmp_path / "g", "1G").splitlines()
    assert re.fullmatch(difference.theirs, said[0])
    assert re.fullmatch(difference.ours, we_say[0])
    assert we_say[1:] == said[1:]
