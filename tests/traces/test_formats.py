"""A trace that somebody says is of another format than it is, and what is no trace."""

from __future__ import annotations

import gzip
import os
from random import Random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.errors import SwapToolsError, TraceError
from swaptools.traces.formats import format_names, open_trace
from tests.cases import every_case
from tests.traces import samples
from tests.traces.samples import SAMPLES, read_all

if TYPE_CHECKING:
    from pathlib import Path

NOISE = Random(5).randbytes(4800)
ZEROS = bytes(4800)
SCRIPT = b"swapon disk block 64\nwrite 0 20\npageout 0 20\n"
STRANGERS = {
    gzip.compress(gzip.compress(samples.LACKEY)): "is compressed twice",
    b"\x04\x22\x4d\x18" + NOISE: "lz4 -dc prints",
    b"\x89LZO\0" + NOISE: "lzop -dc prints",
    b"LZIP" + NOISE: "lzip -dc prints",
    b"\x1f\x9d" + NOISE: "zcat prints",
    b"7z\xbc\xaf\x27\x1c" + NOISE: "an archive of 7-Zip",
    b"PK\x03\x04" + NOISE: "is a zip, and not of chunks",
    b"PERFILE2" + NOISE: "perf script prints",
    b"\x17\x08\x44tracing6\0" + NOISE: "trace-cmd report prints",
    b"swapemu replay 1\nkey\n" + NOISE: "is what replay --checkpoint keeps",
    b"\x7fELF" + NOISE: "is a program",
}
#: What cannot be known: a file of zeros may be requests of one object at one moment,
#: and a text without page faults may be of other events, which is told.
BELIEVED = {
    ("oracleGeneral", ZEROS): (200, []),
    ("page-faults", SCRIPT): (0, ["{}: no line of it is of a page fault"]),
}


@every_case(
    ("is_one", "named"),
    [(one, named) for one in SAMPLES for named in SAMPLES if one != named],
)
def test_a_trace_of_another_format_says_which(
    tmp_path: Path, is_one: str, named: str
) -> None:
    path = tmp_path / "t"
    path.write_bytes(SAMPLES[is_one])
    with pytest.raises(TraceError) as caught:
        open_trace(str(path), format_name=named, skip_broken=True)
    assert str(caught.value) == f"{path}: looks like {is_one}, and not like {named}"


@every_case("name", SAMPLES)
def test_a_trace_of_the_format_that_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(SAMPLES[name])
    assert read_all(path, format_name=name) == read_all(path) != []


@every_case(
    ("data", "named"),
    [(data, named) for data in STRANGERS for named in [None, *format_names()]],
    ids=lambda value: value[:9] if isinstance(value, bytes) else value,
)
def test_what_is_no_trace_says_what_it_is(
    tmp_path: Path, data: bytes, named: str | None
) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        open_trace(str(path), format_name=named)
    assert str(caught.value).startswith(f"{path}: is ")
    assert STRANGERS[data] in str(caught.value)


@every_case(
    ("data", "named"),
    [
        (data, named)
        for data in (NOISE, ZEROS, SCRIPT, b"hello, world\n" * 48)
        for named in format_names()
        if (named, data) not in BELIEVED
    ],
    ids=lambda value: value[:9] if isinstance(value, bytes) else value,
)
def test_what_no_format_begins_with_is_none_of_any(
    tmp_path: Path, data: bytes, named: str
) -> None:
    """Or it is told that nothing was found in it."""
    path = tmp_path / "t"
    path.write_bytes(data)
    said: list[str] = []
    try:
        found = read_all(path, format_name=named, tell=said.append)
    except SwapToolsError as exc:
        found, said = [], [str(exc)]
    assert found == []
    assert [line.startswith(f"{path}: ") for line in said] == [True]


@every_case(("named", "data"), BELIEVED)
def test_what_may_be_of_a_format_is_believed(
    tmp_path: Path, named: str, data: bytes
) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    said: list[str] = []
    count, told = BELIEVED[named, data]
    assert len(read_all(path, format_name=named, tell=said.append)) == count
    assert said == [one.format(path) for one in told]


@pytest.mark.parametrize("data", [SCRIPT, b"hello world\n" * 40])
def test_text_is_not_taken_for_requests(tmp_path: Path, data: bytes) -> None:
    """It has no number of a next request that is too large to be compared."""
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError, match="no format of traces begins like this"):
        open_trace(str(path))


@every_case("words", ["trace show", "trace convert", "replay"])
def test_commands_say_it(tmp_path: Path, words: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(SAMPLES["lcs"])
    more = [os.devnull] if words == "trace convert" else []
    asked = [*words.split(), "--format", "oracleGeneral", str(path), *more]
    more = ["--ram", "50%"] if words == "replay" else []
    result = CliRunner().invoke(main, [*asked, *more], prog_name="swapemu")
    assert result.exit_code == 2
    assert result.stderr == (
        f"swapemu: {path}: looks like lcs, and not like oracleGeneral\n"
    )
    assert result.stdout == ""
