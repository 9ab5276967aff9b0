"""Much that is hostile takes little memory: commands under a limit of the system."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import IO, TYPE_CHECKING

import pytest

from tests.builders import bitmap_page, header_page

if TYPE_CHECKING:
    from pathlib import Path

#: Address space of a command, its interpreter and libraries included.
LIMIT_BYTES = 200 << 20


def limited(
    *words: object,
    stdin: bytes = b"",
    source: IO[bytes] | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command that is told there is no memory beyond the limit.

    Args:
        words: The command line.
        stdin: What it reads from standard input.
        source: A pipe to read from instead.
        limit_bytes: Of address space.
    """
    program, *rest = map(str, words)
    text = f"import sys; from swaptools.cli import start; sys.exit(start.{program}())"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", text, *rest],
        stdin=source or subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (limit_bytes, limit_bytes)
        ),
    )
    stdout, stderr = process.communicate(None if source else stdin)
    return subprocess.CompletedProcess(program, process.returncode, stdout, stderr)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """The largest page, with as many bad pages as it can list."""
    path = tmp_path / "listed"
    pages = tuple(range(1, 65150))
    path.write_bytes(header_page(page_size=262144, badpages=pages, last_page=70000))
    return path


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    """The largest page of version 0, with two million bad pages."""
    path = tmp_path / "mapped"
    path.write_bytes(bitmap_page({8 * (262144 - 10) - 1}, page_size=262144))
    return path


@pytest.mark.slow
def test_a_table_of_many_areas_with_long_lists(listed: Path, mapped: Path) -> None:
    names = b"\0".join([bytes(listed), bytes(mapped)] * 40)
    done = limited(
        "swapinfo", "-n", "-o", "BADPAGES", "--files0-from", "-", stdin=names
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == 80
    assert max(map(len, done.stdout.splitlines())) < 300


@pytest.mark.slow
def test_json_of_areas_with_long_lists(listed: Path, mapped: Path) -> None:
    done = limited("swapinfo", "--json", listed, mapped)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = json.loads(done.stdout)["swapareas"]
    assert [len(row["badpages"]) for row in rows] == [65149, 2097070]


@pytest.mark.slow
def test_a_check_of_areas_with_long_lists(listed: Path, mapped: Path) -> None:
    done = limited(
        "swapcheck", "-p", "262144", "--kernel", "6.18", "--json", listed, mapped
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert len(json.loads(done.stdout)["checks"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "compare"])
def test_a_line_of_a_gigabyte(command: str) -> None:
    """It is refused by its beginning: whoever writes the rest is told at once."""
    with subprocess.Popen(
        "head -c 1G /dev/zero | tr '\\0' x", shell=True, stdout=subprocess.PIPE
    ) as writer:
        done = limited("swapemu", command, "-", source=writer.stdout)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"swapemu: -: line 1: longer than 1048576 bytes\n"


@pytest.mark.slow
@pytest.mark.parametrize("line", ["show 0 4000000", "expect 0 4000000: none*4000000"])
def test_entries_of_many_pages_are_not_held(line: str) -> None:
    """Four million of them in a list are 32 MiB, and the interpreter takes 30."""
    words = ("swapemu", "run", "--interpreted", "-")
    done = limited(*words, stdin=line.encode(), limit_bytes=48 << 20)
    assert (done.returncode, done.stderr) == (0, b"")
