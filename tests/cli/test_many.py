"""Lists of files, extents, resume offsets and recipes, from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from swaptools.cli import ghost_mkswap, swapcheck, swapinfo
from swaptools.cli.params import Names
from tests.builders import header_page
from tests.conftest import needs_proc

if TYPE_CHECKING:
    from collections.abc import Callable

    import click


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(swapinfo.main, [str(a) for a in arguments], input=stdin)


@pytest.fixture
def areas(tmp_path: Path) -> list[Path]:
    """Three files, the second of which is no swap area."""
    found = []
    for name, page in (
        ("a", header_page(label=b"first")),
        ("line\nend", b"nothing"),
        ("c", header_page(label=b"third")),
    ):
        path = tmp_path / name
        path.write_bytes(page)
        found.append(path)
    return found


def names(areas: list[Path]) -> bytes:
    return b"".join(bytes(path) + b"\0" for path in areas)


def test_files_are_named_by_a_list_and_a_bad_one_stops_nothing(
    areas: list[Path],
) -> None:
    result = run("--json", "--files0-from", "-", stdin=names(areas))
    rows = json.loads(result.stdout)["swapareas"]
    assert [row["path"] for row in rows] == [str(path) for path in areas]
    assert [row["label"] for row in rows] == ["first", None, "third"]
    assert rows[1]["error"] == "no swap signature found"
    assert result.exit_code == 1


def test_the_last_name_of_a_list_needs_no_nul(
    areas: list[Path], tmp_path: Path
) -> None:
    names_file = tmp_path / "names"
    names_file.write_bytes(names(areas)[:-1])
    result = run("-n", "-o", "LABEL", "--files0-from", names_file)
    assert result.stdout == "first\n\nthird\n"


@needs_proc
def test_names_come_in_batches_none_of_which_waits_for_more_to_be_read() -> None:
    words = tuple("abcdefgh")
    assert [*Names(words, None).batches(2, 5)] == [["a", "b"], list("cdefg"), ["h"], []]
    read, write = os.pipe()
    os.write(write, b"a\0b\0c\0d")
    batches = Names((), f"/proc/self/fd/{read}").batches(2, 5)
    assert [next(batches) for _ in range(4)] == [[], [], ["a", "b", "c"], []]
    os.write(write, b"\0e")
    os.close(write)
    assert [*batches] == [["d"], [], ["e"], []]
    os.close(read)


def test_an_empty_list_is_no_error(tmp_path: Path) -> None:
    empty = tmp_path / "names"
    empty.write_bytes(b"")
    result = run("--json", "--files0-from", empty)
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"swapareas": []})


@pytest.mark.parametrize("command", [swapinfo.main, swapcheck.main])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("{}", "Is a directory"),
        ("{}/missing", "No such file or directory"),
        ("{}/missing\x1b[31m", "No such file or directory"),
        pytest.param("/proc/self/mem", "Input/output error", marks=needs_proc),
        ("{}/endless", "a name in it is longer than any path; each ends with NUL"),
    ],
)
def test_a_list_that_cannot_be_read_is_said_in_one_line(
    command: click.Command, name: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "endless").write_bytes(b"x" * 5_000_000)
    words = ["--json", "--files0-from", name.format(tmp_path)]
    result = CliRunner().invoke(command, words, prog_name="prog")
    path = name.format(tmp_path).replace("\x1b", "\\x1b")
    assert result.stderr == f"prog: {path}: {reason}\n"
    assert result.exit_code == 2
    (rows,) = json.loads(result.stdout).values()
    assert rows == []


def test_what_a_list_has_named_before_it_broke_is_shown(
    areas: list[Path], tmp_path: Path
) -> None:
    names_file = tmp_path / "names"
    names_file.write_bytes(names(areas[:1]) + b"y" * 5_000_000)
    result = run("--json", "--files0-from", names_file)
    (row,) = json.loads(result.stdout)["swapareas"]
    assert (row["label"], result.exit_code) == ("first", 2)


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "form",
    ["--json", "-J -o label,path", "-J -o size", "-P", "-rO", "-r -o uuid,path,path"],
)
def test_many_that_are_alike_are_shown_as_each_of_them(
    form: str, tmp_path: Path
) -> None:
    """Be it for their names, UUIDs and labels, or for what is not alike after all."""
    odd: list[dict[str, Any]] = [
        {},
        {"label": b""},
        {"uuid": None},
        {"label": b'\x1b[31m"$`\\ \xff'},
        {"uuid": UUID(int=1)},
        {"last_page": 1},
        {"byte_order": "big"},
        {"badpages": (1, 3)},
        {"magic": b"S1SUSPEND\0"},
    ]
    paths = []
    for number in range(130):
        path = tmp_path / f"{number} \x1b\n\udcff"
        path.write_bytes(header_page(**odd[number % len(odd)]).ljust(8192, b"\0"))
        if number % 13 == 0:
            os.truncate(path, 4096)
        paths.append(path)
    words = ["-n", *form.split()] if "-r" in form else form.split()
    alone = [run(*words, path).stdout for path in paths]
    together = run(*words, *paths).stdout
    if "-r" in form or "-P" in form:
        assert together == "".join(alone)
    else:
        begin, end = '{"swapareas": [', "\n]}\n"
        rows = [text.removeprefix(begin).removesuffix(end) for text in alone]
        assert together == begin + ",".join(rows) + end


def test_files_and_a_list_of_files_exclude_each_other(areas: list[Path]) -> None:
    result = run("--files0-from", "-", areas[0], stdin=b"")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


def test_columns_line_up_over_more_rows_than_one_batch(tmp_path: Path) -> None:
    """Two thousand rows are printed in batches; none is lost, none out of order."""
    area = tmp_path / "a"
    area.write_bytes(header_page())
    paths = [area] * 2500
    result = run("-n", "-o", "PATH,LABEL", "--files0-from", "-", stdin=names(paths))
    assert result.stdout.splitlines() == [f"{area} sample"] * 2500


def test_extents_begin_at_the_first_byte_and_cover_the_file(tmp_path: Path) -> None:
    area = tmp_path / "a"
    area.write_bytes(header_page() * 16)
    result = run("--extents", "--json", area)
    (found,) = json.loads(result.stdout)["files"]
    if found["error"] is not None:
        pytest.skip(f"extents: {found['error']}")
    assert found["extents"][0]["offset"] == 0
    assert sum(extent["length"] for extent in found["extents"]) >= 65536
    assert run("--extents", area).stdout.splitlines()[1].split() == [
        "OFFSET",
        "PHYSICAL",
        "LENGTH",
        "FLAGS",
    ]


def test_a_ghost_has_no_resume_offset(tmp_path: Path) -> None:
    ghost = tmp_path / "g"
    ghost.write_bytes(header_page())
    result = run("--resume-offset", ghost)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"swapinfo: {ghost}: no resume offset: a ghost has no storage for an image\n"
    )


def test_a_missing_file_has_neither_extents_nor_an_offset(tmp_path: Path) -> None:
    for option in ("--extents", "--resume-offset"):
        result = run(option, tmp_path / "missing")
        assert result.exit_code == 2
        assert "No such file or directory" in result.stderr


@pytest.mark.parametrize("option", ["--extents", "--resume-offset"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ("/dev/zero", "Is a character device"),
        ("/dev/null", "Is a character device"),
        (os.mkfifo, "Is a fifo"),
        (os.mkdir, "Is a directory"),
        ("-", "standard input lies nowhere; name the file"),
    ],
)
def test_what_lies_nowhere_is_said_at_once(
    make: str | Callable[[Path], None], reason: str, option: str, tmp_path: Path
) -> None:
    """Where such a device is asked for its extents, it answers without an end."""
    path = Path(make) if isinstance(make, str) else tmp_path / "odd"
    if not isinstance(make, str):
        make(path)
    result = run(option, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"swapinfo: {path}: {reason}\n"


def test_a_device_lies_nowhere_but_where_it_is(
    tmp_path: Path, as_device: Callable[..., None]
) -> None:
    device = tmp_path / "sda1"
    device.touch()
    as_device(device)
    result = run("--extents", device)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Is a block device, which lies nowhere else" in result.stderr


def test_one_view_at_a_time(tmp_path: Path) -> None:
    result = run("--dump", "--extents", tmp_path)
    assert result.exit_code == 2
    assert "at a time" in result.stderr


def test_a_recipe_is_printed_and_nothing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "header"
    arguments = ["--recipe", "dm-error", str(path), "1G"]
    result = CliRunner().invoke(ghost_mkswap.main, arguments)
    assert result.exit_code == 0
    assert result.stdout.startswith("#!/bin/sh\n")
    assert f"file={path}\n" in result.stdout
    assert not path.exists()


def test_a_recipe_that_loses_data_is_refused_with_the_reason(tmp_path: Path) -> None:
    arguments = ["--recipe", "dm-zero", str(tmp_path / "header"), "1G"]
    result = CliRunner().invoke(ghost_mkswap.main, arguments)
    assert result.exit_code == 2
    assert "lost without a message" in result.stderr


@pytest.mark.skipif("os.geteuid() == 0", reason="root reads everything")
def test_an_unreadable_file_stops_nothing(areas: list[Path]) -> None:
    areas[0].chmod(0)
    result = run("-n", "-o", "LABEL", areas[0], areas[2])
    assert (result.exit_code, result.stdout) == (2, "\nthird\n")


def test_each_of_a_list_is_checked_before_the_next_is_written(
    areas: list[Path],
) -> None:
    """Two that are written at once, then one; nothing more until it is answered."""
    start = "import sys; from swaptools.cli import start; sys.exit(start.swapcheck())"
    with subprocess.Popen(
        [sys.executable, "-c", start, "--files0-from", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        for names_now in ([areas[0], areas[2]], [areas[0]]):
            process.stdin.write(names(names_now))
            process.stdin.flush()
            for path in names_now:
                assert any(line.startswith(bytes(path)) for line in lines)
        process.stdin.close()
        assert process.wait() in (0, 1)


@pytest.mark.slow
def test_a_file_is_not_named_by_what_stands_for_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["-", "1M"], ["--real", "-", "1M"], ["--recipe", "loop", "-", "1M"]):
        result = CliRunner().invoke(ghost_mkswap.main, words)
        assert result.exit_code == 2
        assert "- is no file; one of that name is ./-" in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(ghost_mkswap.main, ["-fq", "./-", "1M"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["-"]
